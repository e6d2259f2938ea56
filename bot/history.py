"""What was asked and answered, durably: threads, traces, opinions and gaps."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.database import in_utc
from bot.types import Message, Reply

metadata = sa.MetaData()

_turn = sa.Table(
    "turn",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("conversation", sa.String(200), nullable=False, index=True),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("trace_id", sa.String(32), nullable=False),
    sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
)

_trace = sa.Table(
    "trace",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("conversation", sa.String(200), nullable=False),
    sa.Column("asker", sa.String(200), nullable=False),
    sa.Column("private", sa.Boolean, nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("handed_over_at", sa.DateTime(timezone=True)),
)

_gap = sa.Table(
    "gap",
    metadata,
    sa.Column("trace_id", sa.String(32), primary_key=True),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
)

_feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("trace_id", sa.String(32), primary_key=True),
    sa.Column("rater", sa.String(200), primary_key=True),
    sa.Column("helpful", sa.Boolean, nullable=False),
    sa.Column("rated_at", sa.DateTime(timezone=True), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Trace:
    """How one answer came about."""

    id: str
    conversation: str
    asker: str
    private: bool
    """Only the asker saw the answer."""
    body: dict[str, Any]
    """:meth:`bot.types.Reply.as_json`."""
    answered_at: datetime


class History:
    """The record, in the same database as the catalog."""

    def __init__(self, engine: AsyncEngine):
        self._engine = engine

    async def questions(self, conversation: str, most: int, *, but: str = "") -> list[str]:
        """The newest ``most`` questions of a conversation, oldest first.

        ``but``: an id of a message; what it said before it was edited is no earlier question.
        """
        is_other = sa.func.coalesce(_trace.c.body["id"].as_string(), "") != but
        async with self._engine.connect() as db:
            rows = await db.execute(
                sa.select(_turn.c.question)
                .outerjoin(_trace, _trace.c.id == _turn.c.trace_id)
                .where(_turn.c.conversation == conversation, is_other if but else sa.true())
                .order_by(_turn.c.id.desc())
                .limit(most)
            )
        return [row.question for row in rows][::-1]

    async def record(self, message: Message, reply: Reply, now: datetime) -> None:
        """Keep a turn with its trace; an unanswered question also as a gap."""
        async with self._engine.begin() as db:
            # Small talk is no question that a follow-up could lean on.
            if reply.evidence or reply.abstained:
                await db.execute(
                    sa.insert(_turn).values(
                        conversation=message.conversation,
                        question=reply.question,
                        trace_id=reply.trace_id,
                        asked_at=now,
                    )
                )
            await db.execute(
                sa.insert(_trace).values(
                    id=reply.trace_id,
                    conversation=message.conversation,
                    asker=message.asker.id,
                    private=bool(message.private),
                    body=reply.as_json(message.id),
                    answered_at=now,
                )
            )
            if reply.abstained:
                await db.execute(
                    sa.insert(_gap).values(
                        trace_id=reply.trace_id, question=reply.question, asked_at=now
                    )
                )

    async def trace(self, id: str) -> Trace | None:
        """How an answer came about; None if that is not kept (any more)."""
        async with self._engine.connect() as db:
            row = (await db.execute(sa.select(_trace).where(_trace.c.id == id))).one_or_none()
        if row is None:
            return None
        return Trace(
            row.id,
            row.conversation,
            row.asker,
            row.private,
            dict(row.body),
            in_utc(row.answered_at),
        )

    async def hand_over(self, id: str, now: datetime | None) -> bool:
        """Enter that people were asked; False if they were before. None takes it back."""
        free = _trace.c.handed_over_at.is_(None)
        async with self._engine.begin() as db:
            done = await db.execute(
                sa.update(_trace)
                .where(_trace.c.id == id, free if now is not None else sa.not_(free))
                .values(handed_over_at=now)
            )
        return bool(done.rowcount)

    async def open_up(self, id: str, *, private: bool = False) -> bool:
        """Enter that others see the answer now; False if they did before. ``private``: undo it."""
        async with self._engine.begin() as db:
            done = await db.execute(
                sa.update(_trace)
                .where(_trace.c.id == id, _trace.c.private.is_not(private))
                .values(private=private)
            )
        return bool(done.rowcount)

    async def rate(self, trace_id: str, rater: str, helpful: bool, now: datetime) -> None:
        """Keep what somebody thought of an answer; a second opinion replaces the first."""
        opinion = {"helpful": helpful, "rated_at": now}
        first = sa.insert(_feedback).values(trace_id=trace_id, rater=rater, **opinion)
        second = (
            sa.update(_feedback)
            .where(_feedback.c.trace_id == trace_id, _feedback.c.rater == rater)
            .values(opinion)
        )
        try:
            async with self._engine.begin() as db:
                await db.execute(first)
        except IntegrityError:
            async with self._engine.begin() as db:
                await db.execute(second)

    async def ratings(self, trace_id: str) -> tuple[int, int]:
        """How many found an answer helpful, and how many did not."""
        async with self._engine.connect() as db:
            rows = await db.execute(
                sa.select(_feedback.c.helpful).where(_feedback.c.trace_id == trace_id)
            )
        found = [bool(row.helpful) for row in rows]
        return sum(found), len(found) - sum(found)

    async def add_gap(self, trace: Trace) -> None:
        """Enter that what was shown did not answer the question; it may be entered already."""
        entry = sa.insert(_gap).values(
            trace_id=trace.id, question=trace.body["question"], asked_at=trace.answered_at
        )
        with suppress(IntegrityError):
            async with self._engine.begin() as db:
                await db.execute(entry)

    async def drop_gap(self, trace_id: str) -> None:
        """Take that back, unless somebody still finds the answer unhelpful."""
        found_wanting = sa.exists().where(
            _feedback.c.trace_id == trace_id, _feedback.c.helpful.is_(False)
        )
        async with self._engine.begin() as db:
            await db.execute(
                sa.delete(_gap).where(_gap.c.trace_id == trace_id, sa.not_(found_wanting))
            )

    async def gaps(self) -> list[str]:
        """Questions that nothing answered, or nothing that was meant, newest first."""
        async with self._engine.connect() as db:
            rows = await db.execute(sa.select(_gap.c.question).order_by(_gap.c.asked_at.desc()))
        return [row.question for row in rows]
