"""A Weaviate server as a place for generations of the index."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import weaviate
from weaviate.classes.init import Timeout

from knowledge.stores.port import ListedStore
from knowledge.stores.weaviate.client import DEFAULT_GRPC_PORT, client_for
from knowledge.stores.weaviate.errors import Server
from knowledge.stores.weaviate.schema import ALONE, Cluster, collection_name, layout
from knowledge.stores.weaviate.store import DEFAULT_ALIAS, OPEN_SECONDS, WeaviateStore
from knowledge.web.url_secrets import without_secrets

SCHEMA_SECONDS = 60.0
"""Longest wait for a change of the schema, which all nodes of a cluster have to agree on."""


class WeaviatePlace:
    """One collection for each generation; an alias stands for the current one.

    With a tenant, generations are that tenant's part of collections that others share, which no
    alias can stand for.
    """

    name = "weaviate"

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        grpc_port: int = DEFAULT_GRPC_PORT,
        *,
        cluster: Cluster = ALONE,
        alias: str = DEFAULT_ALIAS,
    ) -> None:
        """As for :meth:`WeaviateStore.open`; nothing is connected yet."""
        self._url = url
        self._api_key = api_key
        self._grpc_port = grpc_port
        self._cluster = cluster
        self._alias = alias

    @property
    def layout(self) -> str:
        """The schema's, and how it is spread."""
        return layout(self._cluster)

    async def newest(self) -> int | None:
        """What the alias stands for; with a tenant, the first: there is no alias then."""
        if self._cluster.tenant:
            return None if await self.found(1) is None else 1
        async with self._client() as client:
            known = await client.alias.get(alias_name=self._alias)
        number = known.collection.rpartition("_v")[2] if known else ""
        return int(number) if number.isdecimal() else None

    async def found(self, number: int) -> str | None:
        """By the collection's description."""
        name, tenant = self._name(number), self._cluster.tenant
        async with self._client() as client:
            if not await client.collections.exists(name):
                return None
            passages = client.collections.use(name)
            if tenant and not await passages.tenants.exists(tenant):
                return None
            return (await passages.config.get()).description or ""

    async def dimension(self, number: int) -> int | None:
        """None: a search says so where it does not fit."""
        return None

    async def open(self, number: int) -> ListedStore:
        """Open the collection, or make it."""
        return await WeaviateStore.open(
            self._url,
            self._api_key,
            self._alias,
            self._grpc_port,
            version=number,
            cluster=self._cluster,
        )

    async def show(self, number: int) -> None:
        """Let the alias stand for this one."""
        if self._cluster.tenant:
            return
        async with self._client() as client:
            if not await client.alias.update(
                alias_name=self._alias, new_target_collection=self._name(number)
            ):
                await client.alias.create(
                    alias_name=self._alias, target_collection=self._name(number)
                )

    async def drop(self, number: int) -> None:
        """Delete the collection, or this tenant's part of it; the last one takes it along."""
        name, tenant = self._name(number), self._cluster.tenant
        async with self._client() as client:
            if tenant and await client.collections.exists(name):
                tenants = client.collections.use(name).tenants
                await tenants.remove(tenant)
                if await tenants.get():
                    return
            await client.collections.delete(name)

    def _name(self, number: int) -> str:
        return collection_name(self._alias, number, self._cluster)

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[weaviate.WeaviateAsyncClient]:
        server = Server(without_secrets(self._url), self._grpc_port)
        timeout = Timeout(init=OPEN_SECONDS, query=OPEN_SECONDS, insert=SCHEMA_SECONDS)
        client = client_for(self._url, self._api_key, self._grpc_port, timeout)
        try:
            async with server.errors("cannot be used", OPEN_SECONDS):
                await client.connect()
            async with server.errors("refused", SCHEMA_SECONDS):
                yield client
        finally:
            await client.close()
