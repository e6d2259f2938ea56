"""Questions that are changed or taken back, whenever and in whatever order that is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.adapters.slack_office import (
    ANSWER,
    Office,
    assert_one_answer_each,
    office_at,
)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_at(tmp_path) as opened:
        yield opened


# --- edits and deletions ----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["conversations.info", "chat.startStream", "chat.stopStream"])
async def test_an_edit_while_it_answers_changes_the_answer(office: Office, method: str) -> None:
    await office.start()
    office.slack.fail(method, latency=0.5)
    ts = await office.begin("what is the wifi password?")
    await office.slack.until(lambda: office.slack.called(method))
    text = f"{office.slack.mention} how many days of leave?"
    await office.slack.edit(office.ann, office.general, ts, text)
    await office.rest()
    assert_one_answer_each(office, [ts], office.general)


async def test_of_many_edits_the_last_is_answered(office: Office) -> None:
    await office.start()
    ts = await office.begin("what is the wifi password?")
    for word in ("car", "bus", "leave"):
        await office.slack.edit(office.ann, office.general, ts, f"{office.slack.mention} {word}?")
    await office.rest()
    assert_one_answer_each(office, [ts], office.general)


@pytest.mark.parametrize("seconds", [59, 61])
async def test_an_edit_counts_for_a_minute(office: Office, seconds: int) -> None:
    await office.start()
    ts = await office.ask("what is the wifi password?")
    office.bench.clock.tick(seconds)
    text = f"{office.slack.mention} how many days of leave?"
    await office.slack.edit(office.ann, office.general, ts, text)
    await office.rest()
    (said,) = office.said()
    assert (ANSWER in said) == (seconds < 60)


@pytest.mark.parametrize("seconds", [59, 61])
async def test_a_deletion_counts_for_a_minute(office: Office, seconds: int) -> None:
    await office.start()
    ts = await office.ask()
    office.bench.clock.tick(seconds)
    await office.slack.delete(office.general, ts)
    await office.rest()
    assert (office.said() == []) == (seconds < 60)


@pytest.mark.parametrize(
    "method", ["conversations.info", "chat.startStream", "chat.stopStream", "chat.postMessage"]
)
async def test_a_question_deleted_while_it_is_answered_leaves_nothing(
    office: Office, method: str
) -> None:
    await office.start()
    place = office.slack.dm(office.ann) if method == "chat.postMessage" else office.general
    parent = await office.slack.say(office.ann, place, "thank you")
    await office.rest()
    before = office.said(place)
    office.slack.fail(method, latency=0.4)
    if method == "chat.postMessage":
        office.slack.fail("chat.startStream", error="feature_not_enabled", times=None)
    where = {} if method == "chat.postMessage" else {"thread_ts": parent}
    ts = await office.begin(channel=place, **where)
    await office.slack.until(lambda: office.slack.called(method))
    await office.slack.delete(place, ts)
    await office.rest()
    await asyncio.sleep(0.5)  # until Slack has done what it was asked for before
    await office.rest()
    assert office.said(place) == before
    assert not office.slack.status(place, parent)


async def test_a_question_deleted_in_the_other_process_is_not_answered(office: Office) -> None:
    await office.start()
    office.slack.fail("conversations.info", latency=0.6)
    ts = await office.begin()
    await office.slack.until(lambda: office.slack.called("conversations.info"))
    (first,) = office.slack.socket_mode.connections
    await office.start(await office.replica())
    first.retiring = True  # the deletion goes to the second
    await office.slack.delete(office.general, ts)
    await office.rest()
    assert office.said() == []


@asynccontextmanager
async def last_first(office: Office) -> AsyncIterator[None]:
    """The events of the body come in the opposite order, one by one."""
    deliveries = office.slack.deliveries
    async with office.slack.out_of_order(copies=1):
        yield
        held, deliveries._held = list(reversed(deliveries._held or [])), []
        for delivery in held:
            deliveries._start(delivery)
            await office.slack.until(lambda each=delivery: each.finished)  # type: ignore[misc]
    await office.rest()


@pytest.mark.parametrize("where", ["channel", "direct"])
async def test_a_deletion_that_comes_before_its_question_is_respected(
    office: Office, where: str
) -> None:
    await office.start()
    place = office.slack.dm(office.ann) if where == "direct" else office.general
    async with last_first(office):
        ts = await office.begin(channel=place)
        await office.slack.delete(place, ts)
    assert office.said(place) == []
    assert await office.bench.rows("trace") == [], "it was looked up all the same"


@pytest.mark.parametrize("where", ["channel", "direct"])
async def test_an_edit_that_comes_before_its_question_is_respected(
    office: Office, where: str
) -> None:
    await office.start()
    place = office.slack.dm(office.ann) if where == "direct" else office.general
    async with last_first(office):
        ts = await office.begin("what is the wifi password?", channel=place)
        for words in ("what is the bus fare?", "how many days of leave?"):
            await office.slack.edit(office.ann, place, ts, f"{office.slack.mention} {words}")
    assert_one_answer_each(office, [ts], place)


async def test_edits_and_questions_that_overtake_each_other_end_with_the_last_words(
    office: Office,
) -> None:
    await office.start()
    async with office.slack.out_of_order(seed=5, copies=2):
        asked = [await office.begin(f"what is the wifi password {n}?") for n in range(12)]
        for ts in asked:
            text = f"{office.slack.mention} how many days of leave?"
            await office.slack.edit(office.ann, office.general, ts, text)
    await office.rest()
    assert_one_answer_each(office, asked, office.general)


async def test_half_of_the_questions_taken_back_in_the_rush_leaves_the_other_half(
    office: Office,
) -> None:
    await office.start()
    async with office.slack.out_of_order(seed=6, copies=2):
        asked = [await office.begin(f"days of leave {n}?") for n in range(16)]
        for ts in asked[::2]:
            await office.slack.delete(office.general, ts)
    await office.rest()
    assert_one_answer_each(office, asked[1::2], office.general)
