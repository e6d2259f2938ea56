"""The record of the index's generations: one transaction decides which of them answers.

While another one is built, every write to the current one is noted, so that the new one gets it
too. Shortly before the switch a gate is closed: who writes then writes again to the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from knowledge.errors import StoreError
from knowledge.state.tables import Moment, insert, metadata

GATE = timedelta(seconds=60)
"""Longest time for which writers wait for a switch: one whose process died holds them no longer."""

State = Literal["building", "current", "aside"]
"""``aside``: whole, and not the one that answers."""

Change = tuple[str, str | None]
"""A source and its document; None stands for all of them."""

_generation = sa.Table(
    "index_generation",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("place", sa.String(20), nullable=False),
    sa.Column("layout", sa.Text, nullable=False),
    sa.Column("embedder", sa.Text, nullable=False),
    sa.Column("embedder_name", sa.Text, nullable=False),
    sa.Column("dimension", sa.Integer, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("begun_at", Moment, nullable=False),
    sa.Column("left_at", Moment),
    sa.Column("gate", sa.String(32)),
    sa.Column("gate_until", Moment),
)

_change = sa.Table(
    "index_change",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("source_id", sa.Text, nullable=False),
    sa.Column("document", sa.Text),
)


@dataclass(frozen=True, slots=True)
class Making:
    """What decides how a generation is made."""

    place: str
    """Name of a :class:`knowledge.stores.places.Place`; empty where nobody wrote it down."""
    layout: str
    embedder: str
    """By which setting the embedder is opened; empty where nobody wrote it down."""
    embedder_name: str
    dimension: int


@dataclass(frozen=True, slots=True)
class Generation:
    """One whole index."""

    number: int
    making: Making
    state: State
    begun_at: datetime
    left_at: datetime | None = None
    """Since when another one answers in its place."""
    gate_until: datetime | None = None
    """Until when those who write wait for it to become the current one."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Which generation answers, and which is being built."""

    current: Generation | None
    building: Generation | None

    def is_switching(self, now: datetime) -> bool:
        """Whether the gate is closed."""
        until = self.building.gate_until if self.building else None
        return until is not None and until > now


