"""Processes of the bot that are killed in the middle of an answer, and those that come after."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from simcord import MemberActor

from bot.conversation.inbox import LEASE
from tests.adapters import discord_process
from tests.adapters.discord_office import ANSWER, Office, assert_nothing_to_fear, office_at
from tests.adapters.discord_process import Orders
from tests.stand_ins.discord_server import Interaction, Posted

QUESTION = "how many days of leave?"
AFTER_THE_LEASE = LEASE.total_seconds() + 1
AFTER_THE_TOKEN = 15 * 60 + 1
_FORKS = multiprocessing.get_context("forkserver")


@dataclass
class Bots:
    """The processes of a test, one after the other."""

    office: Office
    folder: Path
    late: float = 0
    started: list[BaseProcess] = field(default_factory=list)

    async def start(self, *, late: float = 0, grace: float = 5) -> BaseProcess:
        """One more, ``late`` seconds after the one before."""
        server = self.office.discord
        self.office.bench.clock.tick(late)
        self.late += late
        config = replace(self.office.config, api_url=server.api_url, gateway_url=server.gateway_url)
        name = f"bot{len(self.started)}"
        orders = Orders(self.folder, name, config, self.late, grace)
        bot = _FORKS.Process(target=discord_process.run, args=(orders,), name=name)
        bot.start()
        self.started.append(bot)
        await server.connected(timeout=30)
        return bot

    async def kill(self, bot: BaseProcess, with_: signal.Signals = signal.SIGKILL) -> int:
        """End it; returns its exit code."""
        assert bot.pid
        os.kill(bot.pid, with_)
        await asyncio.to_thread(bot.join, 20)
        assert bot.exitcode is not None, f"it goes on:\n{self.log(bot)}"
        await self.office.discord.until(lambda: not self.office.discord.gateway.connected)
        self.office.discord.mend()
        return bot.exitcode

    def log(self, bot: BaseProcess) -> str:
        """What it said on its way."""
        return (self.folder / f"{bot.name}.log").read_text()

    async def rest(self) -> None:
        """Wait until all that was accepted is answered."""
        await rows_until(self.office, lambda ends: None not in ends, 20)
        await self.office.discord.idle(0.1)


async def outcomes(office: Office) -> list[str | None]:
    """How the questions that were accepted have ended; None: not yet."""
    return [row["outcome"] for row in await office.bench.rows("inbox")]


async def rows_until(
    office: Office, wanted: Callable[[list[str | None]], bool], seconds: float
) -> None:
    """Wait until the outcomes in the inbox, which another process writes, are as wanted."""
    async with asyncio.timeout(seconds):
        while not wanted(await outcomes(office)):  # noqa: ASYNC110 - nothing tells of it in here
            await asyncio.sleep(0.05)


@pytest.fixture
async def bots(tmp_path: Path) -> AsyncIterator[Bots]:
    _FORKS.set_forkserver_preload(["tests.adapters.discord_process"])
    async with office_at(tmp_path) as office:
        opened = Bots(office, tmp_path)
        try:
            yield opened
            assert_nothing_to_fear(office)
            for bot in opened.started:
                assert "leave" not in opened.log(bot), "words were logged"
                assert "Traceback" not in opened.log(bot), opened.log(bot)
        finally:
            for bot in opened.started:
                bot.kill()
                bot.join()
            await office.discord.until(lambda: not office.discord.gateway.connected)


@dataclass
class Asked:
    """The same question in every way."""

    cat: MemberActor
    """Who asks by command, for herself."""
    mention: Posted
    direct: Posted
    private: Interaction
    public: Interaction


async def everybody_asks(office: Office) -> Asked:
    """Each by somebody else, without waiting."""
    cat, dan = office.discord.user("Cat"), office.discord.user("Dan")
    ask = office.discord.command
    return Asked(
        cat,
        await office.begin(),
        await office.begin(by=office.bob, channel=office.discord.dm(office.bob)),
        await ask(cat, office.general, "ask", question=QUESTION),
        await ask(dan, office.general, "ask", question=QUESTION, public=True),
    )


def assert_once(office: Office, asked: Asked, *, in_time: bool) -> None:
    """Everybody has one whole answer, where they look for it."""
    told = {
        "the mention": [each.text for each in office.answers(asked.mention)],
        "the direct message": [each.text for each in office.answers(asked.direct)],
        "/ask": office.private(asked.cat),
        "/ask for all": [each.text for each in office.discord.replies(office.general)],
    }
    for way, said in told.items():
        whole = [text for text in said if ANSWER in text and "[Helpful]" in text]
        assert len(said) == len(whole) == 1, f"{way}: {said}"
    assert ("You asked:" in told["/ask"][0]) == (not in_time)
    assert ("asked:" in told["/ask for all"][0]) == (not in_time)


@pytest.mark.parametrize("late", [AFTER_THE_LEASE, AFTER_THE_TOKEN], ids=["soon", "later"])
async def test_what_was_accepted_is_answered_once_by_the_next_process(
    bots: Bots, late: float
) -> None:
    office = bots.office
    first = await bots.start()
    for route in (
        "POST /channels/*/messages",
        "POST /channels/*/messages/*/threads",
        "PATCH /webhooks/*/*/messages/*",
    ):
        office.discord.fail(route, 429, retry_after=600, times=None)
    asked = await everybody_asks(office)
    await rows_until(office, lambda ends: len(ends) == 4, 10)
    await bots.kill(first)
    assert [each for each in office.everything() if not each.thinking] == []
    await bots.start(late=late)
    await bots.rest()
    assert_once(office, asked, in_time=late == AFTER_THE_LEASE)


async def test_what_was_posted_but_not_noted_is_not_posted_again(bots: Bots) -> None:
    office = bots.office
    first = await bots.start()
    for route in ("POST /channels/*/messages", "PATCH /webhooks/*/*/messages/*"):
        office.discord.fail(route, 502, lose=True, times=None)
    asked = await everybody_asks(office)
    await office.discord.until(
        lambda: len([each for each in office.everything() if each.text and not each.thinking]) == 4
    )
    await bots.kill(first)
    assert set(await outcomes(office)) == {None}
    await bots.start(late=AFTER_THE_LEASE)
    await bots.rest()
    assert_once(office, asked, in_time=True)


async def test_what_was_posted_and_not_finished_is_finished(bots: Bots) -> None:
    office = bots.office
    first = await bots.start()
    office.discord.fail("PATCH /channels/*/messages/*", 429, retry_after=600, times=None)
    office.discord.fail("PATCH /webhooks/*/*/messages/*", 429, retry_after=600, after=2, times=None)
    asked = await everybody_asks(office)
    await office.discord.until(
        lambda: len([call for call in office.discord.calls if call.status == 429]) >= 4
    )
    await bots.kill(first)
    await bots.start(late=AFTER_THE_LEASE)
    await bots.rest()
    assert_once(office, asked, in_time=True)


async def test_killed_again_and_again_it_answers_in_the_end_and_once(bots: Bots) -> None:
    office = bots.office
    asked = None
    for n in range(4):
        bot = await bots.start(late=AFTER_THE_LEASE)
        office.discord.fail("PATCH /channels/*/messages/*", 502, lose=n % 2 == 0, times=None)
        asked = asked or await office.begin()
        seen = len(office.discord.called("PATCH /channels/*/messages/*"))
        await office.discord.until(
            lambda: len(office.discord.called("PATCH /channels/*/messages/*")) > seen  # noqa: B023
        )
        await bots.kill(bot)
    await bots.start(late=AFTER_THE_LEASE)
    await bots.rest()
    assert asked
    office.assert_one_answer_each([asked])


async def test_told_to_stop_it_finishes_and_ends_well(bots: Bots) -> None:
    office = bots.office
    first = await bots.start()
    office.discord.fail("PATCH /channels/*/messages/*", 429, retry_after=0.5)
    asked = await office.begin()
    await office.discord.until(lambda: office.discord.called("PATCH /channels/*/messages/*"))
    assert await bots.kill(first, signal.SIGTERM) == 0, bots.log(first)
    office.assert_one_answer_each([asked])
    assert "[Helpful]" in office.everything()[0].text
    assert (await office.row(asked))["outcome"] == "answered"


async def test_told_to_stop_it_hands_back_what_it_cannot_finish(bots: Bots) -> None:
    office = bots.office
    first = await bots.start(grace=0.1)
    office.discord.fail("PATCH /channels/*/messages/*", 429, retry_after=600, times=None)
    asked = await office.begin()
    await office.discord.until(lambda: office.discord.called("PATCH /channels/*/messages/*"))
    assert await bots.kill(first, signal.SIGTERM) == 0, bots.log(first)
    await bots.start(late=0)  # no lease had to run out
    await bots.rest()
    office.assert_one_answer_each([asked])
    assert "[Helpful]" in office.everything()[0].text


async def test_of_two_processes_one_is_killed_and_the_other_answers(bots: Bots) -> None:
    office = bots.office
    first = await bots.start()
    office.discord.fail("PATCH /channels/*/messages/*", 429, retry_after=600, times=None)
    asked = [await office.begin()]
    await office.discord.until(lambda: office.discord.called("PATCH /channels/*/messages/*"))
    office.discord.mend()
    second = await bots.start(late=AFTER_THE_LEASE)
    await office.discord.connected(2)
    assert first.pid
    os.kill(first.pid, signal.SIGKILL)
    await asyncio.to_thread(first.join, 20)
    asked.append(await office.begin())
    await bots.rest()
    office.assert_one_answer_each(asked)
    assert second.is_alive()
