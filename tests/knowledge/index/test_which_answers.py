"""Which index answers, who notices when it changes, and what is kept of the others."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.errors import StoreError
from knowledge.state.database import open_database
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.weaviate.store import DEFAULT_ALIAS, WeaviateStore
from tests.bot.conftest import ROOT
from tests.kit.index import Installation
from tests.kit.store_toys import passage, toward
from tests.knowledge.index.processes import status
from tests.stand_ins.weaviate import StandIn

pytestmark = pytest.mark.asyncio


A_DAY = timedelta(days=1, minutes=1)


class TestWhatIsThere:
    async def test_a_new_installation_begins_with_the_first(self, here: Installation) -> None:
        process = await here.process()
        assert await process.everything() == set()
        ((shown,), working) = await process.rebuilding.status()
        assert (shown.generation.number, shown.generation.state) == (1, "current")
        assert working is None and await process.index.reason() is None

    async def test_a_file_from_before_goes_on(self, here: Installation, tmp_path: Path) -> None:
        store = await EmbeddedStore.open(tmp_path / "passages.db")
        vector = np.ones(here.embedders["first"].dimension, np.float32)
        await store.replace("handbook", "guide.md", [passage("Trains.", vector)])
        await store.close()
        process = await here.process()
        assert await process.everything() == {"Trains."}
        assert await process.index.reason() is None

    async def test_a_collection_from_before_goes_on_and_is_to_be_built_anew(
        self, here: Installation, server: StandIn
    ) -> None:
        store = await WeaviateStore.open(server.url, grpc_port=server.grpc_port)
        await store.replace("handbook", "guide.md", [passage("Trains.", toward(travel=1))])
        await store.close()
        del server.collections[f"{DEFAULT_ALIAS}_v1"].schema["description"]
        process = await here.process("weaviate")
        assert await process.everything() == {"Trains."}
        assert await process.index.reason() == "How the index is kept has changed."

    async def test_where_the_state_was_lost_what_the_alias_names_goes_on(
        self, here: Installation, server: StandIn, engine: AsyncEngine
    ) -> None:
        process = await here.process("weaviate")
        await process.fill(2)
        await process.rebuilding.rebuild()
        held = await process.everything()
        await here.close()
        async with engine.begin() as db:
            await db.execute(sa.text("DELETE FROM index_generation"))
        again = await here.process("weaviate")
        assert await again.everything() == held
        await again.rebuilding.rebuild()  # beside what an earlier state knew of
        assert server.aliases == {DEFAULT_ALIAS: f"{DEFAULT_ALIAS}_v3"}

    async def test_the_embedder_that_an_earlier_version_recorded_counts(
        self, tmp_path: Path, server: StandIn
    ) -> None:
        url = f"sqlite:///{tmp_path / 'old.db'}"
        old = sa.create_engine(url)
        with old.begin() as connection:
            config = Config()
            scripts = ROOT / "knowledge" / "state" / "migrations"
            config.set_main_option("script_location", str(scripts))
            config.attributes["connection"] = connection
            command.upgrade(config, "0011")
            connection.execute(sa.text("INSERT INTO index_embedder VALUES (1, 'second', 64)"))
        old.dispose()
        engine = await open_database(url)
        here = Installation(tmp_path, engine, server)
        process = await here.process(embedder="first")
        assert "embedded by second (64 dimensions)" in (await process.index.reason() or "")
        async with process.index.using() as opened:
            assert opened.embedder.name == "second"
        await here.close()
        await engine.dispose()

    async def test_one_of_other_vectors_from_before_it_was_recorded_is_built_anew(
        self, here: Installation, tmp_path: Path
    ) -> None:
        store = await EmbeddedStore.open(tmp_path / "passages.db")
        await store.replace("handbook", "guide.md", [passage("Trains.", toward(travel=1))])
        await store.close()
        process = await here.process()
        assert "embedded by an earlier embedder (" in (await process.index.reason() or "")
        assert not await process.index.can_answer()
        await process.rebuilding.rebuild()
        assert await process.index.can_answer()
        assert (await process.nearest("Trains."))[0] == "guide.md"

    async def test_one_in_a_place_that_no_setting_names_says_what_to_do(
        self, here: Installation
    ) -> None:
        await (await here.process("weaviate")).fill(2)
        del here.places["weaviate"]
        process = await here.process("embedded")
        with pytest.raises(StoreError, match=r"Weaviate, which no setting.*--afresh"):
            await process.everything()
        await process.rebuilding.rebuild(afresh=True)
        assert await process.everything() == set()


class TestWhatIsKept:
    async def test_the_old_one_can_be_switched_back_to_with_what_came_since(
        self, here: Installation
    ) -> None:
        process = await here.process()
        await process.fill(3)
        await process.rebuilding.rebuild()
        await process.put("wiki", "new.md", "Written since.")
        await process.store.delete("handbook", "trains0.md")
        assert (await process.rebuilding.switch()).number == 1
        held = await process.everything()
        assert "Written since." in held and "About trains number0." not in held

    async def test_it_goes_after_a_day_and_the_current_one_stays(self, here: Installation) -> None:
        process = await here.process()
        await process.fill(3)
        held = await process.everything()
        await process.rebuilding.rebuild()
        assert await process.rebuilding.forget_old() == 0
        here.now += A_DAY
        assert await process.rebuilding.forget_old() == 1
        assert [await here.places["embedded"].found(n) is None for n in (1, 2)] == [True, False]
        assert await process.everything() == held
        assert await process.rebuilding.forget_old() == 0

    async def test_one_that_was_given_up_goes_too(self, here: Installation) -> None:
        process = await here.process()
        await process.fill(2)
        await process.index.generations.begin(2, process.index.making)
        here.now += A_DAY
        assert await process.rebuilding.forget_old() == 1
        assert [each.generation.number for each in await status(process)] == [1]

    async def test_dropping_takes_any_but_the_current_one(self, here: Installation) -> None:
        process = await here.process("weaviate")
        await process.fill(2)
        built = await process.rebuilding.rebuild(switch=False)
        with pytest.raises(StoreError, match="Index 1 is the one that answers"):
            await process.rebuilding.drop(1)
        await process.rebuilding.drop(built.number)
        assert await here.places["weaviate"].found(built.number) is None
        for number in (built.number, 9):
            with pytest.raises(StoreError, match="index status"):
                await process.rebuilding.drop(number)
        with pytest.raises(StoreError, match="no other index"):
            await process.rebuilding.switch()
