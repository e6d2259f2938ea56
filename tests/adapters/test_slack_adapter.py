"""The real Bolt app over a Slack that answers as Slack does: every way in, and what goes wrong."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa

from adapters.slack.adapter import SlackAdapter
from adapters.slack.config import SlackConfig
from adapters.slack.connection.watchdog import Patience, Watchdog
from adapters.slack.events import PLATFORM
from bot.cards import Card
from bot.conversation.channels import ChannelRules, WorkspaceRules
from bot.conversation.dispatcher import Dispatcher
from bot.errors import ConfigurationError
from bot.types import Place, Utterance
from knowledge.types import Attachment
from tests.adapters.desk_bench import Bench
from tests.adapters.hand import Hand
from tests.adapters.slack_office import (
    ANSWER,
    LEAVE,
    at_rest,
    shown_links,
    will_answer,
)
from tests.kit.fakes import evidence
from tests.stand_ins.slack_server import Channel, Json, SlackServer, User, live_mentions

SET_STATUS = "assistant.threads.setStatus"


@dataclass
class Office:
    """A workspace with the bot at work in it."""

    slack: SlackServer
    bench: Bench
    bot: SlackAdapter
    ada: User
    bob: User
    general: Channel

    async def rest(self) -> None:
        """Wait until everything is said."""
        await at_rest(self.slack)

    async def say(self, text: str, **where: Any) -> str:
        """Ada says it in #general."""
        ts = await self.slack.say(self.ada, where.pop("channel", self.general), text, **where)
        await self.rest()
        return ts

    async def ask(self, text: str = "How many days of leave?", **where: Any) -> str:
        """Ada asks the bot by name."""
        return await self.say(f"{self.slack.mention} {text}", **where)

    def replies(self, channel: Channel | None = None) -> list[str]:
        """What the bot said, as people read it."""
        return [self.slack.visible(each) for each in self.slack.replies(channel or self.general)]

    def private(self, user: User | None = None) -> list[str]:
        """What only this person sees."""
        return [self.slack.visible(each) for each in self.slack.ephemerals(user or self.ada)]

    def modal(self, user: User | None = None) -> Json:
        """The modal on top."""
        return self.slack.views(user or self.ada)[-1]


async def no_time(_: float) -> None:
    """Wait for nothing."""


@asynccontextmanager
async def at_work(slack: SlackServer, bench: Bench, **config: Any) -> AsyncIterator[SlackAdapter]:
    """The adapter, connected and listening."""
    given = {"app_token": slack.app_token, "api_url": slack.api_url} | config
    bot = SlackAdapter(SlackConfig(slack.bot_token, **given), bench.desk, sleep=no_time)
    await bot.connect()
    listening = asyncio.create_task(bot.listen())
    try:
        yield bot
    finally:
        await bot.stop_listening()
        await bench.dispatcher.close(1)
        await listening
        await bot.close()


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer(retry_seconds=(0.0, 0.2, 0.5)) as server:
        yield server


@pytest.fixture
async def office(slack: SlackServer, bench: Bench) -> AsyncIterator[Office]:
    ada, bob = slack.user("ada", is_admin=True), slack.user("bob")
    general = slack.channel("general", members=[ada, bob])
    bench.knows("leave", LEAVE)
    async with at_work(slack, bench) as bot:
        yield Office(slack, bench, bot, ada, bob, general)


# --- ways in ----------------------------------------------------------------------------------


async def test_a_mention_is_answered_in_its_thread_with_source_confidence_and_buttons(
    office: Office,
) -> None:
    ts = await office.ask()
    (reply,) = office.slack.replies(office.general)
    shown = office.slack.visible(reply)
    assert reply["thread_ts"] == ts
    assert ANSWER in shown and "[1] Annual leave (https://intra.example/leave)" in shown
    assert "● Sure" in shown and "[Helpful]  [Not helpful]  [Why this answer?]" in shown
    assert reply["text"] and not office.slack.is_streaming(office.general, reply["ts"])
    assert office.slack.called("chat.startStream") and office.slack.called("chat.stopStream")
    assert not office.slack.status(office.general, ts)
    assert all(call.ok for call in office.slack.calls)


