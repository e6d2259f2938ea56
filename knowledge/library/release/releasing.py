"""The end of a run: what of it is made visible, what waits for an admin, and what is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from knowledge.library.catalog import Catalog
from knowledge.library.kept.notices import Notices
from knowledge.library.kept.records import DocumentRecord, RunReport
from knowledge.library.release.gates import covers, too_many_gone
from knowledge.library.release.golden import GoldenQuestions
from knowledge.library.release.items import WorkItem, WorkItems
from knowledge.library.release.kept import KeptVersions
from knowledge.library.release.measures import Measures
from knowledge.library.release.restoring import Restorer
from knowledge.library.release.switch import Switcher
from knowledge.sources.port import SourceSpec
from knowledge.types import LeftOut

SHARE = 0.2
"""Of a source's documents that may go without an admin's word."""


@dataclass(slots=True)
class Reading:
    """What one run has found so far."""

    spec: SourceSpec
    number: int
    known: dict[str, DocumentRecord]
    """What is answered from."""
    items: dict[str, WorkItem]
    """What earlier runs left built aside."""
    seen: set[str] = field(default_factory=set)
    taken: dict[str, WorkItem] = field(default_factory=dict)
    """What this run makes of documents that differ from what is answered from."""
    unchanged: int = 0
    skipped: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, tuple[LeftOut, ...]] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)
    error: str | None = None
    again_in: float | None = None
    """Seconds after which another try may read it."""

    def take_up(self, item: WorkItem) -> None:
        """A document that is built aside, or was decided about."""
        self.taken[item.path] = item
        if item.state == "staged" and item.record and item.record.left_out:
            self.left_out[item.path] = item.record.left_out

    def skip(self, name: str, reason: str, *, urgent: bool) -> None:
        """A document that is there and cannot be used."""
        self.skipped[name] = reason
        self.leave_out(name, urgent=urgent)

    def leave_out(self, name: str, *, urgent: bool) -> None:
        """What an earlier run stored of it is to go."""
        if name not in self.known:
            return
        item = self.items.get(name)
        is_kept = item is not None and item.state == "rejected" and not item.version
        if item is not None and is_kept and not urgent:
            self.taken[name] = item
        else:
            self.taken[name] = WorkItem(name, "", "gone", urgent=urgent)

    def stale(self) -> list[str]:
        """Items that no longer stand for anything."""
        return [
            path
            for path, item in self.items.items()
            if path not in self.taken
            and (self.error is None or path in self.seen)
            and not (item.state == "reading" and path in self.skipped)
        ]


class Releasing:
    """Looks at what a run has built aside; its caller holds the source's lease."""

    def __init__(
        self,
        catalog: Catalog,
        items: WorkItems,
        kept: KeptVersions,
        switcher: Switcher,
        restorer: Restorer,
        golden: GoldenQuestions,
        measures: Measures,
        notices: Notices,
        *,
        share: float = SHARE,
        clock: Callable[[], datetime],
    ) -> None:
        """``share``: of a source's documents that may go without an admin's word."""
        self.items = items
        self.golden = golden
        self.measures = measures
        self.notices = notices
        self._catalog = catalog
        self._kept = kept
        self._switcher = switcher
        self._restorer = restorer
        self._share = share
        self._clock = clock

    async def recover(self, source: str) -> None:
        """Before anything else is done with it: end what died as it switched."""
        await self._switcher.recover(source)

    async def rebase(self, source: str, before: str, after: str) -> None:
        """Who may read the source changes: what was built aside is for others, and is read anew.

        ``before``, ``after``: what fingerprints begin with, by which decisions are known again.
        """
        await self.recover(source)
        items = await self.items.of(source)
        await self.items.drop(source)
        decided = [
            (replace(each, version=after + each.version.removeprefix(before)), None)
            for each in items.values()
            if each.state == "rejected" and each.version.startswith(before)
        ]
        await self.items.save(source, 0, decided, self._clock())

    async def conclude(self, run: Reading, *, is_asked: bool) -> RunReport:
        """Make visible what looks right, let the rest wait, and record the run."""
        source = run.spec.id
        vanished = run.known.keys() - run.seen if run.error is None else set()
        for path in vanished:
            # What is open to more people than the source is by now is not kept for a decision.
            is_open = not covers(run.spec.access, run.known[path].access)
            run.leave_out(path, urgent=is_open)
        await self.items.drop(source, run.stale())
        new = [item for item in run.taken.values() if run.items.get(item.path) is not item]
        bare = [(item, None) for item in new if item.state == "gone" or item.record is None]
        await self.items.save(source, run.number, bare, self._clock())
        going = {p: item for p, item in run.taken.items() if item.state in ("staged", "gone")}
        held: list[str] = []
        if run.known and not is_asked:
            held = await self._judge(run, going)
        report = self._report(run, going, vanished, held)
        await self._tell(run.spec, report)
        await self._switcher.switch(run.number, report, going, run.known)
        await self.measures.take(source, run.number, report, self._clock())
        return report

    async def _judge(self, run: Reading, going: dict[str, WorkItem]) -> list[str]:
        """Why some of it waits; that is taken out of ``going``."""
        held = []
        gone = [p for p, item in going.items() if item.state == "gone" and not item.urgent]
        told = too_many_gone(len(gone), len(run.known), len(run.seen), self._share)
        if told:
            held.append(told)
            _take_out(going, gone)
        urgent = [path for path, item in going.items() if item.urgent]
        readers = frozenset[str]().union(
            run.spec.access, *(each.access or () for each in run.known.values())
        )
        broken = await self.golden.broken_by(run.spec.id, going, urgent, readers)
        if broken:
            held.append(broken)
            _take_out(going, going.keys() - set(urgent))
        return held

    def _report(
        self,
        run: Reading,
        going: dict[str, WorkItem],
        vanished: set[str],
        held: list[str],
    ) -> RunReport:
        staged = [path for path, item in going.items() if item.state == "staged"]
        return RunReport(
            run.spec.id,
            sum(path not in run.known for path in staged),
            sum(path in run.known for path in staged),
            sum(path in vanished for path, item in going.items() if item.state == "gone"),
            run.unchanged,
            run.skipped,
            run.error,
            run.left_out,
            dict(run.others),
            {
                path: item.error
                for path, item in run.taken.items()
                if item.state in ("quarantined", "rejected")
            },
            tuple(held),
            run.again_in,
        )

    async def _tell(self, spec: SourceSpec, report: RunReport) -> None:
        """Raise the owner where something begins to wait that did not before."""
        waiting = await self._catalog.in_state("waiting", spec.id)
        before = {reason for run in waiting for reason in run.report.held}
        if report.error is None:
            await self._catalog.end_waiting(spec.id)
        if new := [each for each in report.held if each not in before]:
            await self.notices.tell_owner(spec, "waiting", " ".join(new), self._clock())

    async def approve(self, spec: SourceSpec) -> RunReport | None:
        """Make visible what waits or is quarantined; None if nothing does.

        What was rejected is forgotten, so that the next run brings it again.
        """
        await self.recover(spec.id)
        items = await self.decidable(spec.id)
        waiting = await self._catalog.in_state("waiting", spec.id)
        run = waiting[-1] if waiting else await self._catalog.last_run(spec.id)
        rejected = [p for p, i in (await self.items.of(spec.id)).items() if i.state == "rejected"]
        if not items or run is None:
            await self.items.drop(spec.id, rejected)
            return None
        known = await self._catalog.documents(spec.id)
        before = run.report
        coming = [path for path, item in items.items() if item.record is not None]
        report = replace(
            before,
            added=before.added + sum(path not in known for path in coming),
            changed=before.changed + sum(path in known for path in coming),
            removed=before.removed + len(items) - len(coming),
            quarantined={p: why for p, why in before.quarantined.items() if p not in items},
            held=(),
        )
        await self._switcher.switch(run.id, report, items, known)
        await self.measures.take(spec.id, run.id, report, self._clock())
        return report

    async def reject(self, spec: SourceSpec) -> int:
        """Leave what is answered from as it is; these versions do not come again. How many."""
        await self.recover(spec.id)
        items = await self.decidable(spec.id)
        why = f"An admin kept the earlier version on {self._clock():%Y-%m-%d}."
        await self.items.mark(spec.id, items, "rejected", why)
        await self._catalog.end_waiting(spec.id, "rejected")
        return len(items)

    async def restore(self, spec: SourceSpec, run: int | None) -> RunReport:
        """Bring back what was there after a run, or before the newest change."""
        report = await self._restorer.restore(spec, run)
        newest = await self._catalog.last_run(spec.id)
        if newest is not None:
            await self.measures.take(spec.id, newest.id, report, self._clock())
        return report

    async def restorable(self, spec: SourceSpec) -> list[int]:
        """The runs after which it can be as it was then, the newest first."""
        return await self._restorer.targets(spec.id)

    async def decidable(self, source: str) -> dict[str, WorkItem]:
        """What an admin can decide about: nothing that a broken-off run has left."""
        dead = {run.id for run in await self._catalog.in_state("open", source)}
        return {
            path: item
            for path, item in (await self.items.of(source)).items()
            if item.state in ("staged", "gone", "quarantined") and item.run not in dead
        }

    async def forget(self, source: str) -> None:
        """Keep nothing of a source that is removed."""
        await self.items.drop(source)
        await self._kept.forget(source)
        await self.golden.forget_source(source)
        await self.measures.forget(source)
        await self.notices.forget(source)


def _take_out(going: dict[str, WorkItem], paths: Iterable[str]) -> None:
    for path in list(paths):
        del going[path]
