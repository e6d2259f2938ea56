"""What the tests of the Discord adapter share: a Discord, and the bot on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.discord.checkup import sync
from adapters.discord.config import DiscordConfig, permissions
from tests.adapters.desk_bench import Bench
from tests.adapters.discord_adapter.scene import Scene
from tests.kit.fakes import evidence
from tests.stand_ins.discord_server import DiscordServer

LEAVE = evidence("You get 28 days of annual leave.", title="Leave policy")


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(permissions=permissions()) as server:
        yield server


@pytest.fixture
def content() -> bool:
    """Whether the bot has the message-content intent."""
    return True


@pytest.fixture
async def scene(server: DiscordServer, bench: Bench, content: bool) -> AsyncIterator[Scene]:
    config = DiscordConfig(server.token, message_content=content)
    await sync(config, bench.commands)
    bench.knows("leave", LEAVE)
    scene = Scene(server, bench, config)
    scene.ann, scene.bob = server.user("Ann", admin=True), server.user("Bob")
    scene.general = server.channel("general")
    await scene.start()
    yield scene
    await server.idle(0.02)
    await scene.adapter.close()
    assert server.rung == {}, "nobody is ever rung"