async def test_a_follow_up_needs_no_mention_and_quiet_is_obeyed(office: Office) -> None:
    ts = await office.ask()
    await office.say("And how many days of leave for bakers?", thread_ts=ts)
    assert len(office.replies()) == 2
    await office.say("quiet", thread_ts=ts)
    await office.say("How many days of leave?", thread_ts=ts)
    assert len(office.replies()) == 3 and "quiet" in office.replies()[-1]


async def test_what_nobody_asked_the_bot_is_left_alone(office: Office) -> None:
    await office.say("How many days of leave do we have?")
    await office.slack.say_as_other_bot(office.general, f"{office.slack.mention} leave?")
    await office.rest()
    assert office.replies() == []


async def test_a_direct_message_is_answered_in_a_thread_of_its_own_with_title_and_status(
    office: Office,
) -> None:
    direct = office.slack.dm(office.ada)
    first = await office.say("How many days of leave?", channel=direct)
    second = await office.say("Good morning!", channel=direct)
    await office.say("And how many days of leave for bakers?", channel=direct, thread_ts=first)
    threads = [each["thread_ts"] for each in office.slack.replies(direct)]
    assert threads == [first, second, first] and ANSWER in office.replies(direct)[0]
    assert office.slack.title(direct, first) == "How many days of leave?"
    statuses = [call.args["thread_ts"] for call in office.slack.called(SET_STATUS)]
    assert statuses == [first, second, first] and not office.slack.status(direct, first)
    assert not office.slack.called("reactions.add")


async def test_a_direct_message_goes_on_with_the_talk_although_it_begins_a_thread(
    office: Office,
) -> None:
    direct = office.slack.dm(office.ada)
    await office.say("How many days of leave?", channel=direct)
    await office.say("And for bakers?", channel=direct)
    bobs = office.slack.dm(office.bob)
    await office.slack.say(office.bob, bobs, "And for bakers?")
    await office.rest()
    assert ANSWER in office.replies(direct)[-1] and ANSWER not in office.replies(bobs)[0]


@asynccontextmanager
async def agent(slack: SlackServer, bench: Bench, *prompts: str) -> AsyncIterator[Office]:
    """The bot with prompts for newcomers."""
    bench.knows("leave", LEAVE)
    ada = slack.user("ada")
    async with at_work(slack, replace(bench, desk=replace(bench.desk, prompts=prompts))) as bot:
        yield Office(slack, bench, bot, ada, ada, slack.channel("general", members=[ada]))


async def test_an_agent_offers_prompts_when_its_conversation_is_opened(
    slack: SlackServer, bench: Bench
) -> None:
    asked = [f"Question {n}?" for n in range(6)]
    async with agent(slack, bench, *asked) as office:
        direct = slack.dm(office.ada)
        await slack.open_home(office.ada)
        await office.rest()
        assert slack.prompts(direct) == [] and slack.home(office.ada)
        await slack.open_home(office.ada, "messages")
        await slack.look_at(office.ada, office.general)
        await slack.look_at(office.ada)
        await office.rest()
        assert [each["message"] for each in slack.prompts(direct)] == asked[:4]
        assert office.replies(direct) == []
    assert all(each.acknowledged for each in slack.deliveries.history)


async def test_an_app_with_the_old_view_keeps_its_container(
    slack: SlackServer, bench: Bench
) -> None:
    slack.workspace.view = "assistant"
    async with agent(slack, bench, "How many days of leave?", "When is payday?") as office:
        thread = await slack.start_assistant_thread(office.ada, office.general)
        await slack.change_assistant_context(office.ada, thread, office.general)
        await office.rest()
        direct = slack.dm(office.ada)
        prompts = [each["message"] for each in slack.prompts(direct, thread)]
        assert prompts == ["How many days of leave?", "When is payday?"]
        await office.say("How many days of leave?", channel=direct, thread_ts=thread)
        await office.say("And how many days of leave for bakers?", channel=direct, thread_ts=thread)
        assert slack.title(direct, thread) == "How many days of leave?"
        assert len(slack.called("assistant.threads.setTitle")) == 1
        assert ANSWER in office.replies(direct)[-1] and slack.called("chat.startStream")
    assert all(each.acknowledged for each in slack.deliveries.history)


