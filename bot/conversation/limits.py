"""How much may be asked: by a person in an hour, in a channel and a workspace in a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.types import Place
from knowledge.state.tables import Moment, insert, metadata

_usage = sa.Table(
    "usage",
    metadata,
    sa.Column("subject", sa.String(300), primary_key=True),
    sa.Column("window_start", Moment, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
)

Reached = Literal["person", "channel", "workspace"]
_KEPT = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Limits:
    """Counts in fixed windows, in the database: all replicas share them."""

    engine: AsyncEngine
    person_hourly: int
    workspace_daily: int

    async def spend(
        self, place: Place, author: str, channel_daily: int | None, now: datetime
    ) -> Reached | None:
        """Count one question; names the limit that it goes beyond, if any. 0 means no limit.

        A question that one limit refuses is not counted against the next.
        """
        scope = f"{place.platform}:{place.workspace}"
        hour = now.replace(minute=0, second=0, microsecond=0)
        day = hour.replace(hour=0)
        bounds: tuple[tuple[Reached, str, datetime, int], ...] = (
            ("person", f"{scope}:person:{author}", hour, self.person_hourly),
            ("channel", f"{scope}:channel:{place.channel}", day, channel_daily or 0),
            ("workspace", scope, day, self.workspace_daily),
        )
        for reached, subject, window, most in bounds:
            if most and await self._count(subject, window) > most:
                return reached
        return None

    async def forget_old(self, now: datetime) -> None:
        """Drop windows that are over."""
        async with self.engine.begin() as db:
            await db.execute(sa.delete(_usage).where(_usage.c.window_start < now - _KEPT))

    async def _count(self, subject: str, window: datetime) -> int:
        first = insert(self.engine, _usage).values(subject=subject, window_start=window, count=1)
        one_more = first.on_conflict_do_update(
            index_elements=list(_usage.primary_key), set_={"count": _usage.c.count + 1}
        ).returning(_usage.c.count)
        async with self.engine.begin() as db:
            return int((await db.execute(one_more)).scalar_one())
