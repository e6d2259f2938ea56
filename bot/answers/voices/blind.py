"""Blind comparisons: which of two voices people chose for one answer, not knowing whose it was."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import UsageError
from knowledge.state.tables import Moment, metadata

Choice = Literal["first", "second", "same"]
"""As it was shown; which voice that is only the table knows."""
_Z = 1.959964  # of a 95% interval

_blind = sa.Table(
    "blind_choice",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(200), nullable=False),
    sa.Column("first", sa.String(60), nullable=False),
    sa.Column("second", sa.String(60), nullable=False),
    sa.Column("choice", sa.String(8)),
    sa.Column("shown_at", Moment, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Wins:
    """How two voices did against each other."""

    one: str
    other: str
    won: int
    """Times that ``one`` was chosen."""
    lost: int
    same: int
    """Times that neither was."""

    @property
    def rate(self) -> float:
        """Share of the decided comparisons that ``one`` won; 0.5 where none was decided."""
        decided = self.won + self.lost
        return self.won / decided if decided else 0.5

    @property
    def interval(self) -> tuple[float, float]:
        """Of the rate, at 95%: Wilson (1927), which holds for few comparisons too."""
        number = self.won + self.lost
        if not number:
            return 0.0, 1.0
        rate, square = self.rate, _Z * _Z
        middle = (rate + square / (2 * number)) / (1 + square / number)
        half = rate * (1 - rate) / number + square / (4 * number * number)
        reach = _Z * math.sqrt(half) / (1 + square / number)
        return max(0.0, middle - reach), min(1.0, middle + reach)


class BlindChoices:
    """The table, in the database of the state."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    async def show(self, first: str, second: str, owner: str) -> str:
        """Enter what is shown to somebody, in this order; returns the comparison's id."""
        id = uuid4().hex
        entry = sa.insert(_blind).values(
            id=id, owner=owner, first=first, second=second, shown_at=self._clock()
        )
        async with self._engine.begin() as db:
            await db.execute(entry)
        return id

    async def choose(self, id: str, owner: str, choice: Choice) -> None:
        """Keep their choice, once. Raises :class:`UsageError`."""
        is_open = sa.and_(_blind.c.id == id, _blind.c.owner == owner, _blind.c.choice.is_(None))
        async with self._engine.begin() as db:
            done = await db.execute(sa.update(_blind).where(is_open).values(choice=choice))
        if not done.rowcount:
            raise UsageError("That comparison is not yours, or you have chosen already.")

    async def wins(self, voice: str) -> Sequence[Wins]:
        """All pairs of which one is of this voice, most comparisons first."""
        query = (
            sa.select(_blind.c.first, _blind.c.second, _blind.c.choice, sa.func.count().label("n"))
            .where(_blind.c.choice.is_not(None))
            .group_by(_blind.c.first, _blind.c.second, _blind.c.choice)
        )
        async with self._engine.connect() as db:
            rows = (await db.execute(query)).all()
        counts: dict[tuple[str, str], list[int]] = {}
        for row in rows:
            one, other = sorted((row.first, row.second))
            if not any(is_of(each, voice) for each in (one, other)):
                continue
            chosen = {"first": row.first, "second": row.second}.get(row.choice)
            place = 2 if chosen is None else int(chosen != one)
            counts.setdefault((one, other), [0, 0, 0])[place] += row.n
        found = [Wins(one, other, *numbers) for (one, other), numbers in counts.items()]
        return sorted(found, key=lambda each: -(each.won + each.lost + each.same))


def named(voice: str, version: str) -> str:
    """What one side of a comparison is called."""
    return f"{voice}:{version}"


def is_of(name: str, voice: str) -> bool:
    """Whether a side is of this voice."""
    return name.partition(":")[0] == voice
