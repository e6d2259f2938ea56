"""Slack at its worst: everything twice and out of order, replicas, rate limits, broken streams."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from langchain_core.runnables import RunnableGenerator

from adapters.slack.connection.web import LONGEST_WAIT
from bot.answers.turns import Question
from bot.conversation.inbox import LEASE
from bot.types import Delta, Reply
from tests.adapters.slack_office import (
    ANSWER,
    Office,
    assert_one_answer_each,
    office_at,
    will_answer,
)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_at(tmp_path) as opened:
        yield opened


# --- once only --------------------------------------------------------------------------------


async def burst(office: Office, *, mentions: int, direct: int, chatter: int) -> list[str]:
    """Questions and small talk, each delivered twice, all of them shuffled; what was asked.

    A mention is two events with ids of their own: ``message`` and ``app_mention``.
    """
    alone = office.slack.dm(office.bob)
    async with office.slack.out_of_order(seed=11, copies=2):
        asked = [
            await office.slack.say(
                office.ann, office.general, f"{office.slack.mention} days of leave, case {n}?"
            )
            for n in range(mentions)
        ]
        asked += [
            await office.slack.say(office.bob, alone, f"How many days of leave, case {n}?")
            for n in range(direct)
        ]
        for n in range(chatter):
            await office.slack.say(office.bob, office.general, f"I take my leave on day {n}")
        ids = Counter(each.payload["event_id"] for each in office.slack.deliveries.unfinished)
    assert set(ids.values()) == {2}
    assert len(ids) == 2 * mentions + direct + chatter
    return asked


@pytest.mark.parametrize("replicas", [1, 2])
async def test_events_that_come_twice_and_out_of_order_are_answered_once_each(
    office: Office, replicas: int
) -> None:
    await office.start()
    for _ in range(replicas - 1):
        await office.start(await office.replica())
    asked = await burst(office, mentions=40, direct=10, chatter=50)
    await office.rest(60)
    assert_one_answer_each(office, asked, office.general, office.slack.dm(office.bob))
    took = Counter(
        attempt.connection
        for delivery in office.slack.deliveries.history
        for attempt in delivery.attempts
    )
    assert len(took) >= replicas, "Slack gives each event to one of the sockets"


async def test_over_http_as_well(office: Office) -> None:
    await office.start(http=True)
    asked = await burst(office, mentions=30, direct=10, chatter=10)
    await office.rest(60)
    assert_one_answer_each(office, asked, office.general, office.slack.dm(office.bob))


@pytest.mark.slow
@pytest.mark.parametrize("replicas", [1, 2])
async def test_two_thousand_events_that_come_twice_and_out_of_order(
    office: Office, replicas: int
) -> None:
    await office.start()
    for _ in range(replicas - 1):
        await office.start(await office.replica())
    asked = await burst(office, mentions=600, direct=200, chatter=600)
    await office.rest(280)
    assert_one_answer_each(office, asked, office.general, office.slack.dm(office.bob))


async def test_questions_of_one_thread_have_a_message_each(office: Office) -> None:
    await office.start()
    parent = await office.slack.say(office.bob, office.general, "About leave:")
    async with office.slack.out_of_order(seed=3, copies=2):
        asked = [await office.begin(f"days of leave {n}?", thread_ts=parent) for n in range(12)]
    await office.rest()
    assert_one_answer_each(office, asked, office.general)


async def test_a_socket_cut_in_the_middle_of_a_burst_loses_nothing(office: Office) -> None:
    await office.start()
    asked = [await office.begin(f"days of leave {n}?") for n in range(10)]
    await office.slack.until(lambda: any(d.acknowledged for d in office.slack.deliveries.history))
    office.slack.socket_mode.drop()
    asked += [await office.begin(f"days of leave {n}?") for n in range(10, 20)]
    await office.rest()
    assert_one_answer_each(office, asked, office.general)


# --- a process that dies ----------------------------------------------------------------------


async def test_another_process_takes_over_what_a_dead_one_had_begun(office: Office) -> None:
    await office.start()
    office.slack.fail("conversations.info", latency=0.7, times=None)
    asked = [await office.begin(f"days of leave {n}?") for n in range(3)]
    await office.slack.until(lambda: office.slack.called("conversations.info"))
    await office.heard()
    await office.bench.crash()
    office.slack.faults.clear()
    other = await office.replica()
    bot = await office.start(other)
    await office.rest()
    assert office.said() == [], "the lease of the dead one still runs"
    office.bench.clock.tick(LEASE.total_seconds() + 1)
    await other.dispatcher.recover(bot)
    await office.rest()
    assert_one_answer_each(office, asked, office.general)


async def test_what_was_asked_in_one_thread_keeps_its_own_message_over_a_crash(
    office: Office,
) -> None:
    """The first is being streamed, the second not begun: it must not take the first one's."""
    await office.start()
    parent = await office.slack.say(office.bob, office.general, "About leave:")
    never = asyncio.Event()

    async def chain(questions: AsyncIterator[Question]) -> AsyncIterator[Delta | Reply]:
        async for asked in questions:
            if "first" in asked.text:
                yield Delta("To begin with, ")
            await never.wait()

    office.bench.assistant._chain = RunnableGenerator(chain)
    asked = [
        await office.begin(f"days of leave, {word}?", thread_ts=parent)
        for word in ("second", "first")
    ]
    await office.heard()
    while not any(row["shown"] != "[]" for row in await office.bench.rows("inbox")):
        await office.slack.changed(0.05)
    await office.bench.crash()
    office.bench.clock.tick(LEASE.total_seconds() + 1)
    await office.start(await office.replica())
    await office.rest()
    assert_one_answer_each(office, asked, office.general)


