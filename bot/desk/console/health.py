"""How the bot does: what waits, how long answers took, and what an examination says."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.history import TRACE
from bot.conversation.inbox import INBOX
from bot.findings import Finding

Examine = Callable[[], Awaitable[Sequence[Finding]]]
LOOKED_BACK = timedelta(days=1)
_MOST = 2000
"""Answers that percentiles are of: the newest."""
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Queued:
    """Questions that were accepted and are not answered yet, of all platforms and processes."""

    number: int
    longest_seconds: float
    """How long the first of them has waited by now; 0 where none does."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """Now, and the last day."""

    waiting: Queued
    answers: int
    percentiles_ms: dict[str, tuple[float, float, float]]
    """Stage to its 50th, 95th and 99th percentile."""
    memory_mb: float | None
    """Of this process; None where the system does not tell."""


@dataclass(frozen=True, slots=True)
class Health:
    """Looks it up."""

    engine: AsyncEngine
    clock: Callable[[], datetime]
    examine: Examine

    async def waiting(self) -> Queued:
        """What was accepted and is not answered yet."""
        counted = sa.select(sa.func.count(), sa.func.min(INBOX.c.accepted_at))
        async with self.engine.connect() as db:
            row = (await db.execute(counted.where(INBOX.c.outcome.is_(None)))).one()
        number, first = row
        waited = (self.clock() - first).total_seconds() if first is not None else 0.0
        return Queued(int(number), max(0.0, waited))

    async def vitals(self) -> Vitals:
        """What there is to see at once."""
        timed = (
            sa.select(TRACE.c.body["timings_ms"])
            .where(TRACE.c.tier.is_not(None), TRACE.c.answered_at >= self.clock() - LOOKED_BACK)
            .order_by(TRACE.c.answered_at.desc())
            .limit(_MOST)
        )
        async with self.engine.connect() as db:
            rows = [dict(each) for each in await db.scalars(timed) if each]
        stages = dict.fromkeys(stage for row in rows for stage in row)
        return Vitals(
            await self.waiting(),
            len(rows),
            {
                stage: _percentiles([float(row[stage]) for row in rows if stage in row])
                for stage in stages
            },
            _memory_mb(),
        )


def _percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    """By the nearest rank."""
    ordered = sorted(values)
    half, most, nearly = (
        ordered[max(0, math.ceil(share * len(ordered)) - 1)] for share in (0.5, 0.95, 0.99)
    )
    return half, most, nearly


def _memory_mb() -> float | None:
    """What the process holds in memory: https://man7.org/linux/man-pages/man5/proc.5.html."""
    try:
        lines = _STATUS.read_text("ascii").splitlines()
    except OSError:
        return None
    held = next((line.split()[1] for line in lines if line.startswith("VmRSS:")), None)
    return None if held is None else int(held) / 1024
