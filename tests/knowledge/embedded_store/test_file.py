"""The embedded store is one file: several processes, kill -9, bounded growth, refusals."""

from __future__ import annotations

import asyncio
import math
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from knowledge.errors import StoreError
from knowledge.stores import embedded as embedded_module
from knowledge.stores.embedded import EmbeddedStore
from tests.kit.store_toys import EVERYBODY, passage, texts, toward
from tests.knowledge.embedded_store.opening import opened, said

ROOT = Path(__file__).parents[3]
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


async def generations(store: EmbeddedStore) -> list[int]:
    """The generation of each stored passage, by both legs."""
    found = await store.search("generation", toward(pay=1), EVERYBODY, 1000, alpha=0.5)
    return [int(text.split()[1]) for text in texts(found)]


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
