"""The embedded store's vectors in RAM: exact cosine search over a float32 matrix."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import count
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from knowledge.errors import StoreError
from knowledge.types import Vector

REMOVED = -1
"""Stands in ``MatrixView.access`` for a passage that is gone; its row waits for compaction."""

GATHER_BELOW = 0.3
"""When fewer than this share of rows may be looked at, copying them out and multiplying only them
is quicker than multiplying the whole matrix (measured at 10k and 100k rows of 384)."""

COMPACT_ABOVE = 0.25
"""Share of removed rows at which the matrix is rebuilt without them."""

COMPACT_MINIMUM = 1024
"""Fewer removed rows than this (3 MB at 768 dimensions) are never worth a rebuild."""

HEADROOM = 1.125
"""Spare rows when the matrix grows, so that the next documents need no copy of it."""

COSINE_DECIMALS = 6
"""Cosines of what was found are computed in float64, rounded to what float32 vectors are good for:
passages with equal vectors tie, so that their ids decide the order."""

SLACK = 1e-5
"""What a float32 dot product may be off, by where its row lies in the matrix. Which passages are
nearest must not depend on that: it would on passages that the asker may not read."""

FEWEST_TOGETHER, MOST_TOGETHER = 3, 16
"""Questions that are multiplied in one go. The product of one is bound by memory, so that four take
hardly longer than two and eight no longer than four (measured at 100k rows of 384)."""

_blas_lock = Lock()
_numberings = count(1)


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


@dataclass(slots=True, eq=False)
class _Product:
    """One question's product with a matrix, which whoever comes to it first computes."""

    vectors: NDArray[np.float32]
    query: Vector
    result: NDArray[np.float32] | None = None

    def is_like(self, other: _Product) -> bool:
        """Whether both are about the same rows; views of them are different objects."""
        here, there = (each.vectors.__array_interface__ for each in (self, other))
        return bool(here["data"] == there["data"] and here["shape"] == there["shape"])


_waiting: deque[_Product] = deque()


def _dot(vectors: NDArray[np.float32], query: Vector) -> NDArray[np.float32]:
    # Two BLAS threads on busy cores wait for each other: 8-10 times slower under load. The limit is
    # process-wide, hence the lock: two overlapping limits would restore each other's value. Who
    # has the lock multiplies for those who wait for it as well.
    mine = _Product(vectors, query)
    _waiting.append(mine)
    with _blas_lock, _blas().limit(limits=1):
        if mine.result is not None:
            return mine.result
        alike = [each for each in [*_waiting] if each is not mine and each.is_like(mine)]
        some = [mine, *alike[: MOST_TOGETHER - 1]]
        if len(some) < FEWEST_TOGETHER:
            some = [mine]
        try:
            if len(some) > 1:
                queries = np.stack([each.query for each in some])
                rows: NDArray[np.float32] = np.ascontiguousarray((vectors @ queries.T).T)
                for each, row in zip(some, rows, strict=True):
                    each.result = row
                return rows[0]  # type: ignore[no-any-return]  # numpy's own typing of an index
            return vectors @ query
        finally:
            for each in some:
                if each is mine or each.result is not None:
                    _waiting.remove(each)


def _cosines(vectors: NDArray[np.float32], query: Vector) -> NDArray[np.float64]:
    exact: NDArray[np.float64] = np.einsum("ij,j->i", vectors, query, dtype=np.float64)
    return np.round(exact, COSINE_DECIMALS)


