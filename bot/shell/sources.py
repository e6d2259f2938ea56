"""What admins do with sources from where they talk, done by the library."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.errors import ConfigurationError, UsageError
from bot.ports import (
    KindOption,
    KnownSource,
    Options,
    Progressing,
    SourceKind,
    SourceReading,
    Trial,
    unwatched,
)
from bot.shell.settings import Settings
from knowledge.errors import SourceError, StoreError
from knowledge.library.catalog import Run
from knowledge.library.ingest import Progress
from knowledge.library.library import Library, SourceState
from knowledge.library.trial import TrialReport
from knowledge.library.uploads import Uploads
from knowledge.sources.options import Option, SecretReference, options_of
from knowledge.sources.port import OCR_OPTION, SourceSpec
from knowledge.types import PUBLIC, Attachment, Principals

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
        uploads: Uploads,
        schedules: Callable[[], Schedules],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._library = library
        self._uploads = uploads
        self._schedules = schedules
        self._clock = clock

    async def all(self) -> Sequence[KnownSource]:
        """As the library has them."""
        with in_words():
            return [self._known(each) for each in await self._library.states()]

    async def kinds(self) -> Sequence[SourceKind]:
        """Those that leave the machine's disk alone."""
        kinds = self._library.kinds
        return [self._kind(name) for name in kinds.names() if not kinds.named(name).reads_disk]

    async def kind(self, name: str) -> SourceKind:
        """With its options, but for those that refer to secrets."""
        with in_words():
            return self._kind(name)

    async def try_out(self, address: str, kind: str = "", options: Options | None = None) -> Trial:
        """Nothing of the machine's disk or secrets but for uploads."""
        with in_words():
            spec, report = await self._library.try_out(
                address, kind=kind or None, options=options, remote=self._is_remote(address)
            )
            is_known = spec.id in {each.id for each in await self._library.sources()}
        return Trial(
            self.shown(spec),
            report.documents,
            report.passages,
            not report.is_whole,
            tuple(report.samples),
            report.skipped,
            tuple(warnings(report)),
            report.error or "",
            is_known,
            spec.kind,
            {
                each.name: spec.options[each.name]
                for each in self._kind(spec.kind).options
                if each.name in spec.options
            },
        )

    async def upload(self, file: Attachment) -> str:
        """Into the data folder."""
        with in_words():
            return str(await self._uploads.save(file))

    async def tidy_uploads(self, waiting: Collection[str]) -> None:
        """Sources keep theirs."""
        kept = [each.location for each in await self._library.sources()]
        await self._uploads.tidy([*kept, *waiting])

    async def add(
        self,
        address: str,
        readers: Principals | None = None,
        progress: Progressing = unwatched,
        by: str = "",
        kind: str = "",
        options: Options | None = None,
    ) -> tuple[KnownSource, SourceReading]:
        """Nothing of the machine's disk or secrets but for uploads."""
        with in_words():
            spec, _ = await self._library.add(
                address,
                kind=kind or None,
                options=options,
                access=readers,
                remote=self._is_remote(address),
                progress=_counting(progress),
                by=by,
            )
        return await self._last_reading(spec.id)

    async def show(self, name: str) -> tuple[KnownSource, Sequence[SourceReading]]:
        """With its last five readings."""
        with in_words():
            state, runs = await self._library.show(name)
        return self._known(state), [as_reading(each) for each in runs]

    async def refresh(
        self, name: str, progress: Progressing = unwatched
    ) -> tuple[KnownSource, SourceReading]:
        """By one at a time."""
        with in_words():
            report = await self._library.refresh(name, _counting(progress))
        return await self._last_reading(report.source)

    async def pause(self, name: str) -> KnownSource:
        """What was read stays answerable."""
        return await self._paused(name, is_paused=True)

    async def resume(self, name: str) -> KnownSource:
        """It is not read at once."""
        return await self._paused(name, is_paused=False)

    async def set_access(self, name: str, readers: Principals) -> KnownSource:
        """In the store's next query."""
        with in_words():
            spec = await self._library.set_access(name, readers)
        return (await self.show(spec.id))[0]

    async def set_schedule(self, name: str, words: str) -> KnownSource:
        """Obeyed from the next minute on."""
        try:
            schedule = self._schedules().read(words)
        except ConfigurationError as error:
            raise UsageError(str(error)) from error
        with in_words():
            spec = await self._library.set_schedule(name, schedule)
        return (await self.show(spec.id))[0]

    async def remove(self, name: str) -> int:
        """With its documents and the record of its readings."""
        with in_words():
            spec = await self._library.find(name)
            gone = await self._library.remove(spec.id)
            left = await self._library.left_of(spec.id)
        await self._uploads.drop(spec.location)
        if left:
            raise UsageError(f"{spec.shown} is removed, but {left} parts of it are still there.")
        return gone

    async def export(self) -> str:
        """As ``source apply`` reads it."""
        from knowledge.library.manifest import written

        return written(await self._library.sources(), self._uploads.named)

    async def _paused(self, name: str, *, is_paused: bool) -> KnownSource:
        with in_words():
            spec = await self._library.pause(name, is_paused=is_paused)
        return (await self.show(spec.id))[0]

    def _known(self, state: SourceState) -> KnownSource:
        spec, reading = state.spec, state.reading
        is_public = PUBLIC in spec.access
        next_at = self._schedules().next(spec.schedule, self._clock())
        return KnownSource(
            spec.id,
            self.shown(spec),
            state.documents,
            is_public,
            (state.last_run and state.last_run.report.error) or "",
            state.passages,
            frozenset() if is_public else spec.access,
            spec.is_paused,
            f"{reading.holder} since {reading.since:%Y-%m-%d %H:%M} UTC" if reading else "",
            spec.schedule,
            next_at and next_at.astimezone(UTC),
            state.last_run is not None and state.last_run.state == "waiting",
            state.last_run.finished_at if state.last_run else None,
        )

    async def _last_reading(self, id: str) -> tuple[KnownSource, SourceReading]:
        source, readings = await self.show(id)
        return source, readings[0]

    def _kind(self, name: str) -> SourceKind:
        kind = self._library.kinds.named(name)
        return SourceKind(
            name,
            kind.title,
            tuple(
                _option(each)
                for each in options_of(kind.options)
                if each.type is not SecretReference
                and (each.name != OCR_OPTION or self._library.means.recognises)
            ),
        )

    def _is_remote(self, address: str) -> bool:
        return not self._uploads.holds(address)

    def shown(self, spec: SourceSpec) -> str:
        """Where it is; of an upload its name, as its place is the machine's own business."""
        is_upload = self._uploads.holds(spec.location)
        return f"upload: {Path(spec.location).name}" if is_upload else spec.shown


