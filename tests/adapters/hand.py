"""A clock that a test moves by hand, with those who sleep by it."""

from __future__ import annotations

import asyncio


class Hand:
    """Seconds since some moment: ``clock=hand, pause=hand.sleep``."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now
        self._sleepers: dict[asyncio.Event, float] = {}

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Until the clock has been moved so far."""
        if seconds <= 0:
            return
        woken = asyncio.Event()
        self._sleepers[woken] = self.now + seconds
        try:
            await woken.wait()
        finally:
            del self._sleepers[woken]

    def move(self, seconds: float) -> None:
        """Move on all at once, as for a process that did not run meanwhile."""
        self.now += seconds
        for woken, due in self._sleepers.items():
            if due <= self.now:
                woken.set()

    @property
    def next(self) -> float | None:
        """When the first of the sleepers wakes; None: nobody sleeps."""
        return min(self._sleepers.values(), default=None)
