"""What an adapter tells the core, noted, so that a stage can wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from bot.ports import Platform
from bot.types import Utterance
from tests.adapters.desk_bench import Bench

PATIENCE = 1.0
"""Seconds to wait for what an adapter may also keep to itself."""


class Hearing:
    """Notes what the core has been told of; ``keeps``: and lets it go no further.

    An adapter may keep to itself what nobody could mean for the bot: so waiting has an end.
    """

    def __init__(self, bench: Bench):
        self.keeps = False
        self.utterances: list[Utterance] = []
        self._count = 0
        self._changed = asyncio.Event()
        dispatcher: Any = bench.dispatcher
        dispatcher.hear = self._noted(dispatcher.hear)
        dispatcher.edited = self._noted(dispatcher.edited)
        dispatcher.deleted = self._noted(dispatcher.deleted)

    def _noted(self, told: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def noted(platform: Platform, *what: Any, **how: Any) -> Any:
            try:
                return not self.keeps and await told(platform, *what, **how)
            finally:
                self.utterances += [each for each in what if isinstance(each, Utterance)]
                self._count += 1
                self._changed.set()

        return noted

    async def of(self, id: str) -> None:
        """Wait until the core has heard what the platform calls so."""
        await self._until(lambda: any(id in each.id for each in self.utterances))

    @asynccontextmanager
    async def one_more(self) -> AsyncIterator[None]:
        """Wait until the core was told of what happens inside."""
        before = self._count
        yield
        await self._until(lambda: self._count > before)

    async def _until(self, seen: Callable[[], bool]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not seen():
                    self._changed.clear()
                    await self._changed.wait()
