"""What only the Weaviate store does: its schema, failing batches, keys, aliases, ports."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace as changed
from pathlib import Path

import pytest
import pytest_asyncio

from knowledge.errors import StoreError
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.weaviate import store as weaviate_module
from knowledge.stores.weaviate.store import DEFAULT_ALIAS, WeaviateStore
from knowledge.types import EmbeddedPassage
from tests.kit.store_toys import EVERYBODY, passage, texts, toward
from tests.stand_ins.weaviate import StandIn

pytestmark = pytest.mark.asyncio


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


@pytest_asyncio.fixture
async def store(server: StandIn) -> AsyncIterator[WeaviateStore]:
    store = await WeaviateStore.open(server.url, grpc_port=server.grpc_port)
    yield store
    await store.close()


def numbered(count: int, text: str = "Number") -> list[EmbeddedPassage]:
    return [passage(f"{text} {n}.", toward(pay=1, travel=n), position=n) for n in range(count)]


async def test_a_new_store_is_a_versioned_collection_behind_the_alias(
    server: StandIn, store: WeaviateStore
) -> None:
    assert server.aliases == {DEFAULT_ALIAS: f"{DEFAULT_ALIAS}_v1"}
    schema = server.collections[f"{DEFAULT_ALIAS}_v1"].schema
    kinds = {
        prop["name"]: (
            prop.get("tokenization"),
            prop["indexFilterable"],
            prop.get("indexSearchable"),
        )
        for prop in schema["properties"]
    }
    for name in ("source", "document", "access"):
        assert kinds[name] == ("field", True, False)
    for name in ("title", "headings", "text"):
        assert kinds[name] == ("word", True, False)
    assert kinds["stems"] == ("whitespace", False, True)
    assert "the" in schema["invertedIndexConfig"]["stopwords"]["additions"]
    (vector,) = schema["vectorConfig"].values()
    assert vector["vectorIndexConfig"]["distance"] == "cosine"
    assert vector["vectorizer"] == {"none": {}}


async def test_an_alias_that_was_switched_is_followed(
    server: StandIn, store: WeaviateStore
) -> None:
    await store.replace("handbook", "guide.md", numbered(2))
    other = await WeaviateStore.open(server.url, alias="Other", grpc_port=server.grpc_port)
    await other.replace("handbook", "guide.md", numbered(3))
    await other.close()

    server.aliases[DEFAULT_ALIAS] = "Other_v1"

    assert await store.count() == 3
    again = await WeaviateStore.open(server.url, grpc_port=server.grpc_port)
    assert await again.count() == 3
    await again.close()


async def test_opening_a_new_store_many_times_at_once_creates_it_once(server: StandIn) -> None:
    stores = await asyncio.gather(
        *[WeaviateStore.open(server.url, grpc_port=server.grpc_port) for _ in range(5)]
    )
    assert [await one.count() for one in stores] == [0] * 5
    for one in stores:
        await one.close()


async def test_deleting_goes_on_past_the_servers_limit(
    server: StandIn, store: WeaviateStore
) -> None:
    server.delete_limit = 3
    await store.replace("handbook", "guide.md", numbered(8))
    await store.replace("handbook", "guide.md", numbered(8, "New"))
    assert await store.count() == 8

    assert await store.delete("handbook") == 8
    assert await store.count() == 0


async def test_new_passages_are_written_before_old_ones_go(
    server: StandIn, store: WeaviateStore
) -> None:
    await store.replace("handbook", "guide.md", numbered(2))
    server.requests.clear()
    await store.replace("handbook", "guide.md", numbered(2, "New"))

    assert server.requests[0] == "BatchObjects"
    assert set(server.requests[1:]) == {"BatchDelete"}
    found = await store.search("", toward(pay=1), EVERYBODY, 5, alpha=1)
    assert set(texts(found)) == {"New 0.", "New 1."}


@pytest.mark.parametrize("refused", ["New 1.", "New"])
async def test_a_refused_passage_is_an_error_and_deletes_nothing(
    server: StandIn, store: WeaviateStore, refused: str, caplog: pytest.LogCaptureFixture
) -> None:
    await store.replace("handbook", "guide.md", numbered(3))
    server.refuse = lambda text: "disk is read-only" if text.startswith(refused) else None

    with pytest.raises(StoreError, match="disk is read-only"):
        await store.replace("handbook", "guide.md", numbered(3, "New"))
    found = await store.search("number", toward(pay=1), EVERYBODY, 9, alpha=0)
    assert set(texts(found)) == {"Number 0.", "Number 1.", "Number 2."}
    assert "New" not in caplog.text  # what people wrote is in no log

    server.refuse = lambda text: None
    await store.replace("handbook", "guide.md", numbered(3, "New"))
    assert await store.count() == 3


async def test_large_documents_go_in_several_batches(
    server: StandIn, store: WeaviateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weaviate_module, "OBJECTS_PER_INSERT", 4)
    server.requests.clear()
    await store.replace("handbook", "guide.md", numbered(10))

    assert server.requests.count("BatchObjects") == 3
    assert await store.count() == 10


async def test_the_api_key_is_sent_and_asked_for() -> None:
    with StandIn(api_key="opensesame") as server:
        with pytest.raises(StoreError):
            await WeaviateStore.open(server.url, grpc_port=server.grpc_port)
        with pytest.raises(StoreError):
            await WeaviateStore.open(server.url, "wrong", grpc_port=server.grpc_port)
        store = await WeaviateStore.open(server.url, "opensesame", grpc_port=server.grpc_port)
        await store.replace("handbook", "guide.md", numbered(2))
        assert len(await store.search("number", toward(pay=1), EVERYBODY, 5, alpha=0.5)) == 2
        await store.close()


async def test_an_unreachable_server_is_an_error_in_time(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weaviate_module, "OPEN_SECONDS", 0.5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = free.getsockname()[1]
    with pytest.raises(StoreError, match=str(nobody)):
        await WeaviateStore.open(f"http://127.0.0.1:{nobody}", grpc_port=server.grpc_port)
    with pytest.raises(StoreError, match=f"gRPC port {nobody}"):
        await WeaviateStore.open(server.url, grpc_port=nobody)


@pytest.mark.parametrize("url", ["", "localhost:8080", "ftp://127.0.0.1", "http://"])
async def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="http://127"):
        await WeaviateStore.open(url)


async def test_ids_that_weaviate_cannot_take_are_refused(store: WeaviateStore) -> None:
    (one,) = numbered(1)
    with pytest.raises(StoreError, match="UUID"):
        await store.replace(
            "handbook", "guide.md", [changed(one, passage=changed(one.passage, id="first"))]
        )


async def test_both_stores_rank_by_words_alike(store: WeaviateStore, tmp_path: Path) -> None:
    words = "leave leaves office travel travelling desk policy claims claim form paid pay".split()
    draw = random.Random(3)

    def some(least: int, most: int) -> str:
        return " ".join(draw.choices(words, k=draw.randint(least, most)))

    passages = [
        passage(some(3, 40), toward(misc=1), position=n, title=some(1, 3), headings=(some(1, 3),))
        for n in range(60)
    ]
    embedded = await EmbeddedStore.open(tmp_path / "passages.db")
    try:
        for each in (store, embedded):
            await each.replace("handbook", "guide.md", passages)
        for question in ("claiming paid leave", "travel policies", "desks in the office"):
            first = [
                {
                    one.passage.id
                    for one in await each.search(question, toward(pay=1), EVERYBODY, 10, alpha=0)
                }
                for each in (store, embedded)
            ]
            assert len(first[0] & first[1]) >= 8
    finally:
        await embedded.close()
