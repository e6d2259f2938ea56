"""The audit: who changed what about which source, and when. Nothing that anybody said is in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import UsageError
from knowledge.errors import SourceError
from knowledge.state.tables import Moment, metadata

Outcome = Literal["done", "refused", "failed"]

_LONGEST = 300
"""Characters of a detail, such as an access list."""
_audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("who", sa.String(200), nullable=False),
    sa.Column("what", sa.String(40), nullable=False),
    sa.Column("source", sa.Text, nullable=False, index=True),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("outcome", sa.String(12)),
)
_log = structlog.get_logger("housevoice")


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One change, or the attempt of one."""

    at: datetime
    """In UTC, when it was begun."""
    who: str
    """The principal of a person, such as ``slack:user:U1``, or ``shell:user:ida``."""
    what: str
    """In the past tense: ``added``, ``removed``, ``access``."""
    source: str
    """Its id, or what was typed where there was none yet."""
    detail: str = ""
    outcome: Outcome | None = None
    """None: it is under way, or its process ended before it did."""


@dataclass(slots=True)
class Entry:
    """What can be said better once more is known of a change."""

    source: str
    detail: str = ""


class Audit:
    """The table, in the database of the state."""

    def __init__(
        self,
        engine: AsyncEngine,
        clock: Callable[[], datetime],
        without_secrets: Callable[[str], str],
    ) -> None:
        """``without_secrets``: what was typed, such as an address, without the secrets in it."""
        self._engine = engine
        self._clock = clock
        self._without_secrets = without_secrets

    def now(self) -> datetime:
        """The time, as the audit has it."""
        return self._clock()

    @asynccontextmanager
    async def of(
        self, who: str, what: str, source: str = "", detail: str = ""
    ) -> AsyncIterator[Entry]:
        """Enter a change before it is made, and how it ended afterwards.

        So that one that a process did not outlive is known of. What was refused for a fault of
        the one who asked stays in the record as well. Addresses are entered without the secrets
        in them, for which they are refused a moment later.
        """
        entry = Entry(self._without_secrets(source), self._without_secrets(detail))
        async with self._engine.begin() as db:
            made = await db.execute(
                sa.insert(_audit).values(
                    at=self._clock(),
                    who=who,
                    what=what,
                    source=entry.source,
                    detail=entry.detail[:_LONGEST],
                )
            )
        key = made.inserted_primary_key
        assert key is not None  # noqa: S101 - an autoincrement insert always has one
        try:
            yield entry
        except (UsageError, SourceError):
            await self._end(key[0], entry, "refused")
            raise
        except Exception:
            await self._end(key[0], entry, "failed")
            raise
        await self._end(key[0], entry, "done")
        _log.info("source_command", who=who, what=what, source=entry.source)

    async def newest(self, limit: int, source: str | None = None) -> Sequence[AuditLine]:
        """The newest lines, of one source or of all, newest first."""
        wanted = sa.true() if source is None else _audit.c.source == source
        async with self._engine.connect() as db:
            rows = await db.execute(
                sa.select(_audit).where(wanted).order_by(_audit.c.id.desc()).limit(limit)
            )
        return [_line(row) for row in rows]

    async def since(self, source: str, at: datetime) -> Sequence[AuditLine]:
        """What was done about a source, or what else is named so, from then on; oldest first."""
        wanted = sa.select(_audit).where(_audit.c.source == source, _audit.c.at >= at)
        async with self._engine.connect() as db:
            rows = (await db.execute(wanted.order_by(_audit.c.id))).all()
        return [_line(row) for row in rows]

    async def _end(self, id: int, entry: Entry, outcome: Outcome) -> None:
        async with self._engine.begin() as db:
            await db.execute(
                sa.update(_audit)
                .where(_audit.c.id == id)
                .values(source=entry.source, detail=entry.detail[:_LONGEST], outcome=outcome)
            )


def _line(row: sa.Row[tuple[object, ...]]) -> AuditLine:
    return AuditLine(row.at, row.who, row.what, row.source, row.detail, row.outcome)
