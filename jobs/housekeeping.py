"""Clearing away what may be kept no longer, once an hour for as long as the bot serves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from bot.failures import log_failure

EVERY = 3600.0
"""Seconds from the end of one round to the next."""

Chores = Mapping[str, Callable[[], Awaitable[object]]]
"""What is to be cleared away, by a name for the log."""


async def tidy_up(chores: Chores) -> None:
    """Do all of them; one that fails is logged, and done again in the next round."""
    for name, do in chores.items():
        try:
            await do()
        except Exception as error:  # a database that is away for a while must not end the service
            log_failure("housekeeping_failed", error, chore=name)


async def keep_house(
    chores: Chores, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Tidy up now and then, until cancelled. ``sleep``: what is done in between."""
    while True:
        await tidy_up(chores)
        await sleep(EVERY)
