"""What the tests of the stand-in share: the server, a bot and somebody who talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from simcord import MemberActor

from tests.stand_ins.discord_server import DiscordServer
from tests.stand_ins.discord_server.sample_bot import SampleBot


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
