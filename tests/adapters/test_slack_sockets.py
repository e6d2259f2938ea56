"""Sockets that go silent, are cut, refused or replaced, and a database that hangs."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.conversation.dispatcher import Dispatcher
from bot.errors import ConfigurationError
from bot.ports import Platform
from bot.types import Utterance
from tests.adapters.hand import Hand
from tests.adapters.slack_office import (
    ANSWER,
    Office,
    assert_one_answer_each,
    office_at,
)
from tests.stand_ins.slack_server.delivery import Delivery
from tests.stand_ins.slack_server.socket_mode import Connection, SocketMode


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_at(tmp_path) as opened:
        yield opened


# --- sockets ----------------------------------------------------------------------------------


async def looks(office: Office, hand: Hand, times: int) -> None:
    """Let the bot look at its socket so often, and hear what comes of each look."""
    sockets = office.slack.socket_mode
    for _ in range(times):
        (watched,) = sockets.open_now
        pings = watched.pings
        await asleep(hand)
        hand.move(10)
        await pinged(office, watched, pings)
        await sockets.caught_up(watched)


async def at_work(office: Office) -> tuple[Hand, SocketMode]:
    """The bot on a clock that is moved by hand."""
    hand = Hand()
    await office.start(clock=hand, pause=hand.sleep)
    return hand, office.slack.socket_mode


async def test_a_socket_that_answers_pings_is_kept(office: Office) -> None:
    hand, sockets = await at_work(office)
    await looks(office, hand, 20)
    assert len(sockets.connections) == 1


async def test_a_socket_without_a_sign_of_life_is_replaced_after_its_time(office: Office) -> None:
    hand, sockets = await at_work(office)
    await looks(office, hand, 3)
    sockets.silence()
    await looks(office, hand, 3)
    assert len(sockets.connections) == 1, "its time has not come"
    await looks(office, hand, 1)
    await office.slack.until(lambda: [each.number for each in sockets.open_now] == [2])
    ts = await office.ask()
    assert_one_answer_each(office, [ts], office.general)


async def test_a_socket_that_only_pongs_is_replaced_in_the_end(office: Office) -> None:
    hand, sockets = await at_work(office)
    sockets.silence(pong=True)
    await looks(office, hand, 60)
    assert len(sockets.connections) == 1, "a workspace may be that quiet"
    await looks(office, hand, 1)
    await office.slack.until(lambda: [each.number for each in sockets.open_now] == [2])
    ts = await office.ask()
    assert_one_answer_each(office, [ts], office.general)


async def test_a_process_that_did_not_run_does_not_take_its_socket_for_dead(
    office: Office,
) -> None:
    hand, sockets = await at_work(office)
    for _ in range(5):
        (watched,) = sockets.connections
        pings = watched.pings
        hand.move(3_600)
        await pinged(office, watched, pings)
        await sockets.caught_up(watched)
    assert len(sockets.connections) == 1


# --- replacing loses nothing ------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["silent", "warning", "refresh_requested", "cut"])
async def test_fifty_open_commands_outlive_their_socket(
    office: Office, reason: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack does not deliver a command again: each is acknowledged, and answered once."""
    hand, sockets = await at_work(office)
    (first,) = sockets.connections
    held = Held(monkeypatch)
    lines = [f"how many days of leave {n}?" for n in range(50)]
    given = [commanded(office, line) for line in lines]
    await held.until(50)
    if reason == "silent":
        sockets.silence()
        first.sends = True  # only its pongs got lost
        await looks(office, hand, 4)
    elif reason == "cut":
        first.cut = asyncio.Event()  # Slack does not notice
        assert first.request.transport
        first.request.transport.abort()
    else:
        await sockets.disconnect(reason)
    await office.slack.until(lambda: len(sockets.connections) == 2)
    given += [commanded(office, f"and {line}") for line in lines[:10]]
    await held.until(60)
    held.gate.set()
    await office.rest()
    assert all([(await each).acknowledged for each in given])
    assert sum(ANSWER in each for each in office.private()) == 60
    assert {each.gone.is_set() for each in sockets.connections} == {True, False}


