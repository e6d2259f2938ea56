"""Discord at its worst: everything twice, lost connections, replicas, and rate limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.base import serve
from adapters.discord.adapter import DiscordAdapter
from adapters.discord.config import DiscordConfig
from bot.conversation.inbox import LEASE
from tests.adapters.discord_office import (
    ANSWER,
    Office,
    assert_nothing_to_fear,
    later,
    office_at,
)
from tests.adapters.slack_office import will_answer
from tests.stand_ins.discord_server import Posted


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_at(tmp_path) as opened:
        yield opened
        assert_nothing_to_fear(opened)


# --- once only ----------------------------------------------------------------------------------


async def burst(office: Office, *, mentions: int, direct: int, chatter: int) -> list[Posted]:
    """Questions and small talk, each delivered twice to every process; what was asked."""
    office.discord.deliveries = 2
    alone = office.discord.dm(office.bob)
    asked = [await office.begin(f"days of leave, case {n}?") for n in range(mentions)]
    asked += [
        await office.begin(f"days of leave, case {n}?", by=office.bob, channel=alone)
        for n in range(direct)
    ]
    for n in range(chatter):
        await office.discord.say(office.bob, office.general, f"I take my leave on day {n}")
    return asked


@pytest.mark.parametrize("replicas", [1, 2])
async def test_what_comes_twice_is_answered_once_by_any_number_of_processes(
    office: Office, replicas: int
) -> None:
    await office.start()
    for _ in range(replicas - 1):
        await office.start(await office.replica())
    asked = await burst(office, mentions=40, direct=10, chatter=50)
    await office.rest(60)
    office.assert_one_answer_each(asked)


async def test_commands_and_buttons_that_come_twice_to_two_processes_happen_once(
    office: Office,
) -> None:
    """Discord does not deliver an interaction twice; two processes with one token both get it."""
    await office.start()
    await office.start(await office.replica())
    office.discord.deliveries = 2
    used = await office.command(office.bob, "ask", question="how many days of leave?")
    assert len(used.messages) == 1 and ANSWER in used.text
    shared = await office.click(office.bob, used.message, "Share with channel")
    assert shared.text == "Shared."
    assert len(office.discord.replies(office.general)) == 1, office.transcript()
    helped = await office.command(office.bob, "help")
    told = [each.content for each in helped.messages]  # too long for one message by now
    assert len(told) == len(set(told)) and helped.text.count("`/ask [public] <question>`") == 1


# --- the gateway --------------------------------------------------------------------------------


async def test_a_resumed_connection_brings_what_was_missed_and_doubles_nothing(
    office: Office,
) -> None:
    await office.start()
    asked = [await office.ask(f"days of leave {n}?") for n in range(3)]
    async with office.discord.gateway_down(repeat=40):
        asked += [await office.begin(f"days of leave {n}?") for n in range(3, 8)]
    await office.rest()
    office.assert_one_answer_each(asked)


async def test_a_new_session_loses_nothing_that_was_accepted(office: Office) -> None:
    await office.start()
    gate = asyncio.Event()
    will_answer(office.bench, "You get 28 days ", "of annual leave. [1]", gate=gate)
    asked = [await office.begin(f"days of leave {n}?") for n in range(4)]
    await office.discord.until(lambda: len(office.everything()) == len(asked))
    async with office.discord.gateway_down(resumable=False):
        pass
    gate.set()
    asked.append(await office.ask("days of leave 4?"))
    await office.rest()
    office.assert_one_answer_each(asked)


async def test_connections_that_break_again_and_again_double_nothing(office: Office) -> None:
    await office.start()
    asked = []
    for n in range(6):
        asked.append(await office.begin(f"days of leave {n}?"))
        async with office.discord.gateway_down(resumable=n % 3 != 2, repeat=30):
            pass
    await office.rest()
    office.assert_one_answer_each(asked)


async def test_what_was_deleted_while_the_connection_was_down_is_not_answered(
    office: Office,
) -> None:
    await office.start()
    asked = await office.ask()
    async with office.discord.gateway_down(repeat=20):
        gone = await office.begin("days of leave for Bob?")
        await office.discord.delete(office.ann, gone)
    await office.rest()
    assert (await office.row(gone))["outcome"] == "withdrawn"
    office.assert_one_answer_each([asked])


# --- processes that end -------------------------------------------------------------------------


async def test_another_process_takes_over_when_the_lease_of_a_dead_one_is_over(
    office: Office,
) -> None:
    dead = await office.start()
    will_answer(office.bench, "You get 28 days ", "of annual leave. [1]", gate=asyncio.Event())
    asked = [await office.begin(f"days of leave {n}?") for n in range(5)]
    await office.discord.until(lambda: len(office.everything()) == len(asked))
    await office.discord.kill(dead.client)
    await office.bench.crash()
    other = await office.replica()
    bot = await office.start(other)
    await office.rest()
    assert not any(ANSWER in each.text for each in office.everything()), "it still has the lease"
    office.bench.clock.tick(LEASE.total_seconds() + 1)
    await other.dispatcher.recover(bot)
    await office.rest()
    office.assert_one_answer_each(asked)


async def served(office: Office, grace: float) -> tuple[asyncio.Task[None], asyncio.Event]:
    """A process as the app runs it, with its stop."""
    server = office.discord
    config = DiscordConfig(server.token, server.api_url, server.gateway_url, message_content=True)
    bot = DiscordAdapter(config, office.bench.desk, clock=office.hand)
    bot.client._connection.guild_ready_timeout = 0.05
    stop = asyncio.Event()
    serving = asyncio.create_task(serve([lambda: bot], office.bench.dispatcher, stop, grace))
    await server.connected()
    await bot.client.wait_until_ready()
    return serving, stop


async def test_told_to_stop_it_finishes_what_it_has_begun(office: Office) -> None:
    serving, stop = await served(office, grace=10)
    gate = asyncio.Event()
    will_answer(office.bench, "You get 28 days ", "of annual leave. [1]", gate=gate)
    asked = [await office.begin(f"days of leave {n}?") for n in range(3)]
    await office.discord.until(lambda: len(office.everything()) == len(asked))
    stop.set()
    await office.discord.until(lambda: not office.discord.gateway.connected)
    await office.begin("days of leave, too late?")  # nobody listens any more
    gate.set()
    await serving
    office.assert_one_answer_each(asked)
    assert {row["outcome"] for row in await office.bench.rows("inbox")} == {"answered"}


async def test_what_it_cannot_finish_in_time_is_handed_to_the_next_at_once(
    office: Office,
) -> None:
    serving, stop = await served(office, grace=0.05)
    will_answer(office.bench, "You get ", "28 days", gate=asyncio.Event())
    asked = [await office.begin(f"days of leave {n}?") for n in range(3)]
    await office.discord.until(lambda: len(office.everything()) == len(asked))
    stop.set()
    await serving
    await office.start_again()  # the clock stands still: no lease had to run out
    office.assert_one_answer_each(asked)


# --- rate limits and failures -------------------------------------------------------------------

MENTIONED = (
    "POST /channels/*/messages/*/threads",
    "POST /channels/*/typing",
    "POST /channels/*/messages",
    "PATCH /channels/*/messages/*",
)


@pytest.mark.parametrize("route", MENTIONED)
@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_discord_cannot_do_now_is_done_later(
    office: Office, route: str, status: int
) -> None:
    await office.start()
    office.discord.fail(route, status, times=2, retry_after=17)
    asked = await office.ask()
    if status == 429 and "typing" not in route:
        assert office.discord.waits.count(17) >= 2, f"it waited {office.discord.waits}"
    if not office.answers(asked) or "[Helpful]" not in office.answers(asked)[0].text:
        await later(office)
        await later(office)
    office.assert_one_answer_each([asked])
    assert "[Helpful]" in office.everything()[0].text


@pytest.mark.parametrize("route", MENTIONED)
@pytest.mark.parametrize("drop", [True, False], ids=["no answer", "502"])
async def test_what_was_done_without_word_of_it_is_not_done_again(
    office: Office, route: str, drop: bool
) -> None:
    await office.start()
    office.discord.fail(route, 502, drop=drop, lose=True)
    asked = await office.ask()
    if (await office.row(asked))["outcome"] is None:
        await later(office)
    office.assert_one_answer_each([asked])
    assert "[Helpful]" in office.everything()[0].text


@pytest.mark.parametrize("place", ["direct", "channel"])
async def test_a_message_that_was_posted_without_word_of_it_is_not_posted_again(
    office: Office, place: str
) -> None:
    await office.start()
    await office.rules(office.general, threads=False)
    office.discord.fail("POST /channels/*/messages", drop=True, lose=True, times=3)
    channel = office.general if place == "channel" else office.discord.dm(office.ann)
    asked = await office.ask(channel=channel)
    for _ in range(3):
        await later(office)
    office.assert_one_answer_each([asked])


async def test_what_is_shared_or_sent_without_word_of_it_is_not_posted_again(
    office: Office,
) -> None:
    await office.start()
    used = await office.command(office.bob, "ask", question="how many days of leave?")
    office.discord.fail("POST /channels/*/messages", 502, lose=True)
    shared = await office.click(office.bob, used.message, "Share with channel")
    assert shared.text == "Shared."
    assert len(office.discord.replies(office.general)) == 1, office.transcript()


async def test_a_notice_in_private_that_was_posted_without_word_of_it_comes_once(
    office: Office,
) -> None:
    await office.start()
    await office.rules(office.general, answers="never")
    office.discord.fail("POST /channels/*/messages", 502, lose=True)
    await office.ask(by=office.bob)
    assert len(office.private(office.bob)) == 1, office.transcript()


@pytest.mark.parametrize(
    "route", ["POST /interactions/*/*/callback", "PATCH /webhooks/*/*/messages/*"]
)
@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_command_is_answered_although_discord_stumbles(
    office: Office, route: str, status: int
) -> None:
    await office.start()
    office.discord.fail(route, status, times=2, retry_after=1)
    used = await office.command(office.bob, "ask", question="how many days of leave?")
    if (await office.row(used))["outcome"] is None:
        await later(office)
    seen = office.private(office.bob)
    assert len(seen) == 1 and ANSWER in seen[0], office.transcript()


async def test_while_discord_is_down_for_long_the_question_is_kept(office: Office) -> None:
    await office.start()
    for route in MENTIONED:
        office.discord.fail(route, 503, times=None)
    asked = await office.ask()
    for _ in range(3):
        await later(office)
    assert office.everything() == [] and (await office.row(asked))["outcome"] is None
    office.discord.mend()
    await later(office)
    office.assert_one_answer_each([asked])


async def test_what_never_works_is_given_up_after_some_tries(office: Office) -> None:
    await office.start()
    for route in MENTIONED:
        office.discord.fail(route, 503, times=None)
    asked = await office.ask()
    for _ in range(9):
        await later(office)
    assert (await office.row(asked))["outcome"] == "given_up"
    seen = len(office.discord.calls)
    await later(office)
    assert len(office.discord.calls) == seen, "it goes on trying"


async def test_a_storm_of_rate_limits_is_ridden_out(office: Office) -> None:
    await office.start()
    for route in MENTIONED:
        office.discord.fail(route, 429, times=8, retry_after=2)
    asked = [await office.begin(f"days of leave {n}?") for n in range(12)]
    await office.rest()
    for _ in range(4):
        await later(office)
    office.assert_one_answer_each(asked)
    assert len(office.discord.calls) < 12 * 20, "it hammered Discord"
