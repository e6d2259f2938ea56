"""BM25 as SQLite's FTS5 computes it, but counted over what the asker may read. Pure.

FTS5 counts over its whole index, so passages that somebody may not read would still move how rare
a word is and how long a passage usually is, and with them the order of what they are shown.
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

Posting = tuple[NDArray[np.intp], NDArray[np.float64]]
"""The rows that hold a word, and how often each does, weighed by where."""


def bm25(
    postings: Iterable[Posting], words: NDArray[np.int32], readable: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Score of every row, 0 where no word matches or which is not readable.

    ``words``: how many a row has; ``readable``: the rows that are counted. Both have the shape
    ``(rows,)``, as has the result.
    """
    scores = np.zeros(len(words))
    count = int(np.count_nonzero(readable))
    mean = int(words[readable].sum(dtype=np.int64)) / max(count, 1)
    for rows, frequency in postings:
        counted = readable[rows]
        mine, often = rows[counted], frequency[counted]
        idf = max(log((count - mine.size + 0.5) / (mine.size + 0.5)), LEAST_IDF)
        length = 1 - B + B * (words[mine] / mean if mine.size else 0)
        scores[mine] += idf * often * (K1 + 1) / (often + K1 * length)
    return scores
