"""The stand-in for Discord: discord.py's features work on it, and Discord's rules hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands, ui
from simcord import MemberActor, SetupError

from tests.stand_ins.discord_server import DiscordServer
from tests.stand_ins.discord_server.sample_bot import Answer, SampleBot


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as server:
        yield server


@pytest.fixture
async def bot(server: DiscordServer) -> SampleBot:
    bot = SampleBot()
    await server.start(bot)
    return bot


@pytest.fixture
def ann(server: DiscordServer) -> MemberActor:
    return server.user("Ann")


async def place(server: DiscordServer, bot: SampleBot, channel: Any) -> discord.TextChannel:
    """A channel as the bot has it."""
    await server.delivered()
    found = bot.get_channel(channel.id)
    assert isinstance(found, discord.TextChannel)
    return found


async def refused(call: Any) -> tuple[int, int]:
    """Status and code with which Discord refuses a call."""
    with pytest.raises(discord.HTTPException) as error:
        await call
    return error.value.status, error.value.code


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


# --- interactions -----------------------------------------------------------------------------


async def test_a_command_is_deferred_and_answered_to_one(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    general = server.channel("general")
    used = await server.command(ann, general, "ask", question="how many days?")
    await server.until(lambda: used.message and not used.message.thinking)

    assert used.deferred is False and used.ephemeral
    (shown,) = server.ephemerals(ann)
    assert shown.text == (
        "HOW MANY DAYS?\n-# Rev 7\n[Useful] [Handbook](https://handbook.example/leave)"
    )
    assert server.messages(general) == []
    assert server.ephemerals(server.user("Ben")) == []


async def test_a_modal_with_labels_and_a_select_is_filled_in(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    await server.command(ann, server.dm(ann), "why")
    (opened,) = server.modals
    sent = await server.submit(opened, {"reason": "curious", "topic": ["Travel"]})

    assert sent.text == "Travel: curious"
    assert server.modals == []


async def test_a_select_on_a_message_for_one_can_be_used_by_that_one(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    view = ui.View()
    menu: ui.Select[Any] = ui.Select(
        custom_id="voice", options=[discord.SelectOption(label=each) for each in ("Warm", "Brief")]
    )

    async def choose(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.edit_message(content=f"Now {menu.values[0]}", view=None)

    async def offer(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message("Which?", view=view, ephemeral=True)

    menu.callback = choose  # type: ignore[method-assign]
    view.add_item(menu)
    bot.tree.add_command(app_commands.Command(name="voice", description="Voice", callback=offer))
    await bot.tree.sync()
    general = server.channel("general")
    await server.command(ann, general, "voice")
    (shown,) = server.ephemerals(ann)
    assert shown.text == "Which?\n<Select>"
    with pytest.raises(SetupError, match="not visible"):
        await server.select(server.user("Ben"), shown, ["Warm"])
    await server.select(ann, shown, ["Warm"], "voice")

    assert shown.text == "Now Warm"
    assert len(server.latencies_ms()) == 2


async def test_an_interaction_is_acknowledged_once(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    server.deliveries = 2
    used = await server.command(ann, server.channel("general"), "ask", question="how many days?")
    await server.settled()
    (error,) = server.errors

    assert "40060" in str(error)
    assert len(bot.used) == 2 and len(used.messages) == 1


async def test_a_message_has_a_menu(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    said = await server.say(ann, server.channel("general"), "how many days?")
    used = await server.context_menu(ann, "Answer this", said)

    assert used.text == "To: how many days?"


async def test_choices_are_offered_up_to_their_number(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    general = server.channel("general")
    offered = await server.autocomplete(ann, general, "ask", "question", "25")
    assert len(offered) == 25
    waiting = asyncio.create_task(server.autocomplete(ann, general, "ask", "question", "26"))
    (error,) = await server.until(lambda: server.errors)
    server.advance(3)

    assert "Must be 25 or fewer" in str(error)
    assert await waiting == []


async def test_a_command_that_was_not_synced_cannot_be_used(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    with pytest.raises(SetupError, match="No application command"):
        await server.command(ann, server.channel("general"), "forget")


async def test_a_button_works_after_a_restart(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    general = server.channel("general")
    await (await place(server, bot, general)).send(view=Answer("25 days", "abc"))
    await server.restart(bot, SampleBot(), crash=True)
    (message,) = server.messages(general)
    used = await server.click(ann, message, label="Useful")

    assert used.text == "Noted: abc"


async def test_a_killed_bot_hears_nothing_and_says_nothing(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    general = server.channel("general")
    channel = await place(server, bot, general)
    await server.kill(bot)
    used = await server.command(ann, general, "ask", question="hello?", wait=False)

    with pytest.raises(RuntimeError, match="closed"):
        await channel.send("still here")
    assert used.text == "The application did not respond"


async def test_a_first_response_is_due_within_three_seconds(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    late = asyncio.Event()

    async def slow(interaction: discord.Interaction[Any]) -> None:
        await late.wait()
        await interaction.response.send_message("at last")

    bot.tree.add_command(app_commands.Command(name="slow", description="Slow", callback=slow))
    await bot.tree.sync()
    used = await server.command(ann, server.channel("general"), "slow", wait=False)
    server.advance(3)
    late.set()
    await server.until(lambda: server.called("POST /interactions/*/*/callback"))
    await server.settled()
    (error,) = server.errors

    assert "10062" in str(error)
    assert used.text == "The application did not respond"


async def test_a_token_lasts_for_fifteen_minutes(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    held: list[discord.Interaction[Any]] = []

    async def hold(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer()
        held.append(interaction)

    bot.tree.add_command(app_commands.Command(name="hold", description="Hold", callback=hold))
    await bot.tree.sync()
    await server.command(ann, server.channel("general"), "hold")
    await server.until(lambda: held)
    server.advance(15 * 60)

    assert await refused(held[0].followup.send("too late")) == (401, 50027)


# --- Discord's bounds -------------------------------------------------------------------------


async def test_what_is_too_long_or_mixed_is_refused(server: DiscordServer, bot: SampleBot) -> None:
    channel = await place(server, bot, server.channel("general"))
    await channel.send("x" * 2000)
    assert await refused(channel.send("x" * 2001)) == (400, 50035)
    await channel.send(view=Answer("x" * 3992, "abc"))
    assert await refused(channel.send(view=Answer("x" * 3993, "abc"))) == (400, 50035)
    call = bot.http.request(
        discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=channel.id),
        json={"content": "x", "flags": 1 << 15, "components": [{"type": 10, "content": "y"}]},
    )
    assert await refused(call) == (400, 50035)


async def test_controls_have_bounds(server: DiscordServer, bot: SampleBot) -> None:
    channel = await place(server, bot, server.channel("general"))
    post = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=channel.id)

    def button(n: int, label: str = "x", id: str = "") -> dict[str, Any]:
        return {"type": 2, "style": 1, "label": label, "custom_id": id or f"id{n}"}

    def rows(count: int) -> list[dict[str, Any]]:
        return [{"type": 1, "components": [button(n)]} for n in range(count)]

    async def answer(components: list[dict[str, Any]]) -> int:
        json = {"content": "x", "components": components}
        try:
            await bot.http.request(post, json=json)
        except discord.HTTPException as error:
            return error.code
        return 0

    assert await answer(rows(5)) == 0
    assert await answer(rows(6)) == 50035
    assert await answer([{"type": 1, "components": [button(n) for n in range(6)]}]) == 50035
    assert await answer([{"type": 1, "components": [button(0, "x" * 81)]}]) == 50035
    assert await answer([{"type": 1, "components": [button(0, id="x" * 101)]}]) == 50035
    options = [{"label": "x", "value": str(n)} for n in range(26)]
    menu = {"type": 3, "custom_id": "menu", "options": options}
    assert await answer([{"type": 1, "components": [menu]}]) == 50035


async def test_files_have_bounds(bot: SampleBot, server: DiscordServer) -> None:
    channel = await place(server, bot, server.channel("general"))
    server.rest._upload_limit = 2_000
    assert await refused(channel.send(file=discord.File(__file__))) == (413, 40005)


async def test_a_reply_needs_its_message(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    general = server.channel("general")
    said = await server.say(ann, general, "never mind")
    message = await (await place(server, bot, general)).fetch_message(said.id)
    await server.delete(ann, said)
    assert await refused(message.reply("here")) == (400, 50035)
    await (await place(server, bot, general)).send(
        "here", reference=message.to_reference(fail_if_not_exists=False)
    )


async def test_links_are_shown_without_previews_when_told(
    server: DiscordServer, bot: SampleBot
) -> None:
    general = server.channel("general")
    embed = discord.Embed(title="Handbook", description="Leave")
    await (await place(server, bot, general)).send("see", embed=embed)
    await (await place(server, bot, general)).send("see", embed=embed, suppress_embeds=True)

    assert [each.text for each in server.messages(general)] == ["see\nHandbook\nLeave", "see"]


async def test_a_nonce_keeps_a_message_from_being_posted_twice(
    server: DiscordServer, bot: SampleBot
) -> None:
    general = server.channel("general")
    first = await (await place(server, bot, general)).send("25 days", nonce="q1")
    second = await (await place(server, bot, general)).send("25 days", nonce="q1")

    assert first.id == second.id
    assert len(server.messages(general)) == 1


# --- trouble ----------------------------------------------------------------------------------


async def test_rate_limits_and_outages_are_waited_out(
    server: DiscordServer, bot: SampleBot
) -> None:
    general = server.channel("general")
    server.fail("POST /channels/*/messages", 429, retry_after=7)
    server.fail("POST /channels/*/messages", 502, times=2)
    await (await place(server, bot, general)).send("hello")

    assert server.waits == [7, 3, 5]
    assert [call.status for call in server.called("/channels/*/messages")] == [429, 502, 502, 200]


async def test_an_answer_can_be_lost_after_it_was_posted(
    server: DiscordServer, bot: SampleBot
) -> None:
    general = server.channel("general")
    server.fail("POST /channels/*/messages", drop=True, lose=True)
    with pytest.raises(aiohttp.ClientError):
        await (await place(server, bot, general)).send("hello")
    assert [each.text for each in server.messages(general)] == ["hello"]


async def test_a_resumed_gateway_brings_what_was_missed(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    general = server.channel("general")
    await server.say(ann, general, f"{server.mention} one")
    await server.until(lambda: len(server.replies(general)) == 1)
    await server.settled()
    async with server.gateway_down(repeat=3):  # question, typing, answer
        await server.say(ann, general, f"{server.mention} two")
    assert bot.resumes == 1

    heard = [message.content.split()[-1] for message in bot.heard]
    assert heard == ["one", "one", "two"]


async def test_a_new_session_has_lost_what_was_missed(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    general = server.channel("general")
    async with server.gateway_down(resumable=False):
        await server.say(ann, general, f"{server.mention} one")
    await server.say(ann, general, f"{server.mention} two")
    await server.until(lambda: server.replies(general))

    assert [message.content.split()[-1] for message in bot.heard] == ["two"]


async def test_each_shard_hears_of_its_servers() -> None:
    heard: list[tuple[str, int]] = []

    class Sharded(discord.AutoShardedClient):
        async def on_message(self, message: discord.Message) -> None:
            assert message.guild
            heard.append((message.guild.name, message.guild.shard_id))

    async with DiscordServer() as server:
        names = [("One", 0), ("Two", 1)]
        guilds = [server.add_guild(name, shard=(shard, 2)) for name, shard in names]
        await server.start(Sharded(intents=discord.Intents.default(), shard_count=2))
        for guild in guilds:
            ann = server.user("Ann", guild=guild)
            await server.say(ann, server.channel("general", guild=guild), "hello")
        await server.until(lambda: len(heard) == 2)

        assert sorted(heard) == names
        assert len(server.gateway.connected) == 2


async def test_a_bot_that_starts_itself_is_waited_for(server: DiscordServer) -> None:
    bot = SampleBot()
    running = asyncio.create_task(bot.start(server.token))
    await server.connected()
    await bot.close()
    await running


async def test_an_error_of_the_bot_fails_the_test() -> None:
    async def break_down(_: discord.Message) -> None:
        raise ValueError("broken")

    async def converse() -> None:
        async with DiscordServer() as server:
            await server.start(bot := SampleBot())
            bot.add_listener(break_down, "on_message")
            await server.say(server.user("Ann"), server.channel("general"), "hello")
            await server.settled()

    with pytest.raises(ExceptionGroup, match="let errors through"):
        await converse()


async def test_a_condition_that_never_comes_tells_what_did(
    server: DiscordServer, bot: SampleBot, ann: MemberActor
) -> None:
    await server.say(ann, server.channel("general"), "hello")
    with pytest.raises(TimeoutError, match="Ann: hello"):
        await server.until(lambda: False, timeout=0.05)


def test_a_view_of_forty_one_parts_is_too_much() -> None:
    view = ui.LayoutView()
    for _ in range(40):
        view.add_item(ui.TextDisplay("x"))
    with pytest.raises(ValueError, match="maximum number of children"):
        view.add_item(ui.TextDisplay("x"))
