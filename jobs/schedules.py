"""When each source is read again: as an admin set for it, else every night."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.errors import ConfigurationError
from jobs.schedule import Times

NIGHTLY = ""
_AT_THREE = ("0", "3")
_HOURLY = "0 * * * *"
_CRON = 5  # fields of a line of crontab
HOW_IT_IS_WRITTEN = (
    "Write nightly, hourly, weekly, or a line of crontab with a time zone if it is not the usual "
    "one: 30 6 * * 1-5 Europe/Berlin."
)


def timezone_named(name: str) -> ZoneInfo:
    """The time zone. Raises :class:`ConfigurationError` if there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # a folder of zones
        raise ConfigurationError(
            f"There is no time zone '{name}'; write one as Europe/Berlin."
        ) from error


class Schedules:
    """What the schedules of sources mean.

    A schedule is empty (every night, as the settings say), ``hourly``, ``weekly`` (on Sundays, at
    the time of the night), or a line of crontab with or without a time zone behind it.
    """

    def __init__(self, nightly: str, timezone: tzinfo | None = None) -> None:
        """``nightly``: a line of crontab, empty for never; ``timezone``: the machine's if None.

        Raises :class:`ConfigurationError`.
        """
        self._timezone = timezone
        self._nightly = Times(nightly, timezone) if nightly else None
        at = nightly.split()[:2]
        minute, hour = at if all(each.isdecimal() for each in at) and at else _AT_THREE
        self._named: Mapping[str, str] = {
            "hourly": _HOURLY,
            "weekly": f"{minute} {hour} * * 0",
        }

    def read(self, words: str) -> str:
        """A schedule as it is kept, from what was typed. Raises :class:`ConfigurationError`."""
        fields = words.split()
        schedule = " ".join(fields)
        if schedule.lower() in ("nightly", "hourly", "weekly"):
            schedule = schedule.lower()
        elif len(fields) not in (_CRON, _CRON + 1):
            raise ConfigurationError(f"'{schedule}' is no schedule. {HOW_IT_IS_WRITTEN}")
        kept = NIGHTLY if schedule == "nightly" else schedule
        self._times(kept)
        return kept

    def last(self, schedule: str, now: datetime) -> datetime | None:
        """By when a source of this schedule was last to be read; None: never."""
        times = self._kept(schedule)
        return times.last(now) if times else None

    def next(self, schedule: str, now: datetime) -> datetime | None:
        """When it is read next; None: never."""
        times = self._kept(schedule)
        return times.next(now) if times else None

    def _kept(self, schedule: str) -> Times | None:
        try:
            return self._times(schedule)
        except ConfigurationError:  # its time zone is gone with an update: the others are read
            return self._nightly

    def _times(self, schedule: str) -> Times | None:
        if schedule == NIGHTLY:
            return self._nightly
        fields = self._named.get(schedule, schedule).split()
        zone = timezone_named(fields[_CRON]) if len(fields) > _CRON else self._timezone
        return Times(" ".join(fields[:_CRON]), zone)