# --- rate limits and failures -----------------------------------------------------------------


@pytest.fixture
async def waiting(office: Office) -> tuple[Office, list[float]]:
    """The bot, and how long it waited: its waiting moves the clock that Slack goes by."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        office.bench.clock.tick(seconds)
        await asyncio.sleep(0)

    await office.start(sleep=sleep)
    return office, waits


@pytest.mark.parametrize(
    "method", ["chat.stopStream", "users.info", "conversations.info", "chat.postMessage"]
)
async def test_what_slack_asks_to_wait_is_waited(
    waiting: tuple[Office, list[float]], method: str
) -> None:
    office, waits = waiting
    direct = office.slack.dm(office.ann)
    office.slack.fail(method, status=429, retry_after=17, times=2)
    if method == "chat.postMessage":
        office.slack.fail("chat.startStream", error="feature_not_enabled", times=None)
    await office.ask() if method not in ("chat.postMessage", "users.info") else await office.say(
        "How many days of leave?", channel=direct
    )
    said = office.said() + office.said(direct)
    assert len(said) == 1 and ANSWER in said[0]
    assert 17 in waits, f"it waited {waits}"
    refused, *_, last = office.slack.called(method)
    assert (last.time - refused.time).total_seconds() >= 17
    assert len(office.slack.called(method)) <= 4, "it hammered"


@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream", "chat.update"])
async def test_growing_is_given_up_rather_than_waited_for(
    waiting: tuple[Office, list[float]], method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, waits = waiting
    monkeypatch.setattr("adapters.slack.showing.replies.GROW_SECONDS", 0)
    if method == "chat.update":
        office.slack.fail("chat.startStream", error="feature_not_enabled", times=None)
    office.slack.fail(method, status=429, retry_after=9)
    will_answer(office.bench, "One. ", "Two. ", "Three. ", "Four.")
    await office.ask()
    (said,) = office.said()
    assert "One. Two. Three. Four." in said and "[Helpful]" in said
    if method != "chat.update":
        assert 9 not in waits


async def test_a_storm_of_rate_limits_is_ridden_out(waiting: tuple[Office, list[float]]) -> None:
    office, waits = waiting
    for method in ("chat.startStream", "chat.stopStream", "chat.postMessage", "chat.update"):
        office.slack.faults.limit(method, 2, 5.0)
    office.slack.faults.limit("users.info", 1, 2.0)
    office.slack.faults.limit("conversations.info", 1, 2.0)
    asked = [await office.begin(f"days of leave {n}?") for n in range(12)]
    for _ in range(8):
        await office.rest()
        office.bench.clock.tick(LEASE.total_seconds() + 1)
        for bench in office.benches:
            await bench.dispatcher.recover(office.bots[0])
    await office.rest()
    assert_one_answer_each(office, asked, office.general)
    refused = [call for call in office.slack.calls if call.status == 429]
    assert refused, "there was no storm"
    assert len(office.slack.calls) < 12 * 30, "it hammered Slack"
    assert waits and max(waits) <= 5


async def test_a_wait_without_end_is_not_waited_and_the_answer_comes_later(
    waiting: tuple[Office, list[float]],
) -> None:
    office, waits = waiting
    office.slack.fail("chat.startStream", error="feature_not_enabled", times=None)
    office.slack.fail("chat.postMessage", status=429, retry_after=3600, times=3)
    ts = await office.ask()
    assert office.said() == [] and sum(waits) <= LONGEST_WAIT
    office.bench.clock.tick(LEASE.total_seconds() + 1)
    await office.bench.dispatcher.recover(office.bots[0])
    await office.rest()
    assert_one_answer_each(office, [ts], office.general)


async def test_what_slack_refuses_for_ever_is_given_up(
    waiting: tuple[Office, list[float]],
) -> None:
    office, _ = waiting
    for method in ("chat.startStream", "chat.postMessage"):
        office.slack.fail(method, status=429, retry_after=3600, times=None)
    await office.ask()
    for _ in range(8):
        office.bench.clock.tick(LEASE.total_seconds() + 1)
        await office.bench.dispatcher.recover(office.bots[0])
        await office.rest()
    (row,) = await office.bench.rows("inbox")
    assert row["outcome"] == "given_up" and row["body"] in (None, "null")
    calls = len(office.slack.calls)
    office.bench.clock.tick(3600)
    await office.bench.dispatcher.recover(office.bots[0])
    await office.rest()
    assert len(office.slack.calls) == calls, "it still tries"


@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize(
    "method",
    [
        "chat.startStream",
        "chat.stopStream",
        "chat.postMessage",
        "conversations.info",
        "assistant.threads.setStatus",
    ],
)
async def test_a_server_error_costs_no_answer(
    waiting: tuple[Office, list[float]], method: str, status: int
) -> None:
    office, _ = waiting
    if method == "chat.postMessage":
        office.slack.fail("chat.startStream", error="feature_not_enabled", times=None)
    office.slack.fail(method, status=status, times=2)
    ts = await office.ask()
    if not office.said():
        office.bench.clock.tick(LEASE.total_seconds() + 1)
        await office.bench.dispatcher.recover(office.bots[0])
        await office.rest()
    assert_one_answer_each(office, [ts], office.general)


# --- streams ----------------------------------------------------------------------------------


@pytest.fixture
def fast_growth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.slack.showing.replies.GROW_SECONDS", 0)


WORDS = [f"word{n} " for n in range(40)]


@pytest.mark.usefixtures("fast_growth")
@pytest.mark.parametrize("appends", [0, 1, 7])
async def test_a_stream_that_slack_closes_early_is_completed_in_its_message(
    office: Office, appends: int
) -> None:
    await office.start()
    office.slack.faults.stream_appends = appends
    will_answer(office.bench, *WORDS)
    await office.ask()
    (said,) = office.said()
    assert "".join(WORDS).strip() in said and said.count("word0 ") == 1 and "[Helpful]" in said


@pytest.mark.usefixtures("fast_growth")
async def test_a_stream_that_its_reader_stops_is_completed_all_the_same(office: Office) -> None:
    await office.start()
    gate = asyncio.Event()
    will_answer(office.bench, *WORDS, gate=gate)
    ts = await office.begin()
    await office.slack.until(lambda: office.slack.called("chat.appendStream"))
    (growing,) = office.slack.replies(office.general, ts)
    await office.slack.stop_stream(office.general, growing["ts"])
    gate.set()
    await office.rest()
    (said,) = office.said()
    assert "".join(WORDS).strip() in said and "[Helpful]" in said


@pytest.mark.usefixtures("fast_growth")
async def test_a_stream_that_gets_too_long_goes_on_in_further_messages(office: Office) -> None:
    await office.start()
    pieces = [f"{n:04} {'many words ' * 20}\n\n" for n in range(90)]
    will_answer(office.bench, *pieces)
    await office.ask()
    said = office.said()
    assert len(said) > 1
    numbers = [word for word in " ".join(said).split() if len(word) == 4 and word.isdigit()]
    assert numbers == [f"{n:04}" for n in range(90)]
    assert not [call for call in office.slack.calls if call.answer.get("error") == "msg_too_long"]


@pytest.mark.usefixtures("fast_growth")
@pytest.mark.parametrize("broken", ["drop", "lose"])
@pytest.mark.parametrize("method", ["chat.appendStream", "chat.stopStream", "chat.startStream"])
async def test_a_lost_answer_of_slacks_repeats_no_word(
    office: Office, method: str, broken: str
) -> None:
    await office.start()
    office.slack.fail(method, times=1, **{broken: True})  # type: ignore[arg-type]
    will_answer(office.bench, *WORDS)
    await office.ask()
    (said,) = office.said()
    assert [word for word in said.split() if word.startswith("word")] == "".join(WORDS).split()
