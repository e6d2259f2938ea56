"""Parity of ``/kb index``: which index answers, building it anew, switching, dropping one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from bot.shell.indexing import KnownIndexes
from knowledge.embedding.port import Embedder
from knowledge.errors import KnowledgeError
from knowledge.library.index.index import Index, Wanted
from knowledge.library.index.rebuild import Rebuilding
from knowledge.library.index.store import IndexStore
from knowledge.library.leases import Leases
from knowledge.state.database import open_database
from knowledge.stores.places import EmbeddedPlace
from knowledge.types import EmbeddedPassage
from tests.adapters.stages.playing import PLATFORMS, needs, played_on, shown
from tests.adapters.stages.stage import Shown, Stage, opened
from tests.adapters.stages.stages import STAGES
from tests.kit.store_toys import passage
from tests.kit.word_embedder import WordEmbedder

NEEDS = ("commands",)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Indexed:
    """A stage before a real index of one document."""

    stage: Stage
    leases: Leases

    async def index(self) -> Shown:
        """What an admin is shown of it."""
        return shown(await self.stage.command("ida", "general", "/kb show index"))


def other_embedder(setting: str) -> Embedder:
    raise KnowledgeError(f"There is no embedder {setting}.")


@pytest.fixture(params=PLATFORMS)
async def indexed(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Indexed]:
    platform = played_on(request)
    engine = await open_database(f"sqlite:///{tmp_path / 'index.db'}")
    words = WordEmbedder()
    places = {"embedded": EmbeddedPlace(tmp_path)}
    index = Index(
        engine, places, Wanted("embedded", "words"), words, other_embedder, clock=lambda: NOW
    )
    await index.enter()
    said = passage("Ring twice.", np.ones(1, np.float32), source="help", document="door.md").passage
    (vector,) = await words.embed_passages([said.text])
    await IndexStore(index).replace("help", "door.md", [EmbeddedPassage(said, vector)])
    leases = Leases(engine, lambda: NOW)
    indexes = KnownIndexes(index, Rebuilding(index, leases, lambda: NOW))
    async with opened(STAGES[platform], tmp_path, indexes=indexes) as stage:
        yield Indexed(stage, leases)
    await index.close()
    await engine.dispose()


@needs("commands")
async def test_the_index_is_built_anew_switched_back_and_deleted(indexed: Indexed) -> None:
    stage = indexed.stage
    alone = await indexed.index()
    assert "Index 1 answers: embedded, has 1 passage," in alone.text and "beside" not in alone.text
    assert "Index 2 answers now." in shown(await stage.press("ida", alone, "rebuild")).text
    beside = await indexed.index()
    assert "Index 2 answers" in beside.text and "Index 1 is kept beside" in beside.text
    assert "Index 1 answers now." in shown(await stage.press("ida", beside, "switch")).text
    assert (
        "Index 2 is deleted."
        in shown(await stage.press("ida", await indexed.index(), "delete")).text
    )
    assert "Index 2" not in (await indexed.index()).text
    assert "beside the one that answers" in shown(await stage.press("ida", beside, "switch")).text
    lines = await stage.bench.audit.newest(9)
    assert [(each.what, each.source, each.detail, each.outcome) for each in lines] == [
        ("switched", "index", "", "refused"),
        ("deleted", "index", "2", "done"),
        ("switched", "index", "1", "done"),
        ("rebuilt", "index", "2", "done"),
    ]


@needs("commands")
async def test_two_do_not_work_on_it_at_once(indexed: Indexed) -> None:
    alone = await indexed.index()
    async with indexed.leases.hold("index"):
        refused = shown(await indexed.stage.press("ida", alone, "rebuild")).text
        assert "already being worked on by" in refused
        assert "Worked on by" in (await indexed.index()).text
    assert "Index 1 answers: embedded, has 1 passage," in (await indexed.index()).text


@needs("others", "commands")
async def test_the_index_is_for_admins(indexed: Indexed) -> None:
    assert (
        "is for admins"
        in shown(await indexed.stage.command("bob", "general", "/kb show index")).text
    )
    assert "Index 2" not in (await indexed.index()).text
