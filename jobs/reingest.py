"""Reading sources again when their time comes, as is done every night.

The schedule only enters what is to be read, in the database; whoever then holds the scheduler's
lease works it off. So a night that nobody was there for is made up for once, and a process that is
killed leaves its work to the next.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import structlog

from bot.failures import log_failure
from knowledge.errors import KnowledgeError, SourceBusy, SourceError
from knowledge.library.kept.records import RunReport
from knowledge.library.kept.tasks import ReadingTask
from knowledge.library.library import Library, Since
from knowledge.sources.port import SourceSpec

NIGHTS = 3
"""So many that failed in a row are told to whoever added the source."""
_LOOK_AGAIN = 60.0
"""Seconds between two looks at what has become due, while all that is read is slow."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

_log = structlog.get_logger()


class Workers(Protocol):
    """Those who read what is due: this process, or others on other machines."""

    @property
    def at_once(self) -> int:
        """How many sources are read at the same time."""
        ...

    async def read(self, spec: SourceSpec) -> RunReport:
        """Read one again; raises what :meth:`knowledge.library.library.Library.refresh` does.

        Also raises :class:`KnowledgeError` if the worker died over it.
        """
        ...


Hire = Callable[[], AbstractAsyncContextManager[Workers]]
"""Workers for as long as there is work."""


@dataclass(frozen=True, slots=True)
class Alone:
    """This process reads: a few sources at once, since one that is slow mostly waits."""

    library: Library
    at_once: int = 3

    async def read(self, spec: SourceSpec) -> RunReport:
        """By the library that is here."""
        return await self.library.refresh(spec.id)


async def reingest(library: Library, since: Since, hire: Hire | None = None) -> None:
    """Enter every source that was not read since then, and read what is entered and ready.

    ``since``: the time that was set for each, asked for again while there is work; paused sources
    are left as they are. ``hire``: whoever reads them, this process if not given. Of several
    processes one does it at a time. The failure of one source stops no other: it is in the record
    of its runs, and in the log; one that may pass is tried again after a pause.
    """
    try:
        async with library.scheduling():
            await library.recover()
            if await _ready(library, since):
                async with hire() if hire else nullcontext(Alone(library)) as workers:
                    await _work_off(library, since, workers)
    except SourceBusy:
        _log.info("scheduler_busy")


async def _ready(library: Library, since: Since) -> list[ReadingTask]:
    """Enter what is due; returns all that is to be read now."""
    for spec in await library.due(since):
        night = since(spec) or _LONG_AGO
        await library.tasks.enter(spec.id, night, library.now())
    return await library.tasks.ready(library.now())


async def _work_off(library: Library, since: Since, workers: Workers) -> None:
    """Read until nothing is left, also what becomes due while a slow source is read."""
    waiting: deque[ReadingTask] = deque()
    reading: dict[str, asyncio.Task[None]] = {}
    try:
        while True:
            if not waiting:
                ready = await _ready(library, since)
                waiting.extend(each for each in ready if each.source not in reading)
            while waiting and len(reading) < workers.at_once:
                task = waiting.popleft()
                reading[task.source] = asyncio.create_task(_read(library, workers, task))
            if not reading:
                return
            done, _ = await asyncio.wait(
                reading.values(), timeout=_LOOK_AGAIN, return_when=asyncio.FIRST_COMPLETED
            )
            reading = {source: each for source, each in reading.items() if each not in done}
            for each in done:
                each.result()  # what is raised goes up as it is
    finally:
        for each in reading.values():
            each.cancel()
        await asyncio.gather(*reading.values(), return_exceptions=True)


async def _read(library: Library, workers: Workers, task: ReadingTask) -> None:
    try:
        spec = await library.find(task.source)
    except SourceError:
        await library.tasks.forget(task.source)
        return
    if spec.is_paused:
        await library.tasks.put_off(task, library.now())
        return
    try:
        report = await workers.read(spec)
    except SourceBusy:
        _log.info("source_busy", source=spec.id)
        await library.tasks.put_off(task, library.now())
    except Exception as error:  # the store is away, or a source was removed in between
        error_id = log_failure("source_not_read", error, source=spec.id)
        is_told = isinstance(error, KnowledgeError)
        told = str(error) if is_told else f"It failed, for the reason in the log ({error_id})."
        await _failed(library, spec, task, told, 0.0)
    else:
        _told(report)
        if report.error is None:
            await library.tasks.done(task)
        else:
            await _failed(library, spec, task, report.error, report.again_in)


async def _failed(
    library: Library, spec: SourceSpec, task: ReadingTask, error: str, again_in: float | None
) -> None:
    now = library.now()
    nights = await library.tasks.failed(task, error, now, again_in)
    if nights == NIGHTS:
        told = f"It could not be read {nights} times in a row, each time when it was due. {error}"
        await library.notices.tell_owner(spec, "failing", told, now)


def _told(report: RunReport) -> None:
    is_good = report.error is None and not report.held
    (_log.info if is_good else _log.warning)(
        "source_read",
        source=report.source,
        added=report.added,
        changed=report.changed,
        removed=report.removed,
        unchanged=report.unchanged,
        skipped=len(report.skipped),
        quarantined=len(report.quarantined),
        waits=bool(report.held),
        complete=report.error is None,
    )
