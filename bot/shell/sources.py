"""What admins do with sources from where they talk, done by the library."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bot.errors import ConfigurationError, UsageError
from bot.ports import (
    KnownSource,
    NewSource,
    Progressing,
    SourceKind,
    SourceOption,
    SourceReading,
    Trial,
    unwatched,
)
from knowledge.errors import SourceError, StoreError
from knowledge.library.catalog import Run
from knowledge.library.ingest import Progress
from knowledge.library.library import Library, SourceState
from knowledge.library.trial import TrialReport
from knowledge.library.uploads import Uploads
from knowledge.sources.options import Option, SecretReference, options_of
from knowledge.sources.port import SourceSpec
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
        with _in_words():
            return [self._known(each) for each in await self._library.states()]

    def kinds(self) -> Sequence[SourceKind]:
        """Those that read nothing of the machine, without the options that name its secrets."""
        known = self._library.kinds
        named = ((name, known.named(name)) for name in known.names())
        return [
            SourceKind(
                name,
                kind.title,
                tuple(_option(each) for each in options_of(kind.options) if not _is_secret(each)),
            )
            for name, kind in named
            if not kind.reads_disk
        ]

    async def try_out(self, new: NewSource) -> Trial:
        """Nothing of the machine's disk or secrets but for uploads."""
        with _in_words():
            spec, report = await self._library.try_out(
                new.address,
                kind=new.kind,
                options=self._options(new),
                remote=self._is_remote(new.address),
            )
            is_known = spec.id in {each.id for each in await self._library.sources()}
        return Trial(
            self._shown(spec),
            report.documents,
            report.passages,
            not report.is_whole,
            tuple(report.samples),
            report.skipped,
            tuple(warnings(report)),
            report.error or "",
            is_known,
        )

    async def upload(self, file: Attachment) -> str:
        """Into the data folder."""
        with _in_words():
            return str(await self._uploads.save(file))

    async def tidy_uploads(self, waiting: Collection[str]) -> None:
        """Sources keep theirs."""
        kept = [each.location for each in await self._library.sources()]
        await self._uploads.tidy([*kept, *waiting])

    async def add(
        self,
        new: NewSource,
        readers: Principals | None = None,
        progress: Progressing = unwatched,
        by: str = "",
    ) -> tuple[KnownSource, SourceReading]:
        """Nothing of the machine's disk or secrets but for uploads."""
        with _in_words():
            spec, _ = await self._library.add(
                new.address,
                kind=new.kind,
                options=self._options(new),
                access=readers,
                remote=self._is_remote(new.address),
                progress=_counting(progress),
                by=by,
            )
        return await self._last_reading(spec.id)

    async def show(self, name: str) -> tuple[KnownSource, Sequence[SourceReading]]:
        """With its last five readings."""
        with _in_words():
            state, runs = await self._library.show(name)
        return self._known(state), [_reading(each) for each in runs]

    async def refresh(
        self, name: str, progress: Progressing = unwatched
    ) -> tuple[KnownSource, SourceReading]:
        """By one at a time."""
        with _in_words():
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
            spec = await self._library.find(name)
            gone = await self._library.remove(spec.id)
            left = await self._library.left_of(spec.id)
        await self.tidy_uploads(())
        if left:
            raise UsageError(f"{spec.shown} is removed, but {left} parts of it are still there.")
        return gone

    async def runs(self, name: str, most: int) -> Sequence[SourceReading]:
        """With their numbers."""
        with _in_words():
            return [_reading(each) for each in await self._library.runs(name, most)]

    async def approve(self, name: str) -> SourceReading | None:
        """It is the reading that waited, as it ended."""
        with _in_words():
            report = await self._library.approve(name)
            return None if report is None else _reading((await self._library.runs(name, 1))[0])

    async def reject(self, name: str) -> int:
        """Newer versions come as ever."""
        with _in_words():
            return await self._library.reject(name)

    async def restore(self, name: str, run: int | None) -> SourceReading:
        """That is a reading of its own."""
        with _in_words():
            await self._library.restore(name, run)
            return _reading((await self._library.runs(name, 1))[0])

    async def export(self) -> str:
        """As ``source apply`` reads it."""
        from knowledge.library.manifest import written

        return written(await self._library.sources())

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
            self._shown(spec),
            state.documents,
            is_public,
            (state.last_run and state.last_run.report.error) or "",
            state.passages,
            frozenset() if is_public else spec.access,
            spec.is_paused,
            f"{reading.holder} since {reading.since:%Y-%m-%d %H:%M} UTC" if reading else "",
            spec.schedule,
            next_at and next_at.astimezone(UTC),
            state.last_run.finished_at if state.last_run else None,
        )

    async def _last_reading(self, id: str) -> tuple[KnownSource, SourceReading]:
        source, readings = await self.show(id)
        return source, readings[0]

    def _options(self, new: NewSource) -> dict[str, Any] | None:
        """As the kind has them, of those that are not as by default."""
        if new.options is None or new.kind is None:
            return None
        declared = {
            each.name: each for each in options_of(self._library.kinds.named(new.kind).options)
        }
        filled_in = {
            name: value for name, value in new.options.items() if name in declared and value
        }
        return {name: _typed(declared[name], value) for name, value in filled_in.items()}

    def _is_remote(self, address: str) -> bool:
        return not self._uploads.holds(address)

    def _shown(self, spec: SourceSpec) -> str:
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


def _counting(progress: Progressing) -> Callable[[Progress], None]:
    return lambda done: progress(done.documents, done.passages)


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
        run.id,
        run.state,
    )


def _option(option: Option) -> SourceOption:
    kind: Literal["text", "number", "yes_no", "texts"] = "text"
    if option.is_list:
        kind = "texts"
    elif option.type in (bool, int):
        kind = "yes_no" if option.type is bool else "number"
    default = ", ".join(option.default) if option.is_list else option.default
    shown = "" if default in (None, False) else str(default)
    return SourceOption(option.name, kind, shown, option.help)


def _is_secret(option: Option) -> bool:
    return option.type is SecretReference


def _typed(option: Option, value: str | tuple[str, ...]) -> Any:
    """What was filled in, as the option's type. Raises :class:`SourceError`."""
    if option.is_list:
        listed = value.split(",") if isinstance(value, str) else value
        return tuple(each.strip() for each in listed if each.strip())
    if option.type is bool:
        return value in ("yes", "true", "on")
    if option.type is int:
        try:
            return int(str(value))
        except ValueError:
            raise SourceError(f"The option {option.shown} is a whole number.") from None
    return str(value)
