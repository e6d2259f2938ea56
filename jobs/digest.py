"""The digest of a night: what was read, what failed, which questions are open. For admins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from textwrap import shorten

from bot.answers.gaps import Gaps
from bot.answers.judge import Thresholds, judge
from bot.cards import Card, Row
from bot.conversation.channels import Channels
from bot.conversation.outbox import Outbox
from jobs.measures import Measure, Measures
from jobs.trend import trend
from knowledge.library.catalog import Run
from knowledge.library.library import Library, SourceState
from knowledge.sources.port import SourceSpec
from knowledge.types import PUBLIC, Evidence, Principals, counted

PATIENCE = timedelta(hours=2)
"""How long it waits for the last source of the night."""
_NIGHTS = 30
_LISTED = 10
_GAPS = 200
_ROWS = 8
"""With buttons each, what one message takes on every platform."""
_ROW_CHARS = 400

Search = Callable[[str, Principals, int], Awaitable[Sequence[Evidence]]]
"""What answers a question, for those who may read it."""


@dataclass(frozen=True, slots=True)
class Digests:
    """Makes digests, and has them posted to the channels that admins chose."""

    library: Library
    gaps: Gaps
    measures: Measures
    channels: Channels
    outbox: Outbox
    search: Search
    thresholds: Thresholds
    shown: Callable[[SourceSpec], str]
    """How a source is called."""
    clock: Callable[[], datetime]

    async def post(self, night: datetime | None) -> int:
        """Post that of a night, if it is over and none was posted; returns to how many channels.

        ``night``: the time that was set for reading. It waits until all sources were read since
        then, for two hours at most.
        """
        last = await self.measures.newest(1)
        if night is None or (last and last[0].at >= night):
            return 0
        now = self.clock()
        if now < night + PATIENCE and await self.library.due(lambda _: night):
            return 0
        await self.close_answered()
        card, measure = await self.made(last[0].at if last else night - timedelta(days=1), night)
        places = await self.channels.digest_places()
        for place in places:
            await self.outbox.enter(f"digest:{night.isoformat()}:{place.scope}", place, card)
        await self.measures.enter(measure)  # last: killed before this, it is made once more
        return len(places)

    async def made(self, since: datetime, night: datetime) -> tuple[Card, Measure]:
        """The digest of what happened since then."""
        states = await self.library.states()
        runs = [
            (state, run)
            for state in states
            for run in await self.library.runs_since(state.spec.id, since)
            if run.finished_at is not None
        ]
        closed, still_open = await self.gaps.counts(since)
        measure = Measure(night, sum(each.documents for each in states), still_open)
        picture = trend([*await self.measures.newest(_NIGHTS), measure])
        waiting = {
            state.spec.id: found
            for state in states
            if (found := await self.library.undecided(state.spec.id))
        }
        rows = [
            Row(self._waits(state, waiting[state.spec.id]), ("approve", "reject"), state.spec.id)
            for state in states
            if state.spec.id in waiting
        ]
        text = _told(states, runs, measure, closed, waiting, self.shown)
        return Card(text, rows=tuple(rows[:_ROWS]), picture=picture), measure

    def _waits(self, state: SourceState, undecided: Mapping[str, str]) -> str:
        """What of a source waits, and why."""
        told = [f"**{self.shown(state.spec)}**: {counted('documents', len(undecided))}."]
        told += state.last_run.report.held if state.last_run else ()
        looked_wrong = sorted(name for name, why in undecided.items() if why)
        if looked_wrong:
            first = looked_wrong[0]
            more = f" and {len(looked_wrong) - 1} more" if looked_wrong[1:] else ""
            told.append(f"Left as before: {first}{more}. {undecided[first]}")
        return shorten(" ".join(told), _ROW_CHARS, placeholder=" …")

    async def close_answered(self) -> int:
        """Close the gaps that everybody would get an answer to now; returns how many."""
        answered = []
        for gap in await self.gaps.open(_GAPS):
            found = await self.search(gap.question, frozenset({PUBLIC}), 3)
            if judge(gap.question, found, self.thresholds).tier == "sure":
                answered.append(gap.id)
        return await self.gaps.close(answered, "found", self.clock())


def _told(
    states: Sequence[SourceState],
    runs: Sequence[tuple[SourceState, Run]],
    measure: Measure,
    closed: int,
    waiting: Mapping[str, Mapping[str, str]],
    shown: Callable[[SourceSpec], str],
) -> str:
    newest: dict[str, tuple[SourceState, Run]] = {}
    for state, run in runs:  # the newest of each comes first
        newest.setdefault(state.spec.id, (state, run))
    reports = [run.report for _, run in runs]
    counts = ", ".join(
        f"{sum(values)} {what}"
        for what, values in (
            ("added", [each.added for each in reports]),
            ("changed", [each.changed for each in reports]),
            ("removed", [each.removed for each in reports]),
            ("skipped", [len(each.skipped) for each in reports]),
            ("quarantined", [sum(map(bool, each.values())) for each in waiting.values()]),
        )
    )
    lines = [f"**What I know, as of {measure.at:%Y-%m-%d}**"]
    lines.append(
        f"{len(states)} sources with {measure.documents} documents. Read since the last time: "
        f"{len({state.spec.id for state, _ in runs})}; documents: {counts}."
    )
    failed = [
        f"- {shown(state.spec)}: {run.report.error}"
        for state, run in newest.values()
        if run.report.error
    ]
    if failed:
        lines += ["", f"Could not be read: {len(failed)}", *failed[:_LISTED]]
    if waiting:
        what = counted("sources", len(waiting))
        lines += ["", f"Waiting for an admin: {what}. `/kb show` tells more of each."]
    good = [
        (state.last_run.started_at, shown(state.spec))
        for state in states
        if state.last_run is not None and not state.spec.is_paused
    ]
    if good:
        at, oldest = min(good)
        lines += ["", f"Longest unread: {oldest}, since {at:%Y-%m-%d %H:%M} UTC."]
    lines.append(
        f"Questions without an answer: {closed} closed, {measure.gaps} open. `/kb gaps` shows them."
    )
    return "\n".join(lines)
