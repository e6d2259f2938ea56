"""Relative score fusion: one ranking out of a vector leg and a keyword leg. Pure."""

from __future__ import annotations

from collections.abc import Mapping

LEG_CANDIDATES = 100
"""Passages that each leg hands to the fusion (or ``k``, if larger): what Weaviate takes too.
Fewer would stretch the scaled scores, more would only add passages that end near 0."""


def relative_scores(scores: Mapping[str, float]) -> dict[str, float]:
    """Scale scores to [0, 1] by their own minimum and maximum; equal scores all become 1."""
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    if high == low:
        return dict.fromkeys(scores, 1.0)
    return {key: (score - low) / (high - low) for key, score in scores.items()}


def fuse(
    vector: Mapping[str, float], keyword: Mapping[str, float], alpha: float
) -> list[tuple[str, float]]:
    """Rank the passages of both legs by ``alpha * vector + (1 - alpha) * keyword``, best first.

    Keys are passage ids, values each leg's raw scores, higher being better. Every leg is scaled by
    :func:`relative_scores`; a passage that a leg did not find gets 0 from it. A leg of weight 0
    adds no passages. Ties go by id, so the same input always gives the same order.
    """
    vector_part = relative_scores(vector) if alpha > 0 else {}
    keyword_part = relative_scores(keyword) if alpha < 1 else {}
    fused = {
        key: alpha * vector_part.get(key, 0.0) + (1 - alpha) * keyword_part.get(key, 0.0)
        for key in vector_part.keys() | keyword_part.keys()
    }
    return sorted(fused.items(), key=lambda item: (-item[1], item[0]))
