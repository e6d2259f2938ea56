"""Notices a websocket that has fallen silent. Pure but for the clock.

A connection can be dead without being closed, or answer pings and say nothing else for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["fine", "silent", "quiet"]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long silence is borne, in seconds."""

    check: float = 10.0
    """Between two looks, each with a ping."""
    silent: float = 35.0
    """Without any sign of life: three pings and a little."""
    quiet: float = 600.0
    """With answered pings only. A workspace may well be that quiet."""
    connect: float = 30.0
    """For a connection to be made."""
    farewell: float = 3.0
    """For Slack to close a connection that is left."""
    longest_pause: float = 60.0
    """Between two attempts to connect."""
    lasting: float = 30.0
    """A connection that held so long is replaced without a pause when it ends."""


class Watchdog:
    """Watches one connection.

    Between two looks no more silence is counted than lies between two looks in ordinary times: a
    process that did not run for a minute has heard nothing, whoever was speaking.
    """

    def __init__(self, patience: Patience, clock: Callable[[], float]):
        self._patience = patience
        self._clock = clock
        self._looked = clock()
        self._silent = self._quiet = 0.0

    def alive(self) -> None:
        """A ping was answered, or asked for."""
        self._silent = 0.0

    def heard(self) -> None:
        """Something was said."""
        self._silent = self._quiet = 0.0

    def look(self) -> Verdict:
        """What to think of it now."""
        before, self._looked = self._looked, self._clock()
        passed = min(self._looked - before, 1.5 * self._patience.check)
        self._silent += passed
        self._quiet += passed
        if self._silent > self._patience.silent:
            return "silent"
        return "quiet" if self._quiet > self._patience.quiet else "fine"
