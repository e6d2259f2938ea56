"""What goes wrong on Discord and is waited out, explained or given up on."""

from __future__ import annotations

import asyncio

import discord
import pytest

from adapters.base import serve
from adapters.discord.adapter import DiscordAdapter
from adapters.discord.checkup import examine, sync
from adapters.discord.config import DiscordConfig, permissions
from bot.errors import ConfigurationError, PlatformError
from tests.adapters.desk_bench import Bench
from tests.adapters.discord_adapter.scene import ANSWER, Scene
from tests.stand_ins.discord_server import DiscordServer


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
