"""When jobs run, and that one that fails takes neither the others nor the service down."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.errors import ConfigurationError
from jobs.schedule import Job, Times, scheduled

BERLIN = ZoneInfo("Europe/Berlin")
HOURLY = timedelta(hours=1)


class TestTimes:
    NIGHTLY = Times("0 3 * * *", BERLIN)

    @pytest.mark.parametrize(
        ("now", "last", "next_one"),
        [
            ("2026-03-02T12:00", "2026-03-02T02:00", "2026-03-03T02:00"),
            ("2026-03-02T02:00", "2026-03-02T02:00", "2026-03-03T02:00"),
            ("2026-03-02T01:59", "2026-03-01T02:00", "2026-03-02T02:00"),
            ("2026-07-02T12:00", "2026-07-02T01:00", "2026-07-03T01:00"),  # in summer
        ],
    )
    def test_are_told_around_a_moment(self, now: str, last: str, next_one: str) -> None:
        moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
        assert self.NIGHTLY.last(moment) == datetime.fromisoformat(last).replace(tzinfo=UTC)
        after = self.NIGHTLY.next(moment + timedelta(seconds=1))
        assert after == datetime.fromisoformat(next_one).replace(tzinfo=UTC)

    @pytest.mark.parametrize("crontab", ["0 3 * * 0", "0 3 1 * *", "*/5 * * * *", "0 3 24 12 *"])
    def test_of_any_pace_have_a_last_one(self, crontab: str) -> None:
        now = datetime(2026, 3, 2, 12, tzinfo=UTC)
        times = Times(crontab, BERLIN)
        last = times.last(now)
        assert last is not None and last <= now
        after = times.next(last + timedelta(seconds=1))
        assert after is not None and after > now

    @pytest.mark.parametrize(
        ("weekday", "days"),
        [
            ("0", {"Sun"}),
            ("7", {"Sun"}),
            ("1-5", {"Mon", "Tue", "Wed", "Thu", "Fri"}),
            ("0-2", {"Sun", "Mon", "Tue"}),
            ("5-7", {"Fri", "Sat", "Sun"}),
            ("1-5/2", {"Mon", "Wed", "Fri"}),
            ("0,3", {"Sun", "Wed"}),
            ("sat", {"Sat"}),
        ],
    )
    def test_count_the_days_of_the_week_as_crontab_does(self, weekday: str, days: set[str]) -> None:
        times, moment, found = Times(f"0 3 * * {weekday}", BERLIN), None, set()
        for _ in range(7):
            moment = times.next((moment or datetime(2026, 3, 2, tzinfo=UTC)) + timedelta(minutes=1))
            assert moment is not None
            found.add(f"{moment.astimezone(BERLIN):%a}")
        assert found == days

    @pytest.mark.parametrize(
        "typed", ["0 3 * * 5-1", "", "03:00", "0 3 * *", "61 3 * * *", "every night"]
    )
    def test_that_are_none_are_refused_with_an_example(self, typed: str) -> None:
        with pytest.raises(ConfigurationError, match=r"'0 3 \* \* \*' for every night at three"):
            Times(typed, BERLIN)


class TestScheduled:
    async def test_jobs_run_once_at_the_start_whatever_their_times(self) -> None:
        done: asyncio.Queue[str] = asyncio.Queue()

        def job(name: str, when: Times | timedelta) -> Job:
            return Job(name, lambda: done.put(name), when)

        async with scheduled([job("a", HOURLY), job("b", Times("0 3 1 1 *", BERLIN))]):
            assert {await done.get(), await done.get()} == {"a", "b"}
        assert done.empty()

    async def test_one_that_fails_is_logged_and_runs_again(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        calls: list[int] = []
        twice = asyncio.Event()

        async def fails() -> None:
            calls.append(len(calls))
            if len(calls) == 2:
                twice.set()
            raise ValueError("the words of somebody")

        async with scheduled([Job("broken", fails, timedelta(milliseconds=1))]):
            await twice.wait()
        said = "".join(capsys.readouterr())
        assert "job_failed" in said and "ValueError" in said and "broken" in said
        assert "somebody" not in said

    async def test_one_that_takes_long_does_not_run_twice_at_a_time(self) -> None:
        running, most, again = 0, 0, asyncio.Event()
        starts = 0

        async def long() -> None:
            nonlocal running, most, starts
            running, starts = running + 1, starts + 1
            most = max(most, running)
            await asyncio.sleep(0.01)  # ten times as long as it should take
            running -= 1
            if starts == 3:
                again.set()

        async with scheduled([Job("long", long, timedelta(milliseconds=1))]):
            await again.wait()
        assert most == 1

    async def test_what_runs_at_the_end_is_broken_off(self) -> None:
        begun, ended = asyncio.Event(), asyncio.Event()

        async def endless() -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        async with scheduled([Job("endless", endless, HOURLY)]):
            await begun.wait()
        await ended.wait()
