"""Whose turn it is to be answered, and how long the others have to wait."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta

from bot.errors import PlatformError

LONG = 20.0
"""Seconds of waiting that are worth telling."""
_KNOWN = 20  # the latest turns, from which the next are estimated
TOLD_AT_ONCE = 4
"""Of those that are told how long it will be: it must not hold up those whose turn it is."""
MANY_UNGREETED = 8
"""So many who do not see yet that they were heard come before those who wait for an answer."""
_FEW = 2
"""Have a turn meanwhile."""

Tell = Callable[[str], Awaitable[None]]


class Queue:
    """Lets so many in at once, in the order in which they came."""

    def __init__(self, at_once: int, clock: Callable[[], datetime]):
        self._having = 0
        self._ungreeted = 0
        self._at_once = at_once
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._took: deque[float] = deque(maxlen=_KNOWN)
        self._begun: list[datetime] = []
        self._telling = asyncio.Semaphore(TOLD_AT_ONCE)

    @asynccontextmanager
    async def turn(self, tell: Tell) -> AsyncIterator[None]:
        """Wait for a turn and have it.

        ``tell``: says how long that is, if it is long, and again where it proves to be longer.
        """
        await self._wait(tell)
        begun = self._clock()
        self._begun.append(begun)
        try:
            yield
        finally:
            self._begun.remove(begun)
            self._took.append((self._clock() - begun).total_seconds())
            self._having -= 1
            self._next()

    @contextmanager
    def greeting(self) -> Iterator[None]:
        """Within it somebody is shown that they were heard, or waits for that."""
        self._ungreeted += 1
        try:
            yield
        finally:
            self._ungreeted -= 1
            if self._ungreeted == MANY_UNGREETED:
                self._next()
                self._say_the_wait()

    async def _wait(self, tell: Tell) -> None:
        if self._is_free() and not self._waiting:
            self._having += 1
            return
        waiting = _Waiting(tell, self._telling)
        self._waiting.append(waiting)
        self._say_the_wait()
        try:
            await waiting.turn.wait()
        except asyncio.CancelledError:
            if waiting.turn.is_set():
                self._having -= 1
                self._next()
            else:
                self._waiting.remove(waiting)
            raise
        finally:
            await waiting.told()

    def _is_crowded(self) -> bool:
        return self._ungreeted > MANY_UNGREETED

    def _is_free(self) -> bool:
        most = min(_FEW, self._at_once) if self._is_crowded() else self._at_once
        return self._having < most

    def _next(self) -> None:
        before = len(self._waiting)
        while self._waiting and self._is_free():
            self._having += 1
            self._waiting.popleft().turn.set()
        if len(self._waiting) < before:
            self._say_the_wait()

    def _say_the_wait(self) -> None:
        """To all who do not know it yet; before the first turns are over nobody does.

        Those who do not see yet that they were heard come first.
        """
        if not self._took or self._is_crowded():
            return
        now, each = self._clock(), self._turn_seconds()
        for before, waiting in enumerate(self._waiting):
            seconds = (before + 1) * each / self._at_once
            if seconds >= LONG:
                waiting.say(wait(seconds, before), now, now + timedelta(seconds=seconds))

    def _turn_seconds(self) -> float:
        """What a turn takes: on average, with those that have taken longer already."""
        now, mean = self._clock(), sum(self._took) / len(self._took)
        longer = [age for each in self._begun if (age := (now - each).total_seconds()) > mean]
        return sum((*self._took, *longer)) / (len(self._took) + len(longer))


class _Waiting:
    """One who waits."""

    def __init__(self, tell: Tell, at_once: asyncio.Semaphore):
        self.turn = asyncio.Event()
        self._tell = tell
        self._at_once = at_once
        self._is_being_told = False
        self._telling: asyncio.Task[None] | None = None
        self._until: datetime | None = None

    def say(self, words: str, now: datetime, until: datetime) -> None:
        """Unless it was said, and what was said then is not over. ``until``: when it will be."""
        is_told = self._telling is not None and not self._telling.done()
        if not is_told and (self._until is None or now >= self._until):
            self._until = until
            self._telling = asyncio.create_task(self._say(words), name="answer is waited for")

    async def told(self) -> None:
        """Wait for it: what comes after the answer would stay. What has not begun is left out."""
        if self._telling is not None:
            if not self._is_being_told:
                self._telling.cancel()
            await asyncio.wait({self._telling})

    async def _say(self, words: str) -> None:
        async with self._at_once:
            self._is_being_told = True
            try:
                with suppress(PlatformError):  # not worth failing for
                    await self._tell(words)
            finally:
                self._is_being_told = False


def wait(seconds: float, before: int) -> str:
    """How long, and behind how many: "about 2 minutes: 60 before you"."""
    if seconds < 60:
        long = f"{math.ceil(seconds / 10) * 10} seconds"
    elif seconds < 90:
        long = "a minute"
    else:
        long = f"{round(seconds / 60)} minutes"
    return f"about {long}: {before} before you"
