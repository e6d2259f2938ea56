"""Does the evidence answer the question? A small calibrated judge over what was read closely.

A threshold on the search score cannot tell a near miss from an answer, and the packaged model does
not abstain by itself. What tells them apart is mostly what the passage lacks: a rare word of the
question that it does not have. A logistic regression weighs that against how near it is in
meaning; ``python -m benchmarks.judge`` fits the weights and plots precision and recall.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.types import Evidence

CONSIDERED = 3
"""Best passages that may give the answer; below that, rank says more than the judge."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the logistic regression; one field per feature of :func:`features`."""

    bias: float
    cosine: float
    nearest: float
    coverage: float
    missing: float
    rarest_missing: float


WEIGHTS = Weights(
    bias=-4.0, cosine=4.0, nearest=4.0, coverage=2.0, missing=-0.4, rarest_missing=-0.2
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge says."""

    evidence: Evidence | None
    """The passage that answers best; None when nothing was found."""
    confidence: float
    """Probability in [0, 1] that it answers."""
    answers: bool


def judge(found: Sequence[Evidence], threshold: float, weights: Weights = WEIGHTS) -> Verdict:
    """The likeliest of the best passages to answer, and whether it passes ``threshold``."""
    if not found:
        return Verdict(None, 0.0, False)
    best = max(found[:CONSIDERED], key=lambda evidence: confidence(evidence, weights))
    sure = confidence(best, weights)
    return Verdict(best, sure, sure >= threshold)


def confidence(evidence: Evidence, weights: Weights = WEIGHTS) -> float:
    """Probability that this passage answers."""
    score = weights.bias + sum(
        weight * value
        for weight, value in zip(
            (
                weights.cosine,
                weights.nearest,
                weights.coverage,
                weights.missing,
                weights.rarest_missing,
            ),
            features(evidence),
            strict=True,
        )
    )
    return 1 / (1 + math.exp(-score))


def features(evidence: Evidence) -> tuple[float, float, float, float, float]:
    """Cosine, nearest unit's or heading's cosine, coverage, missing words, rarest missing word."""
    nearest = max(evidence.heading_cosine, *(unit.cosine for unit in evidence.units))
    return (
        evidence.cosine,
        nearest,
        evidence.coverage,
        float(evidence.missing),
        evidence.rarest_missing,
    )


