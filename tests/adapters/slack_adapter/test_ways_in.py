"""Every way of talking to the bot on Slack: mentions, direct messages, commands, shortcuts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from adapters.slack.events import PLATFORM
from bot.types import Place
from tests.adapters.desk_bench import Bench
from tests.adapters.slack_adapter.office import SET_STATUS, Office, at_work
from tests.adapters.slack_office import ANSWER, LEAVE, will_answer
from tests.kit.fakes import evidence
from tests.stand_ins.slack_server import SlackServer, live_mentions


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
