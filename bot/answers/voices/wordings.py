"""Wordings that people gave to answers and drafts: kept as pairs for a voice to learn from.

A wording is its owner's, who consented by sending it in, and counts once a second person has
approved it. What it was made from is plain text that everybody may read, or the owner's own draft.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.history import CITATION, FEEDBACK, TRACE
from bot.errors import UsageError
from knowledge.state.tables import Moment, metadata

_wording = sa.Table(
    "wording",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("voice", sa.String(40), nullable=False),
    sa.Column("answer", sa.String(32)),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("plain", sa.Text, nullable=False),
    sa.Column("voiced", sa.Text, nullable=False),
    sa.Column("owner", sa.String(200), nullable=False),
    sa.Column("saved_at", Moment, nullable=False),
    sa.Column("approved_at", Moment),
    sa.Column("told_at", Moment),
    sa.Index("ix_wording_voice", "voice"),
)
_GONE = "That wording is gone: it was approved, left out or taken back."


@dataclass(frozen=True, slots=True)
class Wording:
    """One pair from use."""

    id: str
    voice: str
    question: str
    """In its owner's words; may be empty."""
    plain: str
    voiced: str
    owner: str
    """A principal."""
    saved_at: datetime
    """When its owner consented."""
    approved_at: datetime | None = None
    """None: it waits for a second person; who that was is in the audit."""
    answer: str | None = None
    """The trace that it is of; None for one's own draft."""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """An answer whose wording is worth a look."""

    trace_id: str
    question: str
    helpful: int
    unhelpful: int
    kept: float
    """Share of the voice's habits that it keeps, in [0, 1]."""


class Wordings:
    """The table, in the database of the state. Raises :class:`UsageError` with what to say."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    async def propose(
        self,
        voice: str,
        plain: str,
        voiced: str,
        owner: str,
        *,
        question: str = "",
        answer: str | None = None,
    ) -> str:
        """Keep one, to be approved; returns its id. ``answer``: the trace that it is of."""
        id = uuid4().hex
        entry = sa.insert(_wording).values(
            id=id,
            voice=voice,
            answer=answer,
            question=question,
            plain=plain,
            voiced=voiced,
            owner=owner,
            saved_at=self._clock(),
        )
        async with self._engine.begin() as db:
            await db.execute(entry)
        return id

    async def approve(self, id: str, approver: str) -> Wording:
        """A second person finds it good."""
        found = await self.get(id)
        if found.owner == approver:
            raise UsageError("It is your own: a second person has to approve it.")
        async with self._engine.begin() as db:
            done = await db.execute(
                sa.update(_wording)
                .where(_wording.c.id == id, _wording.c.approved_at.is_(None))
                .values(approved_at=self._clock())
            )
        if not done.rowcount:
            raise UsageError(_GONE)
        return found

    async def remove(self, id: str) -> Wording:
        """It is not to be learnt from, whether it was approved or not."""
        found = await self.get(id)
        async with self._engine.begin() as db:
            await db.execute(sa.delete(_wording).where(_wording.c.id == id))
        return found

    async def get(self, id: str) -> Wording:
        """One of them."""
        async with self._engine.connect() as db:
            row = (await db.execute(sa.select(_wording).where(_wording.c.id == id))).one_or_none()
        if row is None:
            raise UsageError(_GONE)
        return _read(row)

    async def waiting(self) -> Sequence[Wording]:
        """Those that nobody approved yet, oldest first."""
        return await self._where(_wording.c.approved_at.is_(None))

    async def untold(self) -> Sequence[Wording]:
        """Those that wait without anybody having been told, oldest first."""
        return await self._where(_wording.c.approved_at.is_(None), _wording.c.told_at.is_(None))

    async def told(self, id: str) -> None:
        """Somebody who may approve it was told."""
        change = sa.update(_wording).where(_wording.c.id == id).values(told_at=self._clock())
        async with self._engine.begin() as db:
            await db.execute(change)

    async def approved(self, voice: str) -> Sequence[Wording]:
        """What a voice may learn from, oldest first."""
        return await self._where(_wording.c.voice == voice, _wording.c.approved_at.is_not(None))

    async def of(self, owner: str) -> Sequence[Wording]:
        """All of one person's, oldest first."""
        return await self._where(_wording.c.owner == owner)

    async def doubtful(self, scope: str, voice: str, since: datetime) -> Sequence[Doubtful]:
        """Answers in the open of a channel that teach most, if somebody words them anew.

        First those that people disagree on, then those with a poor tone, the unhelpful before the
        others. ``scope``: as :attr:`bot.types.Place.scope`. Those that have a wording are left out.
        """
        helpful = sa.func.sum(sa.case((FEEDBACK.c.helpful.is_(True), 1), else_=0))
        opinions = (
            sa.select(FEEDBACK.c.trace_id, helpful.label("yes"), sa.func.count().label("all"))
            .group_by(FEEDBACK.c.trace_id)
            .subquery()
        )
        own = sa.or_(
            TRACE.c.conversation == scope,
            TRACE.c.conversation.startswith(f"{scope}:", autoescape=True),
        )
        wanted = (
            sa.select(TRACE.c.id, TRACE.c.body, opinions.c.yes, opinions.c.all)
            .outerjoin(opinions, opinions.c.trace_id == TRACE.c.id)
            .where(
                own,
                TRACE.c.private.is_(False),
                TRACE.c.answered_at >= since,
                TRACE.c.body["voice"].as_string() == voice,
                TRACE.c.id.in_(sa.select(CITATION.c.trace_id)),
                TRACE.c.id.not_in(
                    sa.select(_wording.c.answer).where(_wording.c.answer.is_not(None))
                ),
            )
            .order_by(TRACE.c.answered_at.desc())
            .limit(_LOOKED_AT)
        )
        async with self._engine.connect() as db:
            rows = (await db.execute(wanted)).all()
        found = [
            Doubtful(row.id, row.body["question"], yes, number - yes, _kept(row.body))
            for row in rows
            for yes, number in ((int(row.yes or 0), int(row.all or 0)),)
        ]
        return sorted(
            (each for each in found if each.unhelpful or each.kept < 1),
            key=lambda one: (not (one.helpful and one.unhelpful), one.kept, -one.unhelpful),
        )

    async def _where(self, *wanted: sa.ColumnElement[bool]) -> Sequence[Wording]:
        query = sa.select(_wording).where(*wanted).order_by(_wording.c.saved_at, _wording.c.id)
        async with self._engine.connect() as db:
            return [_read(row) for row in await db.execute(query)]


_LOOKED_AT = 500
"""The newest answers of a channel that are looked through."""


def _kept(body: dict[str, dict[str, dict[str, bool]]]) -> float:
    habits = body.get("checks", {}).get("markers", {})
    own = [ok for name, ok in habits.items() if name not in ("greeting", "closing")]
    return sum(own) / len(own) if own else 1.0


def _read(row: sa.Row[tuple[object, ...]]) -> Wording:
    return Wording(
        row.id,
        row.voice,
        row.question,
        row.plain,
        row.voiced,
        row.owner,
        row.saved_at,
        row.approved_at,
        row.answer,
    )
