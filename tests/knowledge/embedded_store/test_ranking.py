"""The embedded store counts and weighs words as FTS5 does, and fuses scores as it says."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.stores.embedded_schema import connect, prepare
from knowledge.stores.embedded_sql import posting, terms
from knowledge.stores.fusion import fuse, relative_scores
from knowledge.stores.postings import KeptPostings
from tests.kit.store_toys import EVERYBODY, passage, toward
from tests.knowledge.embedded_store.opening import opened

# -- the query ----------------------------------------------------------------------------------


@given(text=st.text(max_size=60) | st.sampled_from(['a" OR b* NEAR(c)', "title:x", "-", "\0"]))
@settings(max_examples=100, deadline=None)
def test_no_text_is_fts_syntax(text: str) -> None:
    with closing(connect(Path(":memory:"))) as db:
        prepare(db, Path(":memory:"))
        for term in terms(db, text):
            assert len(posting(db, term)[0]) == 0


@pytest.mark.asyncio
async def test_words_are_counted_and_weighed_as_fts5_does(path: Path) -> None:
    """Where everything may be read, the figures are FTS5's own."""
    async with opened(path) as store:
        parts = [
            passage(f"{'Train ' * n} fare, {'on and on ' * 50 * (n % 3)} résumé{n}", toward(pay=1),
                    position=n, title="Trains" if n == 2 else "Guide",
                    headings=("Train", "Fares") if n == 3 else ())
            for n in range(9)
        ]  # fmt: skip
        await store.replace("handbook", "guide.md", parts)
        await store.replace("handbook", "other.md", parts[:0])
        found = await store.search("What train fares?", toward(pay=1), EVERYBODY, 99, alpha=0)
    with closing(sqlite3.connect(path)) as db:
        theirs = db.execute(
            "SELECT p.id, -bm25(keyword, 1.5, 2.0, 1.0) FROM keyword "
            "JOIN passage p ON p.rid = keyword.rowid WHERE keyword MATCH 'train OR fare'"
        ).fetchall()
    expected = relative_scores(dict(theirs))
    assert {one.passage.id: one.score for one in found} == pytest.approx(expected)


@pytest.mark.asyncio
async def test_words_kept_from_one_question_to_the_next_are_as_the_store_is_now(
    path: Path,
) -> None:
    """Also when another process wrote, and when the lists do not all fit."""
    async with opened(path) as store, opened(path) as other:
        for kept in (KeptPostings(), KeptPostings(most=2)):
            store._postings = kept
            for count in (3, 1, 4):
                trains = [passage(f"Train {n}", toward(pay=1), position=n) for n in range(count)]
                await other.replace("handbook", "guide.md", trains)
                for _ in range(2):
                    for question in ("trains", "train 0"):
                        found = await store.search(question, toward(pay=1), EVERYBODY, 9, alpha=0)
                        assert len(found) == count


# -- against a model ----------------------------------------------------------------------------


scores = st.dictionaries(
    st.sampled_from("abcdefgh"), st.floats(-20, 20, allow_nan=False), max_size=8
)


@given(vector=scores, keyword=scores, alpha=st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]))
def test_fusion_is_the_weighed_sum_of_scaled_scores(
    vector: dict[str, float], keyword: dict[str, float], alpha: float
) -> None:
    def scaled(leg: dict[str, float], key: str) -> float:
        if key not in leg:
            return 0.0
        spread = max(leg.values()) - min(leg.values())
        return (leg[key] - min(leg.values())) / spread if spread else 1.0

    got = fuse(vector, keyword, alpha)

    reached = {key for leg, on in ((vector, alpha > 0), (keyword, alpha < 1)) if on for key in leg}
    assert {key for key, _ in got} == reached
    for key, score in got:
        assert 0 <= score <= 1
        assert score == pytest.approx(
            alpha * scaled(vector, key) + (1 - alpha) * scaled(keyword, key)
        )
    assert got == sorted(got, key=lambda item: (-item[1], item[0]))
