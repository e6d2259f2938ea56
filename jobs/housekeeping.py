"""Clearing away what may be kept no longer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bot.failures import log_failure

Chores = Mapping[str, Callable[[], Awaitable[object]]]
"""What is to be cleared away, by a name for the log."""


async def tidy_up(chores: Chores) -> None:
    """Do all of them; one that fails is logged, and done again in the next round."""
    for name, do in chores.items():
        try:
            await do()
        except Exception as error:  # a database that is away for a while must not end the service
            log_failure("housekeeping_failed", error, chore=name)
