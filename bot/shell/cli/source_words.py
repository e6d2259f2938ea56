"""What runs did and what data looks like, in words for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import typer

from knowledge.types import counted

if TYPE_CHECKING:
    from knowledge.library.kept.records import RunReport
    from knowledge.library.release.measures import Measure


def tell(shown: str, report: RunReport) -> None:
    """Say on standard error what became of a source."""
    typer.echo("\n".join((f"{shown}: {summary(report)}", *skipped(report))), err=True)


_ONE_BY_ONE = 3
"""So many documents with the same reason are told apart; more are one line."""
_NAMED = 5


def skipped(report: RunReport) -> list[str]:
    """What was not read or not shown of which document, and what waits; a line each."""
    lines = [f"  waits: {reason}" for reason in report.held]
    lines += _by_reason("skipped", report.skipped)
    lines += _by_reason("left as it was:", report.quarantined)
    for document, left_out in sorted(report.left_out.items()):
        lines.append(f"  not read of {document}: {', '.join(each.told for each in left_out)}")
    return lines


def _by_reason(what: str, reasons: Mapping[str, str]) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for document, reason in sorted(reasons.items()):
        by_reason.setdefault(reason, []).append(document)
    lines = []
    for reason, documents in by_reason.items():
        if len(documents) <= _ONE_BY_ONE:
            lines += [f"  {what} {document}: {reason}" for document in documents]
        else:
            lines.append(f"  {what} {len(documents)} documents: {reason} ({_some(documents)})")
    return lines


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def summary(report: RunReport) -> str:
    """What a run did, in a line."""
    unread: Counter[str] = Counter()
    for left_out in report.left_out.values():
        for each in left_out:
            unread[each.kind] += each.count
    counts = (
        f"{report.added} added, {report.changed} changed, {report.removed} removed, "
        f"{report.unchanged} unchanged, {len(report.skipped)} skipped"
    )
    for said, kinds in (("not read", unread), ("not documents", Counter(report.others))):
        if kinds:
            told = (counted(kind, count) for kind, count in kinds.most_common())
            counts += f"; {said}: {', '.join(told)}"
    if report.quarantined:
        counts += f"; {len(report.quarantined)} left as they were"
    if report.held:
        counts += "; a part waits for an admin"
    seen = report.added + report.changed + report.unchanged
    seen += len(report.skipped) + len(report.quarantined) + len(report.held)
    if not seen and not report.removed and not report.error:
        counts += "; no document was found"
    return f"{counts}; it could not be read to the end: {report.error}" if report.error else counts


def measured(measures: Sequence[Measure]) -> list[str]:
    """What the source's data looked like after its newest runs, the newest first."""
    if not measures:
        return []
    now = measures[0]
    changed = f"last changed {now.newest_at:%Y-%m-%d}" if now.newest_at else "never changed"
    languages = ", ".join(f"{name} {n}" for name, n in Counter(now.languages).most_common(_NAMED))
    lines = [
        f"  data: {changed}; {now.characters:,} characters; {now.duplicates:.0%} of the passages "
        f"stand there twice; languages: {languages or 'none'}"
    ]
    lines += [
        f"  after run {each.run}, {each.measured_at:%Y-%m-%d}: {each.documents} documents, "
        f"{each.passages} passages, {each.failures} could not be used, {each.drift:.0%} changed"
        for each in measures
    ]
    return lines
