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

Sleep = Callable[[float], Awaitable[None]]


@asynccontextmanager
async def telling(by: Invocation, sleep: Sleep) -> AsyncIterator[Callable[[str], None]]:
    """Inside, the newest line that the given function is told is shown to who waits."""
    newest = ""

    def note(line: str) -> None:
        nonlocal newest
        newest = line

    async def keep_telling(tell: Callable[[str], Awaitable[None]]) -> None:
        told = ""
        while True:
            await sleep(PACE)
            if newest != told:
                told = newest
                with suppress(PlatformError):  # the work goes on, and its end is told anyway
                    await tell(told)

    if by.tell is None:
        yield note
        return
    task = asyncio.create_task(keep_telling(by.tell), name="progress")
    try:
        yield note
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def telling_reading(by: Invocation, what: str, sleep: Sleep) -> AsyncIterator[Progressing]:
    """The same of a reading: the function is told how many documents and passages there are."""
    async with telling(by, sleep) as note:

        def note_counts(documents: int, passages: int) -> None:
            so_far = f"{counted(documents, 'document')}, {counted(passages, 'passage')}"
            note(f"Reading {what}: {so_far} so far …")

        yield note_counts
