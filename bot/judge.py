"""Does the evidence answer the question? A small calibrated judge over what was read closely.

A threshold on the search score cannot tell a near miss from an answer, and the packaged model does
not abstain by itself. What tells them apart is mostly what the passage lacks: a rare word of the
question, or the kind of thing that was asked for (a number, somebody). A logistic regression weighs
that against how near it is in meaning; ``python -m benchmarks.judge`` fits the weights and plots
precision and recall.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from knowledge.types import Evidence

CONSIDERED = 3
"""Best passages that may give the answer; below that, rank says more than the judge."""

ASKED_IN_HEADING = 0.85
"""Cosine from which on a heading is the question itself, in other words at most."""

_ASKS_AMOUNT = re.compile(
    r"\b(how (much|many|long|wide|big|far|often|old|early|late|soon|tall|heavy|high|fast)|price|"
    r"cost|fee|rate|limit|percent|percentage|date|when|what time|number|deadline|amount|budget|"
    r"maximum|minimum|salary)\b",
    re.I,
)
_AMOUNT = re.compile(
    r"\d|\b(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|once|twice|half|daily|"
    r"weekly|monthly|yearly|every|never|always|monday|tuesday|wednesday|thursday|friday|saturday|"
    r"sunday|january|february|march|april|may|june|july|august|september|october|november|"
    r"december)\b",
    re.I,
)
_ASKS_SOMEBODY = re.compile(r"\b(who|whom|whose)\b", re.I)
_SOMEBODY = re.compile(
    r"(?<=[a-z,] )[A-Z]|[@#]|(?i:\b(team|lead|manager|director|officer|owner|desk|everyone|anyone|"
    r"everybody|anybody|nobody|staff|employees?|you)\b)"
)


@dataclass(frozen=True, slots=True)
class Features:
    """What is weighed, per passage; also the shape of the weights."""

    cosine: float
    nearest: float
    """Cosine of the nearest unit or heading."""
    coverage: float
    unit_coverage: float
    missing: float
    rarest_missing: float
    kind_missing: float
    """1 when an amount or somebody is asked for and the two nearest units have none."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the logistic regression; ``bias`` puts 0.5 at one false answer in twenty."""

    bias: float
    of: Features


WEIGHTS = Weights(
    bias=-6.418,
    of=Features(
        cosine=1.122,
        nearest=5.156,
        coverage=0.723,
        unit_coverage=2.637,
        missing=0.366,
        rarest_missing=-0.139,
        kind_missing=-1.244,
    ),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge says."""

    evidence: Evidence | None
    """The passage that answers best; None when nothing was found."""
    confidence: float
    """In [0, 1]; 0.5 is where it begins to answer by default."""
    answers: bool


def judge(
    question: str, found: Sequence[Evidence], threshold: float, weights: Weights = WEIGHTS
) -> Verdict:
    """The likeliest of the best passages to answer, and whether it passes ``threshold``."""
    if not found:
        return Verdict(None, 0.0, False)
    scored = [(confidence(question, each, weights), each) for each in found[:CONSIDERED]]
    sure, best = max(scored, key=lambda pair: pair[0])
    return Verdict(_section_start(best, found), sure, sure >= threshold)


def _section_start(best: Evidence, found: Sequence[Evidence]) -> Evidence:
    """Where the heading is the question itself, its section's first passage begins to answer."""
    if best.heading_cosine < ASKED_IN_HEADING:
        return best
    section = (best.passage.source, best.passage.document, best.passage.headings)
    return min(
        (
            each
            for each in found
            if (each.passage.source, each.passage.document, each.passage.headings) == section
        ),
        key=lambda each: each.passage.position,
    )


def confidence(question: str, evidence: Evidence, weights: Weights = WEIGHTS) -> float:
    """How sure the judge is that this passage answers, in [0, 1]."""
    weighed = zip(astuple(weights.of), astuple(features(question, evidence)), strict=True)
    score = weights.bias + sum(weight * value for weight, value in weighed)
    return 1 / (1 + math.exp(-score))


def features(question: str, evidence: Evidence) -> Features:
    """What the judge looks at in one passage."""
    units = sorted(evidence.units, key=lambda unit: -unit.cosine)
    beside = " ".join(f"{unit.text} {unit.lead}" for unit in units[:2])
    kind_missing = (bool(_ASKS_AMOUNT.search(question)) and not _AMOUNT.search(beside)) or (
        bool(_ASKS_SOMEBODY.search(question)) and not _SOMEBODY.search(beside)
    )
    return Features(
        cosine=evidence.cosine,
        nearest=max(evidence.heading_cosine, units[0].cosine),
        coverage=evidence.coverage,
        unit_coverage=evidence.unit_coverage,
        missing=float(evidence.missing),
        rarest_missing=evidence.rarest_missing,
        kind_missing=float(kind_missing),
    )
