"""What a chat has to tell of a channel's history; a platform's adapter implements it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a person; those of bots are left out."""

    author: str
    """The platform's id, which goes no further than :mod:`knowledge.sources.chat.history`."""
    text: str
    """Markdown; people are mentioned in it as ``<@id>``."""


@dataclass(frozen=True, slots=True)
class Talk:
    """A thread, a forum's post, or a message that stands alone, before it is read."""

    id: str
    """Stable."""
    begun: datetime
    changed: datetime
    """When something was said in it last."""
    version: str
    """Changes with every message that is added or taken away, not with every edit."""
    title: str = ""
    """Of a forum's post."""
    is_alone: bool = False
    """Nobody has answered it."""


class Channel(Protocol):
    """One channel. Its methods raise :class:`knowledge.errors.SourceError`."""

    readers: str
    """The principal of those who are in it."""

    async def check(self) -> None:
        """Raise what no later run can mend: there is no such channel, or it may not be read."""
        ...

    def talks(self, since: datetime | None) -> AsyncIterator[Talk]:
        """All that were begun since then; it ends only when all were listed."""
        ...

    async def read(self, talk: Talk) -> list[Said] | None:
        """Its messages, oldest first; None if it is gone by now."""
        ...

    def link(self, talk: Talk) -> str:
        """Where people open it."""
        ...


class Channels(Protocol):
    """A platform's channels."""

    def open(self, channel: str) -> AbstractAsyncContextManager[Channel]:
        """The channel with that id, as long as the block lasts."""
        ...