async def test_what_is_said_while_a_socket_is_left_is_heard(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Again and again, while people go on asking."""
    hand, sockets = await at_work(office)
    given = []
    for number in range(1, 6):
        await sockets.disconnect("warning")
        for turn in range(10):
            given.append(commanded(office, f"how many days of leave {number} {turn}?"))
            await asyncio.sleep(0)
        await alone(office, number)
        hand.move(40)
    await office.rest()
    assert all([(await each).acknowledged for each in given])
    assert sum(ANSWER in each for each in office.private()) == 50


async def test_the_old_socket_is_kept_until_slack_has_greeted_the_next(office: Office) -> None:
    hand, sockets = await at_work(office)
    sockets.greets = False
    await sockets.disconnect("warning")
    await office.slack.until(lambda: len(sockets.connections) == 2)
    given = await office.slack.command(office.ann, office.general, "/ask", "days of leave?")
    await office.rest()
    assert given.acknowledged and given.attempts[0].connection == 1
    sockets.greets = True
    await sockets.connections[1].socket.close()
    await asleep(hand)
    hand.move(1)
    await office.slack.until(lambda: len(sockets.open_now) == 1 and len(sockets.connections) == 3)


def commanded(office: Office, line: str) -> asyncio.Task[Delivery]:
    """Ann asks by command."""
    return asyncio.create_task(office.slack.command(office.ann, office.general, "/ask", line))


async def pinged(office: Office, connection: Connection, before: int) -> None:
    """Until the bot has asked it for another sign of life."""
    await office.slack.until(lambda: connection.pings > before)


async def alone(office: Office, before: int) -> None:
    """Until the bot has opened another connection, and has only that."""
    sockets = office.slack.socket_mode
    await office.slack.until(
        lambda: len(sockets.open_now) == 1 and len(sockets.connections) > before
    )


async def refused(office: Office, times: int) -> None:
    """Until so many connections were too many."""
    await office.slack.until(lambda: office.slack.socket_mode.refused == times)


async def asleep(hand: Hand) -> None:
    """Until the bot waits by the clock."""
    while hand.next is None:  # noqa: ASYNC110 - it is awaited in very few turns of the loop
        await asyncio.sleep(0)


class Held:
    """What was heard is safe only when the gate opens."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.gate = asyncio.Event()
        self._count = 0
        self._came = asyncio.Event()
        hear = Dispatcher.hear

        async def held(dispatcher: Dispatcher, platform: Platform, utterance: Utterance) -> bool:
            self._count += 1
            self._came.set()
            await self.gate.wait()
            return await hear(dispatcher, platform, utterance)

        monkeypatch.setattr(Dispatcher, "hear", held)

    async def until(self, number: int) -> None:
        """Wait until so many have come."""
        while self._count < number:
            self._came.clear()
            await self._came.wait()


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "too_many_websockets"])
async def test_what_slack_announces_about_a_socket_loses_no_question(
    office: Office, reason: Any
) -> None:
    await office.start()
    asked = [await office.begin(f"days of leave {n}?") for n in range(5)]
    await office.slack.socket_mode.disconnect(reason)
    asked += [await office.begin(f"days of leave {n}?") for n in range(5, 10)]
    await office.rest()
    assert_one_answer_each(office, asked, office.general)


async def test_while_others_hold_all_sockets_it_tries_again_without_hammering(
    office: Office,
) -> None:
    hand, sockets = await at_work(office)
    async with aiohttp.ClientSession() as others:
        taken = [await others.ws_connect(sockets.open_url(office.slack.host)) for _ in range(9)]
        mine = sockets.connections[0]
        sockets.drop(mine)
        taken.append(await others.ws_connect(sockets.open_url(office.slack.host)))
        tries: list[float] = []
        while hand.now < 1_300:
            tries.append(hand.now)
            await refused(office, len(tries))
            await asleep(hand)
            hand.move((hand.next or 0) - hand.now)
        pauses = [later - sooner for sooner, later in pairwise(tries)]
        assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
        for each in taken:
            await each.close()
        for connection in list(sockets.connections):
            if connection is not mine and connection.number <= 11:
                connection.retiring = True
        ts = await office.ask()
    assert_one_answer_each(office, [ts], office.general)


@pytest.mark.slow
async def test_a_slack_that_cannot_be_reached_for_a_while_is_found_again(office: Office) -> None:
    await office.start()
    office.slack.fail("apps.connections.open", status=503, times=8)
    office.slack.socket_mode.drop()
    ts = await office.ask()
    assert_one_answer_each(office, [ts], office.general)


async def test_a_revoked_token_ends_it_with_what_to_do(office: Office) -> None:
    async with office.process(office.bench) as bot:
        office.slack.workspace.tokens[office.slack.app_token].revoked = True
        office.slack.socket_mode.drop()
        with pytest.raises(ConfigurationError, match="SLACK_APP_TOKEN"):
            await asyncio.wait_for(bot.listen(), 10)


# --- the database -----------------------------------------------------------------------------


async def test_an_event_that_the_database_does_not_take_in_time_comes_again(
    tmp_path: Path,
) -> None:
    async with office_at(tmp_path, ack_seconds=0.5, retry_seconds=(0.0, 0.5, 60.0)) as office:
        await office.start()
        await office.ask()  # the connection is open and the caches are filled
        with sqlite3.connect(tmp_path / "state.db", isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            ts = await office.begin("How many days of leave now?")
            mine = [d for d in office.slack.deliveries.unfinished if d.event.get("ts") == ts]
            await office.slack.until(lambda: any(len(d.attempts) > 1 for d in mine))
            assert not any(d.acknowledged for d in mine), "it was acknowledged and not safe"
            other.execute("ROLLBACK")
        other.close()
        await office.rest()
        assert all(d.acknowledged for d in mine)
        assert office.counted()[ts] == 1 and len(office.said()) == 2


async def test_what_hangs_beyond_all_retries_is_not_answered_twice_when_it_goes_on(
    tmp_path: Path,
) -> None:
    async with office_at(tmp_path, ack_seconds=0.2, retry_seconds=(0.0, 0.1, 0.1)) as office:
        await office.start()
        with sqlite3.connect(tmp_path / "state.db", isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            ts = await office.begin()
            await office.slack.until(lambda: not office.slack.deliveries.are_under_way)
            other.execute("ROLLBACK")
        other.close()
        await office.slack.until(lambda: office.said())
        await office.rest()
        assert_one_answer_each(office, [ts], office.general)
