"""The stand-in's limits, outages and resumed sessions behave as Discord's do."""

from __future__ import annotations

import asyncio

import aiohttp
import discord
import pytest
from discord import ui
from simcord import MemberActor

from tests.stand_ins.discord_server import DiscordServer
from tests.stand_ins.discord_server.places import place
from tests.stand_ins.discord_server.sample_bot import SampleBot


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
