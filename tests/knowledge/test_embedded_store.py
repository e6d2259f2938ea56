"""What only the embedded store promises: one file, several processes, kill -9, bounded growth."""

from __future__ import annotations

import asyncio
import json
import math
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.errors import StoreError
from knowledge.stores import embedded as embedded_module
from knowledge.stores import matrix as matrix_module
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.embedded_schema import connect, prepare
from knowledge.stores.embedded_sql import posting, terms
from knowledge.stores.fusion import fuse, relative_scores
from knowledge.stores.postings import KeptPostings
from knowledge.types import PUBLIC, EmbeddedPassage, Vector
from tests.kit.store_toys import EVERYBODY, passage, texts, toward

ROOT = Path(__file__).parents[2]
PASSAGES = 20

# Replaces one document again and again, all its passages saying which generation they are of, and
# names a generation once it is stored.
WRITER = f"""
import asyncio, itertools, sys
from pathlib import Path
from knowledge.stores.embedded import EmbeddedStore
from tests.kit.store_toys import passage, toward

async def main() -> None:
    store = await EmbeddedStore.open(Path(sys.argv[1]))
    for generation in itertools.count(int(sys.argv[2])):
        await store.replace("handbook", "guide.md", [
            passage(f"generation {{generation}} part {{n}}", toward(pay=1, travel=n), position=n)
            for n in range({PASSAGES})
        ])
        print(generation, flush=True)

asyncio.run(main())
"""


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[EmbeddedStore]:
    store = await EmbeddedStore.open(path)
    try:
        yield store
    finally:
        await store.close()


