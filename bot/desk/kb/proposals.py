"""What was tried out but is not a source yet: kept until its admin adds it or leaves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import UsageError
from bot.ports import Options
from knowledge.state.tables import Moment, metadata

KEPT = timedelta(days=1)

_proposal = sa.Table(
    "proposal",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(200), nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("saved_at", Moment, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A source that may be added."""

    address: str
    readers: tuple[str, ...] | None = None
    """Principals; None: as they are, at first everyone."""
    gap: str = ""
    """The question that it is to answer, by the id of its gap."""
    kind: str = ""
    options: Options = field(default_factory=dict)


class Proposals:
    """The table, in the database of the state."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    async def save(self, proposal: Proposal, owner: str) -> str:
        """Keep it for a day; returns its id."""
        id = uuid4().hex
        async with self._engine.begin() as db:
            await db.execute(
                sa.insert(_proposal).values(
                    id=id, owner=owner, body=asdict(proposal), saved_at=self._clock()
                )
            )
        return id

    async def get(self, id: str, owner: str) -> Proposal:
        """Show it to its owner. Raises :class:`UsageError`."""
        async with self._engine.connect() as db:
            asked = sa.select(_proposal.c.body).where(self._is_kept(id, owner))
            return _read((await db.execute(asked)).scalar_one_or_none())

    async def take(self, id: str, owner: str) -> Proposal:
        """Hand it out, to its owner and once only. Raises :class:`UsageError`."""
        async with self._engine.begin() as db:
            taken = sa.delete(_proposal).where(self._is_kept(id, owner))
            body = (await db.execute(taken.returning(_proposal.c.body))).scalar_one_or_none()
        return _read(body)

    def _is_kept(self, id: str, owner: str) -> sa.ColumnElement[bool]:
        return sa.and_(
            _proposal.c.id == id,
            _proposal.c.owner == owner,
            _proposal.c.saved_at >= self._clock() - KEPT,
        )

    async def waiting(self) -> list[str]:
        """The addresses that somebody may still add."""
        async with self._engine.connect() as db:
            rows = await db.execute(sa.select(_proposal.c.body))
        return [str(row.body["address"]) for row in rows]

    async def forget_old(self) -> None:
        """Drop what nobody decided on."""
        async with self._engine.begin() as db:
            await db.execute(
                sa.delete(_proposal).where(_proposal.c.saved_at < self._clock() - KEPT)
            )


def _read(body: Any) -> Proposal:
    if body is None:
        raise UsageError("That was decided already, or is no longer kept. Give it again.")
    readers = body["readers"]
    return Proposal(
        body["address"],
        None if readers is None else tuple(readers),
        body["gap"],
        body.get("kind", ""),  # an earlier version kept none
        body.get("options", {}),
    )