async def test_an_app_that_is_no_agent_answers_all_the_same(
    slack: SlackServer, bench: Bench
) -> None:
    slack.bot_scopes -= {"assistant:write"}
    async with agent(slack, bench, "How many days of leave?") as office:
        await slack.open_home(office.ada, "messages")
        await office.say("How many days of leave?", channel=slack.dm(office.ada))
        assert ANSWER in office.replies(slack.dm(office.ada))[0]


async def test_ask_answers_privately_and_shares_when_told_to(office: Office) -> None:
    await office.slack.command(office.ada, office.general, "/ask", "how many days of leave?")
    await office.rest()
    assert office.replies() == [] and office.private(office.bob) == []
    (answer,) = office.slack.ephemerals(office.ada)
    assert ANSWER in office.slack.visible(answer)
    await office.slack.click(office.ada, answer, "housevoice:share")
    await office.rest()
    (shared,) = office.slack.replies(office.general)
    assert "@ada asked" in office.slack.visible(shared) and ANSWER in office.slack.visible(shared)
    assert live_mentions(shared) == []


async def test_a_private_answer_from_a_limited_source_is_not_shared(office: Office) -> None:
    board = office.slack.usergroup("board", [office.ada])
    text = "The bonus is 900 pounds."
    secret = evidence(text, document="board.md", access=frozenset({f"slack:group:{board.id}"}))
    office.bench.knows("bonus", secret)
    await office.slack.command(office.ada, office.general, "/ask", "what is the bonus?")
    await office.rest()
    answer = office.slack.ephemerals(office.ada)[-1]
    assert text in office.slack.visible(answer)
    await office.slack.click(office.ada, answer, "housevoice:share")
    await office.rest()
    assert office.replies() == [] and "cannot share" in office.private()[-1]
    await office.ask("what is the bonus?")
    assert "900" not in office.replies()[-1]


async def test_a_public_ask_shows_question_and_answer_to_all(office: Office) -> None:
    await office.slack.command(office.ada, office.general, "/ask", "--public days of leave?")
    await office.rest()
    (reply,) = office.replies()
    assert reply.startswith("@ada asked: days of leave?") and ANSWER in reply


async def test_a_public_ask_stands_there_at_once_and_its_answer_grows_in_its_place(
    office: Office,
) -> None:
    gate, asked = asyncio.Event(), "--public days of leave?"
    will_answer(office.bench, "First. ", "Then more.", gate=gate)
    await office.slack.command(office.ada, office.general, "/ask", asked)
    seen = await office.slack.until(lambda: office.replies())
    assert seen == ["@ada asked: days of leave?\n\nLooking it up …"]
    await office.slack.until(lambda: "First." in office.replies()[0])
    gate.set()
    await office.rest()
    (reply,) = office.replies()
    assert reply.startswith("@ada asked: days of leave?\n\nFirst. Then more.")
    assert "[Helpful]" in reply and office.private() == []


async def test_a_public_ask_works_where_the_bot_is_no_member(office: Office) -> None:
    private = office.slack.channel("den", private=True, members=[office.ada], with_bot=False)
    await office.slack.command(office.ada, private, "/ask", "--public days of leave?")
    await office.rest()
    (reply,) = office.replies(private)
    assert "days of leave?" in reply and ANSWER not in reply  # who is in there is not known
    assert office.private() == ["Looking it up …"]


async def test_a_public_ask_that_could_not_stand_there_at_once_does_in_the_end(
    office: Office,
) -> None:
    office.slack.fail("chat.postMessage", error="internal_error")
    await office.slack.command(office.ada, office.general, "/ask", "--public days of leave?")
    await office.rest()
    (reply,) = office.replies()
    assert reply.startswith("@ada asked: days of leave?") and ANSWER in reply


async def test_an_expired_response_url_leads_to_another_private_way(office: Office) -> None:
    office.slack.fail("response_url", status=404, times=None)
    await office.slack.command(office.ada, office.general, "/ask", "how many days of leave?")
    await office.rest()
    assert ANSWER in office.private()[-1] and office.slack.called("chat.postEphemeral")


async def test_help_and_unknown_words_are_answered_privately(office: Office) -> None:
    await office.slack.command(office.bob, office.general, "/help")
    await office.slack.command(office.bob, office.general, "/kb", "nonsense")
    await office.rest()
    helped, refused = office.private(office.bob)
    assert "/ask" in helped and "/kb channel" in refused


