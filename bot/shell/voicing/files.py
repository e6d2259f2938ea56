"""A voice's files, made and changed for those who do it from a chat."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.answers.voices.wordings import Wording, Wordings
from bot.errors import UsageError
from bot.voice.versions.served import NONE
from bot.voice.versions.withdrawn import withdraw
from bot.voice.voice import Voice, is_voice_name
from jobs.evaluation.questions import KEPT, keep_questions
from knowledge.errors import DocumentSkipped
from knowledge.library.attachment_files import fetch_file, tidy_name
from knowledge.types import Attachment
from knowledge.web.client import GuardedClient

Fetch = Callable[[Attachment], Awaitable[bytes]]
"""The content of a file that somebody sent."""


class VoiceFiles:
    """:class:`bot.desk.voices.making.Making` over the folder of the voices."""

    def __init__(
        self, root: Path, wordings: Wordings, fetch: Fetch, clock: Callable[[], datetime]
    ) -> None:
        self._root = root
        self._wordings = wordings
        self._fetch = fetch
        self._clock = clock

    async def create(
        self, name: str, fields: Mapping[str, Any], style_guide: str, examples: str
    ) -> tuple[int, int]:
        """See :class:`bot.desk.voices.making.Making`."""
        from jobs.training.voice.creating import NewVoice, create

        def make(folder: Path) -> Voice:
            guides = [_laid_down(folder, "style-guide.md", style_guide)] if style_guide else []
            pasted = [_laid_down(folder, _file_name(examples), examples)] if examples else []
            return create(
                self._root, NewVoice(name, **fields), style_guides=guides, examples=pasted
            )

        with tempfile.TemporaryDirectory() as folder:
            made = await asyncio.to_thread(make, Path(folder))
        return len(made.guide.markers.swaps), len(made.guide.markers.forbidden)

    async def add_text(self, name: str, text: str) -> str:
        """See :class:`bot.desk.voices.making.Making`."""
        at = f"{self._clock():%Y-%m-%d-%H%M%S}"
        file = _file_name(text, f"pasted-{at}")
        await self._add(name, file, text.encode())
        return file

    async def add_file(self, name: str, file: Attachment) -> None:
        """See :class:`bot.desk.voices.making.Making`."""
        await self._add(name, tidy_name(file.name), await self._fetch(file))

    async def prepare(self, name: str) -> Mapping[str, Any]:
        """See :class:`bot.desk.voices.making.Making`."""
        from jobs.training.voice.preparing.prepare import prepare

        voice = await asyncio.to_thread(Voice.load, self._root, name)
        approved = await self._wordings.approved(name)
        return await asyncio.to_thread(prepare, voice, from_use=approved)

    def questions(self, name: str) -> str:
        """See :class:`bot.desk.voices.making.Making`."""
        path = self._folder(name) / KEPT
        return path.read_text("utf-8") if path.is_file() else ""

    async def keep_questions(self, name: str, text: str) -> int:
        """See :class:`bot.desk.voices.making.Making`."""
        return await asyncio.to_thread(keep_questions, self._folder(name), text)

    async def keep_question_file(self, name: str, file: Attachment) -> int:
        """See :class:`bot.desk.voices.making.Making`."""
        content = await self._fetch(file)
        try:
            return await self.keep_questions(name, content.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise UsageError("The questions are no UTF-8. Save them as JSONL in UTF-8.") from error

    async def unlearn(self, wordings: Sequence[Wording]) -> None:
        """Take wordings out of the pairs of their voices; what learnt from them is marked."""
        for each in wordings:
            if is_voice_name(each.voice):
                await asyncio.to_thread(withdraw, self._root / each.voice, [each.id])

    async def forget_person(self, person: str) -> None:
        """The same with all of one person's."""
        await self.unlearn(await self._wordings.of(person))

    def _folder(self, name: str) -> Path:
        return Voice.load(self._root, name, NONE).folder

    async def _add(self, name: str, file: str, content: bytes) -> None:
        from jobs.training.voice.preparing.prepare import add_files

        def add(folder: Path) -> None:
            voice = Voice.load(self._root, name)
            path = folder / file
            path.write_bytes(content)
            add_files(voice.folder, [path])

        with tempfile.TemporaryDirectory() as folder:
            await asyncio.to_thread(add, Path(folder))


async def content_of(file: Attachment, client: GuardedClient, max_bytes: int) -> bytes:
    """What is in a file that came along. Raises :class:`UsageError`, saying what to do."""
    if file.content is not None:
        return file.content
    name = tidy_name(file.name)
    try:
        content, _ = await fetch_file(client, name, file, max_bytes, recognises=False)
    except DocumentSkipped as skipped:
        raise UsageError(f"{name} cannot be added. {skipped.reason}") from skipped
    return content


def _laid_down(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"{text}\n", "utf-8")
    return path


def _file_name(text: str, stem: str = "pasted") -> str:
    """What pasted examples are: JSON lines, a table with known columns, or Markdown."""
    first = text.lstrip().partition("\n")[0]
    if first.startswith("{"):
        return f"{stem}.jsonl"
    columns = {word.strip(' "').lower() for word in first.replace("\t", ",").split(",")}
    is_table = len(columns) > 1 and bool(columns & {"voiced", "after", "reply", "text"})
    return f"{stem}.csv" if is_table else f"{stem}.md"
