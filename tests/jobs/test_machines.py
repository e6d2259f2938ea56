"""Sources read by a Ray cluster of two workers: the same index, whoever of them is killed."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.machines import Machines, machines
from jobs.reingest import reingest
from knowledge.errors import KnowledgeError
from knowledge.library.library import Library
from knowledge.types import EmbeddedPassage
from tests.kit.ray_cluster import HELD, Desk, library_over, running_cluster, watched

pytest.importorskip("ray", reason="needs the extra: ray")
pytestmark = pytest.mark.ray
SOURCES, DOCUMENTS, SECTIONS = 3, 40, 6
KEPT_ASIDE = 20
"""Documents of the first source that are surely embedded before the last, which is held."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    with running_cluster() as running:
        yield running.address


class Bench:
    """Three folders, a desk, and libraries over the one data folder or another."""

    def __init__(self, root: Path, address: str) -> None:
        self.root, self.address = root, address
        self.data, self.alone = root / "data", root / "alone"
        self.desk = Desk(root / "desk")
        for folder in (self.data, self.alone, self.desk.folder):
            folder.mkdir()
        for number in range(SOURCES):
            self._write(root / f"source{number}", number)

    @staticmethod
    def _write(folder: Path, number: int) -> None:
        folder.mkdir()
        for page in range(DOCUMENTS):
            parts = [f"## Part {n}\n\nFact {number} {page} {n} holds." for n in range(SECTIONS)]
            (folder / f"page{page:02}.md").write_text("\n\n".join(parts))
        (folder / "zzz.md").write_text(f"A {HELD} in source {number}.")

    def library(self, data: Path) -> AbstractAsyncContextManager[Library]:
        return library_over(data, self.desk.folder, watched(self.desk.folder))

    def hire(self, library: Library) -> AbstractAsyncContextManager[Machines]:
        there = partial(library_over, self.data, self.desk.folder)
        embedder = partial(watched, self.desk.folder)
        return machines(self.address, library, there, embedder, is_shared=False)

    async def add(self, library: Library) -> list[str]:
        """Enter the sources, with nothing read yet."""
        ids = []
        for number in range(SOURCES):
            spec = library.kinds.describe(str(self.root / f"source{number}"))
            await library._catalog.save_source(spec, library.now())
            ids.append(spec.id)
        return ids

    async def read(self, library: Library) -> None:
        night = library.now() - timedelta(seconds=1)
        await reingest(library, lambda _: night, lambda: self.hire(library))


@pytest.fixture
def bench(tmp_path: Path, cluster: str) -> Bench:
    return Bench(tmp_path, cluster)


async def held(library: Library, ids: list[str]) -> dict[str, list[EmbeddedPassage]]:
    """All that is answered from."""
    found: dict[str, list[EmbeddedPassage]] = {}
    for source in ids:
        for document in await library._catalog.documents(source):
            found[f"{source} {document}"] = await library._store.held(source, document)
    return found


async def assert_as_alone(bench: Bench, library: Library, ids: list[str]) -> None:
    """The index is the one that this process makes by itself."""
    async with bench.library(bench.alone) as alone:
        assert await bench.add(alone) == ids
        await reingest(alone, lambda _: None)
        expected, made = await held(alone, ids), await held(library, ids)
    assert len(expected) == SOURCES * (DOCUMENTS + 1)
    assert made.keys() == expected.keys()
    for name, passages in expected.items():
        assert [each.passage for each in made[name]] == [each.passage for each in passages]
        for one, other in zip(made[name], passages, strict=True):
            np.testing.assert_array_equal(one.vector, other.vector)


async def states(library: Library, ids: list[str]) -> list[Any]:
    return [await library.tasks.of(source) for source in ids]


async def test_two_workers_make_the_index_that_one_process_makes(bench: Bench) -> None:
    async with bench.library(bench.data) as library:
        ids = await bench.add(library)
        await bench.read(library)
        assert [each.error for each in await states(library, ids)] == [""] * SOURCES
        assert bench.desk.embedders() == 2, "both have embedded"
        assert set(bench.desk.embedded().values()) == {1}
        embedded = bench.desk.embedded().total()
        bench.desk.later(60)
        await bench.read(library)
        assert bench.desk.embedded().total() == embedded, "nothing has changed"
        assert [len((await library.show(each))[1]) for each in ids] == [2] * SOURCES
        await assert_as_alone(bench, library, ids)


async def test_a_worker_that_is_killed_leaves_what_it_read_to_the_next(bench: Bench) -> None:
    async with bench.library(bench.data) as library:
        ids = await bench.add(library)
        bench.desk.hold()
        reading = asyncio.create_task(bench.read(library))
        await bench.desk.standing_still()
        holders = [each.reading.holder for each in await library.states() if each.reading]
        process = int(holders[0].split()[1])
        assert process != os.getpid(), "it is read elsewhere"
        os.kill(process, signal.SIGKILL)
        while not any(each.error for each in await states(library, ids)):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        bench.desk.go_on()
        await reading
        failed = [each for each in await states(library, ids) if each.error]
        assert failed and all("went away" in each.error for each in failed)
        bench.desk.later(10)
        await bench.read(library)
        assert not any(each.error for each in await states(library, ids))
        once = bench.desk.embedded()
        killed = ids.index(failed[0].source)
        for page in range(KEPT_ASIDE):
            told = [n for text, n in once.items() if f"Fact {killed} {page} 0 holds." in text]
            assert told == [1], "what was kept aside is not embedded again"
        await assert_as_alone(bench, library, ids)


async def test_an_embedder_that_is_killed_is_asked_again(bench: Bench) -> None:
    async with bench.library(bench.data) as library:
        ids = await bench.add(library)
        bench.desk.hold()
        reading = asyncio.create_task(bench.read(library))
        os.kill(await bench.desk.standing_still(), signal.SIGKILL)
        bench.desk.go_on()
        await reading
        assert not any(each.error for each in await states(library, ids))
        await assert_as_alone(bench, library, ids)


@pytest.mark.filterwarnings("ignore:Ray Client connection timed out")
async def test_a_cluster_that_is_not_there_is_told(bench: Bench) -> None:
    async with bench.library(bench.data) as library:
        there = machines("ray://127.0.0.1:9", library, None, None, is_shared=False)  # type: ignore[arg-type]
        with pytest.raises(KnowledgeError, match="There is no Ray cluster at ray://"):
            await there.__aenter__()


async def test_a_cluster_that_goes_away_takes_nobody_along(tmp_path: Path) -> None:
    with running_cluster() as cluster:
        bench = Bench(tmp_path, cluster.address)
        async with bench.library(bench.data) as library:
            ids = await bench.add(library)
            bench.desk.hold()
            reading = asyncio.create_task(bench.read(library))
            await bench.desk.standing_still()
            cluster.kill()
            bench.desk.go_on()
            await reading
            assert all(each.error for each in await states(library, ids))
            bench.desk.later(10)
            await reingest(library, lambda _: None)
            assert not any(each.error for each in await states(library, ids))
            await assert_as_alone(bench, library, ids)
