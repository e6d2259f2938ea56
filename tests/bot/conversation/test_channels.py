"""Rules of channels and workspaces, and places that want quiet."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.conversation.channels import ChannelRules, Channels, WorkspaceRules
from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import CHANNEL, DIRECT, THREAD, FakePlatform, utterance

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STRICT = ChannelRules(
    answers="unprompted",
    bar=0.95,
    voice="harbour",
    sources=frozenset({"a", "b"}),
    daily_limit=3,
    threads=False,
    forum=True,
    unsure=False,
    frame="light",
)
ELSEWHERE = [
    replace(CHANNEL, channel="C2"),
    replace(CHANNEL, workspace="W2"),
    replace(CHANNEL, platform="discord"),
]


@pytest.fixture
def channels(engine: AsyncEngine) -> Channels:
    return Channels(engine)


class TestRules:
    async def test_come_back_as_they_were_set(self, channels: Channels) -> None:
        await channels.set_rules(CHANNEL, STRICT, "ann", NOW)
        assert await channels.rules(CHANNEL) == STRICT

    async def test_hold_in_the_threads_of_their_channel_and_nowhere_else(
        self, channels: Channels
    ) -> None:
        await channels.set_rules(CHANNEL, STRICT, "ann", NOW)
        assert await channels.rules(THREAD) == STRICT
        for place in ELSEWHERE:
            assert await channels.rules(place) == ChannelRules()

    async def test_are_those_of_nobody_in_a_direct_conversation(self, channels: Channels) -> None:
        await channels.set_rules(replace(DIRECT, direct=False), STRICT, "ann", NOW)
        assert await channels.rules(DIRECT) == ChannelRules()

    async def test_are_replaced_and_tell_by_whom(
        self, channels: Channels, engine: AsyncEngine
    ) -> None:
        await channels.set_rules(CHANNEL, STRICT, "ann", NOW)
        await channels.set_rules(CHANNEL, ChannelRules(), "bob", NOW)
        assert await channels.rules(CHANNEL) == ChannelRules()
        async with engine.connect() as db:
            rows = (await db.execute(sa.text("SELECT changed_by FROM channel"))).all()
        assert [row.changed_by for row in rows] == ["bob"]

    async def test_set_by_two_at_once_are_those_of_one_of_them(self, channels: Channels) -> None:
        other = STRICT.model_copy(update={"bar": 0.5})
        await asyncio.gather(
            *(channels.set_rules(CHANNEL, each, "x", NOW) for each in (STRICT, other) * 5)
        )
        assert await channels.rules(CHANNEL) in (STRICT, other)

    async def test_of_a_workspace_are_not_those_of_its_channels(self, channels: Channels) -> None:
        await channels.set_workspace(CHANNEL, WorkspaceRules(help_channel="C9"), "ann", NOW)
        assert await channels.workspace(THREAD) == WorkspaceRules(help_channel="C9")
        assert await channels.workspace(DIRECT) == WorkspaceRules(help_channel="C9")
        assert await channels.workspace(ELSEWHERE[1]) == WorkspaceRules()
        assert await channels.rules(CHANNEL) == ChannelRules()

    async def test_written_by_an_older_version_have_what_is_usual_besides(
        self, channels: Channels, engine: AsyncEngine
    ) -> None:
        await channels.set_rules(CHANNEL, STRICT, "ann", NOW)
        async with engine.begin() as db:
            older = {"rules": '{"answers": "never", "bar": 0.6}'}
            await db.execute(sa.text("UPDATE channel SET rules = :rules"), older)
        rules = await channels.rules(CHANNEL)
        assert (rules.answers, rules.unsure, rules.frame) == ("never", True, None)

    async def test_are_told_as_far_as_they_are_not_the_usual(self) -> None:
        assert ChannelRules().told() == (
            "I answer when I am mentioned in this channel, in the usual voice."
        )
        told = STRICT.told()
        for words in ("at most 3 times", "not in threads", "forum posts", "not certain", "Little"):
            assert words in told

    async def test_written_by_a_newer_version_are_understood_as_far_as_they_can_be(
        self, channels: Channels, engine: AsyncEngine
    ) -> None:
        await channels.set_rules(CHANNEL, STRICT, "ann", NOW)
        async with engine.begin() as db:
            newer = '{"bar": 0.6, "moon_phase": "full"}'
            await db.execute(sa.text("UPDATE channel SET rules = :rules"), {"rules": newer})
        assert (await channels.rules(CHANNEL)).bar == 0.6


class TestQuiet:
    async def test_of_a_channel_is_that_of_its_threads(self, channels: Channels) -> None:
        await channels.set_quiet(CHANNEL, True, NOW)
        assert await channels.is_quiet(CHANNEL)
        assert await channels.is_quiet(THREAD)

    async def test_of_a_thread_is_its_own(self, channels: Channels) -> None:
        await channels.set_quiet(THREAD, True, NOW)
        assert await channels.is_quiet(THREAD)
        assert not await channels.is_quiet(CHANNEL)
        assert not await channels.is_quiet(replace(THREAD, thread="t2"))
        for place in ELSEWHERE:
            assert not await channels.is_quiet(replace(place, thread="t1"))

    async def test_can_be_asked_for_twice_and_ended_once(self, channels: Channels) -> None:
        await channels.set_quiet(THREAD, True, NOW)
        await channels.set_quiet(THREAD, True, NOW)
        await channels.set_quiet(THREAD, False, NOW)
        assert not await channels.is_quiet(THREAD)

    async def test_asked_for_by_many_at_once_is_quiet(self, channels: Channels) -> None:
        await asyncio.gather(*(channels.set_quiet(THREAD, True, NOW) for _ in range(8)))
        assert await channels.is_quiet(THREAD)


class TestAChannelThatAnswersNever:
    @pytest.fixture(autouse=True)
    async def _never(self, bench: Bench) -> None:
        await bench.channels.set_rules(CHANNEL, ChannelRules(answers="never"), "ann", NOW)

    async def test_tells_who_asks_and_nobody_else(self, bench: Bench, office: FakePlatform) -> None:
        await bench.dispatcher.hear(office, utterance("When is payday?"))
        await bench.settled()
        [(_, user, told)] = office.whispers
        assert user == "ann"
        assert "direct message" in told
        assert office.replies == []
        assert bench.passages.searches == []

    async def test_still_answers_in_private(self, bench: Bench, office: FakePlatform) -> None:
        said = utterance("When is payday?", address="command", private=True)
        await bench.dispatcher.hear(office, said)
        await bench.settled()
        assert len(office.answers) == 1

    async def test_is_told_once(self, bench: Bench, office: FakePlatform) -> None:
        said = utterance("When is payday?")
        for _ in range(3):
            await bench.dispatcher.hear(office, said)
            await bench.settled()
        assert len(office.whispers) == 1


async def test_the_voice_of_a_channel_is_what_it_answers_in(
    bench: Bench, office: FakePlatform
) -> None:
    await bench.channels.set_rules(CHANNEL, ChannelRules(voice="harbour"), "ann", NOW)
    await bench.dispatcher.hear(office, utterance("hello"))
    await bench.settled()
    trace = await bench.history.trace(office.last.subject)
    assert trace is not None
    assert trace.reply.voice == "harbour"
