"""What somebody has to be told about a source, kept until it was delivered.

Whoever can reach people (an adapter, a digest) takes the pending ones and says which it delivered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.library.catalog import Catalog
from knowledge.sources.port import SourceSpec
from knowledge.state.tables import Moment, metadata

NoticeKind = Literal["waiting", "failing"]
"""``waiting``: a part of a run waits for an admin. ``failing``: it could not be read for nights."""

_notice = sa.Table(
    "notice",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("source_id", sa.String(40), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("audience", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("raised_at", Moment, nullable=False),
    sa.Column("delivered_at", Moment),
)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that somebody has to be told."""

    id: int
    source: str
    kind: NoticeKind
    audience: str
    """The principal of who added the source; empty where that is not known: all admins."""
    text: str
    """A sentence or two, without the source's name."""
    raised_at: datetime


class Notices:
    """The notices of all sources."""

    def __init__(self, engine: AsyncEngine, catalog: Catalog) -> None:
        self._engine = engine
        self._catalog = catalog

    async def tell_owner(
        self, spec: SourceSpec, kind: NoticeKind, text: str, now: datetime
    ) -> None:
        """Raise whoever added the source."""
        row = {
            "source_id": spec.id,
            "kind": kind,
            "audience": await self._catalog.owner(spec.id),
            "text": text,
            "raised_at": now,
        }
        async with self._engine.begin() as db:
            await db.execute(sa.insert(_notice).values(row))

    async def pending(self) -> list[Notice]:
        """Those that were not delivered yet, the oldest first."""
        asked = sa.select(_notice).where(_notice.c.delivered_at.is_(None)).order_by(_notice.c.id)
        async with self._engine.connect() as db:
            rows = await db.execute(asked)
        return [
            Notice(row.id, row.source_id, row.kind, row.audience, row.text, row.raised_at)
            for row in rows
        ]

    async def delivered(self, ids: Iterable[int], now: datetime) -> None:
        """These were told."""
        async with self._engine.begin() as db:
            await db.execute(
                sa.update(_notice).where(_notice.c.id.in_(list(ids))).values(delivered_at=now)
            )

    async def forget(self, source: str) -> None:
        """Nobody need be told of a source that is removed."""
        async with self._engine.begin() as db:
            await db.execute(sa.delete(_notice).where(_notice.c.source_id == source))
