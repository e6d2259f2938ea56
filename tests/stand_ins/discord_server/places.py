"""Where the tests of the stand-in talk, and what they are refused."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from tests.stand_ins.discord_server import DiscordServer
from tests.stand_ins.discord_server.sample_bot import SampleBot


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
