"""What was tried out but is not a source yet: kept until its admin adds it or leaves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import UsageError
from bot.ports import NewSource
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
    kind: str | None = None
    options: Mapping[str, str | tuple[str, ...]] | None = None

    @property
    def source(self) -> NewSource:
        """What is to be added."""
        return NewSource(self.address, self.kind, self.options)


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

    async def take(self, id: str, owner: str) -> Proposal:
        """Hand it out, to its owner and once only. Raises :class:`UsageError`."""
        async with self._engine.begin() as db:
            taken = await db.execute(
                sa.delete(_proposal)
                .where(
                    _proposal.c.id == id,
                    _proposal.c.owner == owner,
                    _proposal.c.saved_at >= self._clock() - KEPT,
                )
                .returning(_proposal.c.body)
            )
            row = taken.one_or_none()
        if row is None:
            raise UsageError("That was decided already, or is no longer kept. Give it again.")
        readers = row.body["readers"]
        return Proposal(
            row.body["address"],
            None if readers is None else tuple(readers),
            row.body["gap"],
            row.body.get("kind"),
            row.body.get("options"),
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
