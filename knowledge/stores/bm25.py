"""BM25 as SQLite's FTS5 computes it, but counted over what the asker may read. Pure.

FTS5 counts over its whole index, so passages that somebody may not read would still move how rare
a word is and how long a passage usually is, and with them the order of what they are shown.

Rare words go first. Once they have found enough, the long lists of common words are only looked
up for those passages that can still come among the best (Turtle and Flood 1995, "max_score"); what
is found and its scores are the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import log

import numpy as np
from numpy.typing import NDArray

K1 = 1.2
B = 0.75
"""FTS5's constants (sqlite.org/fts5.html, "The bm25() function"), and Weaviate's."""

LEAST_IDF = 1e-6
"""Of a word that more than half of the passages have, as in FTS5: it finds, but hardly ranks."""

WORTH_LOOKING = 4096
"""Looking whether the rest can be left out takes as long as adding up so many rows."""

SLACK = 1e-9
"""More than sums of float64 may be off."""

Posting = tuple[NDArray[np.intp], NDArray[np.float64]]
"""The rows that hold a word, ascending, and how often each does, weighed by where."""


def best(
    postings: Iterable[Posting],
    words: NDArray[np.int32],
    readable: NDArray[np.bool_],
    seen: NDArray[np.bool_],
    n: int,
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Rows with their scores, among them the ``n`` best of ``seen`` that any word matches.

    ``words``: how many a row has; ``readable``: the rows that are counted; ``seen``: those of them
    that may be found. All three have the shape ``(rows,)``.
    """
    count = int(np.count_nonzero(readable))
    mean = int(words[readable].sum(dtype=np.int64)) / max(count, 1)
    # Where no passage has a word nothing matches either.
    length = K1 * (1 - B + B * (words / (mean or 1)))
    weighed = []
    for rows, often in postings:
        holding = int(np.count_nonzero(readable[rows]))
        if holding:
            idf = max(log((count - holding + 0.5) / (holding + 0.5)), LEAST_IDF)
            weighed.append((idf * (K1 + 1), rows, often))
    # In this order every row's score is added up, however much of it is left out for others.
    weighed.sort(key=lambda each: -each[0])
    scores = np.zeros(len(words))
    most = sum(weight for weight, _, _ in weighed)
    rest = sum(len(rows) for _, rows, _ in weighed)
    for at, (weight, rows, often) in enumerate(weighed):
        scores[rows] += weight * often / (often + length[rows])
        most -= weight
        rest -= len(rows)
        if rest < WORTH_LOOKING:
            continue
        found = _matching(scores, seen)
        if found.size >= n:
            worst = np.partition(scores[found], found.size - n)[found.size - n]
            if most + SLACK < worst:
                kept = found[scores[found] + most + SLACK >= worst]
                return kept, _with_rest(kept, scores[kept], weighed[at + 1 :], length)
    found = _matching(scores, seen)
    return found, scores[found]


def _matching(scores: NDArray[np.float64], seen: NDArray[np.bool_]) -> NDArray[np.intp]:
    return np.flatnonzero(seen & (scores > 0))


def _with_rest(
    kept: NDArray[np.intp],
    scores: NDArray[np.float64],
    rest: Iterable[tuple[float, NDArray[np.intp], NDArray[np.float64]]],
    length: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The scores of these rows with the remaining words looked up for them."""
    for weight, rows, often in rest:
        places = np.minimum(np.searchsorted(rows, kept), len(rows) - 1)
        hit = rows[places] == kept
        mine = often[places[hit]]
        scores[hit] += weight * mine / (mine + length[kept[hit]])
    return scores
