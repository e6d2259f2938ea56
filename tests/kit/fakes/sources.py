"""Sources and attachments that are read as a test lays down."""

from __future__ import annotations

from collections import deque
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Sequence,
)
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bot.errors import UsageError
from bot.ports import (
    KindOption,
    KnownSource,
    Options,
    Progressing,
    SourceKind,
    SourceReading,
    Trial,
    unwatched,
)
from knowledge.types import (
    PUBLIC,
    Attachment,
    Principals,
    Unread,
    attachment_source,
    conversation_principal,
)
from tests.kit.fakes.passages import InMemoryPassages, evidence

_SITE = SourceKind("site", "a site", (KindOption("depth", "number", 20, "How deep."),))
_AN_HOUR = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass
class FakeAttachments:
    """Reads files into passages of their conversation, and keeps what it was given."""

    passages: InMemoryPassages
    contents: dict[str, tuple[str, str]] = field(default_factory=dict)
    """File name to the words that it answers and its Markdown."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """File name to the reason."""
    given: list[tuple[str, tuple[Attachment, ...]]] = field(default_factory=list)

    async def read(self, conversation: str, files: Sequence[Attachment]) -> dict[str, Unread]:
        """Make known what the files hold, to the conversation alone."""
        self.given.append((conversation, tuple(files)))
        for file in files:
            if file.name in self.contents:
                words, markdown = self.contents[file.name]
                self.passages.knows(
                    words,
                    evidence(
                        markdown,
                        title=file.name,
                        document=file.name,
                        source=attachment_source(conversation),
                        access=frozenset({conversation_principal(conversation)}),
                    ),
                )
        return {
            file.name: Unread(self.unreadable[file.name])
            for file in files
            if file.name in self.unreadable
        }


class FakeSources:
    """Sources as admins see them. ``known``: those there are; ``done``: what was asked, in order.

    ``readings``: what the next readings of a source do, by its id; an exception is raised.
    ``past``: what ``show`` tells of it. ``hold``: awaited before a source is read,
    after ``steps`` (documents and passages so far) were told. ``trials``: what is found by address.
    """

    def __init__(self) -> None:
        self.known: list[KnownSource] = []
        self.readings: dict[str, deque[SourceReading | Exception]] = {}
        self.past: dict[str, Sequence[SourceReading]] = {}
        self.done: list[tuple[str, str]] = []
        self.hold: Callable[[], Awaitable[object]] | None = None
        self.steps: list[tuple[int, int]] = []
        self.trials: dict[str, Trial] = {}

    async def all(self) -> Sequence[KnownSource]:
        """Those there are."""
        return list(self.known)

    async def kinds(self) -> Sequence[SourceKind]:
        """One, with an option."""
        return [_SITE]

    async def kind(self, name: str) -> SourceKind:
        """That one."""
        if name != _SITE.name:
            raise UsageError(f"There is no kind of source {name!r} here.")
        return _SITE

    async def try_out(self, address: str, kind: str = "", options: Options | None = None) -> Trial:
        """One document with three passages; what is no address is refused."""
        if "://" not in address:
            raise UsageError(f"{address} is not an address on the web.")
        is_known = any(each.location == address for each in self.known)
        trial = Trial(address, 1, 3, samples=(("Help", "Ring twice."),), is_known=is_known)
        return self.trials.get(address, trial)

    async def upload(self, file: Attachment) -> str:
        """An address by its name."""
        self.done.append(("upload", file.name))
        return f"upload://{file.name}"

    async def tidy_uploads(self, waiting: Collection[str]) -> None:
        """Note what is waited for."""
        self.done.append(("tidy", ",".join(waiting)))

    async def add(
        self,
        address: str,
        readers: Principals | None = None,
        progress: Progressing = unwatched,
        by: str = "",
        kind: str = "",
        options: Options | None = None,
    ) -> tuple[KnownSource, SourceReading]:
        """Known from now on, by the address without its scheme; what is no address is refused."""
        if "://" not in address:
            raise UsageError(f"{address} is not an address on the web.")
        source = KnownSource(
            address.partition("://")[2], address, 1, readers is None, "", 3, readers or frozenset()
        )
        self.known = [*(each for each in self.known if each.id != source.id), source]
        self.done.append(("add", source.id))
        return await self._read(source, progress)

    async def show(self, name: str) -> tuple[KnownSource, Sequence[SourceReading]]:
        """The source by its id or location."""
        source = self._named(name)
        return source, self.past.get(source.id, ())

    async def refresh(
        self, name: str, progress: Progressing = unwatched
    ) -> tuple[KnownSource, SourceReading]:
        """What was set for it."""
        source = self._named(name)
        self.done.append(("refresh", source.id))
        return await self._read(source, progress)

    async def pause(self, name: str) -> KnownSource:
        """Paused from now on."""
        return self._set(name, is_paused=True)

    async def resume(self, name: str) -> KnownSource:
        """No longer paused."""
        return self._set(name, is_paused=False)

    async def set_access(self, name: str, readers: Principals) -> KnownSource:
        """For these from now on."""
        everyone = PUBLIC in readers
        return self._set(name, is_public=everyone, readers=frozenset() if everyone else readers)

    async def set_schedule(self, name: str, words: str) -> KnownSource:
        """As it was typed, but for what is usual."""
        return self._set(name, schedule="" if words == "nightly" else words)

    async def remove(self, name: str) -> int:
        """No longer known."""
        source = self._named(name)
        self.known.remove(source)
        self.done.append(("remove", source.id))
        return source.passages

    async def export(self) -> str:
        """Their places."""
        return "".join(f"- {each.location}\n" for each in self.known)

    async def _read(
        self, source: KnownSource, progress: Progressing
    ) -> tuple[KnownSource, SourceReading]:
        for documents, passages in self.steps:
            progress(documents, passages)
        if self.hold is not None:
            await self.hold()
        queue = self.readings.get(source.id)
        reading = queue.popleft() if queue else SourceReading(_AN_HOUR, _AN_HOUR, added=1)
        if isinstance(reading, Exception):
            raise reading
        return source, reading

    def _named(self, name: str) -> KnownSource:
        for each in self.known:
            if name in (each.id, each.location):
                return each
        raise UsageError(f"There is no source '{name}'.")

    def _set(self, name: str, **changed: Any) -> KnownSource:
        source = replace(self._named(name), **changed)
        self.known = [source if each.id == source.id else each for each in self.known]
        return source
