"""The stand-in's commands, buttons and forms behave as Discord's do, within its bounds."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
import pytest
from discord import app_commands, ui
from simcord import MemberActor, SetupError

from tests.stand_ins.discord_server import DiscordServer
from tests.stand_ins.discord_server.places import place, refused
from tests.stand_ins.discord_server.sample_bot import Answer, SampleBot

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
