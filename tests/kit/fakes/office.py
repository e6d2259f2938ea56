"""Versions of a voice, people who are asked, and a clock, as a test lays down."""

from __future__ import annotations

from collections.abc import (
    Mapping,
    Sequence,
)
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.errors import UsageError
from bot.ports import (
    KnownSource,
    SourceReading,
)
from bot.source_ports import HeldQuestion, SourceData, Undecided
from knowledge.types import (
    Evidence,
)
from tests.kit.fakes.passages import NEAR
from tests.kit.fakes.sources import _AN_HOUR, FakeSources


class FakeReleases:
    """What waits and was read, as a test sets it; ``done``: what was decided, in order.

    ``sources``: those that are named, by id or location.
    """

    def __init__(self, sources: FakeSources | None = None) -> None:
        self.sources = sources or FakeSources()
        self.readings: dict[str, list[SourceReading]] = {}
        self.waiting: dict[str, Undecided] = {}
        self.measured: dict[str, list[SourceData]] = {}
        self.held: list[HeldQuestion] = []
        self.done: list[tuple[str, str]] = []

    async def runs(self, name: str) -> tuple[KnownSource, Sequence[SourceReading]]:
        """Those that were set."""
        known, _ = await self.sources.show(name)
        return known, self.readings.get(known.id, [])

    async def data(self, name: str) -> Sequence[SourceData]:
        """What was set."""
        return self.measured.get(name, [])

    async def newest_data(self) -> Mapping[str, SourceData]:
        """The first that was set of each."""
        return {name: taken[0] for name, taken in self.measured.items()}

    async def restorable(self, name: str) -> Sequence[int]:
        """All but the newest."""
        return [each.number for each in self.readings.get(name, [])[1:]]

    async def undecided(self, name: str) -> Undecided:
        """What was set to wait."""
        return self.waiting.get(name, Undecided())

    async def approve(self, name: str) -> tuple[KnownSource, SourceReading | None]:
        """It waits no longer."""
        known, _ = await self.sources.show(name)
        waited = self.waiting.pop(known.id, None)
        self.done.append(("approve", known.id))
        if waited is None:
            return known, None
        return known, SourceReading(_AN_HOUR, _AN_HOUR, changed=waited.documents)

    async def reject(self, name: str) -> tuple[KnownSource, int]:
        """It waits no longer."""
        known, _ = await self.sources.show(name)
        self.done.append(("reject", known.id))
        return known, self.waiting.pop(known.id, Undecided()).documents

    async def restore(
        self, name: str, reading: int | None = None
    ) -> tuple[KnownSource, SourceReading]:
        """A reading that changed one document."""
        known, _ = await self.sources.show(name)
        self.done.append(("restore", f"{known.id} {reading or ''}".strip()))
        return known, SourceReading(_AN_HOUR, _AN_HOUR, changed=1, number=9)

    async def golden(self) -> Sequence[HeldQuestion]:
        """Those that were added."""
        return list(self.held)

    async def hold_to(self, question: HeldQuestion) -> HeldQuestion:
        """One more; documents other than ``pay.md`` are not there."""
        if question.document not in ("", "pay.md"):
            raise UsageError(f"The source has no document '{question.document}'.")
        kept = replace(question, id=len(self.held) + 1)
        self.held.append(kept)
        return kept

    async def let_go(self, id: int) -> None:
        """One less."""
        self.held = [each for each in self.held if each.id != id]


class FakeSupport:
    """Says of every sentence how likely its passage says it: what is set, else ``NEAR``.

    ``asked``: the sentence and the passage's text of every question.
    """

    def __init__(self, likely: Mapping[str, float] | None = None):
        self._likely = dict(likely or {})
        self.asked: list[tuple[str, str]] = []

    async def supports(self, sentence: str, evidence: Evidence) -> float:
        """See :class:`bot.ports.Support`."""
        self.asked.append((sentence, evidence.passage.text))
        return self._likely.get(sentence, NEAR)


class FixedClock:
    """A clock that moves only when told to."""

    def __init__(self, now: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)):
        self.now = now

    def __call__(self) -> datetime:
        """The time it was set to."""
        return self.now

    def tick(self, seconds: float) -> None:
        """Move it on."""
        self.now += timedelta(seconds=seconds)
