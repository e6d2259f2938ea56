"""The collection that a Weaviate server keeps passages in: made, made again, brought up to date.

Passages live in a collection of their own version behind an alias, so that a changed schema or
embedding model can be built aside and switched to.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import weaviate
from weaviate.classes.config import (
    Configure,
    DataType,
    Property,
    Reconfigure,
    ReplicationDeletionStrategy,
    StopwordsPreset,
    Tokenization,
    VectorDistances,
)
from weaviate.exceptions import UnexpectedStatusCodeError, WeaviateInvalidInputError

from knowledge.stores.bm25 import K1, B
from knowledge.stores.stems import TOKENIZER
from knowledge.text.stopwords import STOP_WORDS

VECTOR = "content"
"""The collection's named vector. Named, so that a second embedding can be added beside it."""

STEMS = "stems"
"""What BM25 reads: a passage's stems (:mod:`knowledge.stores.stems`), shown to nobody."""

TIMES = {"title": 3, "headings": 4, "text": 2}
"""How often each is in :data:`STEMS`: twice the weights that it has in the embedded store.

In one property, since the server's boosts are whole numbers ("1.5" counts as 0) and how it adds
several properties up has changed between versions."""

STEMS_K1 = 2 * K1
"""With every frequency doubled, and this doubled, BM25 is what it would be without both."""

WRITTEN = ("title", "headings", "text")
"""As they are written: for finding words near a misspelt one."""

KEPT = ("source", "document", *WRITTEN, "position", "url", "access")
"""All that makes up a passage."""


LAYOUT = f"2 {TOKENIZER}"
"""Raise the number when what is made here changes."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """How a collection is spread over a cluster, and shared."""

    replicas: int = 1
    """On how many nodes each passage is; writes wait for most of them (QUORUM)."""
    shards: int | None = None
    """Parts that a collection is cut into; default, the server's: one for each node."""
    reads: Literal["ONE", "QUORUM", "ALL"] = "ONE"
    """How many of the replicas a search waits for."""
    tenant: str | None = None
    """Whose passages in a collection that several installations share; None: one of its own."""

    @property
    def layout(self) -> str:
        """What of it a collection has from its creation on, as far as it is not the default."""
        spread = f" replicas={self.replicas}" if self.replicas > 1 else ""
        return spread + (f" shards={self.shards}" if self.shards else "")


ALONE = Cluster()
"""One node that nobody else uses."""


def layout(cluster: Cluster) -> str:
    """What decides how passages are kept; a collection of another layout is filled anew."""
    return LAYOUT + cluster.layout


def collection_name(alias: str, version: int, cluster: Cluster = ALONE) -> str:
    """Of one version's collection."""
    return f"{alias}_shared_v{version}" if cluster.tenant else f"{alias}_v{version}"


async def ensure_collection(
    client: weaviate.WeaviateAsyncClient,
    alias: str,
    version: int | None = None,
    cluster: Cluster = ALONE,
) -> None:
    """Make the collection behind ``alias``, or of a version, or what is missing of it.

    A version is made beside what the alias stands for, which stays as it is. An alias cannot stand
    for a tenant, so with one there is none.

    An alias whose collection is gone (a restore, a hand) gets an empty one of the same name: the
    next ingest run sees that passages are missing and reads everything again.
    """
    if cluster.tenant is not None:
        name = collection_name(alias, version or 1, cluster)
        await _create_unless_there(
            lambda: client.collections.exists(name),
            lambda: _create_collection(client, name, cluster),
        )
        tenant, tenants = cluster.tenant, client.collections.use(name).tenants
        await _create_unless_there(lambda: tenants.exists(tenant), lambda: tenants.create(tenant))
        return
    known = await client.alias.get(alias_name=alias)
    name = known.collection if known else collection_name(alias, 1)
    if version is not None:
        name = collection_name(alias, version)
    await _create_unless_there(
        lambda: client.collections.exists(name), lambda: _create_collection(client, name, cluster)
    )
    if known:
        await _add_stems(client, name)
    else:
        await _create_unless_there(
            lambda: client.alias.exists(alias_name=alias),
            lambda: client.alias.create(alias_name=alias, target_collection=name),
        )


async def _create_unless_there(
    exists: Callable[[], Awaitable[bool]], create: Callable[[], Awaitable[object]]
) -> None:
    if await exists():
        return
    try:
        await create()
    except UnexpectedStatusCodeError:
        # Another process opening the same new store came first.
        if not await exists():
            raise


async def _add_stems(client: weaviate.WeaviateAsyncClient, name: str) -> None:
    """To a collection from before there were any, so that it answers until it is made anew."""
    config = client.collections.use(name).config
    with suppress(WeaviateInvalidInputError):  # it is there
        await config.add_property(_stems())
        changed = Reconfigure.inverted_index(bm25_b=B, bm25_k1=STEMS_K1)
        await config.update(inverted_index_config=changed)


def _stems() -> Property:
    return Property(
        name=STEMS,
        data_type=DataType.TEXT,
        # They are cut apart already, and a stem may look like a stop word.
        tokenization=Tokenization.WHITESPACE,
        index_filterable=False,
        index_searchable=True,
    )


def _exact(prop: str, kind: DataType = DataType.TEXT) -> Property:
    # FIELD keeps a value whole; by WORD, "role:man" and "role:sales" would share a token.
    return Property(
        name=prop,
        data_type=kind,
        tokenization=Tokenization.FIELD,
        index_filterable=True,
        index_searchable=False,
    )


def _written(prop: str, kind: DataType = DataType.TEXT) -> Property:
    return Property(
        name=prop,
        data_type=kind,
        tokenization=Tokenization.WORD,
        index_filterable=True,
        index_searchable=False,
    )


async def _create_collection(
    client: weaviate.WeaviateAsyncClient, name: str, cluster: Cluster
) -> None:
    spread = cluster.replicas > 1
    await client.collections.create(
        name,
        description=layout(cluster),
        replication_config=Configure.replication(
            factor=cluster.replicas,
            # A node that was away gets what it missed without being asked for it.
            async_enabled=True,
            deletion_strategy=ReplicationDeletionStrategy.DELETE_ON_CONFLICT,
        )
        if spread
        else None,
        sharding_config=Configure.sharding(desired_count=cluster.shards)
        if cluster.shards
        else None,
        multi_tenancy_config=Configure.multi_tenancy() if cluster.tenant else None,
        properties=[
            _exact("source"),
            _exact("document"),
            _exact("access", DataType.TEXT_ARRAY),
            _written("title"),
            _written("headings", DataType.TEXT_ARRAY),
            _written("text"),
            _stems(),
            Property(name="position", data_type=DataType.INT, index_filterable=False),
            Property(
                name="url",
                data_type=DataType.TEXT,
                index_filterable=False,
                index_searchable=False,
            ),
        ],
        vector_config=Configure.Vectors.self_provided(
            name=VECTOR,
            vector_index_config=Configure.VectorIndex.hnsw(distance_metric=VectorDistances.COSINE),
        ),
        inverted_index_config=Configure.inverted_index(
            bm25_b=B,
            bm25_k1=STEMS_K1,
            stopwords_preset=StopwordsPreset.NONE,
            stopwords_additions=sorted(STOP_WORDS),
        ),
    )
