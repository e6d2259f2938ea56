"""The library: all that an admin, or a job at night, does with sources. The one way to do it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.documents.reading import FileReader
from knowledge.embedding.port import Embedder
from knowledge.errors import SourceBusy, SourceError
from knowledge.library.access import apply_access
from knowledge.library.catalog import Catalog, Run, RunReport
from knowledge.library.deciding import Deciding
from knowledge.library.ingest import Ingester, Progress
from knowledge.library.kept.tasks import ReadingTasks
from knowledge.library.leases import Leases, Reading
from knowledge.library.release.building import Checks, releasing
from knowledge.library.trial import TrialReport, try_out
from knowledge.sources.port import OCR_OPTION, Means, SourceSpec
from knowledge.sources.registry import Kinds, refuse_unheld
from knowledge.stores.port import PassageStore
from knowledge.types import PUBLIC, Principals

Told = Callable[[Progress], None]
Since = Callable[[SourceSpec], datetime | None]
"""By when a source was last to be read."""

_SCHEDULER = "scheduler"
"""What its lease is called; the ids of sources have digits only."""

Changed = Callable[[str], Awaitable[object]]
"""Is told the id of a source whose passages are no longer what they were."""


def _untold(_: Progress) -> None: ...


async def _unnoticed(_: str) -> None: ...


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source with what is known of it now."""

    spec: SourceSpec
    documents: int
    passages: int
    last_run: Run | None
    """The newest that came to its end."""
    reading: Reading | None
    """Who reads it now, if anybody."""


