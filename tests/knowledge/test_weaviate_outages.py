"""What a Weaviate server does to us: each error one line with what to do, and healed by itself."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import pytest_asyncio

from knowledge.errors import StoreError
from knowledge.stores.weaviate import store as weaviate_module
from knowledge.stores.weaviate.store import DEFAULT_ALIAS, WeaviateStore
from tests.kit.library import opened_library
from tests.kit.store_toys import EVERYBODY, passage, texts, toward
from tests.stand_ins.weaviate import StandIn

pytestmark = pytest.mark.asyncio

COLLECTION = f"{DEFAULT_ALIAS}_v1"
LAPTOP = passage("Ask IT for a replacement laptop.", toward(laptop=1))
OUTAGE_SECONDS = 2.5  # the two that are promised, and what a busy machine adds


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


async def open_store(server: StandIn, key: str | None = None) -> WeaviateStore:
    return await WeaviateStore.open(server.url, key, grpc_port=server.grpc_port)


@pytest_asyncio.fixture
async def store(server: StandIn) -> AsyncIterator[WeaviateStore]:
    store = await open_store(server)
    await store.replace("handbook", "guide.md", [LAPTOP])
    yield store
    await store.close()


async def laptops(store: WeaviateStore) -> list[str]:
    return texts(await store.search("laptops", toward(laptop=1), EVERYBODY, 3, alpha=0.5))


def is_one_plain_line(error: BaseException) -> bool:
    return not any(each in str(error) for each in ("\n", "RpcError", "Errno", "terminated"))


def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def test_a_server_that_is_starting_is_waited_for(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weaviate_module, "PAUSE_SECONDS", 0)
    server.starting = 5
    store = await open_store(server)
    assert await store.count() == 0
    await store.close()


async def test_a_server_that_never_gets_ready_is_said_to_be_starting(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weaviate_module, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(weaviate_module, "STARTING_SECONDS", 0.2)
    server.starting = 10**6
    with pytest.raises(StoreError, match="it is starting: try again in a moment") as raised:
        await open_store(server)
    assert is_one_plain_line(raised.value)


async def test_a_question_to_a_server_that_has_just_restarted_says_so(
    server: StandIn, store: WeaviateStore
) -> None:
    server.starting = 1
    with pytest.raises(StoreError, match="it is starting"):
        await laptops(store)
    assert await laptops(store) == [LAPTOP.passage.text]


@pytest.mark.parametrize("key", [None, "wrong"])
async def test_a_refused_key_says_which_setting_has_it(key: str | None) -> None:
    refused = pytest.raises(StoreError, match="WEAVIATE_API_KEY")
    with StandIn(api_key="opensesame") as server, refused as raised:
        await open_store(server, key)
    assert is_one_plain_line(raised.value)


async def test_a_key_that_is_refused_later_says_so_too(
    server: StandIn, store: WeaviateStore
) -> None:
    server.api_key = "changed"
    for doing in (laptops(store), store.count(), store.delete("handbook")):
        with pytest.raises(StoreError, match="WEAVIATE_API_KEY") as raised:
            await doing
        assert is_one_plain_line(raised.value)


async def test_a_wrong_grpc_port_is_told_in_time(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weaviate_module, "OPEN_SECONDS", 0.5)
    with StandIn() as other:
        for port in (unused_port(), other.http_port):  # nobody listens, or something else
            with pytest.raises(
                StoreError, match=rf"gRPC port {port}.*WEAVIATE_GRPC_PORT"
            ) as raised:
                await WeaviateStore.open(server.url, grpc_port=port)
            assert is_one_plain_line(raised.value)
    with pytest.raises(StoreError, match=rf"Port {server.http_port} .*WEAVIATE_GRPC_PORT"):
        await WeaviateStore.open(server.url, grpc_port=server.http_port)


async def test_a_server_that_is_not_there_says_to_start_it(server: StandIn) -> None:
    url = f"http://127.0.0.1:{unused_port()}"
    with pytest.raises(StoreError, match=f"nothing answers at {url}: start the server") as raised:
        await WeaviateStore.open(url, grpc_port=server.grpc_port)
    assert is_one_plain_line(raised.value)


@pytest.mark.parametrize(
    ("status", "body"), [(404, b"<h1>Not found</h1>"), (200, b"<h1>Hi</h1>"), (200, b"{}")]
)
async def test_what_is_no_weaviate_is_told_from_one(status: int, body: bytes) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    other = HTTPServer(("127.0.0.1", 0), Other)
    Thread(target=other.serve_forever, args=(0.05,), daemon=True).start()
    try:
        with pytest.raises(StoreError, match="is no Weaviate: correct WEAVIATE_URL") as raised:
            await WeaviateStore.open(f"http://127.0.0.1:{other.server_port}")
    finally:
        other.shutdown()
        other.server_close()
    assert is_one_plain_line(raised.value)


async def test_a_question_in_an_outage_waits_two_seconds_and_the_next_ones_are_answered_again(
    server: StandIn, store: WeaviateStore
) -> None:
    assert await laptops(store) == [LAPTOP.passage.text]
    server.stop()
    for doing in (laptops(store), store.readable([LAPTOP.passage.id], EVERYBODY)):
        began = time.monotonic()
        with pytest.raises(StoreError, match="see that the server runs") as raised:
            await doing
        assert time.monotonic() - began < OUTAGE_SECONDS
        assert is_one_plain_line(raised.value)

    server.start()
    for _ in range(20):  # the connection comes back by itself, within about a second
        try:
            found = await laptops(store)
        except StoreError:
            await asyncio.sleep(0.1)
        else:
            break
    assert found == [LAPTOP.passage.text]


async def test_a_collection_that_vanished_behind_its_alias_is_made_again(
    server: StandIn, store: WeaviateStore
) -> None:
    del server.collections[COLLECTION]
    with pytest.raises(StoreError, match="run 'housevoice source refresh'") as raised:
        await laptops(store)
    assert is_one_plain_line(raised.value)

    again = await open_store(server)
    assert await again.count() == 0  # which an ingest run takes for passages to be read again
    await again.replace("handbook", "guide.md", [LAPTOP])
    assert await laptops(store) == [LAPTOP.passage.text]
    await again.close()


async def test_after_a_restore_without_the_collection_the_next_refresh_fills_it(
    server: StandIn, tmp_path: Path
) -> None:
    async with opened_library(tmp_path / "data", tmp_path / "documents") as library:
        library.write(trains="# Trains\n\nTrains go first.", pay="# Pay\n\nOn the 28th.")
        for _ in range(2):
            library.store = await open_store(server)
            await library.read()
            assert await library.found("trains") == ["trains.md"]
            assert (await library.read()).unchanged == 2
            await library.store.close()
            server.collections.clear()


async def test_a_collection_from_before_the_stems_gets_them_when_it_is_read_again(
    server: StandIn, store: WeaviateStore
) -> None:
    schema = server.collections[COLLECTION].schema
    schema["properties"] = [each for each in schema["properties"] if each["name"] != "stems"]
    schema["invertedIndexConfig"]["bm25"] = {"k1": 1.2, "b": 0.75}
    for stored in server.collections[COLLECTION].objects.values():
        del stored.properties["stems"]

    again = await open_store(server)
    assert await laptops(again) == [LAPTOP.passage.text]  # by its vector
    assert await again.search("laptops", toward(pay=1), EVERYBODY, 3, alpha=0) == []
    await again.replace("handbook", "guide.md", [LAPTOP])
    assert len(await again.search("laptops", toward(pay=1), EVERYBODY, 3, alpha=0)) == 1
    assert schema["invertedIndexConfig"]["bm25"]["k1"] == 2.4
    await again.close()