async def test_an_admin_fills_in_a_form_and_sees_faults_beside_its_fields(office: Office) -> None:
    await office.slack.command(office.ada, office.general, "/kb", "channel")
    await office.rest()
    refused = await office.slack.submit(office.modal(), {"bar.value": "7"})
    assert refused.answer["errors"] == {"bar": "Give a number from 0 to 1, such as 0.8."}
    await office.slack.submit(office.modal(), {"bar.value": "0.7", "answers.value": "unprompted"})
    assert "Saved" in office.slack.visible(office.modal())
    place = Place(PLATFORM, office.slack.team_id, office.general.id)
    assert (await office.bench.channels.rules(place)).bar == 0.7


async def test_who_is_no_admin_is_told_so(office: Office) -> None:
    await office.slack.command(office.bob, office.general, "/kb", "channel")
    await office.rest()
    assert "for admins" in office.slack.visible(office.modal(office.bob))


async def test_a_message_is_said_in_our_voice_edited_and_sent_into_its_thread(
    office: Office,
) -> None:
    ts = await office.slack.say(office.bob, office.general, "hi, your parcel is late, sorry!")
    await office.slack.shortcut(office.ada, "say_in_voice", office.general, ts)
    await office.rest()
    assert "parcel is late" in office.slack.visible(office.modal())
    await office.slack.click(office.ada, office.modal(), "housevoice:edit")
    await office.rest()
    await office.slack.submit(office.modal(), {"text.value": "Your parcel comes on Tuesday."})
    await office.slack.click(office.ada, office.modal(), "housevoice:copy")
    await office.rest()
    assert "Your parcel comes on Tuesday." in office.slack.visible(office.modal())
    assert not office.slack.socket_mode.protocol_errors


async def test_a_draft_is_sent_by_its_button(office: Office) -> None:
    ts = await office.slack.say(office.bob, office.general, "hi, your parcel is late, sorry!")
    await office.slack.shortcut(office.ada, "say_in_voice", office.general, ts)
    await office.rest()
    await office.slack.click(office.ada, office.modal(), "housevoice:send")
    await office.rest()
    (sent,) = office.slack.replies(office.general)
    assert sent["thread_ts"] == ts and "@ada" in office.slack.visible(sent)
    assert "Sent: see it there (https://" in office.slack.visible(office.modal())


async def test_voice_say_answers_with_buttons_that_work(office: Office) -> None:
    await office.slack.command(office.ada, office.general, "/voice", "say your parcel is late")
    await office.rest()
    draft = office.slack.ephemerals(office.ada)[-1]
    await office.slack.click(office.ada, draft, "housevoice:edit")
    await office.rest()
    await office.slack.submit(office.modal(), {"text.value": "It comes on Tuesday."})
    assert "It comes on Tuesday." in office.slack.visible(office.modal())


async def test_answer_this_answers_whoever_pointed_at_it(office: Office) -> None:
    ts = await office.slack.say(office.bob, office.general, "how many days of leave do I have?")
    await office.slack.shortcut(office.ada, "answer_this", office.general, ts)
    await office.rest()
    assert ANSWER in office.private()[-1]
    assert office.replies() == [] and office.private(office.bob) == []


async def test_the_home_tab_is_filled_when_it_is_opened(office: Office) -> None:
    await office.slack.open_home(office.bob)
    await office.slack.open_home(office.ada)
    await office.rest()
    plain, full = office.slack.home(office.bob), office.slack.home(office.ada)
    assert plain is not None and full is not None
    assert "/kb" not in office.slack.visible(plain)
    assert "For admins" in office.slack.visible(full)
    assert "/kb forum" not in office.slack.visible(full)


# --- buttons ----------------------------------------------------------------------------------


async def test_feedback_is_thanked_for_privately_and_kept(office: Office) -> None:
    await office.ask()
    (reply,) = office.slack.replies(office.general)
    await office.slack.click(office.bob, reply, "housevoice:unhelpful")
    await office.rest()
    assert "Thank you" in office.private(office.bob)[0] and office.private() == []
    assert len(await office.bench.rows("feedback")) == 1


async def test_why_opens_a_modal_with_what_was_read(office: Office) -> None:
    await office.ask()
    (reply,) = office.slack.replies(office.general)
    await office.slack.click(office.bob, reply, "housevoice:why")
    await office.rest()
    shown = office.slack.visible(office.modal(office.bob))
    assert "What I read" in shown and "Annual leave" in shown and "Voice: fernhill" in shown


