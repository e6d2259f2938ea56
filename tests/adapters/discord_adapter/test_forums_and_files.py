"""On Discord: posts of forums, files, and answers that are longer than a message."""

from __future__ import annotations

from adapters.discord.adapter import DiscordAdapter
from bot.cards import Card
from bot.types import Place, Utterance
from tests.adapters.discord_adapter.scene import ANSWER, Scene, utterance_of

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
    reply = await scene.adapter.open_reply(utterance_of(scene, asked, thread=asked.id), ())
    await reply.grow("Paragraph 0.")
    await reply.finish(long)
    assert asked.thread
    (answer,) = scene.server.replies(asked.thread)
    assert answer.text.startswith("Paragraph 0.") and "📎 answer.md" in answer.text


async def test_what_grows_past_one_message_goes_on_in_the_next(scene: Scene) -> None:
    asked = await scene.server.say(scene.ann, scene.general, f"{scene.server.mention} leave?")
    await scene.done()
    reply = await scene.adapter.open_reply(utterance_of(scene, asked, thread=asked.id), ())
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
