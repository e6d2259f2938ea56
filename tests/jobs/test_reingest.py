"""Reading all sources again: those that are due, each by itself, by one process at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from jobs.reingest import reingest
from knowledge.errors import KnowledgeError, StoreError
from knowledge.library.kept.records import RunReport
from knowledge.library.library import Library
from knowledge.sources.port import Means, SourceSpec
from knowledge.state.database import open_database
from knowledge.stores.embedded import EmbeddedStore
from knowledge.web.client import GuardedClient
from tests.kit.library import file_reader
from tests.kit.word_embedder import WordEmbedder

EVENING = datetime(2026, 3, 2, 18, tzinfo=UTC)
NIGHT = datetime(2026, 3, 3, 3, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = EVENING

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def library(tmp_path: Path, clock: Clock) -> AsyncIterator[Library]:
    engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
    store = await EmbeddedStore.open(tmp_path / "passages.db")
    async with GuardedClient(allow=("127.0.0.0/8",)) as client:
        means = Means(client, 10**6)
        yield Library(engine, store, WordEmbedder(), file_reader(), means, clock=clock)
    await store.close()
    await engine.dispose()


def folder(tmp_path: Path, name: str) -> Path:
    made = tmp_path / name
    made.mkdir()
    (made / "a.md").write_text("Apples.")
    return made


async def documents(library: Library) -> list[int]:
    return [state.documents for state in await library.states()]


async def test_every_source_is_read_again_once_a_night(
    library: Library, tmp_path: Path, clock: Clock
) -> None:
    for name in ("one", "two"):
        await library.add(str(folder(tmp_path, name)))
        (tmp_path / name / "b.md").write_text("Pears.")
    await reingest(library, lambda _: NIGHT - timedelta(days=1))
    assert await documents(library) == [1, 1]  # read since the night before

    clock.now = NIGHT + timedelta(seconds=1)
    await reingest(library, lambda _: NIGHT)
    assert await documents(library) == [2, 2]
    (tmp_path / "one" / "c.md").write_text("Plums.")
    await reingest(library, lambda _: NIGHT)  # a second process, or a restart, on the same night
    assert await documents(library) == [2, 2]


async def test_a_night_that_was_missed_is_made_up_for(
    library: Library, tmp_path: Path, clock: Clock
) -> None:
    await library.add(str(folder(tmp_path, "one")))
    (tmp_path / "one" / "b.md").write_text("Pears.")
    clock.now = NIGHT + timedelta(days=2, hours=9)
    await reingest(library, lambda _: NIGHT + timedelta(days=2))
    assert await documents(library) == [2]


async def test_a_source_that_fails_stops_no_other(
    library: Library, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, broken, good = (folder(tmp_path, name) for name in ("gone", "broken", "good"))
    specs = [(await library.add(str(each)))[0] for each in (gone, broken, good)]
    for path in (gone / "a.md", gone):
        path.unlink() if path.is_file() else path.rmdir()
    (good / "b.md").write_text("Pears.")
    refresh = library.refresh

    async def sometimes(name: str) -> object:
        if name == specs[1].id:
            raise StoreError("The store is away.")
        return await refresh(name)

    monkeypatch.setattr(library, "refresh", sometimes)
    clock.now = NIGHT
    await reingest(library, lambda _: NIGHT)
    states = {Path(each.spec.location).name: each for each in await library.states()}
    assert {name: each.documents for name, each in states.items()} == {
        "gone": 1,
        "broken": 1,
        "good": 2,
    }
    last = states["gone"].last_run
    assert last is not None and last.report.error is not None


async def test_a_paused_source_is_left_as_it_is(
    library: Library, tmp_path: Path, clock: Clock
) -> None:
    spec, _ = await library.add(str(folder(tmp_path, "one")))
    (tmp_path / "one" / "b.md").write_text("Pears.")
    await library.pause(spec.id)
    clock.now = NIGHT
    await reingest(library, lambda _: NIGHT)
    assert await documents(library) == [1]


async def test_two_at_the_same_moment_read_each_source_once(
    library: Library, tmp_path: Path, clock: Clock
) -> None:
    spec, _ = await library.add(str(folder(tmp_path, "one")))
    clock.now = NIGHT
    await asyncio.gather(reingest(library, lambda _: NIGHT), reingest(library, lambda _: NIGHT))
    _, runs = await library.show(spec.id)
    assert len(runs) == 2  # the first, and one of this night


async def test_a_source_that_takes_long_holds_up_no_other(
    library: Library, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick, later = [
        (await library.add(str(folder(tmp_path, name))))[0].id for name in ("slow", "quick", "late")
    ]
    nights = {slow: NIGHT, quick: NIGHT}
    others_read = asyncio.Event()
    refresh = library.refresh

    async def slowly(name: str) -> RunReport:
        if name == slow:
            async with asyncio.timeout(5):
                await others_read.wait()
        if name == quick:
            nights[later] = NIGHT  # becomes due while the slow one is read
        if name == later:
            others_read.set()
        return await refresh(name)

    monkeypatch.setattr(library, "refresh", slowly)
    clock.now = NIGHT
    await reingest(library, lambda spec: nights.get(spec.id))
    assert [len((await library.show(each))[1]) for each in (slow, quick, later)] == [2, 2, 2]


async def test_stopping_stops_all_that_is_being_read(
    library: Library, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        await library.add(str(folder(tmp_path, name)))
    begun, stopped = [], []
    both = asyncio.Event()

    async def endless(name: str) -> RunReport:
        begun.append(name)
        if len(begun) == 2:
            both.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append(name)
        raise AssertionError

    monkeypatch.setattr(library, "refresh", endless)
    clock.now = NIGHT
    job = asyncio.create_task(reingest(library, lambda _: NIGHT))
    async with asyncio.timeout(5):
        await both.wait()
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
    assert sorted(stopped) == sorted(begun)


class Two:
    """Two workers, of whom each waits for the other; one dies over a source."""

    at_once = 2

    def __init__(self, library: Library, deadly: str) -> None:
        self._library = library
        self._deadly = deadly
        self._together = asyncio.Barrier(2)
        self.hired = 0

    @asynccontextmanager
    async def hire(self) -> AsyncIterator[Two]:
        self.hired += 1
        yield self

    async def read(self, spec: SourceSpec) -> RunReport:
        async with asyncio.timeout(5):
            await self._together.wait()
        if spec.id == self._deadly:
            raise KnowledgeError("The worker went away.")
        return await self._library.refresh(spec.id)


async def test_workers_read_at_the_same_time_and_one_that_dies_stops_no_other(
    library: Library, tmp_path: Path, clock: Clock
) -> None:
    one, *others = [
        (await library.add(str(folder(tmp_path, name))))[0].id for name in ("a", "b", "c", "d")
    ]
    workers = Two(library, one)
    clock.now = NIGHT
    await reingest(library, lambda _: NIGHT, workers.hire)
    assert [len((await library.show(each))[1]) for each in (one, *others)] == [1, 2, 2, 2]
    task = await library.tasks.of(one)
    assert task is not None and task.error == "The worker went away." and task.next_at > NIGHT
    await reingest(library, lambda _: NIGHT, workers.hire)
    assert workers.hired == 1, "nobody is hired for nothing"