async def test_a_modal_that_slack_opens_no_more_is_told_as_a_message(office: Office) -> None:
    await office.ask()
    (reply,) = office.slack.replies(office.general)
    office.slack.fail("views.open", error="expired_trigger_id")
    await office.slack.click(office.bob, reply, "housevoice:why")
    await office.rest()
    assert "What I read" in office.private(office.bob)[-1]


async def test_ask_a_person_posts_the_question_with_a_link_to_the_thread(office: Office) -> None:
    helpers = office.slack.channel("help", members=[office.bob])
    place = Place(PLATFORM, office.slack.team_id, office.general.id)
    rules = WorkspaceRules(help_channel=helpers.id)
    await office.bench.channels.set_workspace(place, rules, "test", office.bench.clock())
    await office.ask("what is the wifi password?")
    (reply,) = office.slack.replies(office.general)
    await office.slack.click(office.ada, reply, "housevoice:person")
    await office.rest()
    (called,) = office.replies(helpers)
    assert "@ada would like" in called and f"archives/{office.general.id}" in called
    assert "I have asked the people there" in office.private()[-1]
    told = office.slack.ephemerals(office.ada)[-1]
    (posted,) = office.slack.replies(helpers)
    assert f"p{posted['ts'].replace('.', '')}" in "".join(shown_links(told))


# --- edits, deletions, files, threads ---------------------------------------------------------


async def test_an_edit_changes_the_answer_in_its_place(office: Office) -> None:
    ts = await office.ask("what is the wifi password?")
    await office.slack.edit(
        office.ada, office.general, ts, f"{office.slack.mention} how many days of leave?"
    )
    await office.rest()
    (reply,) = office.replies()
    assert ANSWER in reply


async def test_a_deleted_question_takes_its_answer_along(office: Office) -> None:
    ts = await office.ask()
    await office.slack.delete(office.general, ts)
    await office.rest()
    assert office.replies() == []


async def test_the_bot_token_goes_to_slack_only(office: Office) -> None:
    def headers(url: str) -> dict[str, str]:
        return dict(office.bot.with_credentials(Attachment("f", url)).headers)

    sent = {"Authorization": f"Bearer {office.slack.bot_token}"}
    assert headers("https://files.slack.com/files-pri/T1-F1/a.pdf") == sent
    assert headers(f"{office.slack.api_url}files") == sent
    for elsewhere in (
        "https://files.slack.com.evil.example/a",
        "http://files.slack.com/a",
        "https://evilslack.com/a",
        "",
    ):
        assert headers(elsewhere) == {}


async def test_files_are_read_and_those_of_shared_channels_are_asked_for(office: Office) -> None:
    joint = office.slack.channel("joint", shared=True, members=[office.ada])
    await office.ask("what is this?", channel=joint, files=[("note.txt", b"Leave is 30 days.")])
    ((_, files),) = office.bench.attachments.given
    assert [each.name for each in files] == ["note.txt"]
    assert files[0].url.startswith("http") and "Authorization" in files[0].headers


async def test_what_people_said_before_is_read_once(office: Office) -> None:
    ts = await office.slack.say(office.bob, office.general, "I need leave in May.")
    await office.say("Ask the bot.", thread_ts=ts)
    await office.ask("how many days of leave?", thread_ts=ts)
    await office.ask("how many days of leave then?", thread_ts=ts)
    assert len(office.slack.called("conversations.replies")) == 1
    assert len(office.replies()) == 2


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


# --- connections ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"app_token": None}, "SLACK_SIGNING_SECRET"),
        ({"app_token": "xapp-wrong"}, "connections:write"),
        ({"bot_token": "xoxb-wrong"}, "OAuth & Permissions"),
    ],
)
async def test_a_wrong_setting_is_named_with_what_to_do(
    slack: SlackServer, bench: Bench, given: dict[str, Any], words: str
) -> None:
    settings = {"bot_token": slack.bot_token, "app_token": slack.app_token} | given
    bot = SlackAdapter(SlackConfig(**settings, api_url=slack.api_url), bench.desk)
    with pytest.raises(ConfigurationError, match=words):
        await bot.connect()
    await bot.close()