class Generations:
    """The generations of all processes that share a database."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    async def all(self) -> list[Generation]:
        """By their numbers."""
        async with self._engine.connect() as db:
            return await _all(db)

    async def standing(self) -> Standing:
        """As of now."""
        async with self._engine.connect() as db:
            return _standing(await _all(db))

    async def enter_first(self, number: int, making: Making) -> None:
        """Enter what is there as the current one, unless there is one."""
        row = _row(number, making, "current", self._clock())
        async with self._engine.begin() as db:
            if _standing(await _all(db)).current is None:
                await db.execute(insert(db, _generation).values(row).on_conflict_do_nothing())

    async def complete(self, number: int, making: Making) -> None:
        """Enter how a generation was made."""
        async with self._engine.begin() as db:
            await db.execute(_where(number).values(_made(making)))

    async def begin(self, number: int, making: Making) -> None:
        """Enter that a generation is being built, a new one or one that is there already.

        From here on every write is noted.
        """
        row = _row(number, making, "building", self._clock())
        entry = insert(self._engine, _generation).values(row)
        changed = {name: row[name] for name in ("state", "gate", "gate_until")}
        async with self._engine.begin() as db:
            await db.execute(entry.on_conflict_do_update(index_elements=["number"], set_=changed))
            await db.execute(sa.delete(_change))

    async def note(self, source: str, documents: Collection[str] | None, number: int) -> bool:
        """Enter that these documents were just written to a generation; None for all of a source.

        False: another generation is, or is about to become, the current one; write to that again.
        """
        standing = await self.standing()
        if standing.current is None or standing.current.number != number:
            return False
        if standing.building is None:
            return True
        names: Collection[str | None] = [None] if documents is None else documents
        rows = [{"source_id": source, "document": one} for one in names]
        async with self._engine.connect() as db, db.begin() as transaction:
            # The note first: it takes SQLite's one right to write, and what is read after it stays
            # true until the commit. PostgreSQL holds the row instead.
            await db.execute(sa.insert(_change), rows)
            standing = _standing(await _all(db, shared=True))
            held = standing.current is not None and standing.current.number == number
            counts = held and not standing.is_switching(self._clock())
            if counts and standing.building is not None:
                await transaction.commit()
            else:
                await transaction.rollback()
            return counts

    async def changes(self) -> tuple[list[int], list[Change]]:
        """What was noted so far, as ids and as what was written; each thing once."""
        async with self._engine.connect() as db:
            rows = (await db.execute(sa.select(_change).order_by(_change.c.id))).all()
        return [row.id for row in rows], list(
            dict.fromkeys((row.source_id, row.document) for row in rows)
        )

    async def forget_changes(self, ids: Collection[int]) -> None:
        """They are in the new generation."""
        async with self._engine.begin() as db:
            if ids:
                await db.execute(
                    sa.delete(_change).where(_change.c.id == sa.bindparam("gone")),
                    [{"gone": each} for each in ids],
                )

    async def close_gate(self, number: int, token: str) -> None:
        """From here on whoever writes waits, for :data:`GATE` at most."""
        closed = {"gate": token, "gate_until": self._clock() + GATE}
        async with self._engine.begin() as db:
            await db.execute(_where(number).values(closed))

    async def open_gate(self, number: int, token: str) -> None:
        """Let them write on to what is current."""
        async with self._engine.begin() as db:
            await db.execute(
                _where(number).where(_generation.c.gate == token).values(gate=None, gate_until=None)
            )

    async def switch(self, number: int, token: str) -> None:
        """Make it the current one, in one transaction.

        Raises :class:`StoreError` if the gate is not closed, or not by this token.
        """
        now = self._clock()
        mine = sa.and_(_generation.c.gate == token, _generation.c.gate_until > now)
        async with self._engine.begin() as db:
            # In the order in which those who note a write take them.
            await db.execute(
                sa.select(_generation).order_by(_generation.c.number).with_for_update()
            )
            left = sa.update(_generation).where(_generation.c.state == "current")
            await db.execute(left.values(state="aside", left_at=now))
            taken = await db.execute(
                _where(number)
                .where(mine)
                .values(state="current", gate=None, gate_until=None, left_at=None)
            )
            if taken.rowcount == 0:
                raise StoreError(
                    "The switch took too long, so the old index stays. Run 'index switch' again."
                )
            await db.execute(sa.delete(_change))

    async def set_aside(self, number: int) -> None:
        """It is whole, but another one goes on answering."""
        async with self._engine.begin() as db:
            await db.execute(_where(number).values(state="aside", left_at=self._clock()))
            await db.execute(sa.delete(_change))

    async def forget(self, number: int) -> None:
        """It is gone from its place."""
        async with self._engine.begin() as db:
            await db.execute(sa.delete(_generation).where(_generation.c.number == number))


def _where(number: int) -> sa.Update:
    return sa.update(_generation).where(_generation.c.number == number)


def _made(making: Making) -> dict[str, Any]:
    return {
        "place": making.place,
        "layout": making.layout,
        "embedder": making.embedder,
        "embedder_name": making.embedder_name,
        "dimension": making.dimension,
    }


def _row(number: int, making: Making, state: State, now: datetime) -> dict[str, Any]:
    apart = {"number": number, "state": state, "begun_at": now}
    return apart | _made(making) | {"left_at": None, "gate": None, "gate_until": None}


async def _all(db: AsyncConnection, *, shared: bool = False) -> list[Generation]:
    query = sa.select(_generation).order_by(_generation.c.number)
    if shared:  # SQLite, which has no such lock, leaves it out
        query = query.with_for_update(read=True)
    return [
        Generation(
            row.number,
            Making(row.place, row.layout, row.embedder, row.embedder_name, row.dimension),
            row.state,
            row.begun_at,
            row.left_at,
            row.gate_until,
        )
        for row in await db.execute(query)
    ]


def _standing(generations: list[Generation]) -> Standing:
    def of(state: State) -> Generation | None:
        return next((each for each in generations if each.state == state), None)

    return Standing(of("current"), of("building"))
