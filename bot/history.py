"""What was asked and answered, durably: threads, messages already seen, traces and gaps."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.types import Message, Reply

metadata = sa.MetaData()

_sighting = sa.Table(
    "sighting",
    metadata,
    sa.Column("message_id", sa.String(200), primary_key=True),
    sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
)

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
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
)

_gap = sa.Table(
    "gap",
    metadata,
    sa.Column("trace_id", sa.String(32), primary_key=True),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
)


class History:
    """The record, in the same database as the catalog."""

    def __init__(self, engine: AsyncEngine):
        self._engine = engine

    async def first_sight(self, message_id: str, now: datetime) -> bool:
        """True for exactly one of all callers with the same id, in any process."""
        try:
            async with self._engine.begin() as db:
                await db.execute(sa.insert(_sighting).values(message_id=message_id, seen_at=now))
        except IntegrityError:
            return False
        return True

    async def questions(self, conversation: str, most: int) -> list[str]:
        """The newest ``most`` questions of a conversation, oldest first."""
        async with self._engine.connect() as db:
            rows = await db.execute(
                sa.select(_turn.c.question)
                .where(_turn.c.conversation == conversation)
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

    async def gaps(self) -> list[str]:
        """Questions that nothing answered, newest first."""
        async with self._engine.connect() as db:
            rows = await db.execute(sa.select(_gap.c.question).order_by(_gap.c.asked_at.desc()))
        return [row.question for row in rows]
