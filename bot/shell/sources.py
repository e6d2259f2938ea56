"""What admins do with sources from where they talk, done by the library."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.errors import ConfigurationError, UsageError
from bot.ports import KnownSource, SourceReading
from knowledge.errors import SourceError, StoreError
from knowledge.library.catalog import Run
from knowledge.library.library import Library, SourceState
from knowledge.types import PUBLIC, Principals

if TYPE_CHECKING:  # what it rests on is slow to import
    from jobs.schedules import Schedules


class LibrarySources:
    """:class:`bot.ports.Sources` over a library.

    Whoever is an admin of a chat need not be one of the machine: sources are added as by somebody
    remote, and of those that are there only the place is shown, not what they are read with.
    """

    def __init__(
        self,
        library: Library,
        schedules: Callable[[], Schedules],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._library = library
        self._schedules = schedules
        self._clock = clock

    async def all(self) -> Sequence[KnownSource]:
        """As the library has them."""
        with _in_words():
            return [self._known(each) for each in await self._library.states()]

    async def add(
        self, address: str, readers: Principals | None = None, by: str = ""
    ) -> tuple[KnownSource, SourceReading]:
        """Nothing of the machine's disk or secrets."""
        with _in_words():
            spec, _ = await self._library.add(address, access=readers, remote=True, by=by)
        return await self._last_reading(spec.id)

    async def show(self, name: str) -> tuple[KnownSource, Sequence[SourceReading]]:
        """With its last five readings."""
        with _in_words():
            state, runs = await self._library.show(name)
        return self._known(state), [_reading(each) for each in runs]

    async def refresh(self, name: str) -> tuple[KnownSource, SourceReading]:
        """By one at a time."""
        with _in_words():
            report = await self._library.refresh(name)
        return await self._last_reading(report.source)

    async def pause(self, name: str) -> KnownSource:
        """What was read stays answerable."""
        return await self._paused(name, is_paused=True)

    async def resume(self, name: str) -> KnownSource:
        """It is not read at once."""
        return await self._paused(name, is_paused=False)

    async def set_access(self, name: str, readers: Principals) -> KnownSource:
        """In the store's next query."""
        with _in_words():
            spec = await self._library.set_access(name, readers)
        return (await self.show(spec.id))[0]

    async def set_schedule(self, name: str, words: str) -> KnownSource:
        """Obeyed from the next minute on."""
        try:
            schedule = self._schedules().read(words)
        except ConfigurationError as error:
            raise UsageError(str(error)) from error
        with _in_words():
            spec = await self._library.set_schedule(name, schedule)
        return (await self.show(spec.id))[0]

    async def remove(self, name: str) -> int:
        """With its documents and the record of its readings."""
        with _in_words():
            return await self._library.remove(name)

    async def _paused(self, name: str, *, is_paused: bool) -> KnownSource:
        with _in_words():
            spec = await self._library.pause(name, is_paused=is_paused)
        return (await self.show(spec.id))[0]

    def _known(self, state: SourceState) -> KnownSource:
        spec, reading = state.spec, state.reading
        is_public = PUBLIC in spec.access
        next_at = self._schedules().next(spec.schedule, self._clock())
        return KnownSource(
            spec.id,
            spec.shown,
            state.documents,
            is_public,
            (state.last_run and state.last_run.report.error) or "",
            state.passages,
            frozenset() if is_public else spec.access,
            spec.is_paused,
            f"{reading.holder} since {reading.since:%Y-%m-%d %H:%M} UTC" if reading else "",
            spec.schedule,
            next_at and next_at.astimezone(UTC),
        )

    async def _last_reading(self, id: str) -> tuple[KnownSource, SourceReading]:
        source, readings = await self.show(id)
        return source, readings[0]


@contextmanager
def _in_words() -> Iterator[None]:
    """Inside, what the library refuses is told to whoever asked for it, in its words."""
    try:
        yield
    except (SourceError, StoreError) as error:
        raise UsageError(str(error)) from error


def _reading(run: Run) -> SourceReading:
    report = run.report
    return SourceReading(
        run.started_at,
        run.finished_at,
        report.added,
        report.changed,
        report.removed,
        report.unchanged,
        report.skipped,
        report.left_out,
        report.error or "",
        report.quarantined,
        report.held,
    )