@pytest.mark.parametrize("how", ["drop", "refresh_requested"])
async def test_a_socket_that_ends_is_opened_anew(office: Office, how: str) -> None:
    if how == "drop":
        office.slack.socket_mode.drop()
    else:
        await office.slack.socket_mode.disconnect("refresh_requested")
    await office.ask()
    assert len(office.replies()) == 1


def test_a_socket_that_only_answers_pings_is_doubted_in_the_end() -> None:
    hand = Hand()
    dog = Watchdog(Patience(silent=30, quiet=600), hand)

    def later() -> str:
        hand.move(10)
        return dog.look()

    for _ in range(60):
        assert later() == "fine"
        dog.alive()
    assert later() == "quiet"
    dog.heard()
    assert [later() for _ in range(4)] == ["fine", "fine", "fine", "silent"]


async def test_answers_still_go_out_after_listening_has_stopped(office: Office) -> None:
    office.slack.fail("chat.startStream", latency=0.3)
    ts = await office.slack.say(office.ada, office.general, f"{office.slack.mention} leave days?")
    await office.slack.until(lambda: bool(office.slack.called("chat.startStream")))
    await office.bot.stop_listening()
    await office.bench.settled()
    assert ANSWER in office.slack.visible(office.slack.replies(office.general, ts)[0])


async def test_no_text_and_no_token_gets_into_the_log(
    office: Office, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger().setLevel(logging.DEBUG)
    await office.ask("how many days of leave has Mephistopheles?")
    office.slack.send({"type": "event_callback", "event": {"type": "news", "text": "Mephisto"}})
    office.slack.fail("views.publish", error="internal_error")
    await office.slack.open_home(office.ada)
    await office.rest()
    out = capfd.readouterr()
    logged = (
        out.out
        + out.err
        + "".join(record.getMessage() for record in caplog.records if "slack" in record.name)
    )
    for secret in ("Mephisto", office.slack.bot_token, office.slack.app_token, "ticket="):
        assert secret not in logged


# --- HTTP mode --------------------------------------------------------------------------------


@pytest.fixture
async def served(slack: SlackServer, bench: Bench) -> AsyncIterator[Office]:
    ada = slack.user("ada")
    general = slack.channel("general", members=[ada])
    bench.knows("leave", LEAVE)
    secret = slack.signing_secret
    async with at_work(
        slack, bench, app_token=None, signing_secret=secret, port=0, host="127.0.0.1"
    ) as bot:
        slack.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        yield Office(slack, bench, bot, ada, ada, general)


async def test_signed_requests_are_answered(served: Office) -> None:
    assert json.loads((await served.slack.verify_url()).body)["challenge"]
    await served.ask()
    await served.slack.command(served.ada, served.general, "/ask", "a payload of leave & more?")
    await served.rest()
    assert ANSWER in served.replies()[0]
    assert ANSWER in served.private()[-1]


@pytest.mark.parametrize("how", [{"secret": "forged"}, {"age_seconds": 400}])
async def test_forged_and_stale_requests_are_refused(served: Office, how: dict[str, Any]) -> None:
    payload = {"type": "event_callback", "event": {"type": "app_mention"}}
    request = served.slack.http_mode.sign(payload, **how)
    assert (await served.slack.http_mode.send(request)).status == 401


async def test_a_replayed_request_changes_nothing(served: Office) -> None:
    await served.ask()
    delivered = served.slack.deliveries.history[0].payload
    request = served.slack.http_mode.sign(delivered)
    answers = [(await served.slack.http_mode.send(request)).status for _ in range(2)]
    await served.rest()
    assert answers == [200, 200] and len(served.replies()) == 1


async def test_what_is_no_request_of_slacks_is_turned_away(served: Office) -> None:
    url = f"http://127.0.0.1:{served.bot.port}"
    signed = served.slack.http_mode.sign({})
    async with aiohttp.ClientSession() as browser:
        async with browser.get(f"{url}/health") as health:
            assert (health.status, await health.text()) == (200, "ok")
        async with browser.post(f"{url}/slack/events", data="x") as unsigned:
            assert unsigned.status == 401
        odd = {**signed.headers, "X-Slack-Request-Timestamp": "now"}
        async with browser.post(f"{url}/slack/events", data=signed.body, headers=odd) as dated:
            assert dated.status == 401
