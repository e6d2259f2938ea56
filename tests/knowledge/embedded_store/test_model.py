"""The embedded store agrees with a dictionary, and hides what may not be read."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.stores import embedded as embedded_module
from knowledge.stores import matrix as matrix_module
from knowledge.stores.embedded import EmbeddedStore
from knowledge.types import PUBLIC, EmbeddedPassage, Vector
from tests.kit.store_toys import EVERYBODY, passage, toward
from tests.knowledge.embedded_store.opening import opened

# -- against a model ----------------------------------------------------------------------------


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
