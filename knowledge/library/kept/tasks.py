"""Which sources are to be read, durably: entered when their time comes, done by whoever is there.

One row a source. A night that was missed is entered once; one that failed for a passing reason is
tried again after a pause; nights that failed in a row are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.state.tables import Moment, insert, metadata

MOST_ATTEMPTS = 4
"""Of one night; then the source is left until its next time."""
FIRST_PAUSE = timedelta(minutes=2)
"""After the first failure; each further one is four times as long: 2, 8 and 32 minutes."""
LONGEST_PAUSE = timedelta(hours=6)
"""However long a server asks to be left alone: then it is the next night's."""
BUSY_PAUSE = timedelta(minutes=5)
"""When somebody else reads the source just then."""

_task = sa.Table(
    "reading_task",
    metadata,
    sa.Column("source_id", sa.String(40), primary_key=True),
    sa.Column("night", Moment, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", Moment, nullable=False),
    sa.Column("failed_nights", sa.Integer, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class ReadingTask:
    """That a source is to be read."""

    source: str
    night: datetime
    """Whose turn it is: the moment that was set for it."""
    attempts: int
    """Those that failed."""
    next_at: datetime
    """Not before."""
    failed_nights: int
    """Of those before, in a row."""
    error: str
    """Why the last attempt failed."""


class ReadingTasks:
    """The tasks of all sources."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def enter(self, source: str, night: datetime, now: datetime) -> None:
        """Enter that a source is to be read; what is open for it already stays as it is."""
        entry = insert(self._engine, _task).values(
            source_id=source,
            night=night,
            state="open",
            attempts=0,
            next_at=now,
            failed_nights=0,
            error="",
        )
        again = {"night": night, "state": "open", "attempts": 0, "next_at": now, "error": ""}
        is_new = sa.and_(_task.c.state != "open", _task.c.night < night)
        async with self._engine.begin() as db:
            await db.execute(
                entry.on_conflict_do_update(
                    index_elements=list(_task.primary_key), set_=again, where=is_new
                )
            )

    async def ready(self, now: datetime) -> list[ReadingTask]:
        """What is to be done now, what waits longest first."""
        asked = (
            sa.select(_task)
            .where(_task.c.state == "open", _task.c.next_at <= now)
            .order_by(_task.c.next_at, _task.c.source_id)
        )
        async with self._engine.connect() as db:
            return _tasks((await db.execute(asked)).all())

    async def of(self, source: str) -> ReadingTask | None:
        """The source's newest task; None if it never had one."""
        asked = sa.select(_task).where(_task.c.source_id == source)
        async with self._engine.connect() as db:
            found = _tasks((await db.execute(asked)).all())
        return found[0] if found else None

    async def done(self, task: ReadingTask) -> None:
        """It was read."""
        await self._set(task, state="done", attempts=0, failed_nights=0, error="")

    async def put_off(self, task: ReadingTask, now: datetime) -> None:
        """Somebody else reads it."""
        await self._set(task, next_at=now + BUSY_PAUSE)

    async def failed(
        self, task: ReadingTask, error: str, now: datetime, again_in: float | None
    ) -> int:
        """It could not be read; returns how many nights in a row have failed by now.

        ``again_in``: seconds after which it may be tried again at the soonest; None: it need not
        be tried again this night. 0 is returned while it is still tried.
        """
        attempts = task.attempts + 1
        if again_in is not None and attempts < MOST_ATTEMPTS:
            pause = max(timedelta(seconds=again_in), FIRST_PAUSE * 4 ** (attempts - 1))
            if pause <= LONGEST_PAUSE:
                await self._set(task, attempts=attempts, next_at=now + pause, error=error)
                return 0
        nights = task.failed_nights + 1
        await self._set(task, state="failed", attempts=attempts, failed_nights=nights, error=error)
        return nights

    async def forget(self, source: str) -> None:
        """The source is removed."""
        async with self._engine.begin() as db:
            await db.execute(sa.delete(_task).where(_task.c.source_id == source))

    async def _set(self, task: ReadingTask, **values: object) -> None:
        its = sa.and_(_task.c.source_id == task.source, _task.c.night == task.night)
        async with self._engine.begin() as db:
            await db.execute(sa.update(_task).where(its).values(**values))


def _tasks(rows: Sequence[sa.Row[tuple[object, ...]]]) -> list[ReadingTask]:
    return [
        ReadingTask(
            row.source_id, row.night, row.attempts, row.next_at, row.failed_nights, row.error
        )
        for row in rows
    ]
