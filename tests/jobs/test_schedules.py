"""What the schedules of sources mean, and how admins may write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.errors import ConfigurationError
from jobs.schedules import Schedules

SUNDAY = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
NIGHTLY = Schedules("15 4 * * *", UTC)


def in_march(day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "kept", "last", "next"),
    [
        ("nightly", "", (1, 4, 15), (2, 4, 15)),
        ("Hourly", "hourly", (1, 12, 0), (1, 13, 0)),
        ("weekly", "weekly", (1, 4, 15), (8, 4, 15)),
        ("30 6 * * 1", "30 6 * * 1", None, (2, 6, 30)),
        ("  0 12 * * 0  America/New_York", "0 12 * * 0 America/New_York", None, (1, 17, 0)),
    ],
)
def test_a_schedule_says_when_a_source_is_read(
    typed: str, kept: str, last: tuple[int, int, int] | None, next: tuple[int, int, int]
) -> None:
    assert NIGHTLY.read(typed) == kept
    assert NIGHTLY.next(kept, SUNDAY) == in_march(*next)
    if last:
        assert NIGHTLY.last(kept, SUNDAY) == in_march(*last)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("daily", "is no schedule. Write nightly, hourly, weekly"),
        ("", "is no schedule"),
        ("61 6 * * 1", "is not a time as crontab has it"),
        ("30 6 * * 1 Europe/Atlantis", "no time zone 'Europe/Atlantis'"),
        ("0 0 31 2 *", "never comes: there is no such day"),
        ("0 0 31 4,6,9,11 * Europe/Berlin", "never comes"),
    ],
)
def test_what_is_none_is_refused(typed: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        NIGHTLY.read(typed)


def test_what_comes_seldom_is_one_all_the_same() -> None:
    monday_in_a_leap_year = NIGHTLY.next(NIGHTLY.read("0 12 29 2 mon"), SUNDAY)
    assert monday_in_a_leap_year is not None and monday_in_a_leap_year.year == 2044


def test_one_that_was_kept_and_never_comes_is_that_of_the_night() -> None:
    assert NIGHTLY.last("0 0 30 2 *", SUNDAY) == NIGHTLY.last("", SUNDAY)


def test_without_a_night_only_those_with_a_schedule_of_their_own_are_read() -> None:
    never = Schedules("")
    assert never.last("", SUNDAY) is None and never.next("", SUNDAY) is None
    assert never.next("hourly", SUNDAY) == datetime(2026, 3, 1, 13, tzinfo=UTC)
    assert never.next("weekly", SUNDAY) is not None


def test_a_week_has_one_time_even_where_the_nights_have_several() -> None:
    often = Schedules("*/10 * * * *", UTC)
    assert often.next("weekly", SUNDAY) == datetime(2026, 3, 8, 3, tzinfo=UTC)


def test_a_schedule_that_is_no_longer_understood_is_that_of_the_night() -> None:
    assert NIGHTLY.next("30 6 * * 1 Europe/Atlantis", SUNDAY) == datetime(
        2026, 3, 2, 4, 15, tzinfo=UTC
    )
