"""The switch: what was built aside and checked takes the place of what was answered from.

Its order makes it safe to kill at any point. First the versions that it replaces are kept, then the
run is entered as switching, then the store changes, in one transaction where it has any, then the
catalog follows. A run that died as switching is switched again by whoever comes next; doing so
twice is doing it once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from knowledge.embedding.port import Embedder
from knowledge.library.catalog import Catalog
from knowledge.library.kept.records import DocumentRecord, RunReport, RunState
from knowledge.library.release.items import BODIES_AT_ONCE, ItemState, WorkItem, WorkItems
from knowledge.library.release.kept import KeptVersion, KeptVersions
from knowledge.stores.port import PassageStore
from knowledge.types import EmbeddedPassage

FIRST_STEP = 500
"""Documents of a source's first reading that are made visible together. It replaces nothing, so
that no asker sees a mixture, and thousands of documents need not be in memory at once."""


class Switcher:
    """Makes work items visible; its caller holds the source's lease."""

    def __init__(
        self,
        catalog: Catalog,
        items: WorkItems,
        kept: KeptVersions,
        store: PassageStore,
        embedder: Embedder,
        clock: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._items = items
        self._kept = kept
        self._store = store
        self._embedder = embedder
        self._clock = clock

    async def switch(
        self,
        run: int,
        report: RunReport,
        going: Mapping[str, WorkItem],
        known: Mapping[str, DocumentRecord],
    ) -> None:
        """Make these items visible, and end the run with that report.

        ``known``: what is answered from now. Raises :class:`knowledge.errors.StoreError`; the
        switch is then made by :meth:`recover`.
        """
        source = report.source
        if known:
            await self._keep(source, run, going, known)
        if going:
            await self._catalog.begin_switch(run, report, source, going)
        await self._apply(run, report, is_first=not known)

    async def recover(self, source: str) -> None:
        """Bring to its end what a process that died was making visible."""
        for run in await self._catalog.in_state("switching", source):
            known = await self._catalog.documents(source)
            await self._apply(run.id, run.report, is_first=not known)
        # Those that were broken off have replaced nothing.
        dead = [run.id for run in await self._catalog.in_state("open", source)]
        await self._kept.forget(source, dead)

    async def restore(
        self, run: int, source: str, versions: Collection[KeptVersion], why: str
    ) -> RunReport:
        """Bring earlier versions back, as a run of their own that can itself be taken back.

        What they replace is rejected, for the reason ``why``: it does not come again.
        """
        known = await self._catalog.documents(source)
        going: dict[str, WorkItem] = {}
        bodies: list[tuple[WorkItem, Sequence[EmbeddedPassage] | None]] = []
        added = changed = removed = 0
        for each in versions:
            before = known.get(each.path)
            if each.record is None and before is None:
                continue
            replaced = before.fingerprint if before else ""
            state: ItemState = "gone" if each.record is None else "staged"
            item = WorkItem(each.path, replaced, state, each.record, error=why)
            going[each.path] = item
            bodies.append((item, None if each.record is None else each.passages))
            added += before is None
            removed += each.record is None
            changed += before is not None and each.record is not None
        await self._items.save(source, run, bodies, self._clock())
        report = RunReport(source, added, changed, removed, len(known) - changed - removed, {})
        await self.switch(run, report, going, known)
        return report

    async def _keep(
        self,
        source: str,
        run: int,
        going: Mapping[str, WorkItem],
        known: Mapping[str, DocumentRecord],
    ) -> None:
        paths = sorted(going)
        for first in range(0, len(paths), BODIES_AT_ONCE):
            versions = []
            for path in paths[first : first + BODIES_AT_ONCE]:
                record = known.get(path)
                held = await self._store.held(source, path) if record else []
                versions.append(KeptVersion(path, self._embedder.name, record, held))
            await self._kept.keep(source, run, versions)

    async def _apply(self, run: int, report: RunReport, *, is_first: bool) -> None:
        source = report.source
        items = await self._items.of(source)
        switching = sorted(path for path, item in items.items() if item.state == "switching")
        step = FIRST_STEP if is_first else max(1, len(switching))
        for first in range(0, len(switching), step):
            some = switching[first : first + step]
            bodies: dict[str, list[EmbeddedPassage]] = {}
            async for path, passages in self._items.bodies(source, some):
                bodies[path] = passages
            await self._store.replace_many(source, bodies)
            records = {path: items[path].record for path in some}
            rejected = [path for path in some if items[path].is_restored]
            await self._catalog.settle(
                source,
                [record for record in records.values() if record is not None],
                [path for path, record in records.items() if record is None],
                [path for path in some if path not in rejected],
                rejected,
                self._clock(),
            )
        state: RunState = "waiting" if report.held else "done"
        await self._catalog.end_run(run, report, self._clock(), state)
        await self._kept.let_go(source)
