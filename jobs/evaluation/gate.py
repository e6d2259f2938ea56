"""Whether a version may speak: its tone must be better, and nothing else worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.evaluation.statistics import Interval, difference

MARGIN = 0.05
"""By how much the tone (0 to 1) must improve on average; and its interval must lie above 0."""
TOLERANCE = 0.05
"""By how much anything else may drop on average; and its interval must reach up to 0."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the gate asks, and how it came out."""

    what: str
    passed: bool
    change: Interval | None
    """Tuned less base, question by question; None: it could not be measured."""
    reason: str


def tone_improved(
    before: Sequence[float], after: Sequence[float], seeds: Sequence[int], margin: float = MARGIN
) -> Finding:
    """The tone is better by at least the margin."""
    change = difference(before, after, seeds)
    if change is None:
        return Finding("tone", False, None, "tone: there is no held-out pair to measure it on.")
    passed = change.mean >= margin and change.low > 0
    asked = f"it must be {margin:+.2f} or more and surely above 0"
    return Finding("tone", passed, change, f"tone: {_told(change)}, {asked}.")


def not_worse(
    what: str, before: Sequence[float], after: Sequence[float], seeds: Sequence[int], wanting: str
) -> Finding:
    """Something has not dropped. ``wanting``: what to do if there is nothing to measure it on."""
    change = difference(before, after, seeds)
    if change is None:
        return Finding(what, False, None, f"{what}: {wanting}.")
    passed = change.mean >= -TOLERANCE and change.high >= 0
    asked = f"it may drop by {TOLERANCE:.2f} at most, and not surely"
    return Finding(what, passed, change, f"{what}: {_told(change)}, {asked}.")


def _told(change: Interval) -> str:
    span = f"{change.low:+.2f} to {change.high:+.2f}"
    return f"{change.mean:+.2f} (95%: {span}, of {change.number})"
