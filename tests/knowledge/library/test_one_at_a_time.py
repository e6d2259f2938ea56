"""A source is worked on by one at a time, even when processes die."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.errors import SourceBusy
from knowledge.library.leases import LEASE, Leases
from tests.knowledge.library.opening import START, Shelf, opened


class Clock:
    """A clock that is put forward by hand; whoever sleeps by it is woken."""

    def __init__(self) -> None:
        self.now = START
        self._moved = asyncio.Condition()
        self._sleepers = 0

    def __call__(self) -> datetime:
        return self.now

    async def forward(self, by: timedelta) -> None:
        """Put it forward as soon as somebody sleeps."""
        async with self._moved:
            await self._moved.wait_for(lambda: self._sleepers > 0)
            self.now += by
            self._sleepers = 0
            self._moved.notify_all()

    async def sleep(self, seconds: float) -> None:
        until = self.now + timedelta(seconds=seconds)
        async with self._moved:
            self._sleepers += 1
            self._moved.notify_all()
            await self._moved.wait_for(lambda: self.now >= until)


class TestOneAtATime:
    async def test_whoever_comes_second_is_told_who_reads_and_since_when(
        self, engine: AsyncEngine, tmp_path: Path
    ) -> None:
        shelf = Shelf()
        async with opened(engine, tmp_path, shelf) as one, opened(engine, tmp_path, shelf) as two:
            reading = asyncio.create_task(one.add("shelf://fruit"))
            await shelf.asked.wait()
            (state,) = await two.states()
            assert state.reading is not None and state.reading.since == START
            for act in (two.add("shelf://fruit"), two.refresh(state.spec.id)):
                with pytest.raises(SourceBusy, match=r"by process \d+ on .* since 2026-03-02 09:0"):
                    await act
            with pytest.raises(SourceBusy):
                await two.remove("shelf://fruit")
            shelf.may_go_on.set()
            spec, report = await reading
            assert report.added == 1
            assert (await two.refresh(spec.id)).unchanged == 1
            assert [each.reading for each in await two.states()] == [None]

    async def test_of_many_that_begin_at_once_one_reads(
        self, engine: AsyncEngine, tmp_path: Path
    ) -> None:
        shelf = Shelf()
        async with opened(engine, tmp_path, shelf) as library:
            adding = [asyncio.create_task(library.add("shelf://fruit")) for _ in range(8)]
            await shelf.asked.wait()
            waiting = set(adding)
            while len(waiting) > 1:
                _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            shelf.may_go_on.set()
            outcomes = await asyncio.gather(*adding, return_exceptions=True)
            assert sum(isinstance(each, SourceBusy) for each in outcomes) == 7

    async def test_a_run_that_fails_or_is_cancelled_lets_go(
        self, engine: AsyncEngine, tmp_path: Path
    ) -> None:
        shelf = Shelf()
        async with opened(engine, tmp_path, shelf) as library:
            reading = asyncio.create_task(library.add("shelf://fruit"))
            await shelf.asked.wait()
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            shelf.may_go_on.set()
            _, report = await library.add("shelf://fruit")
            assert report.added == 1


class FlakyEngine:
    """An engine that cannot be reached now and then."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.faults: list[Exception] = []

    def begin(self) -> Any:
        if self.faults:
            raise self.faults.pop(0)
        return self._engine.begin()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


class TestLeases:
    async def test_are_renewed_for_as_long_as_they_are_held(self, engine: AsyncEngine) -> None:
        clock = Clock()
        leases = Leases(engine, clock, sleep=clock.sleep)
        async with leases.hold("s"):
            for _ in range(40):  # ten times its length
                await clock.forward(LEASE / 4)
            with pytest.raises(SourceBusy):
                async with Leases(engine, clock).hold("s"):
                    pass

    async def test_outlive_a_database_that_is_away_for_a_moment(self, engine: AsyncEngine) -> None:
        clock = Clock()
        flaky = FlakyEngine(engine)
        async with Leases(flaky, clock, sleep=clock.sleep).hold("s"):  # type: ignore[arg-type]
            flaky.faults = [ConnectionRefusedError("away"), OperationalError("", {}, Exception())]
            async with asyncio.timeout(30):  # nobody sleeps any more if it was given up
                for _ in range(12):  # three times its length
                    await clock.forward(LEASE / 4)
            assert flaky.faults == []
            with pytest.raises(SourceBusy):
                async with Leases(engine, clock).hold("s"):
                    pass

    async def test_stop_who_cannot_renew_them_and_say_why(self, engine: AsyncEngine) -> None:
        clock = Clock()
        flaky = FlakyEngine(engine)
        begun = asyncio.Event()

        async def reads() -> None:
            async with Leases(flaky, clock, sleep=clock.sleep).hold("s"):  # type: ignore[arg-type]
                begun.set()
                await asyncio.Event().wait()

        reading = asyncio.create_task(reads())
        await begun.wait()
        flaky.faults = [ConnectionRefusedError("away")] * 4
        for _ in range(4):
            await clock.forward(LEASE / 4)
        with pytest.raises(SourceBusy, match="the database stood still"):
            await reading

    async def test_of_one_that_died_run_out(self, engine: AsyncEngine) -> None:
        clock = Clock()
        held = Leases(engine, clock, sleep=clock.sleep).hold("s")
        await held.__aenter__()  # and never again seen
        clock.now += LEASE
        async with Leases(engine, clock, holder="the next").hold("s"):
            assert (await Leases(engine, clock).readings())["s"].holder == "the next"

    async def test_that_were_taken_over_stop_whoever_stood_still(self, engine: AsyncEngine) -> None:
        clock = Clock()
        begun, ended = asyncio.Event(), []

        async def stands_still() -> None:
            async with Leases(engine, clock, sleep=clock.sleep).hold("s"):
                begun.set()
                await asyncio.Event().wait()
                ended.append("wrote")

        first = asyncio.create_task(stands_still())
        await begun.wait()
        clock.now += LEASE  # the process was suspended
        async with Leases(engine, clock, holder="the next").hold("s"):
            await clock.forward(LEASE / 4)
            with pytest.raises(SourceBusy, match="by the next"):
                await first
        assert ended == []
