"""Messages on Discord are answered where they should be, once, and none is lost."""

from __future__ import annotations

import pytest

from bot.cards import Card
from tests.adapters.discord_adapter.scene import ANSWER, Scene, message_of, utterance_of
from tests.kit.fakes import evidence

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
    earlier = await scene.adapter.earlier(utterance_of(scene, asked, thread=thread.id))
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
    shared = await scene.click(scene.ann, message_of(used), "Share with channel")
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
    await after_restart(scene)
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
    await after_restart(scene)
    assert asked.thread
    (answer,) = scene.server.replies(asked.thread)
    assert "[Helpful]" in answer.text


async def test_an_answer_that_was_posted_but_not_noted_is_not_posted_again(scene: Scene) -> None:
    asked = await scene.server.say(scene.ann, scene.general, f"{scene.server.mention} leave?")
    await scene.done()
    again = await scene.adapter.open_reply(utterance_of(scene, asked, thread=asked.id), shown=())
    await again.finish(Card("Something else."))
    assert asked.thread
    (answer,) = scene.server.replies(asked.thread)
    assert answer.text == "Something else."


async def test_a_command_whose_token_expired_is_answered_in_a_direct_message(
    scene: Scene,
) -> None:
    await expired_token(scene, public=False)
    assert scene.server.replies(scene.general) == []
    (answer,) = scene.server.replies(scene.server.dm(scene.bob))
    assert answer.text.startswith("You asked:\n\n> how many days of leave?")
    assert ANSWER in answer.text


async def test_a_public_command_whose_token_expired_is_answered_in_the_channel(
    scene: Scene,
) -> None:
    await expired_token(scene, public=True)
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


# --- what the tests share ---------------------------------------------------------------------


async def after_restart(scene: Scene) -> None:
    """Another process takes over what this one left behind."""
    scene.bench.clock.tick(3600)
    await scene.start()
    await scene.bench.dispatcher.recover(scene.adapter)
    await scene.done()


async def expired_token(scene: Scene, *, public: bool) -> None:
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
