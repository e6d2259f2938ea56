"""A voice's files, made and changed for those who do it from a chat."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from bot.answers.voices.wordings import Wording, Wordings
from bot.errors import UsageError
from bot.voice.versions.withdrawn import withdraw
from bot.voice.voice import Voice, is_voice_name
from knowledge.errors import DocumentSkipped
from knowledge.library.attachment_files import fetch_file, tidy_name
from knowledge.types import Attachment
from knowledge.web.client import GuardedClient

_NICE = 10  # a training leaves the processor to whoever asks something
_log = structlog.get_logger("housevoice")
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
        self._training: tuple[str, asyncio.Task[None]] | None = None
        self._said: dict[str, str] = {}

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

    async def train(self, name: str) -> None:
        """See :class:`bot.desk.voices.making.Making`."""
        await asyncio.to_thread(Voice.load, self._root, name)
        if self._training is not None and not self._training[1].done():
            raise UsageError(f"{self._training[0]} is being trained: one after the other.")
        self._said[name] = "it begins"
        self._training = name, asyncio.create_task(self._train(name), name="training")

    def progress(self, name: str) -> str:
        """See :class:`bot.desk.voices.making.Making`."""
        return self._said.get(name, "")

    async def unlearn(self, wordings: Sequence[Wording]) -> None:
        """Take wordings out of the pairs of their voices; what learnt from them is marked."""
        for each in wordings:
            if is_voice_name(each.voice):
                await asyncio.to_thread(withdraw, self._root / each.voice, [each.id])

    async def forget_person(self, person: str) -> None:
        """The same with all of one person's."""
        await self.unlearn(await self._wordings.of(person))

    async def aclose(self) -> None:
        """End a training that is under way: with the same command it goes on where it was."""
        if self._training is not None:
            self._training[1].cancel()
            await asyncio.gather(self._training[1], return_exceptions=True)

    async def _add(self, name: str, file: str, content: bytes) -> None:
        from jobs.training.voice.preparing.prepare import add_files

        def add(folder: Path) -> None:
            voice = Voice.load(self._root, name)
            path = folder / file
            path.write_bytes(content)
            add_files(voice.folder, [path])

        with tempfile.TemporaryDirectory() as folder:
            await asyncio.to_thread(add, Path(folder))

    async def _train(self, name: str) -> None:
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "voice", "train", name),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "HOUSEVOICE_VOICES": str(self._root.absolute())},
        )
        with suppress(AttributeError, ProcessLookupError):  # not on Windows; it may have ended
            os.setpriority(os.PRIO_PROCESS, running.pid, _NICE)
        try:
            assert running.stderr is not None  # noqa: S101 - it was asked for above
            async for line in running.stderr:
                if told := line.decode(errors="replace").strip():
                    self._said[name] = told
            code = await running.wait()
            _log.info("voice_trained", voice=name, exit=code)
        finally:
            if running.returncode is None:
                running.terminate()
                await running.wait()


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
