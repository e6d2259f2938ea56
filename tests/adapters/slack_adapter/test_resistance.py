"""An answer is shown on Slack against resistance, once only, and after a crash."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.slack.adapter import SlackAdapter
from adapters.slack.config import SlackConfig
from adapters.slack.events import PLATFORM
from bot.cards import Card
from bot.conversation.channels import ChannelRules
from bot.conversation.dispatcher import Dispatcher
from bot.types import Place, Utterance
from tests.adapters.desk_bench import Bench
from tests.adapters.slack_adapter.office import SET_STATUS, Office, at_work
from tests.adapters.slack_office import ANSWER
from tests.stand_ins.slack_server import SlackServer, live_mentions

# --- showing it against resistance ------------------------------------------------------------


@pytest.mark.parametrize("in_thread", [True, False])
@pytest.mark.parametrize("closes", [True, False])
async def test_an_answer_grows_no_faster_than_slack_allows_and_ends_whole(
    office: Office, in_thread: bool, closes: bool
) -> None:
    now = 0.0
    bot = SlackAdapter(
        SlackConfig(office.slack.bot_token, office.slack.app_token, api_url=office.slack.api_url),
        office.bench.desk,
        clock=lambda: now,
    )
    ts = await office.slack.say(office.ada, office.general, "Hello.")
    thread = ts if in_thread else None
    place = Place(PLATFORM, office.slack.team_id, office.general.id, thread)
    handle = {"ts": ts, "team": office.slack.team_id}
    asked = Utterance("slack:y", place, office.ada.id, "leave?", "mention", handle=handle)
    view = await bot.open_reply(asked, ())
    text = ""
    for now in (0.0, 0.2, 0.8, 0.9, 1.6, 2.4):
        text += f"At {now} it grew. <!here> "
        await view.grow(text)
        if now == 0.8 and closes:
            office.slack.close_streams()
    grown = ("chat.startStream", "chat.appendStream", "chat.postMessage", "chat.update")
    assert sum(len(office.slack.called(method)) for method in grown) == 4
    await view.finish(Card(text, sources=(), buttons=("why",), subject="t"))
    (reply,) = office.slack.replies(office.general)
    assert office.slack.visible(reply).count("At 2.4 it grew.") == 1
    assert office.slack.visible(reply).count("At 0.0 it grew.") == 1
    assert live_mentions(reply) == [] and "[Why this answer?]" in office.slack.visible(reply)
    assert view.shown == (reply["ts"],)
    await bot.close()


@pytest.mark.parametrize("method", ["chat.startStream", "chat.stopStream"])
@pytest.mark.parametrize("error", ["message_not_in_streaming_state", "internal_error"])
async def test_where_streaming_is_refused_the_answer_is_whole_all_the_same(
    office: Office, method: str, error: str
) -> None:
    office.slack.fail(method, error=error, times=None)
    office.slack.faults.stream_appends = 0
    await office.ask()
    (reply,) = office.replies()
    assert reply.count(ANSWER) == 1 and "● Sure" in reply and "[Helpful]" in reply


async def test_where_no_status_can_be_set_a_reaction_shows_it_and_goes_again(
    office: Office,
) -> None:
    office.slack.fail("assistant.threads.setStatus", error="missing_scope")
    ts = await office.ask()
    assert len(office.slack.called("reactions.add")) == 1
    assert not office.slack.reactions(office.general, ts)


async def test_a_status_stays_for_as_long_as_a_question_waits(
    slack: SlackServer, bench: Bench
) -> None:
    rests: asyncio.Queue[float] = asyncio.Queue()
    over = asyncio.Queue[None]()

    async def rest(seconds: float) -> None:
        await rests.put(seconds)
        await over.get()

    config = SlackConfig(slack.bot_token, slack.app_token, api_url=slack.api_url)
    bot = SlackAdapter(config, bench.desk, rest=rest)
    ada = slack.user("ada")
    general = slack.channel("general", members=[ada])
    ts = await slack.say(ada, general, "How many days of leave?")
    place = Place(PLATFORM, slack.team_id, general.id, ts)
    asked = Utterance("slack:y", place, ada.id, "leave?", "mention", handle={"ts": ts})
    view = await bot.open_reply(asked, ())
    for _ in range(3):
        slack_keeps_it = 120
        assert await rests.get() < slack_keeps_it
        over.put_nowait(None)
    await rests.get()
    assert [call.args["status"] for call in slack.called(SET_STATUS)] == ["is looking it up …"] * 4
    await view.finish(Card("25 days."))
    assert len(slack.called(SET_STATUS)) == 4 and not slack.status(general, ts)

    again = await bot.open_reply(replace(asked, id="slack:z"), ())
    await rests.get()
    del again  # nobody goes on with it
    over.put_nowait(None)
    for _ in range(10):
        await asyncio.sleep(0)
    assert over.empty() and len(slack.called(SET_STATUS)) == 5 and rests.empty()
    await bot.close()


@pytest.mark.parametrize("channel", ["general", "direct"])
@pytest.mark.parametrize("method", ["chat.postMessage", "chat.startStream"])
async def test_a_message_whose_acknowledgement_is_lost_is_not_posted_twice(
    office: Office, method: str, channel: str
) -> None:
    place = office.general if channel == "general" else office.slack.dm(office.ada)
    if method == "chat.postMessage":
        office.slack.fail("chat.startStream", error="feature_not_enabled", times=None)
    office.slack.fail(method, lose=True)
    await office.ask(channel=place)
    (reply,) = office.replies(place)
    assert ANSWER in reply and "[Helpful]" in reply


async def test_a_rate_limit_is_waited_out(office: Office) -> None:
    office.slack.fail("chat.stopStream", status=429, retry_after=1)
    office.slack.fail("conversations.info", status=429, retry_after=1)
    await office.ask()
    (reply,) = office.replies()
    assert ANSWER in reply


async def test_a_long_answer_comes_in_several_messages_with_one_set_of_buttons(
    office: Office,
) -> None:
    place = Place(PLATFORM, office.slack.team_id, office.general.id, None)
    text = "\n\n".join(f"{n}. " + "many words " * 60 for n in range(60))
    sent = await office.bot.post(place, Card(text, buttons=("why",), subject="t"))
    replies = office.replies()
    assert len(replies) > 3 and sent.link.startswith("https://")
    assert sum("[Why this answer?]" in each for each in replies) == 1


async def test_a_remark_for_one_person_finds_them_directly_where_it_must(office: Office) -> None:
    await office.bot.whisper(
        Place(PLATFORM, office.slack.team_id, office.general.id), office.ada.id, "Not here."
    )
    assert office.private() == ["Not here."]
    den = office.slack.channel("den", private=True, members=[office.ada], with_bot=False)
    await office.bot.whisper(
        Place(PLATFORM, office.slack.team_id, den.id), office.ada.id, "Not there."
    )
    assert office.replies(office.slack.dm(office.ada)) == ["Not there."]


async def test_a_channel_where_it_must_not_answer_hears_so_privately(office: Office) -> None:
    place = Place(PLATFORM, office.slack.team_id, office.general.id)
    rules = ChannelRules(answers="never")
    await office.bench.channels.set_rules(place, rules, "test", office.bench.clock())
    await office.ask()
    assert office.replies() == [] and "do not answer in this channel" in office.private()[0]


# --- once only, and after a crash -------------------------------------------------------------


async def test_events_delivered_three_times_and_out_of_order_get_one_answer_each(
    office: Office,
) -> None:
    async with office.slack.out_of_order(seed=7, copies=3):
        asked = [
            await office.slack.say(office.ada, office.general, f"{office.slack.mention} leave {n}?")
            for n in range(10)
        ]
    await office.rest()
    threads = [each["thread_ts"] for each in office.slack.replies(office.general)]
    assert sorted(threads) == sorted(asked)


async def test_what_a_dead_process_had_begun_is_finished_in_the_same_message(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.slack.fail("chat.stopStream", latency=5)
    ts = await office.slack.say(office.ada, office.general, f"{office.slack.mention} leave days?")
    await office.slack.until(lambda: bool(office.slack.called("chat.stopStream")))
    await office.bench.crash()
    (half,) = office.slack.replies(office.general, ts)
    office.bench.clock.tick(60)
    async with (
        office.bench.replica() as revived,
        at_work(office.slack, revived) as bot,
    ):
        await revived.dispatcher.recover(bot)
        await revived.settled()
        (whole,) = office.slack.replies(office.general, ts)
        assert whole["ts"] == half["ts"] and "[Helpful]" in office.slack.visible(whole)


async def test_a_message_that_was_posted_but_not_noted_is_found_again(office: Office) -> None:
    office.slack.fail("chat.startStream", lose=True, latency=0)
    direct = office.slack.dm(office.ada)
    office.slack.fail(SET_STATUS, latency=5, after=1)  # the one that takes it away at the end
    ts = await office.slack.say(office.ada, direct, "how many days of leave?")
    await office.slack.until(lambda: len(office.slack.called(SET_STATUS)) == 2)
    await office.bench.crash()
    async with office.bench.engine.begin() as db:  # as if it had died before noting it
        await db.execute(sa.text("UPDATE inbox SET shown = '[]'"))
    office.bench.clock.tick(60)
    async with (
        office.bench.replica() as revived,
        at_work(office.slack, revived) as bot,
    ):
        await revived.dispatcher.recover(bot)
        await revived.settled()
        assert len(office.slack.replies(direct)) == 1
        assert ts in direct.messages


async def test_an_event_that_could_not_be_entered_is_not_acknowledged_and_comes_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear, failures = Dispatcher.hear, [OSError("disk full")]

    async def fails_once(*args: Any) -> bool:
        if failures:
            raise failures.pop()
        return await hear(*args)

    monkeypatch.setattr(Dispatcher, "hear", fails_once)
    await office.slack.say(office.ada, office.slack.dm(office.ada), "how many days of leave?")
    await office.rest()
    assert len(office.replies(office.slack.dm(office.ada))) == 1


async def test_a_database_that_hangs_is_not_acknowledged(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = asyncio.Event()
    hear = Dispatcher.hear

    async def hangs(*args: Any) -> bool:
        await opened.wait()
        return await hear(*args)

    monkeypatch.setattr(Dispatcher, "hear", hangs)
    direct = office.slack.dm(office.ada)
    await office.slack.say(office.ada, direct, "how many days of leave?")
    (delivery,) = [each for each in office.slack.deliveries.history if each.event["text"]][:1]
    await office.slack.until(lambda: bool(delivery.attempts))
    await office.slack.socket_mode.caught_up(office.slack.socket_mode.connections[0])
    assert not delivery.acknowledged
    opened.set()
    await office.slack.until(lambda: bool(office.slack.replies(direct)))
    await office.bench.settled()
    assert len(office.slack.replies(direct)) == 1


async def test_an_answer_is_not_mistaken_for_what_somebody_had_sent_there(office: Office) -> None:
    ts = await office.slack.say(office.ada, office.general, "Good morning.")
    place = Place(PLATFORM, office.slack.team_id, office.general.id, ts)
    await office.rest()
    asked = Utterance(
        "slack:x", place, office.ada.id, "leave?", "mention", handle={"ts": ts, "team": "T1"}
    )
    await office.bot.post(place, Card("A draft that Ada sent."))
    view = await office.bot.open_reply(asked, ())  # as after a restart: nothing is remembered
    await view.finish(Card("The answer."))
    assert office.replies() == ["A draft that Ada sent.", "The answer."]
