"""A circuit breaker: what has failed several times in a row is left alone for a while.

Nygard, *Release It!* (2007), chapter 5: closed, open after some failures, and half-open when one
call is let through to try.
"""

from __future__ import annotations

import time
from collections.abc import Callable

FAILURES = 3
"""In a row, after which it is open."""
PAUSE_SECONDS = 30.0
"""For which nothing is tried; then one call is, and if that fails, nothing for as long again."""


class Circuit:
    """Counts failures in a row; ``clock`` in seconds."""

    def __init__(
        self,
        *,
        failures: int = FAILURES,
        pause: float = PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = failures
        self._pause = pause
        self._clock = clock
        self._failures = 0
        self._not_before = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it has failed so often that it counts as away."""
        return self._failures >= self._most

    def lets_through(self) -> bool:
        """Whether it may be tried. When it is open, one caller is told so after each pause."""
        if not self.is_open:
            return True
        now = self._clock()
        if now < self._not_before:
            return False
        self._not_before = now + self._pause
        return True

    def succeeded(self) -> bool:
        """Enter that it worked; whether it was open before."""
        was_open = self.is_open
        self._failures = 0
        return was_open

    def failed(self) -> bool:
        """Enter that it failed; whether that opened it."""
        was_open = self.is_open
        self._failures += 1
        if self.is_open:
            self._not_before = self._clock() + self._pause
        return self.is_open and not was_open
