"""Bringing back what was answered from before a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from knowledge.embedding.port import Embedder
from knowledge.errors import DocumentSkipped, SourceError
from knowledge.library.access import narrowed
from knowledge.library.catalog import Catalog
from knowledge.library.kept.records import DocumentRecord, Run, RunReport
from knowledge.library.release.kept import RUNS_KEPT, KeptVersion, KeptVersions
from knowledge.library.release.switch import Switcher
from knowledge.sources.port import SourceSpec


class Restorer:
    """Takes runs back; its caller holds the source's lease."""

    def __init__(
        self,
        catalog: Catalog,
        kept: KeptVersions,
        switcher: Switcher,
        embedder: Embedder,
        clock: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._kept = kept
        self._switcher = switcher
        self._embedder = embedder
        self._clock = clock

    async def restore(self, spec: SourceSpec, run: int | None = None) -> RunReport:
        """Answer again from what was there after ``run``; if not given, before the newest change.

        That is a run of its own, which can be taken back like any other. What it takes back does
        not come again by itself; a newer version at the source does. Nothing is opened that was
        closed since. Raises :class:`SourceError` if the versions of then are no longer kept.
        """
        await self._switcher.recover(spec.id)
        undone = await self._undone(spec, run)
        known = await self._catalog.documents(spec.id)
        versions = []
        for each in await self._kept.after(spec.id, min(undone) - 1):
            if each.record is not None and each.embedder != self._embedder.name:
                raise SourceError(
                    "The earlier version was embedded by another embedder. "
                    "Correct the documents at their source, and run 'source refresh'."
                )
            versions.append(_closed(each, spec, known.get(each.path)))
        number = await self._catalog.begin_run(spec.id, self._clock())
        why = f"An admin brought an earlier version back on {self._clock():%Y-%m-%d}."
        return await self._switcher.restore(number, spec.id, versions, why)

    async def targets(self, source: str) -> list[int]:
        """The runs that :meth:`restore` takes, the newest first: of those alike the newest."""
        kept = set(await self._kept.runs(source))
        later: list[int] = []
        found: dict[int, int] = {}
        for each in await self._catalog.runs(source, _MOST_RUNS):
            if each.finished_at and later and kept.issuperset(later):
                found.setdefault(len(later), each.id)
            if _is_change(each):
                later.append(each.id)
        return list(found.values())

    async def _undone(self, spec: SourceSpec, run: int | None) -> list[int]:
        """The runs that are taken back."""
        kept = await self._kept.runs(spec.id)
        if not kept:
            raise SourceError(f"Of {spec.shown} there is no earlier version yet.")
        if run is None:
            return kept[:1]
        past = await self._catalog.runs(spec.id, _MOST_RUNS)
        if run not in [each.id for each in past]:
            raise SourceError(
                f"{spec.shown} has no run {run}; 'source runs {spec.id}', or /kb runs, shows those."
            )
        later = [each.id for each in past if each.id > run and _is_change(each)]
        if not later:
            raise SourceError(f"Nothing has changed since run {run}.")
        if set(later) - set(kept):
            raise SourceError(
                f"What was there after run {run} is no longer kept: only the last {RUNS_KEPT} runs "
                "that changed something can be taken back."
            )
        return later


_MOST_RUNS = 1000


def _is_change(run: Run) -> bool:
    report = run.report
    return bool(report.added + report.changed + report.removed)


def _closed(version: KeptVersion, spec: SourceSpec, now: DocumentRecord | None) -> KeptVersion:
    """The version for those only who may read the source, and the document, today."""
    if version.record is None:
        return version
    try:
        passages = []
        for each in version.passages:
            today = () if now is None or now.access is None else (now.access,)
            access = narrowed(spec.access, (*today, each.passage.access))
            passages.append(replace(each, passage=replace(each.passage, access=access)))
    except DocumentSkipped:
        return replace(version, record=None, passages=())
    record = replace(version.record, access=passages[0].passage.access if passages else None)
    return replace(version, record=record, passages=passages)