def _members(ids: Collection[int], values: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which of ``values`` are in ``ids``: one look-up table, in which REMOVED is never."""
    table = np.zeros(int(values.max(initial=REMOVED)) + 2, dtype=np.bool_)
    # REMOVED is -1 and so reads the last entry, which no id can reach.
    table[[one for one in ids if one < len(table) - 1]] = True
    return table[values]


def unit(vector: Vector) -> Vector:
    """Scale to unit length, so that a dot product is a cosine.

    Raises :class:`StoreError` for a vector that has no direction.
    """
    length = float(np.linalg.norm(vector))
    if vector.ndim != 1 or not np.isfinite(length) or length == 0:
        raise StoreError("A vector must be one-dimensional, finite and not zero.")
    return (vector / length).astype(np.float32)


def highest(
    rows: NDArray[np.intp], values: NDArray[np.float64], n: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The ``n`` rows of the highest values, best first; ties go to the older passage."""
    if n < rows.size:
        worst = np.partition(values, rows.size - n)[rows.size - n]
        rows, values = rows[values >= worst], values[values >= worst]
    order = np.lexsort((rows, -values))[:n]
    return rows[order], values[order]


@dataclass(frozen=True, slots=True)
class MatrixView:
    """The vectors as of one change of the store; later changes do not touch it."""

    vectors: NDArray[np.float32]
    """Shape ``(rows, dims)``, unit length."""
    rowids: NDArray[np.int64]
    """Shape ``(rows,)``, ascending."""
    access: NDArray[np.int32]
    """Shape ``(rows,)``: the interned access list, or REMOVED."""
    source: NDArray[np.int32]
    """Shape ``(rows,)``: the interned source."""

    words: NDArray[np.int32]
    """Shape ``(rows,)``: how many words of each passage are indexed."""
    numbering: int
    """The same for as long as passages keep their rows."""

    def readable(
        self, access: Collection[int], sources: Collection[int] | None = None
    ) -> NDArray[np.bool_]:
        """Which rows have one of these access lists and, if given, are of these sources."""
        seen = _members(access, self.access)
        return seen if sources is None else seen & _members(sources, self.source)

    def rows(self, rowids: NDArray[np.int64]) -> NDArray[np.intp]:
        """Where these passages are, which must be in the matrix."""
        return np.searchsorted(self.rowids, rowids)

    def nearest(self, query: Vector, seen: NDArray[np.bool_], n: int) -> dict[int, float]:
        """Row id -> cosine of the ``n`` nearest rows of ``seen``; ties as in :func:`highest`."""
        rows = np.flatnonzero(seen)
        if not rows.size or n < 1:
            return {}
        if rows.size < GATHER_BELOW * len(self.rowids):
            roughly = _dot(self.vectors[rows], query)
        else:
            roughly = _dot(self.vectors, query)[rows]
        if n < rows.size:
            worst = np.partition(roughly, rows.size - n)[rows.size - n]
            rows = rows[roughly >= worst - SLACK]
        return self.named(*highest(rows, _cosines(self.vectors[rows], query), n))

    def cosines(self, query: Vector, rowids: Collection[int]) -> dict[int, float]:
        """Row id -> cosine of these passages, which must be in the matrix."""
        rows = self.rows(np.fromiter(rowids, dtype=np.int64, count=len(rowids)))
        return self.named(rows, _cosines(self.vectors[rows], query))

    def named(self, rows: NDArray[np.intp], values: NDArray[np.float64]) -> dict[int, float]:
        """Row id -> value."""
        return dict(zip(self.rowids[rows].tolist(), values.tolist(), strict=True))


class VectorMatrix:
    """Grows and shrinks with the store; hands out views that stay as they were.

    Rows are only appended (row ids ascend), and a removal replaces the access column instead of
    writing into it, so a search goes on over its view while the next change is applied. Not safe
    for two writers at once.
    """

    _vectors: NDArray[np.float32]
    _rowids: NDArray[np.int64]
    _access: NDArray[np.int32]
    _source: NDArray[np.int32]
    _words: NDArray[np.int32]

    def __init__(self, dims: int, expected: int = 0) -> None:
        self.dims = dims
        self._numbering = next(_numberings)
        self._count = 0
        self._removed = 0
        self._allocate(int(expected * HEADROOM) + 1)

    @property
    def last_rowid(self) -> int:
        """The newest passage's row id; 0 when there is none."""
        return int(self._rowids[self._count - 1]) if self._count else 0

    def view(self) -> MatrixView:
        """All rows as they are now."""
        n = self._count
        return MatrixView(
            self._vectors[:n],
            self._rowids[:n],
            self._access[:n],
            self._source[:n],
            self._words[:n],
            self._numbering,
        )

    def append(self, rows: Iterable[tuple[int, int, int, int, bytes]]) -> None:
        """Add (row id, access id, source id, words, little-endian float32 vector), row by row."""
        for rowid, access, source, words, vector in rows:
            if self._count == len(self._rowids):
                self._rebuild(np.arange(self._count), int(self._count * HEADROOM) + 256)
            at = self._count
            self._vectors[at] = np.frombuffer(vector, dtype="<f4")
            self._rowids[at], self._access[at], self._source[at] = rowid, access, source
            self._words[at] = words
            self._count += 1

    def remove(self, rowids: Collection[int]) -> None:
        """Take passages out; row ids that are not in the matrix are passed over."""
        n = self._count
        gone = np.isin(self._rowids[:n], np.fromiter(rowids, np.int64, len(rowids)))
        self._access = self._access.copy()
        self._access[:n][gone] = REMOVED
        self._removed = int(np.count_nonzero(self._access[:n] == REMOVED))
        if self._removed > max(COMPACT_MINIMUM, COMPACT_ABOVE * n):
            kept = np.flatnonzero(self._access[:n] != REMOVED)
            self._rebuild(kept, int(kept.size * HEADROOM) + 1)
            self._numbering = next(_numberings)

    def _allocate(self, capacity: int) -> None:
        self._vectors = np.empty((capacity, self.dims), dtype=np.float32)
        self._rowids = np.empty(capacity, dtype=np.int64)
        self._access = np.empty(capacity, dtype=np.int32)
        self._source = np.empty(capacity, dtype=np.int32)
        self._words = np.empty(capacity, dtype=np.int32)

    def _rebuild(self, kept: NDArray[np.intp], capacity: int) -> None:
        old = self.view()
        self._allocate(capacity)
        self._count = n = len(kept)
        # mode="clip" writes straight into ``out``; the default makes one more copy first.
        np.take(old.vectors, kept, axis=0, out=self._vectors[:n], mode="clip")
        self._rowids[:n], self._access[:n] = old.rowids[kept], old.access[kept]
        self._source[:n], self._words[:n] = old.source[kept], old.words[kept]
