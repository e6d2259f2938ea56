"""Two things about discord.py that a test wants otherwise: it sleeps, and it hides errors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

LONGEST = 0.01
"""Seconds that a shortened sleep takes."""
_SLEEPERS = ("discord.http", "discord.client", "discord.shard", "discord.webhook.async_")
"""Where it sleeps before it tries again. Not where it shows every 5 s that it is typing."""


class HiddenErrors(logging.Handler):
    """Errors that end in discord.py's log since no handler of the bot took them."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._errors: list[Exception] = []
        self._read = 0

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        reconnecting = record.getMessage().startswith("Attempting a reconnect")
        if isinstance(error, Exception) and not reconnecting:
            self._errors.append(error)

    def read(self) -> list[Exception]:
        """All of them; they count as dealt with."""
        self._read = len(self._errors)
        return list(self._errors)

    def unread(self) -> list[Exception]:
        return self._errors[self._read :]

    @contextmanager
    def collected(self) -> Iterator[None]:
        log = logging.getLogger("discord")
        log.addHandler(self)
        try:
            yield
        finally:
            log.removeHandler(self)


class _Hurried:
    """asyncio, with sleeps that are noted down and cut short."""

    def __init__(self, waits: list[float]):
        self._waits = waits

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, delay: float, result: Any = None) -> Any:
        if delay:
            self._waits.append(delay)
        return await asyncio.sleep(min(delay, LONGEST), result)


@contextmanager
def hurried(waits: list[float]) -> Iterator[None]:
    """Inside, discord.py hardly sleeps between tries; ``waits`` gets the seconds it meant to."""
    with ExitStack() as stack:
        for module in _SLEEPERS:
            stack.enter_context(patch(f"{module}.asyncio", _Hurried(waits)))
        yield
