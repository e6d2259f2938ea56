"""The stores that the contract is kept by, each opened anew for a test.

The real Weaviate is skipped unless one answers at ``WEAVIATE_URL`` (``WEAVIATE_API_KEY`` and
``WEAVIATE_GRPC_PORT`` if it needs them); its collections there are named ``Contract…`` and removed
afterwards.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
import weaviate

from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.port import ListedStore
from knowledge.stores.weaviate.store import WeaviateStore
from tests.knowledge.store_contract.guide import Opener
from tests.stand_ins.weaviate import StandIn

IMPLEMENTATIONS = [
    pytest.param("embedded"),
    pytest.param("stand-in", id="weaviate-stand-in"),
    pytest.param("weaviate", id="weaviate-real", marks=pytest.mark.weaviate),
]


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server


@pytest_asyncio.fixture(params=IMPLEMENTATIONS)
async def opener(
    request: pytest.FixtureRequest, tmp_path: Path, stand_in: StandIn
) -> AsyncIterator[Opener]:
    """Opens the same, at first empty, store as often as a test likes; closes all afterwards."""
    alias = f"Contract{uuid4().hex}"
    async with AsyncExitStack() as opened:
        if request.param == "embedded":

            async def open_store() -> ListedStore:
                store = await EmbeddedStore.open(tmp_path / "data" / "passages.sqlite")
                opened.push_async_callback(store.close)
                return store

        else:
            server = _server(request.param, stand_in)
            if server is None:
                pytest.skip("no Weaviate answers at WEAVIATE_URL")
            url, key, grpc_port = server
            opened.push_async_callback(_drop, url, key, grpc_port, alias)

            async def open_store() -> ListedStore:
                store = await WeaviateStore.open(url, key, alias=alias, grpc_port=grpc_port)
                opened.push_async_callback(store.close)
                return store

        yield open_store


def _server(name: str, stand_in: StandIn) -> tuple[str, str | None, int] | None:
    if name == "stand-in":
        return stand_in.url, None, stand_in.grpc_port
    url = os.environ.get("WEAVIATE_URL")
    if not url:
        return None
    try:
        httpx.get(f"{url.rstrip('/')}/v1/.well-known/ready", timeout=3).raise_for_status()
    except httpx.HTTPError:
        return None
    key = os.environ.get("WEAVIATE_API_KEY") or None
    return url, key, int(os.environ.get("WEAVIATE_GRPC_PORT", "50051"))


async def _drop(url: str, key: str | None, grpc_port: int, alias: str) -> None:
    address = httpx.URL(url)
    secure = address.scheme == "https"
    async with weaviate.use_async_with_custom(
        http_host=address.host,
        http_port=address.port or (443 if secure else 80),
        http_secure=secure,
        grpc_host=address.host,
        grpc_port=grpc_port,
        grpc_secure=secure,
        auth_credentials=weaviate.auth.AuthApiKey(key) if key else None,
        skip_init_checks=True,
    ) as client:
        await client.alias.delete(alias_name=alias)
        await client.collections.delete(f"{alias}_v1")


@pytest_asyncio.fixture
async def store(opener: Opener) -> ListedStore:
    return await opener()
