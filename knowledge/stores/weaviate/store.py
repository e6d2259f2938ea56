"""The production passage store: a Weaviate server, hybrid search and filter done by it.

What is kept there is in :mod:`knowledge.stores.weaviate.schema`, what can go wrong with a server in
:mod:`knowledge.stores.weaviate.errors`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import weaviate
from weaviate.classes.config import ConsistencyLevel
from weaviate.classes.init import Timeout
from weaviate.classes.query import Filter, HybridFusion, MetadataQuery
from weaviate.collections.classes.filters import FilterReturn

from knowledge.errors import StoreError
from knowledge.stores.listing import Listing, listed
from knowledge.stores.stems import Stemmer
from knowledge.stores.weaviate.client import DEFAULT_GRPC_PORT, client_for
from knowledge.stores.weaviate.errors import Server, is_starting, remedy_in, starting
from knowledge.stores.weaviate.objects import StoredObject, is_id, to_objects, to_passage
from knowledge.stores.weaviate.reading import every, of_document
from knowledge.stores.weaviate.schema import (
    ALONE,
    KEPT,
    STEMS,
    VECTOR,
    WRITTEN,
    Cluster,
    collection_name,
    ensure_collection,
)
from knowledge.text.spelling import LONG, SHORTEST, may_be, one_slip
from knowledge.text.stopwords import STOP_WORDS, telling_words
from knowledge.text.words import surface_words
from knowledge.types import EmbeddedPassage, Principals, ScoredPassage, Vector
from knowledge.web.url_secrets import without_secrets

DEFAULT_ALIAS = "Housevoice_passages"
"""The name that everything reads and writes; the collection behind it ends in its version."""

OBJECTS_PER_INSERT = 200
"""About 1.3 MB a call with texts and 768 dimensions; a gRPC message may have 10 MB by default."""

IDS_PER_QUERY = 500
"""About 20 kB a call; the server gives back at most QUERY_MAXIMUM_RESULTS (10,000)."""

PASSAGES_READ = 100
"""Of those that hold any word near a given one: enough to see which, and about how often."""

INSERT_SECONDS = 120
ASK_SECONDS = 2.0
"""Longest wait for what a person waits for: a server answers in a fiftieth of it, or is away."""

OPEN_SECONDS = 5.0
"""Longest wait for a server to say anything when the store is opened, and for a count. The client
by itself would retry an unreachable one for a minute."""

STARTING_SECONDS = 30.0
"""How long a server that says it is starting is waited for; after a restart it takes about ten."""

PAUSE_SECONDS = 0.5
_log = logging.getLogger(__name__)


class WeaviateStore:
    """Keeps passages in Weaviate >= 1.37; implements :class:`knowledge.stores.port.PassageStore`.

    Open it with :meth:`open`. What differs from the port: Weaviate has no transactions, so while
    :meth:`replace` runs a reader may see passages of the old and the new version side by side
    (never none), and a killed process leaves both until the document is replaced again. Weaviate
    compares principals, sources and documents without surrounding white space.
    """

    def __init__(
        self, client: weaviate.WeaviateAsyncClient, name: str, server: Server, cluster: Cluster
    ) -> None:
        """``name``: of the alias or the collection that everything reads and writes."""
        self._client = client
        passages = client.collections.use(name).with_tenant(cluster.tenant)
        self._passages = passages.with_consistency_level(ConsistencyLevel(cluster.reads))
        self._written = passages.with_consistency_level(ConsistencyLevel.QUORUM)
        self._server = server
        self._stemmer = Stemmer()

    @classmethod
    async def open(
        cls,
        url: str,
        api_key: str | None = None,
        alias: str = DEFAULT_ALIAS,
        grpc_port: int = DEFAULT_GRPC_PORT,
        *,
        version: int | None = None,
        cluster: Cluster = ALONE,
    ) -> WeaviateStore:
        """Connect, and create the collection and its alias where either is missing.

        ``url`` is the server's REST address, such as ``http://127.0.0.1:8080``; gRPC is spoken with
        the same host, with TLS for ``https``. ``alias`` begins with a capital letter. ``version``:
        the collection to use; without it, whatever the alias stands for. A server that is starting
        is waited for. Raises :class:`StoreError` when it cannot be used.
        """
        timeout = Timeout(init=OPEN_SECONDS, query=OPEN_SECONDS, insert=INSERT_SECONDS)
        client = client_for(url, api_key, grpc_port, timeout)
        follows_alias = version is None and cluster.tenant is None
        name = alias if follows_alias else collection_name(alias, version or 1, cluster)
        store = cls(client, name, Server(without_secrets(url), grpc_port), cluster)
        loop = asyncio.get_running_loop()
        until = loop.time() + STARTING_SECONDS
        try:
            while True:
                try:
                    await store._prepare(alias, version, cluster)
                except StoreError as error:
                    if not is_starting(error) or loop.time() > until:
                        raise
                    _log.info("weaviate_starting")
                    await asyncio.sleep(PAUSE_SECONDS)
                else:
                    return store
        except BaseException:
            await store.close()
            raise

    async def _prepare(self, alias: str, version: int | None, cluster: Cluster) -> None:
        async with self._server.errors("cannot be used", OPEN_SECONDS):
            await self._client.connect()
            if not await self._client.is_ready():
                raise starting()
            await ensure_collection(self._client, alias, version, cluster)
            # Nothing before this spoke gRPC: a wrong port shows at once, not at a question.
            await self._matching(None)

    async def replace(
        self, source: str, document: str, passages: Sequence[EmbeddedPassage]
    ) -> None:
        """Make ``passages`` all that the store holds of one document.

        The new ones are written before the old ones go, so that a reader never finds none. Raises
        :class:`StoreError` with the first reason when the server refuses any passage; nothing is
        deleted then, and replacing again repairs it.
        """
        await self.replace_many(source, {document: passages})

    async def replace_many(
        self, source: str, documents: Mapping[str, Sequence[EmbeddedPassage]]
    ) -> None:
        """:meth:`replace` for several documents: their passages share calls, and one deletes."""
        if not documents:
            return
        objects: list[StoredObject] = []
        async with self._server.errors("did not take passages", INSERT_SECONDS):
            for document, passages in documents.items():
                objects += await asyncio.to_thread(
                    to_objects, source, document, passages, self._stemmer
                )
        for first in range(0, len(objects), OBJECTS_PER_INSERT):
            async with self._server.errors("did not take passages", INSERT_SECONDS):
                result = await self._written.data.insert_many(
                    objects[first : first + OBJECTS_PER_INSERT]
                )
            if result.has_errors:
                reason = next(iter(result.errors.values())).message
                raise StoreError(
                    f"Weaviate refused {len(result.errors)} passages of "
                    f"{_shown(documents)}: {remedy_in(reason) or reason}."
                )
        doomed = _equal("source", source)
        doomed &= Filter.by_property("document").contains_any(sorted(documents))
        if objects:
            doomed &= Filter.by_id().contains_none([one.uuid for one in objects if one.uuid])
        await self._delete_many(doomed)

    async def delete(self, source: str, document: str | None = None) -> int:
        """Remove one document's passages, or the whole source's; returns how many went."""
        doomed = _equal("source", source)
        if document is not None:
            doomed &= _equal("document", document)
        return await self._delete_many(doomed)

    async def search(
        self,
        text: str,
        vector: Vector,
        principals: Principals,
        k: int,
        *,
        alpha: float,
        sources: frozenset[str] | None = None,
    ) -> list[ScoredPassage]:
        """The best ``k`` passages for these principals; see the port.

        ``cosine`` is set on every result. Raises :class:`StoreError`, also after ASK_SECONDS.
        """
        # Weaviate refuses a filter by an empty list, and a filter left out would show everything.
        if k < 1 or not principals or (sources is not None and not sources):
            return []
        async with self._server.errors("could not search", ASK_SECONDS):
            words = " ".join(telling_words(text))
            [stems] = await asyncio.to_thread(self._stemmer.stems, [words])
        if not stems and alpha <= 0:
            return []
        allowed: FilterReturn = Filter.by_property("access").contains_any(sorted(principals))
        if sources is not None:
            allowed &= Filter.by_property("source").contains_any(sorted(sources))
        async with self._server.errors("could not search", ASK_SECONDS):
            reply = await self._passages.query.hybrid(
                # For the client, None means vectors alone and makes alpha 1.
                stems or None,
                alpha=float(alpha),
                vector=vector.tolist(),
                target_vector=VECTOR,
                fusion_type=HybridFusion.RELATIVE_SCORE,
                query_properties=[STEMS],
                filters=allowed,
                limit=k,
                return_properties=list(KEPT),
                return_metadata=MetadataQuery(score=True),
                include_vector=[VECTOR],
            )
        weight = 1.0 if stems else float(alpha)
        found = [
            ScoredPassage(
                to_passage(one.uuid, one.properties),
                weight * (one.metadata.score or 0.0),
                _cosine(vector, one.vector[VECTOR]),
            )
            for one in reply.objects
        ]
        # The server leaves equal scores in no order; float32 scores are good to six places.
        return sorted(found, key=lambda one: (-round(one.score, 6), one.passage.id))

    async def readable(self, ids: Collection[str], principals: Principals) -> frozenset[str]:
        """Those of these passages that are here and for these principals; see the port."""
        if not principals:
            return frozenset()
        # The server refuses a query by what is no UUID; nothing is stored under such an id.
        asked = sorted({one for one in ids if is_id(one)})
        found: set[str] = set()
        for first in range(0, len(asked), IDS_PER_QUERY):
            some = asked[first : first + IDS_PER_QUERY]
            async with self._server.errors("could not look passages up", ASK_SECONDS):
                reply = await self._passages.query.fetch_objects(
                    filters=Filter.by_id().contains_any(some)
                    & Filter.by_property("access").contains_any(sorted(principals)),
                    limit=len(some),
                    return_properties=False,
                )
            found.update(str(UUID(int=one.uuid.int)) for one in reply.objects)
        return frozenset(found)

    async def count(self, source: str | None = None) -> int:
        """How many passages the store holds, of one source or in all."""
        async with self._server.errors("could not count", OPEN_SECONDS):
            return await self._matching(None if source is None else _equal("source", source))

    async def similar_words(self, word: str, principals: Principals) -> dict[str, int]:
        """Words near this one in passages for these principals; see the port.

        Stop words, which the server does not look up, are never among them.
        """
        bare = "".join(surface_words(word))
        if not principals or not bare.isalpha() or len(bare) < SHORTEST:
            return {}
        near = sorted({bare, *one_slip(bare)} - STOP_WORDS)
        ways = [Filter.by_property(one).contains_any(near) for one in WRITTEN]
        if len(bare) >= LONG:
            beginning = f"{bare[: LONG // 2]}*"
            ways += [Filter.by_property(one).like(beginning) for one in WRITTEN]
        async with self._server.errors("could not look words up", ASK_SECONDS):
            reply = await self._passages.query.fetch_objects(
                filters=Filter.any_of(ways)
                & Filter.by_property("access").contains_any(sorted(principals)),
                limit=PASSAGES_READ,
                return_properties=list(KEPT),
            )
        found: Counter[str] = Counter()
        for one in reply.objects:
            passage = to_passage(one.uuid, one.properties)
            words = set(surface_words(f"{passage.context} {passage.text}"))
            found.update({each for each in words if may_be(bare, each)})
        return dict(found)

    async def listing(self) -> Listing:
        """Every document with how many passages it has, and their digest."""
        found = [one.passage async for one in every(self._passages, self._server)]
        return await asyncio.to_thread(listed, found)

    async def held(self, source: str, document: str) -> list[EmbeddedPassage]:
        """All of one document, whoever may read it; see the port."""
        return await of_document(self._passages, self._server, source, document)

    async def close(self) -> None:
        """Close the connections to the server."""
        await self._client.close()
        self._stemmer.close()

    async def _matching(self, where: FilterReturn | None) -> int:
        reply = await self._passages.aggregate.over_all(filters=where, total_count=True)
        return reply.total_count or 0

    async def _delete_many(self, where: FilterReturn) -> int:
        """Delete until nothing matches: one call stops at QUERY_MAXIMUM_RESULTS (10,000)."""
        gone = 0
        while True:
            async with self._server.errors("could not delete", INSERT_SECONDS):
                result = await self._written.data.delete_many(where=where)
            if result.failed:
                raise StoreError(f"Weaviate could not delete {result.failed} passages.")
            if not result.successful:
                return gone
            gone += result.successful


def _equal(prop: str, value: str) -> FilterReturn:
    return Filter.by_property(prop).equal(value)


def _shown(documents: Mapping[str, object]) -> str:
    first, *others = documents
    return f"{first} or {len(others)} others" if others else first


def _cosine(query: Vector, stored: Any) -> float:
    other = np.asarray(stored, dtype=np.float32)
    return float(query @ other / (np.linalg.norm(query) * np.linalg.norm(other)))
