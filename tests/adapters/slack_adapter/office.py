"""A workspace with the bot at work in it, seen by its people."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from adapters.slack.adapter import SlackAdapter
from adapters.slack.config import SlackConfig
from tests.adapters.desk_bench import Bench
from tests.adapters.slack_office import at_rest
from tests.stand_ins.slack_server import Channel, Json, SlackServer, User

SET_STATUS = "assistant.threads.setStatus"


@dataclass
class Office:
    """A workspace with the bot at work in it."""

    slack: SlackServer
    bench: Bench
    bot: SlackAdapter
    ada: User
    bob: User
    general: Channel

    async def rest(self) -> None:
        """Wait until everything is said."""
        await at_rest(self.slack)

    async def say(self, text: str, **where: Any) -> str:
        """Ada says it in #general."""
        ts = await self.slack.say(self.ada, where.pop("channel", self.general), text, **where)
        await self.rest()
        return ts

    async def ask(self, text: str = "How many days of leave?", **where: Any) -> str:
        """Ada asks the bot by name."""
        return await self.say(f"{self.slack.mention} {text}", **where)

    def replies(self, channel: Channel | None = None) -> list[str]:
        """What the bot said, as people read it."""
        return [self.slack.visible(each) for each in self.slack.replies(channel or self.general)]

    def private(self, user: User | None = None) -> list[str]:
        """What only this person sees."""
        return [self.slack.visible(each) for each in self.slack.ephemerals(user or self.ada)]

    def modal(self, user: User | None = None) -> Json:
        """The modal on top."""
        return self.slack.views(user or self.ada)[-1]


async def no_time(_: float) -> None:
    """Wait for nothing."""


@asynccontextmanager
async def at_work(slack: SlackServer, bench: Bench, **config: Any) -> AsyncIterator[SlackAdapter]:
    """The adapter, connected and listening."""
    given = {"app_token": slack.app_token, "api_url": slack.api_url} | config
    bot = SlackAdapter(SlackConfig(slack.bot_token, **given), bench.desk, sleep=no_time)
    await bot.connect()
    listening = asyncio.create_task(bot.listen())
    try:
        yield bot
    finally:
        await bot.stop_listening()
        await bench.dispatcher.close(1)
        await listening
        await bot.close()
