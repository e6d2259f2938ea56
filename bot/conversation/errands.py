"""What is done unasked: answers that fell are marked, messages of jobs posted and settled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.conversation.outbox import Outbox
from bot.conversation.recalling import Recalling
from bot.failures import log_failure
from bot.ports import Platform

EVERY = 15.0
"""Seconds between two looks."""


@dataclass(frozen=True, slots=True)
class Errands:
    """For every platform that is served, by the process that serves it."""

    recalling: Recalling
    outbox: Outbox
    settle: Callable[[Platform], Awaitable[None]]
    """Takes the buttons away where there is nothing left to decide."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def run(self, platform: Platform) -> None:
        """Do what waits now; one kind that fails keeps the others from nothing."""
        for do in (self.recalling.run, self.settle, self.outbox.run):
            try:
                await do(platform)
            except Exception as error:  # a database that is away must not end the service
                log_failure("errand_failed", error, platform=platform.name)

    async def attend(self, platform: Platform) -> None:
        """Do so again and again, until cancelled."""
        while True:
            await self.run(platform)
            await self.sleep(EVERY)
