"""A stand-in for the indexes where a test is about something else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.errors import UsageError
from bot.source_ports import IndexStatus, KnownIndex


@dataclass(frozen=True)
class FakeIndexes:
    """One that answers and is as it should be; there is nothing to change about it."""

    known: Sequence[KnownIndex] = (KnownIndex(1, "current", "embedded", 3, "words", 8),)

    async def status(self) -> IndexStatus:
        """The one."""
        return IndexStatus(self.known)

    async def rebuild(self, tell: Callable[[str], None]) -> int:
        """Never."""
        raise UsageError("The index is already being worked on.")

    async def switch(self, number: int | None, tell: Callable[[str], None]) -> int:
        """Never."""
        raise UsageError("There is no other index to switch to.")

    async def drop(self, number: int) -> None:
        """Never."""
        raise UsageError(f"Index {number} is the one that answers; it stays.")
