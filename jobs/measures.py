"""How much there is, night by night: documents and open gaps, kept for the trend."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.state.tables import Moment, insert, metadata

_measure = sa.Table(
    "measure",
    metadata,
    sa.Column("at", Moment, primary_key=True),
    sa.Column("documents", sa.Integer, nullable=False),
    sa.Column("gaps", sa.Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Measure:
    """One night."""

    at: datetime
    """The time that was set for it, in UTC."""
    documents: int
    gaps: int
    """Those that were open."""


class Measures:
    """The table, in the database of the state."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def enter(self, measure: Measure) -> None:
        """Keep one; a night has one only."""
        entry = insert(self._engine, _measure).values(
            at=measure.at, documents=measure.documents, gaps=measure.gaps
        )
        async with self._engine.begin() as db:
            await db.execute(entry.on_conflict_do_nothing())

    async def newest(self, limit: int) -> list[Measure]:
        """The newest, oldest of them first."""
        wanted = sa.select(_measure).order_by(_measure.c.at.desc()).limit(limit)
        async with self._engine.connect() as db:
            rows = await db.execute(wanted)
        return [Measure(row.at, row.documents, row.gaps) for row in rows][::-1]