class Library(Deciding):
    """The sources that the bot answers from.

    A source is saved before it is read, so that nothing is lost when it cannot be read now, and
    read by one at a time. Whatever takes a ``name`` takes an id, a path or a URL, and raises
    :class:`SourceError` if there is no such source.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        store: PassageStore,
        embedder: Embedder,
        reader: FileReader,
        means: Means,
        *,
        checks: Checks | None = None,
        kinds: Kinds | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        changed: Changed = _unnoticed,
    ) -> None:
        """``engine``: of the database of the bot's state. ``kinds``: default, those of ours.

        ``checks``: what a run is held to before anything of it is seen. ``changed``: is told
        whenever passages of a source have changed or gone; does not raise.
        """
        self._changed = changed
        self._catalog = Catalog(engine)
        self._leases = Leases(engine, clock)
        self.tasks = ReadingTasks(engine)
        self._store = store
        self._releasing = releasing(engine, self._catalog, store, embedder, checks, clock=clock)
        self._ingester = Ingester(
            self._catalog,
            store,
            embedder,
            reader,
            self._releasing,
            max_bytes=means.max_bytes,
            clock=clock,
            recognises=means.recognises,
        )
        self._reader = reader
        self.kinds = kinds or Kinds()
        self.means = means
        self._clock = clock

    async def add(
        self,
        typed: str,
        *,
        kind: str | None = None,
        options: Mapping[str, Any] | None = None,
        access: Principals | None = None,
        remote: bool = False,
        by: str = "",
        progress: Told = _untold,
    ) -> tuple[SourceSpec, RunReport]:
        """Add what an admin typed, or change what is there already, and read it in.

        ``access``: who may read it; if not given it stays as it is, at first for everybody.
        ``remote``: by somebody who need not have a right to the machine: nothing of its disk and
        its secrets (:meth:`Kinds.describe`); options that are not given stay as they are. ``by``:
        the principal of who adds it, who is told when it cannot be read for nights. Raises
        :class:`SourceError`, with nothing saved, for what cannot be a source and for one that
        somebody reads; what cannot be read for the moment is saved and told in the report.
        """
        spec = self.kinds.describe(
            typed,
            kind=kind,
            options=options,
            access=access or frozenset({PUBLIC}),
            remote=remote,
        )
        if spec.options.get(OCR_OPTION) and not self.means.recognises:
            raise SourceError(
                "Text recognition is not installed here, or HOUSEVOICE_OCR switches it off. "
                "Install it: '.venv/bin/python -m pip install -e .[ocr] -c constraints.txt'."
            )
        async with self._leases.hold(spec.id):
            known = await self._catalog.source(spec.id)
            if known is not None:
                # Adding it again must not open what was limited: that takes an access list.
                kept = known.access if access is None else spec.access
                spec = replace(
                    spec, access=kept, is_paused=known.is_paused, schedule=known.schedule
                )
                if remote:
                    spec = replace(spec, options=self._as_kept(known, options, spec))
            source = self.kinds.open(spec, self.means)
            await source.check()
            if known is not None and known.access != spec.access:
                await self._opened_to(known, spec.access)  # reading may take its time, or fail
            await self._catalog.save_source(spec, self._clock(), by)
            is_changed = known is None or (known.options, known.access) != (
                spec.options,
                spec.access,
            )
            report = await self._ingester.run(spec, source, progress, is_asked=is_changed)
        await self._changed(spec.id)
        return spec, report

    async def try_out(
        self,
        typed: str,
        *,
        kind: str | None = None,
        options: Mapping[str, Any] | None = None,
        remote: bool = False,
    ) -> tuple[SourceSpec, TrialReport]:
        """What adding this would find, by reading its beginning; nothing is kept.

        ``options``: None for those that it is read with already. Raises :class:`SourceError` for
        what :meth:`add` would refuse.
        """
        spec = self.kinds.describe(typed, kind=kind, options=options, remote=remote)
        known = await self._catalog.source(spec.id)
        if known is not None:  # with what it is read with, such as a token
            spec = replace(known, options=self._as_kept(known, options, spec))
        source = self.kinds.open(spec, self.means)
        return spec, await try_out(source, self._reader, self.means.max_bytes)

    def _as_kept(
        self, known: SourceSpec, given: Mapping[str, Any] | None, spec: SourceSpec
    ) -> Mapping[str, Any]:
        """The options of a source that is there: those given, and the secrets that it has."""
        if given is None:
            return known.options
        return {**self.kinds.secrets_of(known), **spec.options}

    async def refresh(self, name: str, progress: Told = _untold) -> RunReport:
        """Read a source again: what changed is replaced, what vanished goes.

        Raises :class:`knowledge.errors.SourceBusy` if somebody reads it, :class:`SourceError` if
        it is paused.
        """
        wanted = await self.find(name)
        async with self._leases.hold(wanted.id):
            spec = await self.find(wanted.id)  # as it is now that nobody else changes it
            if spec.is_paused:
                raise SourceError(f"{spec.shown} is paused; resume it first.")
            try:
                source = self.kinds.open(spec, self.means)
            except SourceError as error:  # a kind or a secret that is no longer there
                return await self._ingester.failed(spec, str(error))
            report = await self._ingester.run(spec, source, progress)
        await self._changed(spec.id)
        return report

    async def remove(self, name: str) -> int:
        """Take a source away with all its passages; returns how many passages went."""
        spec = await self.find(name)
        async with self._leases.hold(spec.id):
            await self.tasks.forget(spec.id)
            gone = await self._ingester.remove(spec.id)
        await self._changed(spec.id)
        return gone

    async def pause(self, name: str, *, is_paused: bool = True) -> SourceSpec:
        """Leave a source as it is until it is resumed, or resume it; returns it as it is then."""
        known = await self.find(name)
        await self._catalog.change_source(known.id, is_paused=is_paused)
        return await self.find(known.id)

    def describe(
        self,
        typed: str,
        *,
        kind: str | None,
        options: Mapping[str, Any],
        access: Principals,
        schedule: str,
        is_paused: bool,
    ) -> SourceSpec:
        """A source as it would be added, with nothing done. Raises :class:`SourceError`."""
        spec = self.kinds.describe(typed, kind=kind, options=options, access=access)
        return replace(spec, schedule=schedule, is_paused=is_paused)

    async def left_of(self, id: str) -> int:
        """How many passages and rows of the state there still are of a source that was removed."""
        return await self._store.count(id) + await self._catalog.rows_of(id)

    async def set_access(self, name: str, access: Principals) -> SourceSpec:
        """Change who may read a source, in the store's very next query; returns it as it is then.

        Raises :class:`SourceError` for a list with nobody in it or what nobody can be, and
        :class:`knowledge.errors.SourceBusy` while somebody reads the source.
        """
        refuse_unheld(access)
        wanted = await self.find(name)
        async with self._leases.hold(wanted.id):
            before = await self.find(wanted.id)
            return await self._opened_to(before, access)

    async def _opened_to(self, before: SourceSpec, access: Principals) -> SourceSpec:
        """The source, whose lease is held, with another access list."""
        spec = replace(before, access=access)
        basis = self._ingester.basis(before), self._ingester.basis(spec)
        await self._releasing.rebase(spec.id, *basis)
        await self._catalog.change_source(spec.id, access=sorted(access))
        await apply_access(
            self._catalog, self._store, spec.id, access, basis=basis, now=self._clock()
        )
        return spec

    async def set_schedule(self, name: str, schedule: str) -> SourceSpec:
        """Say when a source is read again; returns it as it is then."""
        known = await self.find(name)
        await self._catalog.change_source(known.id, schedule=schedule)
        return await self.find(known.id)

    async def sources(self) -> list[SourceSpec]:
        """All sources, in the order in which they were added."""
        return await self._catalog.sources()

    async def due(self, since: Since) -> list[SourceSpec]:
        """The sources that no run which came to its end was begun of since then; none is paused.

        ``since``: the moment for each source; None for never, so that only those are due that were
        never read.
        """
        due = []
        for spec in await self.sources():
            last, then = await self._catalog.last_run(spec.id), since(spec)
            is_old = last is None or (then is not None and last.started_at < then)
            if is_old and not spec.is_paused:
                due.append(spec)
        return due

    def now(self) -> datetime:
        """The time, as the library has it."""
        return self._clock()

    def scheduling(self) -> AbstractAsyncContextManager[None]:
        """Be the only one who works off what is due.

        Raises :class:`knowledge.errors.SourceBusy` if another does.
        """
        return self._leases.hold(_SCHEDULER)

    async def recover(self) -> None:
        """Bring to its end what processes that died were making visible."""
        for run in await self._catalog.in_state("switching"):
            with suppress(SourceBusy):  # it is no dead one
                async with self._leases.hold(run.report.source):
                    await self._releasing.recover(run.report.source)

    async def states(self) -> list[SourceState]:
        """All sources with what is known of them."""
        return await self._states(await self._catalog.sources())

    async def show(self, name: str, runs: int = 5) -> tuple[SourceState, list[Run]]:
        """One source with its newest runs, the newest first."""
        spec = await self.find(name)
        (state,) = await self._states([spec])
        return state, await self._catalog.runs(spec.id, runs)

    async def _states(self, specs: list[SourceSpec]) -> list[SourceState]:
        readings = await self._leases.readings()
        documents = await self._catalog.document_counts()
        return [
            SourceState(
                spec,
                documents.get(spec.id, 0),
                await self._store.count(spec.id),
                await self._catalog.last_run(spec.id),
                readings.get(spec.id),
            )
            for spec in specs
        ]
