"""Parity of pictures: their text is read on every platform where it can be recognised."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from knowledge.documents.pool import ReaderPool
from knowledge.library.attachments import AttachmentReader
from knowledge.retrieval.retriever import Retriever
from knowledge.state.database import open_database
from knowledge.stores.embedded import EmbeddedStore
from knowledge.web.client import GuardedClient
from tests.adapters.stages.lacks import LACKS
from tests.adapters.stages.playing import PLATFORMS
from tests.adapters.stages.stage import Stage, opened
from tests.adapters.stages.stages import STAGES
from tests.kit.fakes import FakeReader
from tests.kit.pictures import Says, blank, drawn, file_of
from tests.kit.word_embedder import WordEmbedder, count_words

WITH_FILES = [each for each in PLATFORMS if "files" not in LACKS[each]]
SIGN = "The gate is locked at 22:30."
QUESTION = "When is the gate locked?"


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    opened_pool = ReaderPool(count_words, Says((SIGN,)))
    yield opened_pool
    opened_pool.close()


@asynccontextmanager
async def played(
    platform: str, folder: Path, pool: ReaderPool, *, recognises: bool
) -> AsyncIterator[Stage]:
    """A stage whose bot reads what is handed over, from where the platform keeps it."""
    async with AsyncExitStack() as stack:
        engine = await open_database(f"sqlite:///{folder / 'files.db'}")
        stack.push_async_callback(engine.dispose)
        store = await EmbeddedStore.open(folder / "passages.db")
        stack.push_async_callback(store.close)
        client = await stack.enter_async_context(GuardedClient(allow=("127.0.0.0/8",)))
        embedder = WordEmbedder()
        given = {
            "attachments": AttachmentReader(
                store, embedder, pool, client, engine, recognises=recognises
            ),
            "retriever": Retriever(store, embedder, FakeReader()),
        }
        yield await stack.enter_async_context(opened(STAGES[platform], folder, **given))


@pytest.fixture(params=WITH_FILES)
async def stage(
    request: pytest.FixtureRequest, tmp_path: Path, pool: ReaderPool
) -> AsyncIterator[Stage]:
    async with played(request.param, tmp_path, pool, recognises=True) as stage:
        yield stage


@pytest.fixture(params=WITH_FILES)
async def stage_without(
    request: pytest.FixtureRequest, tmp_path: Path, pool: ReaderPool
) -> AsyncIterator[Stage]:
    async with played(request.param, tmp_path, pool, recognises=False) as stage:
        yield stage


async def test_a_question_about_a_picture_is_answered_from_its_text(stage: Stage) -> None:
    files = {"gate.png": file_of(drawn("x"))}
    answer = await stage.ask("ann", "general", QUESTION, files=files)
    assert SIGN in answer.text
    (source,) = answer.sources
    assert "Gate › Recognised text, 93 % certain" in source


async def test_a_question_is_answered_from_the_picture_that_came_before_it(stage: Stage) -> None:
    files = {"gate.jpg": file_of(drawn("x"), "JPEG")}
    first = await stage.ask("ann", "general", "What does this say?", files=files)
    await stage.follow_up("ann", first, QUESTION)
    assert SIGN in (await stage.last("general")).text


async def test_a_picture_without_text_is_named_with_that(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", QUESTION, files={"wall.png": file_of(blank())})
    assert "wall.png (No text was recognised in the picture.)" in answer.text


async def test_a_picture_is_refused_by_name_where_nothing_can_recognise_it(
    stage_without: Stage,
) -> None:
    files = {"gate.png": file_of(drawn("x"))}
    answer = await stage_without.ask("ann", "general", QUESTION, files=files)
    assert "gate.png (Images are not read.)" in answer.text
