"""Does the evidence answer the question? A small calibrated judge over what was read closely.

A threshold on the search score cannot tell a near miss from an answer, and the packaged model does
not abstain by itself. What tells them apart is mostly what the passage lacks: a rare word of the
question, or the kind of thing that was asked for (a number, somebody). A logistic regression weighs
that against how near it is in meaning; ``python -m benchmarks.judge`` fits the weights and plots
precision and recall.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from bot.units import ASKED_IN_HEADING, has_kind, unit_scores
from knowledge.types import Evidence

_NEARLY_AS_SURE = 0.9  # share of the best one's confidence from which a second is quoted too
CONSIDERED = 3
"""Best passages that may give the answer; below that, rank says more than the judge."""


@dataclass(frozen=True, slots=True)
class Features:
    """What is weighed, per passage; also the shape of the weights."""

    cosine: float
    nearest: float
    """Cosine of its heading, or the score of the unit that answers best
    (:func:`bot.units.unit_scores`), whichever is more."""
    unit_coverage: float
    rarest_missing: float
    kind_missing: float
    """1 when the kind of thing that is asked for is in neither of the two best units."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the logistic regression; ``bias`` puts 0.5 at one false answer in twenty."""

    bias: float
    of: Features


WEIGHTS = Weights(
    bias=-5.407,
    of=Features(
        cosine=0.568,
        nearest=5.584,
        unit_coverage=1.388,
        rarest_missing=-0.126,
        kind_missing=-1.324,
    ),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge says."""

    support: tuple[Evidence, ...]
    """The passage that answers best and, where it is about as sure, another; empty when nothing
    was found."""
    confidence: float
    """In [0, 1]; 0.5 is where it begins to answer by default."""
    answers: bool


def judge(
    question: str, found: Sequence[Evidence], threshold: float, weights: Weights = WEIGHTS
) -> Verdict:
    """The likeliest of the best passages to answer, and whether it passes ``threshold``."""
    if not found:
        return Verdict((), 0.0, False)
    scored = [(confidence(question, each, weights), each) for each in found[:CONSIDERED]]
    scored.sort(key=lambda pair: -pair[0])
    sure, best = scored[0]
    support = [_section_start(best, found)]
    # Where the heading is the question, its section is the answer and needs no second one.
    if best.heading_cosine < ASKED_IN_HEADING:
        support += [
            each
            for other, each in scored[1:2]
            if other >= max(threshold, _NEARLY_AS_SURE * sure) and each is not support[0]
        ]
    return Verdict(tuple(support), sure, sure >= threshold)


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
    scores = unit_scores(question, evidence)
    order = sorted(range(len(scores)), key=lambda index: -scores[index])
    return Features(
        cosine=evidence.cosine,
        nearest=max(evidence.heading_cosine, scores[order[0]]),
        unit_coverage=evidence.unit_coverage,
        rarest_missing=evidence.rarest_missing,
        kind_missing=float(
            not any(has_kind(question, evidence.units[index]) for index in order[:2])
        ),
    )
