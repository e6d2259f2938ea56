"""The bot's commands, buttons and forms on Discord."""

from __future__ import annotations

from dataclasses import replace

from adapters.discord.adapter import DiscordAdapter
from adapters.discord.checkup import sync
from adapters.discord.commands import ANSWER_THIS, IN_OUR_VOICE
from bot.cards import Card, Choice
from bot.desk.commands import Command, Commands, Invocation, Parameter
from tests.adapters.discord_adapter.scene import ANSWER, Scene, message_of

# --- commands ---------------------------------------------------------------------------------


async def test_ask_is_answered_for_the_asker_alone(scene: Scene) -> None:
    used = await scene.command(scene.bob, "ask", question="how many days of leave?")
    assert ANSWER in used.text and message_of(used).ephemeral
    assert "[Share with channel]" in used.text
    assert scene.server.transcript(scene.general, for_user=scene.ann) == ""


async def test_ask_in_public_is_answered_for_all(scene: Scene) -> None:
    used = await scene.command(scene.bob, "ask", question="how many days of leave?", public=True)
    assert ANSWER in used.text and not message_of(used).ephemeral


async def test_ask_works_in_a_direct_conversation(scene: Scene) -> None:
    dm = scene.server.dm(scene.bob)
    used = await scene.server.command(scene.bob, dm, "ask", question="days of leave?")
    await scene.done()
    assert ANSWER in used.text and not message_of(used).ephemeral


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
    assert "/voice say" in used.text and message_of(used).ephemeral


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
    assert ANSWER in used.text and message_of(used).ephemeral


async def test_a_message_is_said_in_our_voice_and_sent(scene: Scene) -> None:
    said = await scene.server.say(scene.bob, scene.general, "Hi, you can't get a refund, sorry.")
    used = await scene.server.context_menu(scene.bob, IN_OUR_VOICE, said)
    await scene.done()
    assert "refund" in used.text
    sent = await scene.click(scene.bob, message_of(used), "Send")
    (posted,) = scene.server.replies(scene.general)
    assert sent.text.startswith("Sent: [see it there](<https://discord.com/channels/")
    assert posted.text.endswith("— @Bob") and "refund" in posted.text


async def test_a_draft_is_edited_in_a_form(scene: Scene) -> None:
    used = await scene.command(scene.bob, "voice", "say", draft="You can't get a refund.")
    opened = await scene.click(scene.bob, message_of(used), "Edit")
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
    assert "**What I read**" in why.text and message_of(why).ephemeral


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
    await scene.click(scene.bob, message_of(used), "Share with channel")
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
    again = await scene.click(scene.ann, message_of(faulty), "Open it again")
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
