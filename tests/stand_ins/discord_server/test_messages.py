"""The stand-in's messages, threads and forums behave as Discord's do."""

from __future__ import annotations

import aiohttp
import discord
import pytest
from simcord import MemberActor

from tests.stand_ins.discord_server import DiscordServer
from tests.stand_ins.discord_server.places import place, refused
from tests.stand_ins.discord_server.sample_bot import SampleBot

# --- messages ---------------------------------------------------------------------------------


async def test_a_mention_is_answered_as_a_reply_that_rings_nobody(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    general = server.channel("general")
    said = await server.say(ann, general, f"{server.mention} tell @everyone and {ann.mention}")
    (answer,) = await server.until(lambda: server.replies(general))

    assert answer.reply_to == said.id
    assert answer.text == "You said: @Housevoice tell @everyone and @Ann"
    assert server.typing[0].id == general.id
    assert server.rung == {}


async def test_what_would_ring_is_told(server: DiscordServer, bot: SampleBot) -> None:
    team, general = server.role("Team", mentionable=True), server.channel("general")
    everything = discord.AllowedMentions.all()
    await (await place(server, bot, general)).send(
        f"@everyone {team.mention}", allowed_mentions=everything
    )
    (message,) = server.rung

    assert message.pings == ("@Team", "@everyone")


async def test_without_the_intent_only_what_addresses_the_bot_has_text(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    general = server.channel("general")
    await server.say(ann, general, "among ourselves")
    await server.say(ann, general, f"{server.mention} hello")
    (answer,) = await server.until(lambda: server.replies(general))
    await server.say(ann, general, "more", reply_to=answer)
    await server.say(ann, general, "quietly", reply_to=answer, ping=False)
    await server.say(ann, server.dm(ann), "in private")
    await server.until(lambda: len(bot.heard) == 5)

    texts = [message.content for message in bot.heard]
    assert texts == ["", f"{server.mention} hello", "more", "", "in private"]


async def test_with_the_intent_all_has_text(server: DiscordServer, ann: MemberActor) -> None:
    intents = discord.Intents.default()
    intents.message_content = True
    bot = SampleBot(intents)
    await server.start(bot)
    await server.say(ann, server.channel("general"), "among ourselves")
    await server.until(lambda: bot.heard)

    assert bot.heard[0].content == "among ourselves"


async def test_an_intent_that_is_not_approved_is_refused() -> None:
    async with DiscordServer(approved=()) as server:
        intents = discord.Intents.default()
        intents.message_content = True
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await server.start(SampleBot(intents))


async def test_edits_deletions_and_reactions_arrive(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    general = server.channel("general")
    said = await server.say(ann, general, f"{server.mention} one")
    await server.until(lambda: server.replies(general))  # a reply to what is gone is refused
    await server.edit(ann, said, f"{server.mention} two")
    await server.react(ann, said, "👍")
    await server.delete(ann, said)
    await server.until(lambda: len(bot.raw) == 3)

    assert bot.raw == [f"edit {server.mention} two", "react 👍", f"delete {said.id}"]


async def test_bots_and_webhooks_are_told_apart(server: DiscordServer, bot: SampleBot) -> None:
    general = server.channel("general")
    seen: list[tuple[bool, bool]] = []

    async def note(message: discord.Message) -> None:
        seen.append((message.author.bot, message.webhook_id is not None))

    bot.add_listener(note, "on_message")
    await server.say(server.user("Robo", bot=True), general, "beep")
    await server.say(server.webhook(general, "Build"), general, "green")
    await server.until(lambda: len(seen) == 2)

    assert seen == [(True, False), (True, True)]


async def test_attachments_can_be_fetched_and_sent(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    general = server.channel("general")
    await server.say(ann, general, server.mention, files=[("my notes.txt", b"25 days")])
    (answer,) = await server.until(lambda: server.replies(general))
    assert "my_notes.txt: 25 days" in answer.text

    file = discord.File(__file__, filename="long.md", description="the whole answer")
    sent = await (await place(server, bot, general)).send(file=file)
    async with aiohttp.ClientSession() as http, http.get(sent.attachments[0].url) as got:
        assert (await got.text()).startswith('"""The stand-in')
    assert sent.attachments[0].description == "the whole answer"


async def test_every_event_can_come_twice(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    server.deliveries = 2
    await server.say(ann, server.channel("general"), f"{server.mention} hello")
    await server.until(lambda: len(bot.heard) == 2)

    assert bot.heard[0].id == bot.heard[1].id


# --- threads, forums, places ------------------------------------------------------------------


async def test_a_thread_from_a_message_begins_with_it(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    general = server.channel("general")
    said = await server.say(ann, general, "how many days?")
    message = await (await place(server, bot, general)).fetch_message(said.id)
    thread = await message.create_thread(name="Leave")
    assert said.thread
    await server.say(ann, said.thread, f"{server.mention} and now?")
    await server.until(lambda: server.replies(said.thread))  # type: ignore[arg-type]
    history = [each.type.name async for each in thread.history(oldest_first=True)]

    assert history == ["thread_starter_message", "default", "reply"]
    assert await refused(message.create_thread(name="Again")) == (400, 160004)


async def test_a_forum_post_shares_its_id_with_its_first_message(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    forum = server.channel("help", kind="forum")
    post = server.thread(forum, "VPN is slow", by=ann, text=f"{server.mention} since Monday")
    (answer,) = await server.until(lambda: server.replies(post))

    assert answer.reply_to == post.id
    here = bot.get_channel(post.id)
    assert isinstance(here, discord.Thread) and isinstance(here.parent, discord.ForumChannel)


async def test_what_happens_in_a_hidden_channel_stays_there(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    secret = server.channel("secret", private_to=[ann], bot=False)
    board = server.channel("board", private_to=[ann])
    await server.say(ann, secret, f"{server.mention} hello")
    await server.say(ann, board, f"{server.mention} hello")
    await server.until(lambda: server.replies(board))

    assert [message.channel.id for message in bot.heard] == [board.id]
    assert await refused((await place(server, bot, secret)).send("hello")) == (403, 50001)
    everyone = (await place(server, bot, board)).guild.default_role
    assert not (await place(server, bot, board)).permissions_for(everyone).view_channel


async def test_a_missing_permission_is_refused(server: DiscordServer, bot: SampleBot) -> None:
    general = server.channel("general")
    server.forbid(general, "send_messages")
    assert await refused((await place(server, bot, general)).send("hello")) == (403, 50013)
    server.allow(general, "send_messages")
    server.forbid(general, "attach_files")
    assert await refused((await place(server, bot, general)).send(file=discord.File(__file__))) == (
        403,
        50013,
    )


async def test_members_are_fetched_where_the_intent_is_off(
    server: DiscordServer, bot: SampleBot
) -> None:
    team = server.role("Team")
    ann = server.user("Ann", roles=[team])
    guild = bot.guilds[0]

    assert guild.get_member(ann.id) is None
    assert [role.name for role in (await guild.fetch_member(ann.id)).roles] == ["@everyone", "Team"]


async def test_with_the_intent_all_members_are_known(server: DiscordServer) -> None:
    intents = discord.Intents.default()
    intents.members = True
    ann, ben = server.user("Ann"), server.user("Ben")
    await server.start(bot := SampleBot(intents))
    team = server.role("Team")
    server.grant(ben, team)
    await server.delivered()
    guild = bot.guilds[0]
    found = guild.get_member(ben.id)

    assert guild.get_member(ann.id) and found
    assert [role.name for role in found.roles] == ["@everyone", "Team"]
    assert [each.id for each in await guild.query_members("an")] == [ann.id]


async def test_a_user_can_refuse_direct_messages(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    server.refuse_dms(ann)
    user = await bot.fetch_user(ann.id)
    assert await refused(user.send("hello")) == (403, 50007)
