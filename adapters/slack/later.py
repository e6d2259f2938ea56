"""What goes on after Slack has its acknowledgement; it waits three seconds for that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from bot.errors import PlatformError
from bot.failures import log_failure


class Later:
    """Work in the background; its failures go to the log, as nobody else would hear of them."""

    def __init__(self) -> None:
        self._doing: set[asyncio.Future[Any]] = set()

    def do(self, work: Awaitable[Any]) -> None:
        """Go on with it."""
        task = asyncio.create_task(_logged(work), name="slack later")
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)

    async def settled(self, seconds: float) -> None:
        """Wait until all is done, but no longer."""
        if self._doing:
            await asyncio.wait(self._doing, timeout=seconds)

    async def cancel(self) -> None:
        """End what is not done yet."""
        for task in list(self._doing):
            task.cancel()
        await asyncio.gather(*self._doing, return_exceptions=True)


async def _logged(work: Awaitable[Any]) -> None:
    try:
        await work
    except PlatformError as error:
        log_failure("slack_not_done", error, reason=str(error))
    except Exception as error:
        log_failure("slack_not_done", error)
