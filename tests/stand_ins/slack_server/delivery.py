"""Getting what happened to the app: who is told, how often, and how long it took to be heard.

Three seconds to acknowledge, then up to three retries for events: at once, after a minute, after
five. Commands and interactions are sent once.
https://docs.slack.dev/apis/events-api/#retries
https://docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, field
from time import perf_counter
from typing import Literal, Protocol

from tests.stand_ins.slack_server.state import Json

Kind = Literal["events_api", "slash_commands", "interactive"]

ACK_SECONDS = 3.0
RETRY_SECONDS = (0.0, 60.0, 300.0)
AT_ONCE = 100
"""Events that are sent but not acknowledged. Slack's own limit is 30,000 an hour
(https://docs.slack.dev/apis/events-api/#rate_limiting); without one a burst of thousands would
only measure the queue in front of the app."""


@dataclass
class Attempt:
    """One try to deliver."""

    number: int
    sent_at: float
    """As ``time.perf_counter`` counts."""
    acked_at: float | None = None
    failure: str = ""
    """The reason that a retry gives: ``http_timeout``, ``http_error``, ``timeout`` …"""
    status: int | None = None
    connection: int | None = None
    answer: Json | None = None
    no_retry: bool = False


@dataclass
class Delivery:
    """One payload and what became of it."""

    kind: Kind
    payload: Json
    attempts: list[Attempt] = field(default_factory=list)
    copy_of: str = ""
    """The event id, for a copy that is sent on purpose."""
    finished: bool = False
    waits: bool = False
    """For the time of its next retry."""

    @property
    def acknowledged(self) -> bool:
        """Did the app take it?"""
        return any(attempt.acked_at is not None for attempt in self.attempts)

    @property
    def answer(self) -> Json:
        """What the app sent back with its acknowledgement."""
        for attempt in self.attempts:
            if attempt.acked_at is not None:
                return attempt.answer or {}
        return {}

    @property
    def latency_ms(self) -> float | None:
        """From sending to acknowledgement, in the attempt that was acknowledged first."""
        for attempt in self.attempts:
            if attempt.acked_at is not None:
                return (attempt.acked_at - attempt.sent_at) * 1000
        return None

    @property
    def event(self) -> Json:
        """The inner event; empty for what is no event."""
        event: Json = self.payload.get("event", {})
        return event


class Transport(Protocol):
    """A way to the app."""

    async def attempt(self, delivery: Delivery, attempt: Attempt, reason: str) -> None:
        """Send once and fill in what came of it. ``reason``: why this is a retry."""
        ...


class Deliveries:
    """All that was ever sent, and what is under way."""

    def __init__(
        self,
        transport: Callable[[], Transport],
        notify: Callable[[], None],
        *,
        retry_seconds: tuple[float, ...] = RETRY_SECONDS,
        at_once: int,
    ):
        self._transport = transport
        self._notify = notify
        self._retry_seconds = retry_seconds
        self._turns = asyncio.Semaphore(at_once)
        self._tasks: set[asyncio.Task[None]] = set()
        self._retry_now = asyncio.Event()
        self._held: list[Delivery] | None = None
        self._unfinished: dict[int, Delivery] = {}
        self.history: list[Delivery] = []
        self.copies = 1
        """How often each event is sent."""

    @property
    def are_under_way(self) -> bool:
        """Is there anything that is neither acknowledged nor given up?"""
        return bool(self._unfinished)

    @property
    def unfinished(self) -> list[Delivery]:
        """What is neither acknowledged nor given up."""
        return list(self._unfinished.values())

    def send(self, kind: Kind, payload: Json) -> Delivery:
        """Send it, or hold it while :meth:`out_of_order`."""
        delivery = Delivery(kind, payload)
        copies = [
            Delivery(kind, deepcopy(payload), copy_of=payload.get("event_id", ""))
            for _ in range(self.copies - 1 if kind == "events_api" else 0)
        ]
        for each in (delivery, *copies):
            self.history.append(each)
            self._unfinished[id(each)] = each
            if self._held is not None and kind == "events_api":
                self._held.append(each)
            else:
                self._start(each)
        self._notify()
        return delivery

    @asynccontextmanager
    async def out_of_order(self, seed: int, copies: int) -> AsyncIterator[None]:
        """Hold events, each so many times; send all of them shuffled at the end."""
        self._held, before, self.copies = [], self.copies, copies
        try:
            yield
            held = self._held
            random.Random(seed).shuffle(held)
            for delivery in held:
                self._start(delivery)
        finally:
            self._held, self.copies = None, before

    def retry_now(self) -> None:
        """Let every retry that is waiting for its time happen at once."""
        self._retry_now.set()
        self._retry_now = asyncio.Event()

    async def close(self) -> None:
        """Stop trying."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, delivery: Delivery) -> None:
        task = asyncio.create_task(self._deliver(delivery), name="slack delivers")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delivery: Delivery) -> None:
        waits = (0.0, *self._retry_seconds) if delivery.kind == "events_api" else (0.0,)
        reason = "http_timeout" if delivery.copy_of else ""
        for wait in waits:
            if wait:
                delivery.waits = True
                self._notify()
                await self._wait(wait)
                delivery.waits = False
            async with self._turns if delivery.kind == "events_api" else nullcontext():
                attempt = Attempt(len(delivery.attempts), perf_counter())
                delivery.attempts.append(attempt)
                await self._transport().attempt(delivery, attempt, reason)
            self._notify()
            if attempt.acked_at is not None or attempt.no_retry:
                break
            reason = attempt.failure
        delivery.finished = True
        del self._unfinished[id(delivery)]
        self._notify()

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._retry_now.wait(), seconds)
        except TimeoutError:
            return
