"""How much may be asked: counted in windows that all replicas share."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.conversation.channels import ChannelRules
from bot.conversation.limits import Limits
from tests.adapters.desk_bench import open_bench
from tests.adapters.fake_platform import CHANNEL, DIRECT, THREAD, FakePlatform, utterance
from tests.kit.fakes import evidence

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
OTHER = replace(CHANNEL, channel="C2")


async def test_a_person_may_ask_so_many_in_an_hour(engine: AsyncEngine) -> None:
    limits = Limits(engine, person_hourly=2, workspace_daily=0)
    spent = [await limits.spend(CHANNEL, "ann", None, NOW) for _ in range(4)]
    assert spent == [None, None, "person", "person"]
    assert await limits.spend(OTHER, "ann", None, NOW) == "person"
    assert await limits.spend(CHANNEL, "bob", None, NOW) is None
    assert await limits.spend(replace(CHANNEL, workspace="W2"), "ann", None, NOW) is None


@pytest.mark.parametrize(
    ("later", "spent"),
    [(timedelta(minutes=29), "person"), (timedelta(minutes=30), None)],
)
async def test_an_hour_begins_anew_with_the_clock(
    engine: AsyncEngine, later: timedelta, spent: str | None
) -> None:
    limits = Limits(engine, person_hourly=1, workspace_daily=0)
    await limits.spend(CHANNEL, "ann", None, NOW)
    assert await limits.spend(CHANNEL, "ann", None, NOW + later) == spent


async def test_a_channel_may_have_so_many_answers_in_a_day(engine: AsyncEngine) -> None:
    limits = Limits(engine, person_hourly=0, workspace_daily=0)
    spent = [await limits.spend(CHANNEL, f"person {n}", 2, NOW) for n in range(3)]
    assert spent == [None, None, "channel"]
    assert await limits.spend(OTHER, "ann", 2, NOW) is None
    midnight = NOW.replace(hour=0, minute=0) + timedelta(days=1)
    assert await limits.spend(CHANNEL, "ann", 2, midnight - timedelta(seconds=1)) == "channel"
    assert await limits.spend(CHANNEL, "ann", 2, midnight) is None


async def test_the_threads_of_a_channel_count_together(engine: AsyncEngine) -> None:
    limits = Limits(engine, person_hourly=0, workspace_daily=0)
    await limits.spend(CHANNEL, "ann", 1, NOW)
    assert await limits.spend(THREAD, "ann", 1, NOW) == "channel"


async def test_a_workspace_may_ask_so_many_in_a_day(engine: AsyncEngine) -> None:
    limits = Limits(engine, person_hourly=0, workspace_daily=2)
    spent = [
        await limits.spend(place, f"person {n}", None, NOW)
        for n, place in enumerate((CHANNEL, OTHER, DIRECT))
    ]
    assert spent == [None, None, "workspace"]


async def test_what_one_limit_refuses_is_not_counted_against_the_next(
    engine: AsyncEngine,
) -> None:
    limits = Limits(engine, person_hourly=1, workspace_daily=2)
    for _ in range(5):
        await limits.spend(CHANNEL, "ann", None, NOW)
    assert await limits.spend(CHANNEL, "bob", None, NOW) is None


async def test_nothing_is_counted_where_there_is_no_limit(engine: AsyncEngine) -> None:
    limits = Limits(engine, person_hourly=0, workspace_daily=0)
    assert [await limits.spend(CHANNEL, "ann", None, NOW) for _ in range(9)] == [None] * 9
    assert await _windows(engine) == 0


async def test_many_at_once_are_counted_one_by_one(engine: AsyncEngine) -> None:
    limits = Limits(engine, person_hourly=7, workspace_daily=0)
    spent = await asyncio.gather(*(limits.spend(CHANNEL, "ann", None, NOW) for _ in range(20)))
    assert spent.count(None) == 7


async def test_windows_are_dropped_long_after_they_closed(engine: AsyncEngine) -> None:
    limits = Limits(engine, person_hourly=1, workspace_daily=1)
    await limits.spend(CHANNEL, "ann", None, NOW)
    await limits.forget_old(NOW + timedelta(days=1))
    assert await _windows(engine) == 2
    await limits.forget_old(NOW + timedelta(days=9))
    assert await _windows(engine) == 0


async def _windows(engine: AsyncEngine) -> int:
    async with engine.connect() as db:
        return int((await db.execute(sa.text("SELECT count(*) FROM usage"))).scalar_one())


class TestOneQuestionTooMany:
    async def test_is_told_so_kindly_and_not_looked_up(
        self, tmp_path: Path, office: FakePlatform
    ) -> None:
        async with open_bench(tmp_path, person_hourly=1) as bench:
            for _ in range(2):
                await bench.dispatcher.hear(office, utterance("When is payday?"))
            await bench.settled()
            assert len(bench.passages.searches) == 1
            assert sum("a lot of questions" in answer for answer in office.answers) == 1
            bench.clock.tick(3600)
            await bench.dispatcher.hear(office, utterance("When is payday?"))
            await bench.settled()
            assert len(bench.passages.searches) == 2

    async def test_is_not_one_that_is_tried_again_or_edited(
        self, tmp_path: Path, office: FakePlatform
    ) -> None:
        async with open_bench(tmp_path, person_hourly=1) as bench:
            said = utterance("When is payday?")
            await bench.dispatcher.hear(office, said)
            await bench.settled()
            await bench.dispatcher.edited(office, said)
            await bench.settled()
            assert "a lot of questions" not in office.last.text

    async def test_that_nobody_asked_the_bot_is_passed_over_in_silence(
        self, tmp_path: Path, office: FakePlatform
    ) -> None:
        async with open_bench(tmp_path) as bench:
            rules = ChannelRules(answers="unprompted", bar=0.1, daily_limit=1)
            await bench.channels.set_rules(CHANNEL, rules, "ann", bench.clock())
            bench.finds(evidence("Salaries are paid on the 25th of each month.\n"))
            for _ in range(3):
                await bench.dispatcher.hear(office, utterance("When is payday?", address="none"))
                await bench.settled()
            assert len(office.replies) == 1
