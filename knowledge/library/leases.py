"""Leases on sources: nobody reads one while another does, in whatever process or on what machine.

A lease is a row with a time at which it runs out. Its holder renews it for as long as it reads, so
that a holder that died stands in the way for a minute at most.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.errors import SourceBusy
from knowledge.state.tables import Moment, insert, metadata

LEASE = timedelta(seconds=60)
_RENEWED_EVERY = LEASE / 4
_LOST = (
    "Reading the source was stopped: this process or the database stood still for so long that "
    "another could have begun to read it. Try again."
)

_lease = sa.Table(
    "source_lease",
    metadata,
    sa.Column("source_id", sa.String(40), primary_key=True),
    sa.Column("token", sa.String(32), nullable=False),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("since", Moment, nullable=False),
    sa.Column("until", Moment, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """That a source is being read, or removed, at the moment."""

    holder: str
    """Who does it, such as "process 4711 on alder"."""
    since: datetime
    """In UTC."""


class Leases:
    """The leases of all that share a database."""

    def __init__(
        self,
        engine: AsyncEngine,
        clock: Callable[[], datetime],
        *,
        holder: str = f"process {os.getpid()} on {socket.gethostname()}",
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._holder = holder
        self._sleep = sleep

    @asynccontextmanager
    async def hold(self, source: str) -> AsyncIterator[None]:
        """Be the only one to read the source.

        Raises :class:`SourceBusy` if another holds it, and within the block as soon as another has
        taken it over, which happens to a process that stood still for longer than the lease.
        """
        token = uuid4().hex
        await self._take(source, token)
        owner = asyncio.current_task()
        assert owner is not None  # noqa: S101 - there is always one in a coroutine
        renewing = asyncio.create_task(self._renew(source, token, owner))
        try:
            yield
        except asyncio.CancelledError:
            if not renewing.done() or renewing.cancelled():
                raise
            owner.uncancel()
            raise await self._busy(source, _LOST) from None
        finally:
            renewing.cancel()
            await self._release(source, token)

    async def readings(self) -> dict[str, Reading]:
        """Who reads which source."""
        async with self._engine.connect() as db:
            rows = await db.execute(sa.select(_lease).where(_lease.c.until > self._clock()))
        return {row.source_id: Reading(row.holder, row.since) for row in rows}

    async def _take(self, source: str, token: str) -> None:
        now = self._clock()
        held = {"token": token, "holder": self._holder, "since": now, "until": now + LEASE}
        entry = insert(self._engine, _lease).values(source_id=source, **held)
        if_free = entry.on_conflict_do_update(
            index_elements=list(_lease.primary_key), set_=held, where=_lease.c.until <= now
        )
        async with self._engine.begin() as db:
            taken = (await db.execute(if_free.returning(_lease.c.source_id))).first()
        if taken is None:
            raise await self._busy(
                source, "The source was being read by another just now. Try again."
            )

    async def _renew(self, source: str, token: str, owner: asyncio.Task[object]) -> None:
        """End, and the owner's work with it, when the lease is another's."""
        until = self._clock() + LEASE
        while self._clock() < until:
            await self._sleep(_RENEWED_EVERY.total_seconds())
            now = self._clock()
            kept = (
                sa.update(_lease)
                .where(_lease.c.source_id == source, _lease.c.token == token)
                .values(until=now + LEASE)
            )
            try:
                async with self._engine.begin() as db:
                    if (await db.execute(kept)).rowcount == 0:
                        break
            except (SQLAlchemyError, OSError):
                continue  # it is away for a moment; the lease has its length for that
            until = now + LEASE
        owner.cancel()

    async def _release(self, source: str, token: str) -> None:
        async with self._engine.begin() as db:
            await db.execute(
                sa.delete(_lease).where(_lease.c.source_id == source, _lease.c.token == token)
            )

    async def _busy(self, source: str, otherwise: str) -> SourceBusy:
        """Who reads it now; ``otherwise`` if nobody does any more."""
        reading = (await self.readings()).get(source)
        if reading is None:
            return SourceBusy(otherwise)
        return SourceBusy(
            f"The source is being read by {reading.holder} since {reading.since:%Y-%m-%d %H:%M} "
            "UTC. Try again when that has ended."
        )
