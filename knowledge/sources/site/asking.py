"""Asks a site for one page after the other: not faster than it likes, nor in vain for long."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

from knowledge.errors import SourceAway, SourceError
from knowledge.sources.port import SkippedDocument
from knowledge.sources.web_page import GONE, refusal
from knowledge.types import Validators
from knowledge.web.client import BodyTooLarge, GuardedClient, Response

_MOST_FAILURES = 10
"""In a row: the site is down, or wants no more of us."""
_SIGN_IN = frozenset({401, 403, 407})

AT_ONCE = 4
"""Requests under way: as many as a visitor's browser makes, and fewer than a small site bears."""

Sleep = Callable[[float], Awaitable[None]]
Given = TypeVar("Given")
Item = TypeVar("Item")


async def in_order(
    queue: deque[Item], ask: Callable[[Item], Awaitable[Given]], at_once: int
) -> AsyncGenerator[tuple[Item, Given], None]:
    """Ask for each of the queue, several at once, and give the answers in its order.

    The queue may grow meanwhile.
    """
    waiting: deque[tuple[Item, asyncio.Future[Given]]] = deque()
    try:
        while queue or waiting:
            while queue and len(waiting) < at_once:
                item = queue.popleft()
                waiting.append((item, asyncio.ensure_future(ask(item))))
            item, asked = waiting.popleft()
            yield item, await asked
    finally:
        for _, asked in waiting:
            asked.cancel()
        await asyncio.gather(*(asked for _, asked in waiting), return_exceptions=True)


class Asking:
    """Asks one site; it is told what became of a page in the terms of a source."""

    def __init__(
        self,
        client: GuardedClient,
        max_bytes: int,
        *,
        token: str | None = None,
        pause: float = 0.0,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``pause``: seconds between the beginnings of two requests; ``token`` signs us in."""
        self._client = client
        self._max_bytes = max_bytes
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.pause = pause
        self._sleep = sleep
        self._clock = clock
        self._next_at = 0.0
        self._failures = 0

    async def page(self, url: str, known: Validators | None) -> Response | SkippedDocument | None:
        """Its answer, 200 or not modified; None if it is gone.

        Raises :class:`SourceError` once nothing has answered for a while.
        """
        await self._wait()
        try:
            answer = await self._client.get(
                url, validators=known, headers=self._headers, max_bytes=self._max_bytes
            )
        except BodyTooLarge as error:
            return SkippedDocument(url, str(error))
        except SourceError as error:
            return self._failed(url, str(error), error)
        if answer.status in GONE:
            return None
        if answer.status in _SIGN_IN:
            return SkippedDocument(url, refusal(url, answer.status))
        if answer.status not in (200, 304):
            return self._failed(url, refusal(url, answer.status))
        self._failures = 0
        return answer

    def _failed(self, url: str, reason: str, error: SourceError | None = None) -> SkippedDocument:
        self._failures += 1
        if self._failures >= _MOST_FAILURES:
            raise SourceAway(
                f"{_MOST_FAILURES} pages in a row could not be read, so the rest was left for the "
                f"next run. The last one: {reason}"
            ) from error
        return SkippedDocument(url, reason, is_kept=True)

    async def _wait(self) -> None:
        if self.pause:
            now = self._clock()
            begins = max(now, self._next_at)
            self._next_at = begins + self.pause
            if begins > now:
                await self._sleep(begins - now)
