"""What makes the embedded store quick changes nothing of what it finds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from math import log
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from knowledge.stores import bm25, embedded_sql, matrix
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.matrix import VectorMatrix, highest
from tests.kit.store_toys import EVERYBODY, passage, texts, toward


def plainly(
    postings: list[bm25.Posting], words: NDArray[np.int32], readable: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """BM25 of every row, as its formula stands in the book."""
    scores = np.zeros(len(words))
    count = int(readable.sum())
    mean = words[readable].mean() if count else 1
    for rows, often in postings:
        holding = int(readable[rows].sum())
        if not holding:
            continue
        idf = max(log((count - holding + 0.5) / (holding + 0.5)), bm25.LEAST_IDF)
        for row, times in zip(rows, often, strict=True):
            length = 1 - bm25.B + bm25.B * words[row] / mean
            scores[row] += idf * times * (bm25.K1 + 1) / (times + bm25.K1 * length)
    return scores


@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 300),
    terms=st.integers(0, 8),
    n=st.integers(1, 30),
)
def test_leaving_common_words_out_changes_neither_what_is_found_nor_its_score(
    seed: int, count: int, terms: int, n: int
) -> None:
    rng = np.random.default_rng(seed)
    words = rng.integers(1, 200, count).astype(np.int32)
    readable = rng.random(count) < rng.random()
    seen = readable & (rng.random(count) < 0.8)
    postings: list[bm25.Posting] = []
    for _ in range(terms):
        rows = np.flatnonzero(rng.random(count) < rng.random() ** 3)
        postings.append((rows, rng.integers(1, 6, rows.size).astype(np.float64)))
    expected = plainly(postings, words, readable)
    rows = np.flatnonzero(seen & (expected > 0))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bm25, "WORTH_LOOKING", 0)
        found = highest(*bm25.best(postings, words, readable, seen, n), n)
    best = highest(rows, expected[rows], n)
    assert found[1] == pytest.approx(best[1])
    # Rows of the same score may change places by the last digit of a float.
    assert expected[found[0]] == pytest.approx(best[1])


def test_common_words_are_left_out_where_rare_ones_found_enough() -> None:
    rows = np.arange(10_000)
    rare, common = rows[::500], rows[rows % 10 > 0]
    words = np.full(10_000, 100, np.int32)
    everything = np.ones(10_000, np.bool_)
    postings = [(common, np.ones(common.size)), (rare, np.ones(rare.size))]
    found, _ = bm25.best(postings, words, everything, everything, 10)
    assert set(found) == set(rare)


def test_questions_that_wait_are_multiplied_together(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((500, 16)).astype("<f4")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    held = VectorMatrix(16, 500)
    held.append((n + 1, 1, 1, 5, vectors[n].tobytes()) for n in range(500))
    queries = vectors[:8]
    alone = [held.view().nearest(query, held.view().readable([1]), 5) for query in queries]
    together: list[int] = []
    stack = np.stack

    def counting(some: Any) -> Any:
        together.append(len(some))
        return stack(some)

    monkeypatch.setattr(np, "stack", counting)
    begin = Barrier(9)

    def ask(query: NDArray[np.float32]) -> dict[int, float]:
        view = held.view()
        begin.wait()
        return view.nearest(query, view.readable([1]), 5)

    with ThreadPoolExecutor(8) as people:
        matrix._blas_lock.acquire()  # as if a question before them were being multiplied
        try:
            asked = [people.submit(ask, query) for query in queries]
            begin.wait()
            while len(matrix._waiting) < 8:
                pass
        finally:
            matrix._blas_lock.release()
        assert [each.result() for each in asked] == alone
    assert max(together) >= matrix.FEWEST_TOGETHER
    assert not matrix._waiting


@pytest.mark.asyncio
async def test_lists_are_kept_through_a_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    posting = embedded_sql.posting

    def counted(db: Any, term: str) -> Any:
        read.append(term)
        return posting(db, term)

    monkeypatch.setattr(embedded_sql, "posting", counted)
    store = await EmbeddedStore.open(tmp_path / "passages.db")
    other = await EmbeddedStore.open(tmp_path / "passages.db")
    same = toward(pay=1)
    await store.replace("handbook", "a.md", [passage("Old trains run.", same, document="a.md")])

    async def found(question: str) -> list[str]:
        return sorted(texts(await store.search(question, same, EVERYBODY, 9, alpha=0)))

    assert await found("trains") == ["Old trains run."]
    await other.replace("handbook", "b.md", [passage("New train.", same, document="b.md")])
    assert await found("trains") == ["New train.", "Old trains run."]
    await other.replace("handbook", "a.md", [passage("No more.", same, document="a.md")])
    assert await found("train") == ["New train."]
    await other.replace(
        "handbook", "b.md", [passage("Wheels", same, document="b.md", headings=("Train",))]
    )
    assert await found("trains") == ["Wheels"]
    assert read == ["train"]
    await store.close()
    await other.close()
