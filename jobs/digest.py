"""The digest of a night: what was read, what failed, which questions are open. For admins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.answers.gaps import Gaps
from bot.answers.judge import Thresholds, judge
from bot.cards import Card
from bot.conversation.channels import Channels
from bot.conversation.outbox import Outbox
from jobs.measures import Measure, Measures
from jobs.trend import trend
from knowledge.library.catalog import Run
from knowledge.library.library import Library, SourceState
from knowledge.types import PUBLIC, Evidence, Principals

PATIENCE = timedelta(hours=2)
"""How long it waits for the last source of the night."""
_NIGHTS = 30
_RUNS = 20
_LISTED = 10
_GAPS = 200

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
            for run in (await self.library.show(state.spec.id, _RUNS))[1]
            if run.started_at >= since and run.finished_at is not None
        ]
        closed, still_open = await self.gaps.counts(since)
        measure = Measure(night, sum(each.documents for each in states), still_open)
        picture = trend([*await self.measures.newest(_NIGHTS), measure])
        return Card(_told(states, runs, measure, closed), picture=picture), measure

    async def close_answered(self) -> int:
        """Close the gaps that everybody would get an answer to now; returns how many."""
        answered = []
        for gap in await self.gaps.open(_GAPS):
            found = await self.search(gap.question, frozenset({PUBLIC}), 3)
            if judge(found, self.thresholds).tier == "sure":
                answered.append(gap.id)
        return await self.gaps.close(answered, "found", self.clock())


def _told(
    states: Sequence[SourceState],
    runs: Sequence[tuple[SourceState, Run]],
    measure: Measure,
    closed: int,
) -> str:
    reports = [run.report for _, run in runs]
    counts = ", ".join(
        f"{sum(values)} {what}"
        for what, values in (
            ("added", [each.added for each in reports]),
            ("changed", [each.changed for each in reports]),
            ("removed", [each.removed for each in reports]),
            ("skipped", [len(each.skipped) for each in reports]),
        )
    )
    lines = [f"**What I know, as of {measure.at:%Y-%m-%d}**"]
    lines.append(
        f"{len(states)} sources with {measure.documents} documents. Read since the last time: "
        f"{len({state.spec.id for state, _ in runs})}; documents: {counts}."
    )
    newest: dict[str, tuple[SourceState, Run]] = {}
    for state, run in runs:  # the newest of each comes first
        newest.setdefault(state.spec.id, (state, run))
    failed = [
        f"- {state.spec.shown}: {run.report.error}"
        for state, run in newest.values()
        if run.report.error
    ]
    if failed:
        lines += ["", f"Could not be read: {len(failed)}", *failed[:_LISTED]]
    good = [
        (state.last_run.started_at, state.spec.shown)
        for state in states
        if state.last_run is not None and not state.spec.is_paused
    ]
    if good:
        at, shown = min(good)
        lines += ["", f"Longest unread: {shown}, since {at:%Y-%m-%d %H:%M} UTC."]
    lines.append(
        f"Questions without an answer: {closed} closed, {measure.gaps} open. `/kb gaps` shows them."
    )
    return "\n".join(lines)
