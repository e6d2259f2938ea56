"""What goes wrong on purpose: refused, delayed and dropped calls, rate limits, closed streams."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass
class Fault:
    """One thing that goes wrong with calls of a method (``*``: of any)."""

    method: str
    error: str | None = None
    status: int = 200
    retry_after: float | None = None
    latency: float = 0.0
    drop: bool = False
    """Close the connection without an answer."""
    lose: bool = False
    """Do what was asked for, then close the connection without an answer."""
    times: int | None = 1
    """None: always."""
    after: int = 0
    """How many calls go well before."""


@dataclass
class Limit:
    """So many calls in so many seconds; the next gets 429."""

    calls: int
    seconds: float
    made: deque[datetime]


class Faults:
    """The faults that wait for their call."""

    def __init__(self, clock: Callable[[], datetime]):
        self._clock = clock
        self._faults: list[Fault] = []
        self._limits: dict[str, Limit] = {}
        self.stream_appends: int | None = None
        """Appends after which a stream is closed."""
        self.stream_seconds: float = 300.0
        """Age at which a stream is closed. Slack documents none; about five minutes is what its
        users measured: https://github.com/slackapi/python-slack-sdk/issues/1859"""
        self.stream_bytes: int = 10_600
        """Markdown that a streamed message takes before ``msg_too_long``, in UTF-8 bytes. Slack
        documents 12,000 characters a call; 10,600 bytes in all is the least that its users
        measured: https://github.com/openclaw/openclaw/pull/143882"""

    def add(self, fault: Fault) -> None:
        """Let it happen, after those that were added before for the same method."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Everything goes well again."""
        self._faults.clear()
        self._limits.clear()

    def limit(self, method: str, calls: int, seconds: float) -> None:
        """Rate-limit a method (https://docs.slack.dev/apis/web-api/rate-limits)."""
        self._limits[method] = Limit(calls, seconds, deque())

    def next(self, method: str) -> Fault | None:
        """What goes wrong with this call; None: nothing."""
        for fault in self._faults:
            if fault.method not in (method, "*"):
                continue
            if fault.after > 0:
                fault.after -= 1
                return None
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
            return fault
        return self._over_limit(method)

    def _over_limit(self, method: str) -> Fault | None:
        limit = self._limits.get(method)
        if limit is None:
            return None
        now = self._clock()
        while limit.made and (now - limit.made[0]).total_seconds() >= limit.seconds:
            limit.made.popleft()
        if len(limit.made) < limit.calls:
            limit.made.append(now)
            return None
        wait = limit.seconds - (now - limit.made[0]).total_seconds()
        return Fault(method, "ratelimited", 429, retry_after=max(1.0, wait))
