"""The index is built anew by itself where the settings want another one, and only then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from bot.errors import ConfigurationError
from bot.shell.indexing import places, wanted_place
from bot.shell.settings import Settings
from jobs.reindex import Reindex
from knowledge.errors import StoreUnavailable
from knowledge.state.database import open_database
from knowledge.stores.places import Place
from knowledge.stores.port import ListedStore
from tests.kit.index import Installation
from tests.stand_ins.weaviate import StandIn

pytestmark = pytest.mark.asyncio


class _Away:
    """A place in which nothing new can be made while it is away."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.is_away = True
        self.name, self.layout = place.name, place.layout

    async def newest(self) -> int | None:
        return await self._place.newest()

    async def found(self, number: int) -> str | None:
        if self.is_away:
            raise StoreUnavailable("Weaviate cannot be used: it is starting.")
        return await self._place.found(number)

    async def dimension(self, number: int) -> int | None:
        return await self._place.dimension(number)

    async def open(self, number: int) -> ListedStore:
        return await self._place.open(number)

    async def show(self, number: int) -> None:
        await self._place.show(number)

    async def drop(self, number: int) -> None:
        await self._place.drop(number)


@pytest_asyncio.fixture
async def here(tmp_path: Path) -> AsyncIterator[Installation]:
    with StandIn() as server:
        engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
        installation = Installation(tmp_path, engine, server)
        yield installation
        await installation.close()
        await engine.dispose()


async def test_nothing_is_done_where_it_is_as_wanted(here: Installation) -> None:
    process = await here.process()
    await process.fill(2)
    with capture_logs() as logs:
        await Reindex(process.index, process.rebuilding)()
    assert logs == []
    assert len((await process.rebuilding.status())[0]) == 1


async def test_it_is_told_why_it_is_built_and_that_it_was(here: Installation) -> None:
    await (await here.process()).fill(2)
    process = await here.process("weaviate")
    with capture_logs() as logs:
        await Reindex(process.index, process.rebuilding)()
    assert [each["event"] for each in logs] == ["index_rebuild_begun", "index_rebuilt"]
    assert logs[0]["reason"] == "The index is in the data folder and is wanted in Weaviate."
    assert await process.index.reason() is None


async def test_what_failed_is_tried_again_and_what_was_done_never(here: Installation) -> None:
    await (await here.process()).fill(2)
    away = _Away(here.places["embedded"])
    process = await here.process(embedder="second", watched=away)
    reindex = Reindex(process.index, process.rebuilding)
    with capture_logs() as logs:
        await reindex()
        away.is_away = False
        await reindex()
    events = [each["event"] for each in logs]
    assert events == [
        "index_rebuild_begun",
        "index_not_rebuilt",
        "index_rebuild_begun",
        "index_rebuilt",
    ]
    # Somebody else's settings want it otherwise: whoever started last has its way.
    await (await here.process(embedder="first")).rebuilding.rebuild()
    assert await process.index.reason() is not None
    with capture_logs() as logs:
        await reindex()
    assert logs == []


@pytest.mark.parametrize(
    ("given", "wanted", "known"),
    [
        ({}, "embedded", {"embedded"}),
        ({"weaviate_url": "http://127.0.0.1:8080"}, "weaviate", {"embedded", "weaviate"}),
        (
            {"weaviate_url": "http://127.0.0.1:8080", "store": "embedded"},
            "embedded",
            {"embedded", "weaviate"},
        ),
    ],
)
async def test_where_it_is_wanted_follows_the_settings(
    tmp_path: Path, given: dict[str, str], wanted: str, known: set[str]
) -> None:
    settings = Settings(data=tmp_path).model_copy(update=given)
    assert wanted_place(settings) == wanted
    assert set(places(settings)) == known


async def test_weaviate_without_an_address_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="WEAVIATE_URL"):
        places(Settings(data=tmp_path).model_copy(update={"store": "weaviate"}))


async def test_the_spread_over_a_cluster_reaches_what_is_made(tmp_path: Path) -> None:
    spread = {"weaviate_url": "http://127.0.0.1:8080", "weaviate_replicas": 3}
    settings = Settings(data=tmp_path).model_copy(update=spread)
    assert places(settings)["weaviate"].layout.endswith("replicas=3")