def warnings(report: TrialReport) -> Iterator[str]:
    """What an admin should know before a source is kept."""
    if not report.documents and not report.error:
        yield "No document was found in it."
    elif report.documents and report.passages < report.documents:
        yield "Some documents hold nothing that could be cited."
    foreign = sorted({each for each in report.languages if each.partition("-")[0] != "en"})
    if foreign:
        yield f"It is partly in {', '.join(foreign)}; answers are sure in English only."
    for document, left_out in sorted(report.left_out.items()):
        told = ", ".join(each.told for each in left_out)
        yield f"Not read of {document}: {told}."


def _option(option: Option) -> KindOption:
    kinds: Mapping[Any, Literal["number", "yes_no"]] = {int: "number", bool: "yes_no"}
    return KindOption(
        option.name,
        "texts" if option.is_list else kinds.get(option.type, "text"),
        option.default,
        option.help,
    )


def _counting(progress: Progressing) -> Callable[[Progress], None]:
    return lambda done: progress(done.documents, done.passages)


@contextmanager
def in_words() -> Iterator[None]:
    """Inside, what the library refuses is told to whoever asked for it, in its words."""
    try:
        yield
    except (SourceError, StoreError) as error:
        raise UsageError(str(error)) from error


def as_reading(run: Run) -> SourceReading:
    """What people are told of a run."""
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
        run.id,
        run.state,
    )


def schedules_of(settings: Settings, at: str | None = None) -> Schedules:
    """When sources are read again, or what is done ``at`` other times.

    Raises :class:`ConfigurationError`.
    """
    from jobs.schedules import Schedules

    return Schedules(settings.refresh_at if at is None else at, _timezone(settings.timezone))


def _timezone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # a folder of zones
        raise ConfigurationError(
            f"HOUSEVOICE_TIMEZONE: there is no time zone '{name}'; write one as Europe/Berlin."
        ) from error
