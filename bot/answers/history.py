"""What was asked and answered, durably: threads, traces with their citations, opinions and gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.types import Citation, Message, Reply
from knowledge.state.tables import Moment, insert, metadata, upsert

VERSION = 2
"""Of the records written. A change of :class:`bot.types.Reply` that old ones do not fit needs a new
one, and a migration that brings the old ones to it."""

_turn = sa.Table(
    "turn",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("conversation", sa.String(200), nullable=False, index=True),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("trace_id", sa.String(32), nullable=False),
    sa.Column("asked_at", Moment, nullable=False),
)

TRACE = sa.Table(
    "trace",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("conversation", sa.String(200), nullable=False),
    sa.Column("asker", sa.String(200), nullable=False),
    sa.Column("private", sa.Boolean, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("message_id", sa.String(200)),
    sa.Column("tier", sa.String(8)),
    sa.Column("confidence", sa.Float),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("answered_at", Moment, nullable=False),
    sa.Column("handed_over_at", Moment),
)

CITATION = sa.Table(
    "citation",
    metadata,
    sa.Column("trace_id", sa.String(32), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("passage", sa.String(64), nullable=False, index=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("quote", sa.Text, nullable=False),
    sa.Index("ix_citation_document", "source", "document"),
)

GAP = sa.Table(
    "gap",
    metadata,
    sa.Column("trace_id", sa.String(32), primary_key=True),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("asked_at", Moment, nullable=False),
    sa.Column("closed_at", Moment),
    sa.Column("closed_how", sa.String(12)),
)
"""Questions without an answer; :mod:`bot.answers.gaps` says what becomes of them."""

FEEDBACK = sa.Table(
    "feedback",
    metadata,
    sa.Column("trace_id", sa.String(32), primary_key=True),
    sa.Column("rater", sa.String(200), primary_key=True),
    sa.Column("helpful", sa.Boolean, nullable=False),
    sa.Column("rated_at", Moment, nullable=False),
)

_CITED = [CITATION.c[each.name] for each in fields(Citation)]
_COLUMNS = {"trace_id", "tier", "confidence", "citations"}
"""What of a reply is not in the body, but in columns and rows of its own."""
_replies = TypeAdapter(Reply)
_log = structlog.get_logger("housevoice")


@dataclass(frozen=True, slots=True)
class Trace:
    """One answer with who got it where, and how it came about."""

    id: str
    conversation: str
    asker: str
    private: bool
    """Only the asker saw the answer."""
    reply: Reply
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class CitingAnswer:
    """An answer that rests on something, and with which of its citations."""

    trace_id: str
    message_id: str | None
    """Of the question: the inbox knows under it what was posted; old records do not tell."""
    conversation: str
    asker: str
    private: bool
    answered_at: datetime
    citations: tuple[Citation, ...]


class History:
    """The record, in the same database as the catalog."""

    def __init__(self, engine: AsyncEngine):
        self._engine = engine

    async def questions(self, conversation: str, most: int, *, but: str = "") -> list[str]:
        """The newest ``most`` questions of a conversation, oldest first.

        ``but``: an id of a message; what it said before it was edited is no earlier question.
        """
        is_other = sa.func.coalesce(TRACE.c.message_id, "") != but
        async with self._engine.connect() as db:
            rows = await db.execute(
                sa.select(_turn.c.question)
                .outerjoin(TRACE, TRACE.c.id == _turn.c.trace_id)
                .where(_turn.c.conversation == conversation, is_other if but else sa.true())
                .order_by(_turn.c.id.desc())
                .limit(most)
            )
        return [row.question for row in rows][::-1]

    async def record(self, message: Message, reply: Reply, now: datetime) -> None:
        """Keep a turn with its trace; an unanswered question also as a gap."""
        async with self._engine.begin() as db:
            # Small talk is no question that a follow-up could lean on.
            if reply.passages or reply.abstained:
                await db.execute(
                    sa.insert(_turn).values(
                        conversation=message.conversation,
                        question=reply.question,
                        trace_id=reply.trace_id,
                        asked_at=now,
                    )
                )
            await db.execute(
                sa.insert(TRACE).values(
                    id=reply.trace_id,
                    conversation=message.conversation,
                    asker=message.asker.id,
                    private=bool(message.private),
                    version=VERSION,
                    message_id=message.id,
                    tier=reply.tier,
                    confidence=reply.confidence,
                    body=_replies.dump_python(reply, mode="json", exclude=_COLUMNS),
                    answered_at=now,
                )
            )
            if reply.citations:
                rows = [{"trace_id": reply.trace_id, **asdict(each)} for each in reply.citations]
                await db.execute(sa.insert(CITATION), rows)
            if reply.abstained:
                await db.execute(
                    sa.insert(GAP).values(
                        trace_id=reply.trace_id, question=reply.question, asked_at=now
                    )
                )

    async def trace(self, id: str) -> Trace | None:
        """How an answer came about; None if that is not kept (any more)."""
        async with self._engine.connect() as db:
            row = (await db.execute(sa.select(TRACE).where(TRACE.c.id == id))).one_or_none()
            if row is None:
                return None
            cited = await db.execute(
                sa.select(*_CITED).where(CITATION.c.trace_id == id).order_by(CITATION.c.n)
            )
        reply = _reply(row, [dict(each) for each in cited.mappings()])
        if reply is None:
            return None
        return Trace(row.id, row.conversation, row.asker, row.private, reply, row.answered_at)

    async def citing_document(
        self, source: str, document: str, since: datetime
    ) -> list[CitingAnswer]:
        """The answers since then that cite a document, newest first."""
        is_of_it = sa.and_(CITATION.c.source == source, CITATION.c.document == document)
        return await self._citing(is_of_it, since)

    async def citing_passage(self, passage: str, since: datetime) -> list[CitingAnswer]:
        """The answers since then that cite a passage, newest first."""
        return await self._citing(CITATION.c.passage == passage, since)

    async def _citing(
        self, is_meant: sa.ColumnElement[bool], since: datetime
    ) -> list[CitingAnswer]:
        async with self._engine.connect() as db:
            found = await db.execute(
                sa.select(TRACE, *_CITED)
                .join(CITATION, CITATION.c.trace_id == TRACE.c.id)
                .where(is_meant, TRACE.c.answered_at >= since)
                .order_by(TRACE.c.answered_at.desc(), TRACE.c.id, CITATION.c.n)
            )
        answers = groupby(found.mappings(), key=lambda row: row[TRACE.c.id])
        return [_citing_answer(list(rows)) for _, rows in answers]

    async def forget_before(self, moment: datetime) -> None:
        """Drop all answers older than this, with all that belongs to them."""
        async with self._engine.begin() as db:
            await _forget(db, TRACE.c.answered_at < moment)

    async def forget_person(self, person: str) -> None:
        """Drop what this person asked and was answered, and their opinions of other answers.

        ``person``: their principal, as :func:`bot.types.person` makes it.
        """
        async with self._engine.begin() as db:
            await db.execute(sa.delete(FEEDBACK).where(FEEDBACK.c.rater == person))
            await _forget(db, TRACE.c.asker == person)

    async def forget_lost_citations(self) -> None:
        """Drop the citations of traces that somebody deleted by hand."""
        is_kept = sa.exists().where(TRACE.c.id == CITATION.c.trace_id)
        async with self._engine.begin() as db:
            await db.execute(sa.delete(CITATION).where(sa.not_(is_kept)))

    async def hand_over(self, id: str, now: datetime | None) -> bool:
        """Enter that people were asked; False if they were before. None takes it back."""
        free = TRACE.c.handed_over_at.is_(None)
        async with self._engine.begin() as db:
            done = await db.execute(
                sa.update(TRACE)
                .where(TRACE.c.id == id, free if now is not None else sa.not_(free))
                .values(handed_over_at=now)
            )
        return bool(done.rowcount)

    async def open_up(self, id: str, *, private: bool = False) -> bool:
        """Enter that others see the answer now; False if they did before. ``private``: undo it."""
        async with self._engine.begin() as db:
            done = await db.execute(
                sa.update(TRACE)
                .where(TRACE.c.id == id, TRACE.c.private.is_not(private))
                .values(private=private)
            )
        return bool(done.rowcount)

    async def rate(self, trace_id: str, rater: str, helpful: bool, now: datetime) -> None:
        """Keep what somebody thought of an answer; a second opinion replaces the first."""
        opinion = upsert(self._engine, FEEDBACK).values(
            trace_id=trace_id, rater=rater, helpful=helpful, rated_at=now
        )
        async with self._engine.begin() as db:
            await db.execute(opinion)

    async def ratings(self, trace_id: str) -> tuple[int, int]:
        """How many found an answer helpful, and how many did not."""
        async with self._engine.connect() as db:
            rows = await db.execute(
                sa.select(FEEDBACK.c.helpful).where(FEEDBACK.c.trace_id == trace_id)
            )
        found = [bool(row.helpful) for row in rows]
        return sum(found), len(found) - sum(found)

    async def add_gap(self, trace: Trace) -> None:
        """Enter that what was shown did not answer the question; it may be entered already."""
        entry = insert(self._engine, GAP).values(
            trace_id=trace.id, question=trace.reply.question, asked_at=trace.answered_at
        )
        async with self._engine.begin() as db:
            await db.execute(entry.on_conflict_do_nothing())

    async def drop_gap(self, trace_id: str) -> None:
        """Take that back, unless somebody still finds the answer unhelpful."""
        found_wanting = sa.exists().where(
            FEEDBACK.c.trace_id == trace_id, FEEDBACK.c.helpful.is_(False)
        )
        async with self._engine.begin() as db:
            await db.execute(
                sa.delete(GAP).where(GAP.c.trace_id == trace_id, sa.not_(found_wanting))
            )

    async def gaps(self) -> list[str]:
        """Questions that nothing answered, or nothing that was meant, newest first."""
        async with self._engine.connect() as db:
            rows = await db.execute(
                sa.select(GAP.c.question)
                .where(GAP.c.closed_at.is_(None))
                .order_by(GAP.c.asked_at.desc())
            )
        return [row.question for row in rows]


async def _forget(db: AsyncConnection, is_meant: sa.ColumnElement[bool]) -> None:
    ids = sa.select(TRACE.c.id).where(is_meant)
    for table in (CITATION, _turn, GAP, FEEDBACK):
        await db.execute(sa.delete(table).where(table.c.trace_id.in_(ids)))
    await db.execute(sa.delete(TRACE).where(is_meant))


def _reply(row: sa.Row[Any], citations: Sequence[dict[str, Any]]) -> Reply | None:
    """None for what another version wrote: then it counts as no longer kept."""
    try:
        if row.version != VERSION:
            raise ValueError
        kept = {"trace_id": row.id, "tier": row.tier, "confidence": row.confidence}
        return _replies.validate_python({**row.body, **kept, "citations": citations})
    except (ValidationError, ValueError, TypeError):
        _log.error("trace_unreadable", trace_id=row.id, version=row.version)
        return None


def _citing_answer(rows: Sequence[sa.RowMapping]) -> CitingAnswer:
    trace = rows[0]
    return CitingAnswer(
        trace_id=trace[TRACE.c.id],
        message_id=trace[TRACE.c.message_id],
        conversation=trace[TRACE.c.conversation],
        asker=trace[TRACE.c.asker],
        private=trace[TRACE.c.private],
        answered_at=trace[TRACE.c.answered_at],
        citations=tuple(Citation(**{c.name: row[c] for c in _CITED}) for row in rows),
    )
