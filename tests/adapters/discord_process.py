"""The bot on Discord as a process of its own, which a test can really kill."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from adapters.base import serve
from adapters.discord.adapter import DiscordAdapter
from adapters.discord.config import DiscordConfig
from tests.adapters.desk_bench import open_bench
from tests.adapters.discord_office import LEAVE


@dataclass(frozen=True)
class Orders:
    """What a process is started with."""

    folder: Path
    """Where the database is, and its log goes."""
    name: str
    config: DiscordConfig
    late: float
    """Seconds by which its time is ahead of that of the first one."""
    grace: float


def run(orders: Orders) -> None:
    """Serve until SIGTERM."""
    log = os.open(orders.folder / f"{orders.name}.log", os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    asyncio.run(_serve(orders))


async def _serve(orders: Orders) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_bench(orders.folder) as bench:
        bench.clock.tick(orders.late)
        bench.knows("leave", LEAVE)
        bot = DiscordAdapter(orders.config, bench.desk)
        bot.client._connection.guild_ready_timeout = 0.05
        await serve([lambda: bot], bench.dispatcher, stop, orders.grace)