async def generations(store: EmbeddedStore) -> list[int]:
    """The generation of each stored passage, by both legs."""
    found = await store.search("generation", toward(pay=1), EVERYBODY, 1000, alpha=0.5)
    return [int(text.split()[1]) for text in texts(found)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "passages.sqlite"


@pytest.fixture
def writer(path: Path) -> Iterator[subprocess.Popen[str]]:
    with start_writer(path, 1) as process:
        yield process
        process.kill()


def start_writer(path: Path, first: int) -> subprocess.Popen[str]:
    return subprocess.Popen(  # our own interpreter and text
        [sys.executable, "-c", WRITER, str(path), str(first)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def said(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


# -- processes ----------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_killed_writer_leaves_the_old_or_the_new_document(path: Path) -> None:
    first = 1
    for writes_before_kill in (1, 2, 5):
        with start_writer(path, first) as process:
            stored = [said(process) for _ in range(writes_before_kill)][-1]
            process.kill()
            rest = [int(line) for line in (process.stdout or []) if line.endswith("\n")]
        stored = max([stored, *rest])

        async with opened(path) as store:
            found = await generations(store)
            assert len(found) == PASSAGES == await store.count()
            # The one that it was at may have been committed without being named.
            assert set(found) in ({stored}, {stored + 1})
        check_file(path)
        first = stored + 10


@pytest.mark.asyncio
async def test_a_reader_beside_a_writer_sees_whole_documents_that_never_go_back(
    path: Path, writer: subprocess.Popen[str]
) -> None:
    said(writer)
    last = 0
    async with opened(path) as store:
        for _ in range(40):
            found = await generations(store)
            assert len(found) == PASSAGES
            (generation,) = set(found)
            assert generation >= last
            last = generation
        newest = said(writer)
        assert (await generations(store))[0] >= newest


@pytest.mark.asyncio
async def test_many_openings_and_writers_at_once_lose_nothing(path: Path) -> None:
    stores = await asyncio.gather(*[EmbeddedStore.open(path) for _ in range(6)])
    await asyncio.gather(
        *[
            store.replace(
                f"s{n}", f"d{m}", [passage("x", toward(pay=1), source=f"s{n}", document=f"d{m}")]
            )
            for n, store in enumerate(stores)
            for m in range(8)
        ]
    )
    counts = await asyncio.gather(*[store.count() for store in stores])
    found = await asyncio.gather(
        *[store.search("x", toward(pay=1), EVERYBODY, 100, alpha=0.5) for store in stores]
    )
    await asyncio.gather(*[store.close() for store in stores])

    assert counts == [48] * 6
    assert [len(one) for one in found] == [48] * 6


def check_file(path: Path) -> None:
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    # Raises when the index and the texts disagree.
    db.execute("INSERT INTO keyword(keyword, rank) VALUES ('integrity-check', 1)")
    db.close()


# -- the file -----------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_repeated_replacing_does_not_grow_the_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_module, "CHANGES_REMEMBERED", 20)
    sizes = []
    async with opened(path) as store:
        for generation in range(240):
            await store.replace(
                "handbook",
                "guide.md",
                [
                    passage(
                        f"generation {generation} of part {n} " + "and some more words " * 20,
                        toward(pay=1, travel=n),
                        position=n,
                        access=frozenset({f"user:U{generation}"}),
                    )
                    for n in range(10)
                ],
            )
            if generation in (60, 239):
                sizes.append(sum(file.stat().st_size for file in path.parent.iterdir()))
        assert await store.count() == 10
    check_file(path)
    assert sizes[1] < 1.3 * sizes[0]

    db = sqlite3.connect(path)
    rows = {
        table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608  # fixed names
        for table in ("content", "vector", "access", "access_member", "source", "removed")
    }
    db.close()
    assert rows["removed"] <= 20 * 10
    del rows["removed"]
    assert rows == {"content": 10, "vector": 10, "access": 1, "access_member": 1, "source": 1}


@pytest.mark.asyncio
async def test_an_emptied_store_takes_another_models_vectors(path: Path) -> None:
    async with opened(path) as store, opened(path) as reader:
        await store.replace("handbook", "guide.md", [passage("Old.", toward(pay=1))])
        assert len(await reader.search("old", toward(pay=1), EVERYBODY, 5, alpha=0.5)) == 1
        smaller = toward(pay=1)[:4]
        with pytest.raises(StoreError, match="index rebuild"):
            await reader.search("old", smaller, EVERYBODY, 5, alpha=0.5)

        await store.delete("handbook")
        await store.replace("handbook", "guide.md", [passage("New.", smaller)])
        assert texts(await reader.search("new", smaller, EVERYBODY, 5, alpha=0.5)) == ["New."]


@pytest.mark.parametrize("bad", [[0.0, 0.0], [math.nan, 1.0], [math.inf, 1.0]])
@pytest.mark.asyncio
async def test_a_vector_without_a_direction_is_refused(path: Path, bad: list[float]) -> None:
    async with opened(path) as store:
        with pytest.raises(StoreError, match="finite"):
            await store.replace(
                "handbook", "g", [passage("x", np.array(bad, dtype=np.float32), document="g")]
            )


@pytest.mark.asyncio
async def test_a_file_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    async with opened(path):
        pass
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()

    with pytest.raises(StoreError, match="newer"):
        await EmbeddedStore.open(path)


@pytest.mark.asyncio
async def test_what_is_no_store_is_refused(path: Path) -> None:
    note = "This is not a database, it is a note to myself. " * 50
    await asyncio.to_thread(path.write_text, note)
    with pytest.raises(StoreError, match="not a database"):
        await EmbeddedStore.open(path)
    with pytest.raises(StoreError):
        await EmbeddedStore.open(path / "below" / "a-file.sqlite")


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


PRINCIPALS = [PUBLIC, "role:man", "role:managers", 'user:"x"', "channel:C 9"]
access_lists = st.frozensets(st.sampled_from(PRINCIPALS), min_size=1, max_size=3)
documents = st.tuples(st.sampled_from(["s1", "s2"]), st.sampled_from(["d1", "d2"]))
contents = st.lists(st.tuples(st.integers(1, 9), access_lists), max_size=4)
steps = st.lists(st.tuples(documents, contents), min_size=1, max_size=6)


@settings(max_examples=30, deadline=None)
@given(
    steps=steps,
    principals=st.frozensets(st.sampled_from(PRINCIPALS), max_size=3),
    sources=st.none() | st.frozensets(st.sampled_from(["s1", "s2", "s3"])),
)
def test_the_store_agrees_with_a_dictionary(
    steps: list[tuple[tuple[str, str], list[tuple[int, frozenset[str]]]]],
    principals: frozenset[str],
    sources: frozenset[str] | None,
) -> None:
    async def run(folder: Path) -> None:
        model: dict[tuple[str, str], list[EmbeddedPassage]] = {}
        async with opened(folder / "p") as store, opened(folder / "p") as reader:
            for (source, document), parts in steps:
                model[source, document] = [
                    passage(
                        f"word {slant}",
                        toward(pay=1, travel=slant / 3),
                        source=source,
                        document=document,
                        position=n,
                        access=access,
                    )
                    for n, (slant, access) in enumerate(parts)
                ]
                await store.replace(source, document, model[source, document])
                await agrees(reader, [one for kept in model.values() for one in kept])

    async def agrees(store: EmbeddedStore, kept: list[EmbeddedPassage]) -> None:
        visible = {
            one.passage: float(one.vector @ toward(pay=1))
            for one in kept
            if one.passage.access & principals
            and (sources is None or one.passage.source in sources)
        }
        for alpha in (0.0, 0.5, 1.0):
            found = await store.search(
                "word", toward(pay=1), principals, 99, alpha=alpha, sources=sources
            )
            assert {one.passage for one in found} == set(visible)
            for one in found:
                assert one.cosine == pytest.approx(visible[one.passage], abs=1e-5)
        order = [one.passage.id for one in found]
        assert order == [
            one.id for one in sorted(visible, key=lambda one: (-round(visible[one], 5), one.id))
        ]
        assert await store.count() == len(kept)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


@pytest.mark.asyncio
async def test_a_reader_keeps_up_through_compaction_and_after_missing_much(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix_module, "COMPACT_MINIMUM", 5)
    monkeypatch.setattr(embedded_module, "CHANGES_REMEMBERED", 3)
    async with opened(path) as store, opened(path) as reader:
        for generation in range(30):
            document = f"d{generation % 4}"
            parts = [
                passage(json.dumps([generation, n]), toward(pay=1, travel=n), document=document,
                        position=n)
                for n in range(generation % 5)
            ]  # fmt: skip
            await store.replace("handbook", document, parts)
            if generation % 7 == 6 or generation < 6:
                fresh = await EmbeddedStore.open(path)
                ask = ("", toward(travel=1), EVERYBODY, 99)
                assert await reader.search(*ask, alpha=1) == await fresh.search(*ask, alpha=1)
                await fresh.close()


# -- what others may read -----------------------------------------------------------------------

words = st.sampled_from("leave travel train trains fares pay bonus board policy refund".split())
shown = st.lists(st.tuples(st.lists(words, min_size=1, max_size=9), st.integers(1, 9)), max_size=6)
ASKER = frozenset({PUBLIC, "role:man"})


@settings(max_examples=40, deadline=None)
@given(shown=shown, hidden=shown, asked=st.lists(words, min_size=1, max_size=4))
def test_what_somebody_may_not_read_changes_nothing_for_them(
    shown: list[tuple[list[str], int]], hidden: list[tuple[list[str], int]], asked: list[str]
) -> None:
    """Same passages, order, figures and near words, whatever others keep beside them."""

    def parts(
        kind: list[tuple[list[str], int]], source: str, document: str, access: Iterable[str]
    ) -> list[EmbeddedPassage]:
        return [
            passage(" ".join(said), toward(pay=1, travel=slant / 3), source=source,
                    document=document, position=n, access=frozenset(access), title=said[0])
            for n, (said, slant) in enumerate(kind)
        ]  # fmt: skip

    async def answers(folder: Path, *, with_hidden: bool) -> list[object]:
        async with opened(folder / "p") as store:
            for document, access in (("a.md", [PUBLIC]), ("b.md", ["role:man", "user:U1"])):
                if with_hidden:
                    first = ("s", f"0{document}")
                    await store.replace(*first, parts(hidden, *first, ["x"]))
                await store.replace("s", document, parts(shown, "s", document, access))
                if with_hidden:
                    last = ("t", f"1{document}")
                    await store.replace(*last, parts(hidden, *last, ["x"]))
            ask = (" ".join(asked), toward(pay=1, travel=1), ASKER, 9)
            return [
                *[await store.search(*ask, alpha=alpha) for alpha in (0.0, 0.5, 1.0)],
                await store.search(*ask, alpha=0.5, sources=frozenset({"s", "t"})),
                await store.similar_words("travle", ASKER),
                await store.similar_words(asked[0], ASKER),
            ]

    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        alone = asyncio.run(answers(Path(one), with_hidden=False))
        assert asyncio.run(answers(Path(other), with_hidden=True)) == alone


@pytest.mark.asyncio
async def test_thousands_of_hidden_passages_do_not_move_a_last_digit(tmp_path: Path) -> None:
    random = np.random.default_rng(3)

    def parts(count: int, document: str, access: frozenset[str]) -> list[EmbeddedPassage]:
        return [
            passage(" ".join(map(str, random.integers(0, 60, 30))), _random_unit(random),
                    source="s", document=document, position=n, access=access)
            for n in range(count)
        ]  # fmt: skip

    mine = parts(400, "mine.md", EVERYBODY)
    theirs = parts(1500, "theirs.md", frozenset({"role:board"}))
    async with opened(tmp_path / "alone") as alone, opened(tmp_path / "both") as both:
        await alone.replace("s", "mine.md", mine)
        await both.replace("s", "theirs.md", theirs[:1000])
        await both.replace("s", "mine.md", mine)
        await both.replace("s", "theirs.md", theirs)
        for _ in range(20):
            text = " ".join(map(str, random.integers(0, 60, 5)))
            ask = (text, _random_unit(random), EVERYBODY, 50)
            assert await both.search(*ask, alpha=0.5) == await alone.search(*ask, alpha=0.5)


def _random_unit(random: np.random.Generator) -> Vector:
    vector = random.standard_normal(384, dtype=np.float32)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)
