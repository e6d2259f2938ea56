"""When jobs run: the one place that knows the scheduler (APScheduler)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from tzlocal import get_localzone

from bot.errors import ConfigurationError
from bot.failures import log_failure

_LOOKED_BACK = (timedelta(days=1), timedelta(days=8), timedelta(days=32), timedelta(days=367))
_LOOKED_AHEAD = timedelta(days=41 * 366)
"""A 29 February on a given day of the week comes after 40 years at the latest (Gregorian rules)."""

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAYS = re.compile(r"(?<![\w/])([0-7])(?:-([0-7])(?:/([1-7]))?)?(?!\w)")


def _named(days: re.Match[str]) -> str:
    """Days by their names: to crontab 0 is Sunday, to the scheduler it is Monday."""
    first, last = int(days[1]), int(days[2] or days[1])
    return ",".join(_DAYS[first : last + 1 : int(days[3] or 1)])


class Times:
    """The moments that a line of crontab names, such as ``0 3 * * *`` for every night at three."""

    def __init__(self, crontab: str, timezone: tzinfo | None = None) -> None:
        """``timezone``: default, the machine's. Raises :class:`ConfigurationError`."""
        try:
            *others, weekday = crontab.rsplit(maxsplit=1)
            self._trigger = CronTrigger.from_crontab(
                " ".join([*others, _WEEKDAYS.sub(_named, weekday)]), timezone or get_localzone()
            )
        except ValueError as error:
            raise ConfigurationError(
                f"'{crontab}' is not a time as crontab has it: minute, hour, day of the month, "
                "month and day of the week, such as '0 3 * * *' for every night at three."
            ) from error
        # Else the scheduler would look for it up to the year 9999, for minutes, and everybody wait.
        self._trigger.end_date = datetime.now(UTC) + _LOOKED_AHEAD
        if self.next(datetime.now(UTC)) is None:
            raise ConfigurationError(f"'{crontab}' never comes: there is no such day.")
        self._trigger.end_date = None

    @property
    def trigger(self) -> CronTrigger:
        """As the scheduler takes it."""
        return self._trigger

    def next(self, now: datetime) -> datetime | None:
        """The first moment after ``now``; None if there is none."""
        moment: datetime | None = self._trigger.get_next_fire_time(None, now)
        return moment

    def last(self, now: datetime) -> datetime | None:
        """The last moment up to ``now``; None if there was none for a year."""
        for back in _LOOKED_BACK:
            moment, last = self.next(now - back), None
            while moment is not None and moment <= now:
                last, moment = moment, self._trigger.get_next_fire_time(moment, moment)
            if last is not None:
                return last.astimezone(UTC)
        return None


@dataclass(frozen=True, slots=True)
class Job:
    """Something that is done now and then, and once at the start."""

    name: str
    do: Callable[[], Awaitable[object]]
    when: Times | timedelta
    """At which times, or how often."""


@asynccontextmanager
async def scheduled(jobs: Sequence[Job]) -> AsyncIterator[None]:
    """Do the jobs while the block lasts; what runs at its end is cancelled.

    A job never runs twice at a time, one that was missed runs once afterwards, and one that fails
    is logged and runs again the next time.
    """
    scheduler = AsyncIOScheduler(
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    for job in jobs:
        trigger = job.when.trigger if isinstance(job.when, Times) else _every(job.when)
        scheduler.add_job(_guarded, trigger, (job,), id=job.name, next_run_time=datetime.now(UTC))
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)


async def _guarded(job: Job) -> None:
    try:
        await job.do()
    except Exception as error:  # a database that is away for a while must not end the service
        log_failure("job_failed", error, job=job.name)


def _every(interval: timedelta) -> IntervalTrigger:
    return IntervalTrigger(seconds=interval.total_seconds())
