"""Means with intervals, by bootstrap: the questions are drawn anew, many times, by a seed.

Efron and Tibshirani (1993), chapter 13: the percentile interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DRAWS = 2000
"""Enough that the ends of a 95% interval move by less than a tenth of its width."""
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and where it lies with a probability of 95%."""

    mean: float
    low: float
    high: float
    number: int
    """Of what was measured."""

    def as_json(self) -> dict[str, float | int]:
        """To four digits."""
        return {
            "mean": round(self.mean, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "n": self.number,
        }


def interval(values: Sequence[float], seeds: Sequence[int]) -> Interval | None:
    """The mean of ``values`` with its interval; the widest over all seeds. None for no values."""
    if not values:
        return None
    sample = np.asarray(values, dtype=float)
    ends = [_ends(sample, seed) for seed in seeds]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    return Interval(float(sample.mean()), low, high, len(values))


def difference(
    before: Sequence[float], after: Sequence[float], seeds: Sequence[int]
) -> Interval | None:
    """The mean change, pair by pair: the same questions were asked of both."""
    return interval([b - a for a, b in zip(before, after, strict=True)], seeds)


def _ends(sample: np.ndarray, seed: int) -> tuple[float, float]:
    random = np.random.default_rng(seed)
    drawn = sample[random.integers(0, len(sample), (DRAWS, len(sample)))].mean(axis=1)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)


def agreement(
    one: Sequence[bool], other: Sequence[bool], seeds: Sequence[int]
) -> dict[str, float | int | None] | None:
    """How far two raters agree: share, and Cohen's kappa with its interval by bootstrap.

    Cohen (1960): what is beyond chance. None for nothing rated; ``kappa`` is None where a rater
    said the same of everything, since all of it could be chance then.
    """
    if not one:
        return None
    left, right = np.asarray(one, dtype=bool), np.asarray(other, dtype=bool)
    drawn: list[float] = []
    for seed in seeds:
        random = np.random.default_rng(seed)
        for at in random.integers(0, len(left), (DRAWS, len(left))):
            found = _kappa(left[at], right[at])
            if found is not None:
                drawn.append(found)
    kappa = _kappa(left, right)
    told: dict[str, float | int | None] = {
        "share": round(float((left == right).mean()), 4),
        "n": len(left),
        "kappa": None,
    }
    if kappa is not None:
        low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        told["kappa"] = round(kappa, 4)
        told["low"], told["high"] = round(float(low), 4), round(float(high), 4)
    return told


def _kappa(left: np.ndarray, right: np.ndarray) -> float | None:
    p, q = float(left.mean()), float(right.mean())
    if p in (0.0, 1.0) or q in (0.0, 1.0):
        return None
    chance = p * q + (1 - p) * (1 - q)
    return (float((left == right).mean()) - chance) / (1 - chance)
