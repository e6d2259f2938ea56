"""Every way of talking to the bot on Discord, over HTTP and a websocket, with the real core."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import discord
import pytest
from simcord import ChannelHandle, MemberActor

from adapters.base import serve
from adapters.discord.adapter import DiscordAdapter
from adapters.discord.checkup import examine, sync
from adapters.discord.commands import ANSWER_THIS, IN_OUR_VOICE
from adapters.discord.config import DiscordConfig, permissions
from bot.cards import Card, Choice
from bot.conversation.channels import ChannelRules
from bot.desk.commands import Command, Commands, Invocation, Parameter
from bot.errors import ConfigurationError, PlatformError
from bot.types import Place, Utterance
from tests.adapters.desk_bench import Bench
from tests.adapters.discord_office import at_rest
from tests.kit.fakes import evidence
from tests.stand_ins.discord_server import DiscordServer, Interaction, Posted

LEAVE = evidence("You get 28 days of annual leave.", title="Leave policy")
ANSWER = "28 days of annual leave. [1]"


@dataclass
class Scene:
    """A server with the bot on it and two people in a channel."""

    server: DiscordServer
    bench: Bench
    config: DiscordConfig
    adapter: DiscordAdapter = field(init=False)
    ann: MemberActor = field(init=False)
    bob: MemberActor = field(init=False)
    general: ChannelHandle = field(init=False)

    async def start(self, bench: Bench | None = None) -> None:
        self.adapter = DiscordAdapter(self.config, (bench or self.bench).desk)
        await self.server.start(self.adapter.client)

    async def done(self) -> None:
        """Wait until everything heard is answered and shown."""
        await at_rest(self.server)

    async def rules(self, channel: ChannelHandle, **rules: object) -> None:
        guild = str(self.server.guild.id)
        await self.bench.channels.set_rules(
            Place("discord", guild, str(channel.id)),
            ChannelRules.model_validate(rules),
            "test",
            datetime.now(UTC),
        )

    async def ask(self, text: str = "how many days of leave?") -> Posted:
        """Ann mentions the bot in the channel; the answer, wherever it is."""
        asked = await self.server.say(self.ann, self.general, f"{self.server.mention} {text}")
        await self.done()
        (answer,) = self.server.replies(asked.thread or self.general)
        return answer

    async def command(
        self, user: MemberActor, name: str, sub: str | None = None, **given: Any
    ) -> Interaction:
        used = await self.server.command(user, self.general, name, sub=sub, **given)
        await self.done()
        return used

    async def click(self, user: MemberActor, message: Posted, label: str) -> Interaction:
        used = await self.server.click(user, message, label=label)
        await self.done()
        return used


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(permissions=permissions()) as server:
        yield server


@pytest.fixture
def content() -> bool:
    """Whether the bot has the message-content intent."""
    return True


@pytest.fixture
async def scene(server: DiscordServer, bench: Bench, content: bool) -> AsyncIterator[Scene]:
    config = DiscordConfig(server.token, message_content=content)
    await sync(config, bench.commands)
    bench.knows("leave", LEAVE)
    scene = Scene(server, bench, config)
    scene.ann, scene.bob = server.user("Ann", admin=True), server.user("Bob")
    scene.general = server.channel("general")
    await scene.start()
    yield scene
    await server.idle(0.02)
    await scene.adapter.close()
    assert server.rung == {}, "nobody is ever rung"


# --- messages ---------------------------------------------------------------------------------


async def test_a_mention_is_answered_in_a_thread_named_by_the_question(scene: Scene) -> None:
    answer = await scene.ask()
    assert answer.channel._channel.name == "how many days of leave?"
    assert ANSWER in answer.text
    assert "[1] [Leave policy](<https://intra.example/handbook>)" in answer.text
    assert "● Sure" in answer.text
    assert "[Helpful] [Not helpful] [Why this answer?]" in answer.text
    assert scene.server.replies(scene.general) == []
    assert [each.id for each in scene.server.typing][:1] == [answer.channel.id]


async def test_without_threads_the_answer_is_a_reply(scene: Scene) -> None:
    await scene.rules(scene.general, threads=False)
    asked = await scene.server.say(scene.ann, scene.general, f"{scene.server.mention} leave?")
    await scene.done()
    (answer,) = scene.server.replies(scene.general)
    assert answer.reply_to == asked.id and ANSWER in answer.text


async def test_where_it_may_not_open_threads_it_replies(scene: Scene) -> None:
    scene.server.forbid(scene.general, "create_public_threads")
    answer = await scene.ask()
    assert answer.channel.id == scene.general.id and answer.reply_to


async def test_where_it_may_not_read_the_history_it_answers_without_a_reply(scene: Scene) -> None:
    scene.server.forbid(scene.general, "create_public_threads", "read_message_history")
    answer = await scene.ask()
    assert answer.reply_to is None and ANSWER in answer.text


async def test_a_thread_that_discord_refuses_becomes_a_reply(scene: Scene) -> None:
    scene.server.fail("POST /channels/*/messages/*/threads", 403, code=50013)
    answer = await scene.ask()
    assert answer.channel.id == scene.general.id and ANSWER in answer.text


async def test_follow_ups_in_the_thread_need_no_mention(scene: Scene) -> None:
    answer = await scene.ask()
    await scene.server.say(scene.ann, answer.channel, "and how is leave booked?")
    await scene.done()
    assert len(scene.server.replies(answer.channel)) == 2


async def test_people_talking_to_each_other_in_the_thread_are_left_alone(scene: Scene) -> None:
    answer = await scene.ask()
    await scene.server.say(scene.ann, answer.channel, f"{scene.bob.mention} did you book leave?")
    await scene.done()
    assert len(scene.server.replies(answer.channel)) == 1


async def test_what_names_nobody_is_left_alone_in_a_channel(scene: Scene) -> None:
    await scene.server.say(scene.ann, scene.general, "how many days of leave?")
    await scene.done()
    assert scene.server.replies(scene.general) == []


async def test_where_it_answers_unprompted_a_question_gets_a_thread(scene: Scene) -> None:
    await scene.rules(scene.general, answers="unprompted", bar=0.5)
    asked = await scene.server.say(scene.ann, scene.general, "how many days of leave?")
    await scene.done()
    assert asked.thread and ANSWER in scene.server.replies(asked.thread)[0].text


async def test_a_reply_to_the_bot_counts_as_a_mention(scene: Scene) -> None:
    await scene.rules(scene.general, threads=False)
    answer = await scene.ask()
    await scene.server.say(scene.bob, scene.general, "how is leave booked?", reply_to=answer)
    await scene.done()
    assert len(scene.server.replies(scene.general)) == 2


async def test_a_direct_message_is_answered(scene: Scene) -> None:
    dm = scene.server.dm(scene.ann)
    await scene.server.say(scene.ann, dm, "how many days of leave?")
    await scene.done()
    (answer,) = scene.server.replies(dm)
    assert ANSWER in answer.text and "Share" not in answer.text


async def test_bots_and_webhooks_are_not_answered(scene: Scene) -> None:
    other = scene.server.user("Robo", bot=True)
    hook = scene.server.webhook(scene.general, "Build")
    for speaker in (other, hook):
        await scene.server.say(speaker, scene.general, f"{scene.server.mention} leave?")
    await scene.done()
    assert scene.server.replies(scene.general) == []
    assert await scene.bench.rows("inbox") == []


async def test_under_a_colleagues_question_a_bare_mention_is_enough(scene: Scene) -> None:
    await scene.rules(scene.general, threads=False)
    asked = await scene.server.say(scene.bob, scene.general, "how many days of leave?")
    await scene.server.say(scene.ann, scene.general, scene.server.mention, reply_to=asked)
    await scene.done()
    assert ANSWER in scene.server.replies(scene.general)[0].text


async def test_what_was_said_in_a_thread_before_is_read(scene: Scene) -> None:
    said = await scene.server.say(scene.bob, scene.general, "I wonder about leave")
    thread = scene.server.thread(scene.general, "Leave", by=scene.bob, starter=said)
    await scene.server.say(scene.bob, thread, "does anybody know?")
    await scene.done()
    asked = await scene.server.say(scene.ann, thread, f"{scene.server.mention} how many?")
    await scene.done()
    earlier = await scene.adapter.earlier(_utterance(scene, asked, thread=thread.id))
    assert earlier == ("I wonder about leave", "does anybody know?")


@pytest.mark.parametrize("content", [False])
async def test_without_the_intent_mentions_replies_and_direct_messages_still_work(
    scene: Scene,
) -> None:
    answer = await scene.ask()
    await scene.server.say(scene.ann, answer.channel, "and how is leave booked?")
    await scene.server.say(scene.ann, answer.channel, "leave for parents?", reply_to=answer)
    await scene.server.say(scene.ann, scene.server.dm(scene.ann), "how many days of leave?")
    await scene.done()
    assert len(scene.server.replies(answer.channel)) == 2
    assert len(scene.server.replies(scene.server.dm(scene.ann))) == 1


# --- once, and not lost -----------------------------------------------------------------------


async def test_what_is_delivered_twice_is_answered_once(scene: Scene) -> None:
    scene.server.deliveries = 2
    answer = await scene.ask()
    used = await scene.command(scene.ann, "ask", question="leave?")
    shared = await scene.click(scene.ann, _message(used), "Share with channel")
    assert len(scene.server.replies(answer.channel)) == 1
    assert len(used.messages) == 1
    assert shared.text == "Shared." and len(scene.server.replies(scene.general)) == 1


async def test_a_gateway_that_resumes_brings_nothing_twice(scene: Scene) -> None:
    answer = await scene.ask()
    async with scene.server.gateway_down(repeat=10):
        await scene.server.say(scene.ann, answer.channel, "and how is leave booked?")
    await scene.done()
    assert len(scene.server.replies(answer.channel)) == 2


async def test_a_question_accepted_before_a_crash_is_answered_after_it(scene: Scene) -> None:
    scene.server.fail("POST /channels/*/messages", 500, times=None)
    asked = await scene.server.say(scene.ann, scene.general, f"{scene.server.mention} leave?")
    await scene.server.until(lambda: scene.server.called("POST /channels/*/messages"))
    await scene.server.kill(scene.adapter.client)
    await scene.bench.crash()
    scene.server.mend()
    await _after_restart(scene)
    assert asked.thread
    (answer,) = scene.server.replies(asked.thread)
    assert ANSWER in answer.text


async def test_what_a_dead_process_posted_is_gone_on_with(scene: Scene) -> None:
    scene.server.fail("PATCH /channels/*/messages/*", 500, times=None)
    asked = await scene.server.say(scene.ann, scene.general, f"{scene.server.mention} leave?")
    await scene.server.until(lambda: scene.server.called("PATCH /channels/*/messages/*"))
    await scene.server.kill(scene.adapter.client)
    await scene.bench.crash()
    scene.server.mend()
    await _after_restart(scene)
    assert asked.thread
    (answer,) = scene.server.replies(asked.thread)
    assert "[Helpful]" in answer.text


async def test_an_answer_that_was_posted_but_not_noted_is_not_posted_again(scene: Scene) -> None:
    asked = await scene.server.say(scene.ann, scene.general, f"{scene.server.mention} leave?")
    await scene.done()
    again = await scene.adapter.open_reply(_utterance(scene, asked, thread=asked.id), shown=())
    await again.finish(Card("Something else."))
    assert asked.thread
    (answer,) = scene.server.replies(asked.thread)
    assert answer.text == "Something else."


async def test_a_command_whose_token_expired_is_answered_in_a_direct_message(
    scene: Scene,
) -> None:
    await _expired(scene, public=False)
    assert scene.server.replies(scene.general) == []
    (answer,) = scene.server.replies(scene.server.dm(scene.bob))
    assert answer.text.startswith("You asked:\n\n> how many days of leave?")
    assert ANSWER in answer.text


async def test_a_public_command_whose_token_expired_is_answered_in_the_channel(
    scene: Scene,
) -> None:
    await _expired(scene, public=True)
    answer = scene.server.replies(scene.general)[-1]
    assert answer.text.startswith("@Bob asked:\n\n> how many days of leave?")
    assert ANSWER in answer.text


async def test_an_edited_question_changes_its_answer(scene: Scene) -> None:
    scene.bench.knows("sick", evidence("Call in before nine.", title="Sick leave"))
    asked = await scene.server.say(scene.ann, scene.general, f"{scene.server.mention} leave?")
    await scene.done()
    await scene.server.edit(scene.ann, asked, f"{scene.server.mention} what if I am sick?")
    await scene.done()
    assert asked.thread
    (answer,) = scene.server.replies(asked.thread)
    assert "Call in before nine" in answer.text


async def test_an_edit_that_changes_no_words_changes_nothing(scene: Scene) -> None:
    asked = await scene.server.say(scene.ann, scene.general, f"{scene.server.mention} leave?")
    await scene.done()
    await scene.server.edit(scene.ann, asked, f"{scene.server.mention}  leave? ")
    await scene.done()
    assert len(scene.bench.passages.searches) == 1


async def test_with_the_question_the_answer_goes(scene: Scene) -> None:
    asked = await scene.server.say(scene.ann, scene.general, f"{scene.server.mention} leave?")
    await scene.done()
    thread = asked.thread
    await scene.server.delete(scene.ann, asked)
    await scene.done()
    assert thread and scene.server.replies(thread) == []


# --- commands ---------------------------------------------------------------------------------


async def test_ask_is_answered_for_the_asker_alone(scene: Scene) -> None:
    used = await scene.command(scene.bob, "ask", question="how many days of leave?")
    assert ANSWER in used.text and _message(used).ephemeral
    assert "[Share with channel]" in used.text
    assert scene.server.transcript(scene.general, for_user=scene.ann) == ""


async def test_ask_in_public_is_answered_for_all(scene: Scene) -> None:
    used = await scene.command(scene.bob, "ask", question="how many days of leave?", public=True)
    assert ANSWER in used.text and not _message(used).ephemeral


async def test_ask_works_in_a_direct_conversation(scene: Scene) -> None:
    dm = scene.server.dm(scene.bob)
    used = await scene.server.command(scene.bob, dm, "ask", question="days of leave?")
    await scene.done()
    assert ANSWER in used.text and not _message(used).ephemeral


async def test_where_it_never_answers_a_public_ask_is_told_so_alone(scene: Scene) -> None:
    await scene.rules(scene.general, answers="never")
    used = await scene.command(scene.bob, "ask", question="leave?", public=True)
    (told,) = scene.server.ephemerals(scene.bob, scene.general)
    assert told.text.startswith("I do not answer in this channel")
    assert scene.server.replies(scene.general) == [] and used.acknowledged


async def test_where_it_never_answers_a_mention_is_told_so_by_direct_message(scene: Scene) -> None:
    await scene.rules(scene.general, answers="never")
    await scene.server.say(scene.bob, scene.general, f"{scene.server.mention} leave?")
    await scene.done()
    (told,) = scene.server.replies(scene.server.dm(scene.bob))
    assert told.text.startswith("I do not answer in this channel")


async def test_help_lists_the_commands(scene: Scene) -> None:
    used = await scene.command(scene.bob, "help")
    assert "/voice say" in used.text and _message(used).ephemeral


async def test_only_who_manages_the_server_may_use_admin_commands(scene: Scene) -> None:
    refused = await scene.command(scene.bob, "kb", "gaps")
    allowed = await scene.command(scene.ann, "kb", "gaps")
    assert "for admins" in refused.text
    assert "found an answer" in allowed.text


async def test_yes_no_options_reach_the_command(scene: Scene) -> None:
    off = await scene.command(scene.ann, "kb", "threads", off=True)
    on = await scene.command(scene.ann, "kb", "threads")
    assert "not in threads" in off.text and "not in threads" not in on.text


async def test_quiet_is_kept_until_it_is_ended(scene: Scene) -> None:
    await scene.rules(scene.general, answers="unprompted", bar=0.5)
    await scene.command(scene.bob, "quiet")
    await scene.server.say(scene.bob, scene.general, "how many days of leave?")
    await scene.done()
    assert scene.server.replies(scene.general) == []


async def test_a_message_is_answered_from_its_menu(scene: Scene) -> None:
    said = await scene.server.say(scene.ann, scene.general, "how many days of leave, I wonder")
    used = await scene.server.context_menu(scene.bob, ANSWER_THIS, said)
    await scene.done()
    assert ANSWER in used.text and _message(used).ephemeral


async def test_a_message_is_said_in_our_voice_and_sent(scene: Scene) -> None:
    said = await scene.server.say(scene.bob, scene.general, "Hi, you can't get a refund, sorry.")
    used = await scene.server.context_menu(scene.bob, IN_OUR_VOICE, said)
    await scene.done()
    assert "refund" in used.text
    sent = await scene.click(scene.bob, _message(used), "Send")
    (posted,) = scene.server.replies(scene.general)
    assert sent.text.startswith("Sent: [see it there](<https://discord.com/channels/")
    assert posted.text.endswith("— @Bob") and "refund" in posted.text


async def test_a_draft_is_edited_in_a_form(scene: Scene) -> None:
    used = await scene.command(scene.bob, "voice", "say", draft="You can't get a refund.")
    opened = await scene.click(scene.bob, _message(used), "Edit")
    done = await scene.server.submit(opened, {"long_text:text": "No refund, I am afraid."})
    await scene.done()
    assert done.text.startswith("No refund, I am afraid.") and "[Send]" in done.text


async def test_a_command_in_a_thread_belongs_to_the_thread(scene: Scene) -> None:
    thread = scene.server.thread(scene.general, "Leave", by=scene.bob)
    used = await scene.server.command(scene.bob, thread, "ask", question="leave?", public=True)
    await scene.done()
    assert ANSWER in used.text
    (row,) = await scene.bench.rows("inbox")
    guild = scene.server.guild.id
    assert row["conversation"] == f"discord:{guild}:{scene.general.id}:{thread.id}"


async def test_options_are_completed(scene: Scene) -> None:
    async def suggest(by: Invocation, typed: str) -> list[Choice]:
        known = ["fernhill", "harbour", *(f"voice {n}" for n in range(40))]
        return [Choice(each, each.title()) for each in known if typed in each]

    async def use(by: Invocation) -> Card:
        return Card(f"Using {by.values['voice']}.")

    voice = Parameter("voice", "Which one.", suggest=suggest)
    commands = Commands([Command("use", "Choose a voice.", use, parameters=(voice,))])
    await sync(scene.config, commands)
    await scene.server.stop(scene.adapter.client)
    scene.adapter = DiscordAdapter(scene.config, replace(scene.bench.desk, commands=commands))
    await scene.server.start(scene.adapter.client)
    offered = await scene.server.autocomplete(scene.bob, scene.general, "use", "voice", "harb")
    assert [each["name"] for each in offered] == ["Harbour"]
    offered = await scene.server.autocomplete(scene.bob, scene.general, "use", "voice", "")
    assert len(offered) == 25, "as many as Discord takes"
    used = await scene.command(scene.bob, "use", voice="harbour")
    assert used.text == "Using harbour."


# --- buttons and forms ------------------------------------------------------------------------


async def test_why_is_told_to_who_asks(scene: Scene) -> None:
    answer = await scene.ask()
    why = await scene.click(scene.bob, answer, "Why this answer?")
    assert "**What I read**" in why.text and _message(why).ephemeral


async def test_buttons_work_after_a_restart(scene: Scene) -> None:
    answer = await scene.ask()
    await scene.server.stop(scene.adapter.client)
    await scene.start()
    rated = await scene.click(scene.bob, answer, "Helpful")
    assert rated.text == "Thank you, noted."
    rated = await scene.click(scene.bob, answer, "Not helpful")
    assert rated.text.startswith("Thank you, noted.")


async def test_a_private_answer_is_shared(scene: Scene) -> None:
    used = await scene.command(scene.bob, "ask", question="how many days of leave?")
    await scene.click(scene.bob, _message(used), "Share with channel")
    (posted,) = scene.server.replies(scene.general)
    assert posted.text.startswith("@Bob asked: *how many days of leave?*") and ANSWER in posted.text


async def test_a_person_is_asked_in_the_channel_that_an_admin_chose(scene: Scene) -> None:
    helpers = scene.server.channel("help")
    opened = await scene.command(scene.ann, "kb", "workspace")
    await scene.server.submit(opened, {"channel:help_channel": [helpers]})
    await scene.done()
    answer = await scene.ask()
    asked = await scene.click(scene.bob, answer, "Ask a person")
    (posted,) = scene.server.replies(helpers)
    assert posted.text.startswith("@Bob would like a person's help")
    assert (
        f"https://discord.com/channels/{scene.server.guild.id}/{answer.channel.id}" in posted.text
    )
    assert asked.text.endswith(f"{posted.id}>)")


async def test_a_faulty_form_is_opened_again_with_what_was_filled_in(scene: Scene) -> None:
    opened = await scene.command(scene.ann, "kb", "channel")
    filled = {"one_of:answers": ["unprompted"], "number:bar": "7", "one_of:voice": ["harbour"]}
    faulty = await scene.server.submit(opened, {**filled, "number:daily_limit": ""})
    await scene.done()
    assert "**How sure I must be to answer unasked**: Give a number" in faulty.text
    again = await scene.click(scene.ann, _message(faulty), "Open it again")
    assert again.modal and "'value': '7'" in str(again.modal)
    saved = await scene.server.submit(
        again, {**filled, "number:bar": "0.7", "number:daily_limit": "12"}
    )
    await scene.done()
    assert "0.7 and more" in saved.text and "harbour" in saved.text and "12 times" in saved.text


async def test_a_form_that_was_open_during_a_restart_is_taken_in(scene: Scene) -> None:
    opened = await scene.command(scene.ann, "kb", "channel")
    await scene.server.stop(scene.adapter.client)
    await scene.start()
    saved = await scene.server.submit(
        opened,
        {
            "one_of:answers": ["never"],
            "number:bar": "0.8",
            "one_of:voice": ["default"],
            "number:daily_limit": "",
        },
    )
    await scene.done()
    assert saved.text.startswith("Saved. I do not answer in this channel")


# --- forums -----------------------------------------------------------------------------------


async def test_a_new_forum_post_gets_an_answer_and_can_be_solved_by_its_author(
    scene: Scene,
) -> None:
    forum = scene.server.channel("questions", kind="forum")
    await scene.rules(forum, forum=True)
    post = scene.server.thread(forum, "Days of leave", by=scene.bob, text="How many do I get?")
    await scene.done()
    (answer,) = scene.server.replies(post)
    assert ANSWER in answer.text and "[Mark as solved]" in answer.text
    cat = scene.server.user("Cat")
    refused = await scene.click(cat, answer, "Mark as solved")
    assert "Only who opened this post" in refused.text
    solved = await scene.click(scene.bob, answer, "Mark as solved")
    assert solved.text.startswith("Marked as solved")
    assert post._channel.thread_metadata and post._channel.thread_metadata.archived


async def test_without_forum_mode_a_post_is_left_alone(scene: Scene) -> None:
    forum = scene.server.channel("questions", kind="forum")
    post = scene.server.thread(forum, "Days of leave", by=scene.bob, text="How many do I get?")
    await scene.done()
    assert scene.server.replies(post) == []


# --- files and length -------------------------------------------------------------------------


async def test_files_are_handed_on(scene: Scene) -> None:
    scene.bench.attachments.contents["pay.txt"] = ("pay", "Pay day is the 25th.")
    await scene.server.say(
        scene.ann,
        scene.general,
        f"{scene.server.mention} when is pay day?",
        files=[("pay.txt", b"Pay day is the 25th.")],
    )
    await scene.done()
    ((_, (given,)),) = scene.bench.attachments.given
    assert given.name == "pay.txt" and given.size == 20 and given.url.startswith("http")


async def test_a_very_long_answer_is_a_file_with_its_beginning_shown(scene: Scene) -> None:
    asked = await scene.server.say(scene.ann, scene.general, f"{scene.server.mention} leave?")
    await scene.done()
    long = Card("\n\n".join(f"Paragraph {n}. " + "word " * 150 for n in range(60)))
    reply = await scene.adapter.open_reply(_utterance(scene, asked, thread=asked.id), ())
    await reply.grow("Paragraph 0.")
    await reply.finish(long)
    assert asked.thread
    (answer,) = scene.server.replies(asked.thread)
    assert answer.text.startswith("Paragraph 0.") and "📎 answer.md" in answer.text


async def test_what_grows_past_one_message_goes_on_in_the_next(scene: Scene) -> None:
    asked = await scene.server.say(scene.ann, scene.general, f"{scene.server.mention} leave?")
    await scene.done()
    reply = await scene.adapter.open_reply(_utterance(scene, asked, thread=asked.id), ())
    await reply.grow("word " * 900)
    await reply.finish(Card("word " * 1_700))
    assert asked.thread and len(scene.server.replies(asked.thread)) == 3
    assert len(reply.shown) == 3
    await reply.finish(Card("Short after all."))
    (answer,) = scene.server.replies(asked.thread)
    assert answer.text == "Short after all."
    await reply.erase()
    assert scene.server.replies(asked.thread) == [] and not reply.shown


async def test_an_answer_grows_by_no_more_than_an_edit_a_second(scene: Scene) -> None:
    now = [0.0]
    await scene.server.stop(scene.adapter.client)
    scene.adapter = DiscordAdapter(scene.config, scene.bench.desk, clock=lambda: now[0])
    await scene.server.start(scene.adapter.client)
    dm = scene.server.dm(scene.bob)
    place = Place("discord", "", str(dm.id), direct=True)
    handle = {"channel": str(dm.id), "message": "1"}
    said = Utterance("discord:1", place, str(scene.bob.id), "leave?", "direct", handle=handle)
    reply = await scene.adapter.open_reply(said, ())
    for tenth in range(31):
        now[0] = tenth / 10
        await reply.grow("word " * (tenth + 1))
    edits = scene.server.called("PATCH /channels/*/messages/*")
    assert len(scene.server.called(f"POST /channels/{dm.id}/messages")) == 1
    assert len(edits) == 3


# --- trouble ----------------------------------------------------------------------------------


async def test_a_rate_limit_is_waited_out(scene: Scene) -> None:
    scene.server.fail("POST /channels/*/messages", 429, times=2)
    answer = await scene.ask()
    assert ANSWER in answer.text


async def test_a_post_whose_answer_got_lost_is_there_once(scene: Scene) -> None:
    scene.server.fail("POST /channels/*/messages", 502, after=True)
    answer = await scene.ask()
    assert ANSWER in answer.text


async def test_when_discord_keeps_failing_the_question_is_kept(scene: Scene) -> None:
    scene.server.fail("POST /channels/*/messages", 500, times=None)
    await scene.server.say(scene.ann, scene.general, f"{scene.server.mention} leave?")
    await scene.done()
    (row,) = await scene.bench.rows("inbox")
    assert row["outcome"] is None


async def test_a_person_who_takes_no_messages_is_given_up_on(scene: Scene) -> None:
    await scene.rules(scene.general, answers="never")
    scene.server.refuse_dms(scene.bob)
    await scene.server.say(scene.bob, scene.general, f"{scene.server.mention} leave?")
    await scene.done()
    (row,) = await scene.bench.rows("inbox")
    assert row["outcome"] == "given_up"


async def test_a_bare_mention_gets_a_word(scene: Scene) -> None:
    answer = await scene.ask("")
    assert answer.text


async def test_a_token_that_is_refused_is_explained(bench: Bench) -> None:
    async with DiscordServer():
        adapter = DiscordAdapter(DiscordConfig("nonsense"), bench.desk)
        with pytest.raises(ConfigurationError, match="DISCORD_TOKEN"):
            await adapter.connect()
        await adapter.close()
        (finding,) = await examine(DiscordConfig("nonsense"))
        assert not finding.good and "DISCORD_TOKEN" in finding.detail


async def test_an_intent_that_is_refused_is_explained(bench: Bench) -> None:
    async with DiscordServer(approved=()) as server:
        config = DiscordConfig(server.token, message_content=True)
        adapter = DiscordAdapter(config, bench.desk)
        with pytest.raises(ConfigurationError, match="message-content intent"):
            await adapter.connect()
        await adapter.close()


async def test_where_nothing_listens_it_says_so(bench: Bench) -> None:
    config = DiscordConfig("x", api_url="http://127.0.0.1:9/api/v10")
    base = discord.http.Route.BASE
    adapter = DiscordAdapter(config, bench.desk)
    with pytest.raises(PlatformError, match="cannot be reached") as error:
        await adapter.connect()
    assert error.value.passing
    await adapter.close()
    (finding,) = await examine(config)
    assert "cannot be reached" in finding.detail
    assert base == discord.http.Route.BASE, "the addresses are as they were"


async def test_it_serves_until_told_to_stop(scene: Scene) -> None:
    await scene.server.stop(scene.adapter.client)
    config = DiscordConfig(
        scene.server.token,
        api_url=scene.server.api_url,
        gateway_url=scene.server.gateway_url,
        message_content=True,
        shards=2,
    )
    adapter = scene.adapter = DiscordAdapter(config, scene.bench.desk)
    adapter.client._connection.guild_ready_timeout = 0.05
    stop = asyncio.Event()
    serving = asyncio.create_task(serve([lambda: adapter], scene.bench.dispatcher, stop, 5))
    await scene.server.connected(shards=2)
    await adapter.client.wait_until_ready()
    answer = await scene.ask()
    stop.set()
    await serving
    assert ANSWER in answer.text
    assert scene.server.gateway.connected == []


async def test_the_doctor_finds_what_is_there(scene: Scene) -> None:
    found = {each.what: each for each in await examine(scene.config)}
    assert found["Discord: token"].good
    assert str(permissions().value) in found["Discord: invite link"].detail
    assert "Fernhill" in found["Discord: servers"].detail
    assert "kb" in found["Discord: commands"].detail


async def test_commands_can_be_synced_to_one_server(server: DiscordServer, bench: Bench) -> None:
    config = DiscordConfig(server.token)
    before = {each.what: each for each in await examine(config)}
    count = await sync(config, bench.commands, server.guild.id)
    after = {each.what: each for each in await examine(config)}
    assert count == 8
    assert not before["Discord: commands"].good and after["Discord: commands"].good


# --- what the tests share ---------------------------------------------------------------------


def _message(used: Interaction) -> Posted:
    assert used.message
    return used.message


def _utterance(scene: Scene, message: Posted, *, thread: int) -> Utterance:
    """Ann's message as the bot has heard it."""
    guild, channel = str(scene.server.guild.id), str(scene.general.id)
    handle = {"channel": str(message.channel_id), "message": str(message.id)}
    place = Place("discord", guild, channel, str(thread))
    return Utterance(
        f"discord:{message.id}", place, str(scene.ann.id), "leave?", "mention", handle=handle
    )


async def _after_restart(scene: Scene) -> None:
    """Another process takes over what this one left behind."""
    scene.bench.clock.tick(3600)
    await scene.start()
    await scene.bench.dispatcher.recover(scene.adapter)
    await scene.done()


async def _expired(scene: Scene, *, public: bool) -> None:
    """Bob asks by command; the bot dies before it answers, for longer than a token lives."""
    scene.server.fail("PATCH /webhooks/*/*/messages/*", 500, times=None)
    await scene.server.command(
        scene.bob, scene.general, "ask", question="how many days of leave?", public=public
    )
    await scene.server.until(lambda: scene.server.called("PATCH /webhooks/*/*/messages/*"))
    await scene.server.kill(scene.adapter.client)
    await scene.bench.crash()
    scene.server.mend()
    scene.server.advance(16 * 60)
    scene.bench.clock.tick(16 * 60)
    await scene.start()
    await scene.bench.dispatcher.recover(scene.adapter)
    await scene.done()
