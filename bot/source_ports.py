"""What admins decide about the readings of sources, and about the index of them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from bot.ports import KnownSource, SourceReading


@dataclass(frozen=True, slots=True)
class Undecided:
    """What of a source waits for an admin."""

    documents: int = 0
    """Whose newer version is not shown, or which are gone at the source and still shown."""
    waits: Sequence[str] = ()
    """Why a part of the last reading waits, a sentence each."""
    quarantined: Mapping[str, str] = field(default_factory=dict)
    """Document to why it was left as it was."""


@dataclass(frozen=True, slots=True)
class HeldQuestion:
    """A golden question: every change of its source must leave it answered."""

    question: str
    source: str
    """The source's id."""
    document: str = ""
    """Where the answer stands; empty: anywhere in the source."""
    section: str = ""
    """The heading over it; empty: anywhere in the document."""
    id: int = 0
    is_answered: bool = True
    """Whether it was when it was added: else it holds changes to nothing until it is."""


@dataclass(frozen=True, slots=True)
class SourceData:
    """What a source's data looked like after one reading."""

    newest_at: datetime | None
    """When a document of it was last found new or changed, in UTC; None: never since it is told."""
    documents: int
    passages: int
    characters: int
    duplicates: float
    """Share of the passages whose text stands in another of the source as well."""
    languages: Mapping[str, int]
    """ISO 639-1 code to documents."""
    failures: int
    """Documents that were there and could not be used."""
    drift: float
    """Share of the documents that are other ones, or others than before the reading."""


class Releases(Protocol):
    """What of a reading is shown. ``name`` and errors are as in :class:`bot.ports.Sources`."""

    async def runs(self, name: str) -> tuple[KnownSource, Sequence[SourceReading]]:
        """The newest readings with their numbers, the newest first."""
        ...

    async def data(self, name: str) -> Sequence[SourceData]:
        """What its data looked like after its newest readings, the newest first."""
        ...

    async def newest_data(self) -> Mapping[str, SourceData]:
        """What the data of each source looked like after its newest reading, by its id."""
        ...

    async def restorable(self, name: str) -> Sequence[int]:
        """The readings after which it can be as it was then, by number, the newest first."""
        ...

    async def undecided(self, name: str) -> Undecided:
        """What waits for an admin."""
        ...

    async def approve(self, name: str) -> tuple[KnownSource, SourceReading | None]:
        """Show what waits; None if nothing does, and what was rejected is read again then."""
        ...

    async def reject(self, name: str) -> tuple[KnownSource, int]:
        """Keep what is shown: what waits does not come again. Returns of how many documents."""
        ...

    async def restore(
        self, name: str, reading: int | None = None
    ) -> tuple[KnownSource, SourceReading]:
        """Answer from what was there after a reading; if not given, before the newest change."""
        ...

    async def golden(self) -> Sequence[HeldQuestion]:
        """The golden questions that admins added, in their order."""
        ...

    async def hold_to(self, question: HeldQuestion) -> HeldQuestion:
        """Add one; its ``source`` is a name. Returned is what is kept."""
        ...

    async def let_go(self, id: int) -> None:
        """Take one away."""
        ...


@dataclass(frozen=True, slots=True)
class KnownIndex:
    """One whole index of all passages."""

    number: int
    state: Literal["building", "current", "aside"]
    """The current one answers; one aside is whole, and kept beside."""
    place: str
    """``embedded`` or ``weaviate``."""
    passages: int | None
    """None where it cannot be opened."""
    embedder: str
    dimensions: int


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """All indexes there are."""

    known: Sequence[KnownIndex]
    reason: str = ""
    """Why the one that answers is not as the settings want it, a sentence; empty if it is."""
    worked_on: str = ""
    """Who is at work on them since when, a sentence; empty for nobody."""


class Indexes(Protocol):
    """Each method raises :class:`bot.errors.UsageError` with what hinders it, all as it was."""

    async def status(self) -> IndexStatus:
        """What there is."""
        ...

    async def rebuild(self, tell: Callable[[str], None]) -> int:
        """Build one anew as the settings want it and switch to it; returns its number.

        ``tell``: is given a line now and then of how far it is.
        """
        ...

    async def switch(self, number: int | None, tell: Callable[[str], None]) -> int:
        """Let another one answer; None: the newest that is kept beside. Returns its number."""
        ...

    async def drop(self, number: int) -> None:
        """Delete one that does not answer."""
        ...
