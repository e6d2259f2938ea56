"""Answers that no longer hold: found by looking again for what they quoted, each marked once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.history import CITATION, TRACE
from knowledge.state.tables import Moment, insert, metadata
from knowledge.types import EmbeddedPassage

Outcome = Literal["marked", "told", "gone", "given_up"]
"""Its message was changed, its asker was told, nothing is there any more, or it cannot be done."""

LEASE = timedelta(minutes=2)
ATTEMPTS = 5

Held = Callable[[str, str], Awaitable[Sequence[EmbeddedPassage]]]
"""What there is now of a source's document; :meth:`knowledge.stores.port.PassageStore.held`."""

RECALL = sa.Table(
    "recall",
    metadata,
    sa.Column("trace_id", sa.String(32), primary_key=True),
    sa.Column("found_at", Moment, nullable=False),
    sa.Column("lease_until", Moment, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("outcome", sa.String(12)),
)


@dataclass(frozen=True, slots=True)
class Recalled:
    """An answer that no longer holds, and that somebody has undertaken to mark."""

    trace_id: str
    message_id: str | None
    """Of the question; old records do not tell."""
    attempts: int


class Recalls:
    """Finds such answers, and keeps which of them are marked, durably."""

    def __init__(
        self, engine: AsyncEngine, held: Held, days: int, clock: Callable[[], datetime]
    ) -> None:
        """``days``: how old an answer may be; 0: none is looked at."""
        self._engine = engine
        self._held = held
        self._days = days
        self._clock = clock

    async def check(self, source: str | None = None) -> int:
        """Look again at what answers cite, of one source or of all; returns how many fell.

        An answer holds as long as each quote stands word for word in a passage of the document
        that it was taken from. Raises :class:`knowledge.errors.StoreError`.
        """
        if not self._days:
            return 0
        fallen: set[str] = set()
        for (of, document), citations in (await self._cited(source)).items():
            held = await self._held(of, document)
            digests = {each.passage.digest for each in held}
            texts = [" ".join(each.passage.text.split()) for each in held]
            for row in citations:
                if row.digest not in digests and not any(_holds(row.quote, t) for t in texts):
                    fallen.add(row.trace_id)
        now = self._clock()
        entered = 0
        async with self._engine.begin() as db:
            for trace_id in sorted(fallen):
                entry = insert(db, RECALL).values(
                    trace_id=trace_id, found_at=now, lease_until=now, attempts=0
                )
                entered += (await db.execute(entry.on_conflict_do_nothing())).rowcount
        return entered

    async def take(self, platform: str) -> list[Recalled]:
        """Lease those of a platform that wait to be marked, oldest answers first."""
        now = self._clock()
        waiting = (
            sa.select(RECALL, TRACE.c.message_id)
            .join(TRACE, TRACE.c.id == RECALL.c.trace_id)
            .where(
                RECALL.c.outcome.is_(None),
                RECALL.c.lease_until <= now,
                TRACE.c.conversation.startswith(f"{platform}:", autoescape=True),
            )
            .order_by(TRACE.c.answered_at)
        )
        async with self._engine.connect() as db:
            rows = (await db.execute(waiting)).all()
        taken = []
        for row in rows:
            mine = sa.and_(
                RECALL.c.trace_id == row.trace_id,
                RECALL.c.attempts == row.attempts,
                RECALL.c.outcome.is_(None),
            )
            values = {"lease_until": now + LEASE, "attempts": row.attempts + 1}
            async with self._engine.begin() as db:
                done = await db.execute(sa.update(RECALL).where(mine).values(values))
            if done.rowcount:
                taken.append(Recalled(row.trace_id, row.message_id, row.attempts + 1))
        return taken

    async def settle(self, recalled: Recalled, outcome: Outcome) -> None:
        """Enter how it ended."""
        async with self._engine.begin() as db:
            await db.execute(
                sa.update(RECALL)
                .where(RECALL.c.trace_id == recalled.trace_id)
                .values(outcome=outcome)
            )

    async def forget_old(self) -> None:
        """Drop what is of no use any more: its answer is gone."""
        is_kept = sa.exists().where(TRACE.c.id == RECALL.c.trace_id)
        async with self._engine.begin() as db:
            await db.execute(sa.delete(RECALL).where(sa.not_(is_kept)))

    async def _cited(self, source: str | None) -> dict[tuple[str, str], list[Any]]:
        """The citations of answers that are young enough and not known to have fallen."""
        since = self._clock() - timedelta(days=self._days)
        known = sa.select(RECALL.c.trace_id)
        wanted = (
            sa.select(
                CITATION.c.trace_id,
                CITATION.c.source,
                CITATION.c.document,
                CITATION.c.digest,
                CITATION.c.quote,
            )
            .join(TRACE, TRACE.c.id == CITATION.c.trace_id)
            .where(
                TRACE.c.answered_at >= since,
                TRACE.c.id.not_in(known),
                # Files that came with a question run out by themselves.
                sa.not_(CITATION.c.source.startswith("attachment:")),
                sa.true() if source is None else CITATION.c.source == source,
            )
        )
        async with self._engine.connect() as db:
            rows = (await db.execute(wanted)).all()
        found: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for row in rows:
            found[row.source, row.document].append(row)
        return found


def _holds(quote: str, text: str) -> bool:
    """Whether all that was quoted stands there still, in its order; ``text`` has single spaces."""
    at = 0
    for line in quote.split("\n"):
        words = " ".join(line.split())
        if (start := text.find(words, at)) < 0:
            return False
        at = start + len(words)
    return True
