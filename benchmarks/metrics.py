"""Ranking metrics with binary relevance, and AUROC. Pure functions over any hashable keys.

Definitions: Manning, Raghavan & Schütze, Introduction to Information Retrieval, ch. 8; nDCG with
the logarithmic discount of Järvelin & Kekäläinen (2002).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence, Set
from typing import TypeVar

_Key = TypeVar("_Key", bound=Hashable)


def distinct(ranked: Iterable[_Key]) -> list[_Key]:
    """The keys in order, each where it first stands."""
    return list(dict.fromkeys(ranked))


def recall(ranked: Sequence[_Key], relevant: Set[_Key], k: int) -> float:
    """Share of ``relevant`` among the first ``k``; 0 when nothing is relevant."""
    return len(relevant & set(ranked[:k])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranked: Sequence[_Key], relevant: Set[_Key], k: int) -> float:
    """1 / rank of the first relevant key among the first ``k``; 0 when there is none."""
    for rank, key in enumerate(ranked[:k], start=1):
        if key in relevant:
            return 1 / rank
    return 0.0


def ndcg(ranked: Sequence[_Key], relevant: Set[_Key], k: int) -> float:
    """Discounted cumulative gain of the first ``k``, as a share of the best possible one."""
    best = sum(_discount(rank) for rank in range(1, min(k, len(relevant)) + 1))
    gain = sum(_discount(rank) for rank, key in enumerate(ranked[:k], start=1) if key in relevant)
    return gain / best if best else 0.0


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Chance that a positive scores above a negative, ties half; NaN when either is empty."""
    if not positive or not negative:
        return math.nan
    wins = sum((p > n) + (p == n) / 2 for p in positive for n in negative)
    return wins / (len(positive) * len(negative))


def mean(values: Iterable[float]) -> float:
    """Arithmetic mean; NaN of nothing."""
    found = list(values)
    return sum(found) / len(found) if found else math.nan


def _discount(rank: int) -> float:
    return 1 / math.log2(rank + 1)
