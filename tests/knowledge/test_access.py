"""Changing who may read a source: in the very next query, and nothing is read again for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.errors import SourceBusy, SourceError
from knowledge.library.leases import Leases
from knowledge.library.library import Library
from knowledge.retrieval.retriever import Retriever
from knowledge.sources.port import Means
from knowledge.state.database import open_database
from knowledge.stores.embedded import EmbeddedStore
from knowledge.types import PUBLIC
from knowledge.web.client import GuardedClient
from tests.kit.fakes import FakeReader, FixedClock
from tests.kit.library import file_reader
from tests.kit.word_embedder import WordEmbedder

BOARD, STAFF = "role:board", "role:staff"


class Scene:
    """A folder with one open document and one that its own front matter limits."""

    def __init__(self, engine: AsyncEngine, store: EmbeddedStore, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        self.store = store
        self.embedder = WordEmbedder()
        self.clock = FixedClock()
        means = Means(GuardedClient(), 10**6)
        self.library = Library(engine, store, self.embedder, file_reader(), means, clock=self.clock)

    async def found(self, words: str, *principals: str) -> list[str]:
        """As anybody with these principals would find it, by a store of another process."""
        other = await EmbeddedStore.open(self.folder.parent / "passages.db")
        try:
            evidence = await Retriever(other, self.embedder, FakeReader()).search(
                words, frozenset(principals), 10
            )
        finally:
            await other.close()
        return sorted({each.passage.document for each in evidence if each.answers == 1})


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "pay.md").write_text("# Pay\n\nSalaries arrive on the 28th.")
    (folder / "bonus.md").write_text(f"---\naccess: [{BOARD}]\n---\n\nThe bonus is paid in May.")
    engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
    store = await EmbeddedStore.open(tmp_path / "passages.db")
    yield Scene(engine, store, folder)
    await store.close()
    await engine.dispose()


async def test_it_holds_in_the_next_query_and_nothing_is_read_again(scene: Scene) -> None:
    spec, _ = await scene.library.add(str(scene.folder))
    assert await scene.found("salaries arrive", PUBLIC) == ["pay.md"]
    embedded = len(scene.embedder.embedded)

    await scene.library.set_access(spec.id, frozenset({STAFF}))

    assert len(scene.embedder.embedded) == embedded
    assert await scene.found("salaries arrive", PUBLIC, BOARD) == []
    assert await scene.found("salaries arrive", STAFF) == ["pay.md"]
    report = await scene.library.refresh(spec.id)
    assert report.unchanged == 1 and report.changed == report.added == 0


async def test_a_documents_own_list_is_never_widened(scene: Scene) -> None:
    spec, _ = await scene.library.add(str(scene.folder))
    await scene.library.set_access(spec.id, frozenset({BOARD, STAFF}))
    assert await scene.found("bonus paid", STAFF) == []
    assert await scene.found("bonus paid", BOARD) == ["bonus.md"]
    await scene.library.set_access(spec.id, frozenset({PUBLIC}))
    assert await scene.found("bonus paid", PUBLIC, STAFF) == []
    assert await scene.found("bonus paid", BOARD) == ["bonus.md"]
    assert await scene.found("salaries arrive", PUBLIC) == ["pay.md"]
    assert (await scene.library.refresh(spec.id)).unchanged == 2


async def test_what_nobody_may_read_any_more_is_taken_out_and_comes_back(scene: Scene) -> None:
    spec, _ = await scene.library.add(str(scene.folder))
    await scene.library.set_access(spec.id, frozenset({STAFF}))
    assert await scene.found("bonus paid", STAFF, BOARD, PUBLIC) == []
    assert await scene.store.held(spec.id, "bonus.md") == []
    report = await scene.library.refresh(spec.id)
    assert "nobody would see it" in report.skipped["bonus.md"]
    await scene.library.set_access(spec.id, frozenset({PUBLIC}))
    assert (await scene.library.refresh(spec.id)).added == 1
    assert await scene.found("bonus paid", BOARD) == ["bonus.md"]


async def test_what_an_earlier_version_has_read_is_opened_to_nobody_else(scene: Scene) -> None:
    spec, _ = await scene.library.add(str(scene.folder))
    async with scene.engine.begin() as db:
        await db.execute(sa.text("UPDATE document SET limits = NULL"))
    await scene.library.set_access(spec.id, frozenset({BOARD, STAFF}))
    assert await scene.found("bonus paid", STAFF) == []
    await scene.library.set_access(spec.id, frozenset({PUBLIC}))
    assert await scene.found("bonus paid", PUBLIC, STAFF) == []
    assert await scene.found("salaries arrive", PUBLIC) == [], "its own lists are not known yet"
    await scene.library.refresh(spec.id)
    assert await scene.found("salaries arrive", PUBLIC) == ["pay.md"]
    assert await scene.found("bonus paid", PUBLIC, STAFF) == []


async def test_it_is_refused_for_nobody_and_while_somebody_reads(scene: Scene) -> None:
    spec, _ = await scene.library.add(str(scene.folder))
    with pytest.raises(SourceError, match="Nobody could read"):
        await scene.library.set_access(spec.id, frozenset())
    async with Leases(scene.engine, scene.clock).hold(spec.id):
        with pytest.raises(SourceBusy):
            await scene.library.set_access(spec.id, frozenset({BOARD}))
    assert (await scene.library.find(spec.id)).access == {PUBLIC}
    assert await scene.found("salaries arrive", PUBLIC) == ["pay.md"]


async def test_broken_off_half_way_the_next_reading_does_the_rest(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, _ = await scene.library.add(str(scene.folder))

    async def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(scene.store, "replace", dies)
        with pytest.raises(KeyboardInterrupt):
            await scene.library.set_access(spec.id, frozenset({BOARD}))
    await scene.library.refresh(spec.id)
    assert await scene.found("salaries arrive", PUBLIC) == []
    assert await scene.found("salaries arrive", BOARD) == ["pay.md"]
