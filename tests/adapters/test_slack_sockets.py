"""Sockets that go silent, are cut, refused or replaced, and a database that hangs."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from time import perf_counter
from typing import Any

import aiohttp
import pytest

from adapters.slack import adapter as adapter_module
from adapters.slack.watchdog import Patience
from bot.errors import ConfigurationError
from tests.adapters.slack_office import (
    Office,
    assert_one_answer_each,
    office_at,
)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_at(tmp_path) as opened:
        yield opened


# --- sockets ----------------------------------------------------------------------------------


class Hand:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


HOURS = Patience(check=0.02, ping=0.05, silent=35, quiet=600, connect=5, longest_pause=0.1)


async def test_a_socket_without_a_sign_of_life_is_replaced_after_its_time(office: Office) -> None:
    hand = Hand()
    await office.start(patience=HOURS, clock=hand)
    sockets = office.slack.socket_mode
    hand.now += 34
    await asyncio.sleep(0.2)  # pongs come
    hand.now += 34
    await asyncio.sleep(0.2)
    assert len(sockets.connections) == 1, "it was alive all the time"
    sockets.silence()
    await asyncio.sleep(0.1)
    hand.now += 36
    await office.slack.until(lambda: len(sockets.connections) > 1)
    ts = await office.ask()
    assert_one_answer_each(office, [ts], office.general)


async def test_a_socket_that_only_pongs_is_replaced_in_the_end(office: Office) -> None:
    hand = Hand()
    await office.start(patience=HOURS, clock=hand)
    sockets = office.slack.socket_mode
    sockets.silence(pong=True)
    for _ in range(20):
        hand.now += 31
        await asyncio.sleep(0.08)
    await office.slack.until(lambda: len(sockets.connections) > 1)
    ts = await office.ask()
    assert_one_answer_each(office, [ts], office.general)


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
    await office.start()
    sockets = office.slack.socket_mode
    async with aiohttp.ClientSession() as others:
        taken = [await others.ws_connect(sockets.open_url(office.slack.host)) for _ in range(9)]
        mine = sockets.connections[0]
        sockets.drop(mine)
        taken.append(await others.ws_connect(sockets.open_url(office.slack.host)))
        before, started = len(office.slack.called("apps.connections.open")), perf_counter()
        while perf_counter() - started < 1.0:
            await office.slack.changed(0.2)
        tries = len(office.slack.called("apps.connections.open")) - before
        assert tries <= 12, f"{tries} tries in a second"
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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter_module, "ACKNOWLEDGED_WITHIN", 0.2)
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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter_module, "ACKNOWLEDGED_WITHIN", 0.1)
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
