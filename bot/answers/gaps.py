"""Questions without an answer: which are open, which are alike, and how they were closed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.history import GAP
from knowledge.types import Vector

Closed = Literal["curated", "found", "dismissed"]
"""An admin wrote the answer, what was read since answers it, or it was set aside."""

ALIKE = 0.7
"""Cosine from which two questions are about the same: of the sample questions' pairs above it 92 %
have their answer in the same section, and no other value found more of those without a fall."""


@dataclass(frozen=True, slots=True)
class Gap:
    """One question that found no answer."""

    id: str
    """That of its trace."""
    question: str
    asked_at: datetime


class Gaps:
    """The table of gaps; :class:`bot.answers.history.History` enters them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def open(self, limit: int) -> list[Gap]:
        """Those that nothing has closed, newest first."""
        wanted = (
            sa.select(GAP)
            .where(GAP.c.closed_at.is_(None))
            .order_by(GAP.c.asked_at.desc(), GAP.c.trace_id)
            .limit(limit)
        )
        async with self._engine.connect() as db:
            rows = await db.execute(wanted)
        return [Gap(row.trace_id, row.question, row.asked_at) for row in rows]

    async def close(self, ids: Collection[str], how: Closed, now: datetime) -> int:
        """Enter that these are gaps no longer; returns how many were until now."""
        async with self._engine.begin() as db:
            done = await db.execute(
                sa.update(GAP)
                .where(GAP.c.trace_id.in_(list(ids)), GAP.c.closed_at.is_(None))
                .values(closed_at=now, closed_how=how)
            )
        return int(done.rowcount)

    async def counts(self, since: datetime) -> tuple[int, int]:
        """How many were closed since then, and how many are open."""
        closed = sa.select(sa.func.count()).where(GAP.c.closed_at >= since)
        is_open = sa.select(sa.func.count()).where(GAP.c.closed_at.is_(None))
        async with self._engine.connect() as db:
            return (
                int((await db.execute(closed)).scalar_one()),
                int((await db.execute(is_open)).scalar_one()),
            )


def clusters(vectors: Sequence[Vector], near: float = ALIKE) -> list[list[int]]:
    """Which texts are alike, each cluster by its members' places; large clusters first.

    Every text joins the nearest cluster whose first member is ``near`` enough, else begins one.
    """
    found: list[list[int]] = []
    for place, vector in enumerate(vectors):
        cosines = [float(np.dot(vectors[each[0]], vector)) for each in found]
        best = int(np.argmax(cosines)) if cosines else -1
        if best >= 0 and cosines[best] >= near:
            found[best].append(place)
        else:
            found.append([place])
    return sorted(found, key=lambda each: (-len(each), each[0]))
