"""Sources and their runs as JSON, one object a line (docs/command-line.md)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from knowledge.library.catalog import Run, RunReport
    from knowledge.library.library import SourceState
    from knowledge.library.release.measures import Measure


def source_as_json(state: SourceState) -> dict[str, Any]:
    """A source with what is known of it now."""
    last = state.last_run and state.last_run.report
    return {
        "id": state.spec.id,
        "kind": state.spec.kind,
        "location": state.spec.shown,
        "options": dict(state.spec.options),
        "access": sorted(state.spec.access),
        "paused": state.spec.is_paused,
        "schedule": state.spec.schedule or "nightly",
        "reading_since": state.reading.since.isoformat() if state.reading else None,
        "documents": state.documents,
        "passages": state.passages,
        "skipped": last.skipped if last else {},
        "left_out": _left_out(last) if last else {},
        "not_documents": last.others if last else {},
        "quarantined": last.quarantined if last else {},
        "waits": list(last.held) if last else [],
        "error": last.error if last else None,
    }


def measure_as_json(measure: Measure) -> dict[str, Any]:
    """What a source's data looked like after a run."""
    newest = measure.newest_at and measure.newest_at.isoformat()
    return asdict(measure) | {"measured_at": measure.measured_at.isoformat(), "newest_at": newest}


def _left_out(report: RunReport) -> dict[str, dict[str, Any]]:
    return {
        document: {each.kind: {"count": each.count, "where": each.where} for each in left_out}
        for document, left_out in report.left_out.items()
    }


def run_as_json(run: Run) -> dict[str, Any]:
    """One run."""
    report = run.report
    return {
        "run": run.id,
        "state": run.state,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "skipped": report.skipped,
        "left_out": _left_out(report),
        "not_documents": report.others,
        "quarantined": report.quarantined,
        "waits": list(report.held),
        "error": report.error,
    }
