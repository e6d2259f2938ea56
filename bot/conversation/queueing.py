"""Whose turn it is to be answered, and how long the others have to wait."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from bot.errors import PlatformError

LONG = 20.0
"""Seconds of waiting that are worth telling."""
_KNOWN = 20  # the latest turns, from which the next are estimated

Tell = Callable[[str], Awaitable[None]]


class Queue:
    """Lets so many in at once, in the order in which they came."""

    def __init__(self, at_once: int, clock: Callable[[], datetime]):
        self._free = at_once
        self._at_once = at_once
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._took: deque[float] = deque(maxlen=_KNOWN)

    @asynccontextmanager
    async def turn(self, tell: Tell) -> AsyncIterator[None]:
        """Wait for a turn and have it. ``tell``: says once how long that is, if it is long."""
        await self._wait(tell)
        begun = self._clock()
        try:
            yield
        finally:
            self._took.append((self._clock() - begun).total_seconds())
            self._next()

    async def _wait(self, tell: Tell) -> None:
        if self._free:
            self._free -= 1
            return
        waiting = _Waiting(tell)
        self._waiting.append(waiting)
        self._say_the_wait()
        try:
            await waiting.turn.wait()
        except asyncio.CancelledError:
            if waiting.turn.is_set():
                self._next()
            else:
                self._waiting.remove(waiting)
            raise
        finally:
            await waiting.told()

    def _next(self) -> None:
        if not self._waiting:
            self._free += 1
            return
        self._waiting.popleft().turn.set()
        self._say_the_wait()

    def _say_the_wait(self) -> None:
        """To all who do not know it yet; before the first turns are over nobody does."""
        if not self._took:
            return
        each = sum(self._took) / len(self._took)
        for before, waiting in enumerate(self._waiting):
            seconds = (before + 1) * each / self._at_once
            if seconds >= LONG:
                waiting.say(wait(seconds, before))


class _Waiting:
    """One who waits."""

    def __init__(self, tell: Tell):
        self.turn = asyncio.Event()
        self._tell = tell
        self._telling: asyncio.Task[None] | None = None

    def say(self, words: str) -> None:
        """Unless it was said."""
        if self._telling is None:
            self._telling = asyncio.create_task(self._say(words), name="answer is waited for")

    async def told(self) -> None:
        """Wait for it: what comes after the answer would stay."""
        if self._telling is not None:
            await asyncio.wait({self._telling})

    async def _say(self, words: str) -> None:
        with suppress(PlatformError):  # not worth failing for
            await self._tell(words)


def wait(seconds: float, before: int) -> str:
    """How long, and behind how many: "about 2 minutes: 60 before you"."""
    if seconds < 60:
        long = f"{math.ceil(seconds / 10) * 10} seconds"
    elif seconds < 90:
        long = "a minute"
    else:
        long = f"{round(seconds / 60)} minutes"
    return f"about {long}: {before} before you"
