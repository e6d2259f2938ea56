"""Notices a websocket that has fallen silent. Pure but for the clock.

The library reconnects when a socket closes. It does not notice one whose reader has died, one
that it tries to open for ever with a used ticket, or one that answers pings and says nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["fine", "silent", "quiet"]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long silence is borne, in seconds."""

    check: float = 5.0
    """Between two looks."""
    ping: float = 10.0
    """Between two pings."""
    silent: float = 35.0
    """Without any sign of life: three pings and a little."""
    quiet: float = 600.0
    """With answered pings only. A workspace may well be that quiet, so a second connection is
    opened before the first is closed."""
    connect: float = 30.0
    """For a connection to be made."""
    longest_pause: float = 60.0
    """Between two attempts to connect."""


class Watchdog:
    """Watches one connection."""

    def __init__(self, patience: Patience, clock: Callable[[], float]):
        self._patience = patience
        self._clock = clock
        self._alive = self._spoke = clock()
        self._pong: float | None = None

    def heard(self) -> None:
        """Something was said."""
        self._alive = self._spoke = self._clock()

    def look(self, last_pong: float | None) -> Verdict:
        """What to think of it now. ``last_pong``: any number that changes with each pong."""
        now = self._clock()
        if last_pong != self._pong:
            self._pong, self._alive = last_pong, now
        if now - self._alive > self._patience.silent:
            return "silent"
        return "quiet" if now - self._spoke > self._patience.quiet else "fine"
