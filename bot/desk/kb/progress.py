"""How far long work is, told in place while it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from bot.desk.commands import Invocation
from bot.desk.kb.words import counted
from bot.errors import PlatformError
from bot.ports import Progressing

PACE = 3.0
"""Seconds before it is told first, and between two times; platforms take an edit a second."""


@asynccontextmanager
async def telling(
    by: Invocation, what: str, sleep: Callable[[float], Awaitable[None]]
) -> AsyncIterator[Progressing]:
    """Inside, what the given function is told of documents and passages is shown to who waits."""
    newest: list[tuple[int, int]] = []

    def note(documents: int, passages: int) -> None:
        newest[:] = [(documents, passages)]

    async def keep_telling(tell: Callable[[str], Awaitable[None]]) -> None:
        told: tuple[int, int] | None = None
        while True:
            await sleep(PACE)
            if newest and newest[0] != told:
                told = newest[0]
                so_far = f"{counted(told[0], 'document')}, {counted(told[1], 'passage')}"
                with suppress(PlatformError):  # the work goes on, and its end is told anyway
                    await tell(f"Reading {what}: {so_far} so far …")

    if by.tell is None:
        yield note
        return
    task = asyncio.create_task(keep_telling(by.tell), name="progress")
    try:
        yield note
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
