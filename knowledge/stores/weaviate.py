"""The production passage store: a Weaviate server, hybrid search and filter done by it.

Passages live in a collection of their own version behind an alias, so that a changed schema or
embedding model can be built aside and switched to.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import numpy as np
import weaviate
from weaviate.classes.config import (
    Configure,
    DataType,
    Property,
    StopwordsPreset,
    Tokenization,
    VectorDistances,
)
from weaviate.classes.data import DataObject
from weaviate.classes.init import AdditionalConfig, Auth, Timeout
from weaviate.classes.query import Filter, HybridFusion, MetadataQuery
from weaviate.collections.classes.filters import FilterReturn
from weaviate.exceptions import UnexpectedStatusCodeError, WeaviateBaseError

from knowledge.errors import StoreError
from knowledge.text.spelling import LONG, SHORTEST, may_be, one_slip
from knowledge.text.stopwords import STOP_WORDS, telling_words
from knowledge.text.words import surface_words
from knowledge.types import EmbeddedPassage, Passage, Principals, ScoredPassage, Vector
from knowledge.web.url_secrets import without_secrets

DEFAULT_ALIAS = "Housevoice_passages"
"""The name that everything reads and writes; the collection behind it ends in its version."""

DEFAULT_GRPC_PORT = 50051
"""Weaviate's own default for the port that searches and batches go through."""

VECTOR = "content"
"""The collection's named vector. Named, so that a second embedding can be added beside it."""

SEARCHED = {"title": 1.5, "headings": 2.0, "text": 1.0}
"""What BM25 reads, with boosts: a title is the same for all passages of a document, a heading says
what this very passage is about. The embedded store has the same weights."""

OBJECTS_PER_INSERT = 200
"""About 1 MB a call with texts and 384 dimensions; a gRPC message may have 10 MB by default."""

IDS_PER_QUERY = 500
"""About 20 kB a call; the server gives back at most QUERY_MAXIMUM_RESULTS (10,000)."""

PASSAGES_READ = 100
"""Of those that hold any word near a given one: enough to see which, and about how often."""

INSERT_SECONDS = 120
QUERY_SECONDS = 15
"""Longest wait for the server: a person waits for a query. The client by itself would retry an
unreachable server for a minute."""


class WeaviateStore:
    """Keeps passages in Weaviate >= 1.37; implements :class:`knowledge.stores.port.PassageStore`.

    Open it with :meth:`open`. What differs from the port: Weaviate has no transactions, so while
    :meth:`replace` runs a reader may see passages of the old and the new version side by side
    (never none), and a killed process leaves both until the document is replaced again. Weaviate
    compares principals, sources and documents without surrounding white space.
    """

    def __init__(self, client: weaviate.WeaviateAsyncClient, alias: str) -> None:
        self._client = client
        self._passages = client.collections.use(alias)

    @classmethod
    async def open(
        cls,
        url: str,
        api_key: str | None = None,
        alias: str = DEFAULT_ALIAS,
        grpc_port: int = DEFAULT_GRPC_PORT,
    ) -> WeaviateStore:
        """Connect, and create the collection and its alias when the alias does not exist yet.

        ``url`` is the server's REST address, such as ``http://127.0.0.1:8080``; gRPC is spoken with
        the same host, with TLS for ``https``. ``alias`` begins with a capital letter. Raises
        :class:`StoreError` when the server cannot be reached or refuses.
        """
        client = _client(url, api_key, grpc_port)
        store = cls(client, alias)
        try:
            async with _as_store_error(
                f"cannot be used at {without_secrets(url)} (gRPC port {grpc_port})"
            ):
                await client.connect()
                await _ensure_collection(client, alias)
                # Nothing before this spoke gRPC: a wrong port shows at once, not at a question.
                await store._count(None)
        except BaseException:
            await client.close()
            raise
        return store

    async def replace(
        self, source: str, document: str, passages: Sequence[EmbeddedPassage]
    ) -> None:
        """Make ``passages`` all that the store holds of one document.

        The new ones are written before the old ones go, so that a reader never finds none. Raises
        :class:`StoreError` with the first reason when the server refuses any passage; nothing is
        deleted then, and replacing again repairs it.
        """
        objects = [_to_object(source, document, embedded) for embedded in passages]
        doomed = _equal("source", source) & _equal("document", document)
        if objects:
            doomed &= Filter.by_id().contains_none([one.uuid for one in objects if one.uuid])
        for first in range(0, len(objects), OBJECTS_PER_INSERT):
            async with _as_store_error("refused passages", INSERT_SECONDS):
                result = await self._passages.data.insert_many(
                    objects[first : first + OBJECTS_PER_INSERT]
                )
            if result.has_errors:
                reason = next(iter(result.errors.values())).message
                raise StoreError(
                    f"Weaviate refused {len(result.errors)} passages of {document}: {reason}"
                )
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

        ``cosine`` is set on every result. Raises :class:`StoreError`, also after QUERY_SECONDS.
        """
        # Weaviate refuses a filter by an empty list, and a filter left out would show everything.
        if k < 1 or not principals or (sources is not None and not sources):
            return []
        words = telling_words(text)
        if not words and alpha <= 0:
            return []
        allowed: FilterReturn = Filter.by_property("access").contains_any(sorted(principals))
        if sources is not None:
            allowed &= Filter.by_property("source").contains_any(sorted(sources))
        async with _as_store_error("could not search"):
            reply = await self._passages.query.hybrid(
                # For the client, None means vectors alone and makes alpha 1.
                " ".join(words) or None,
                alpha=float(alpha),
                vector=vector.tolist(),
                target_vector=VECTOR,
                fusion_type=HybridFusion.RELATIVE_SCORE,
                query_properties=[f"{name}^{boost:g}" for name, boost in SEARCHED.items()],
                filters=allowed,
                limit=k,
                return_metadata=MetadataQuery(score=True),
                include_vector=[VECTOR],
            )
        weight = 1.0 if words else float(alpha)
        found = [
            ScoredPassage(
                _to_passage(one.uuid, one.properties),
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
        asked = sorted({one for one in ids if _is_id(one)})
        found: set[str] = set()
        for first in range(0, len(asked), IDS_PER_QUERY):
            some = asked[first : first + IDS_PER_QUERY]
            async with _as_store_error("could not look passages up"):
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
        async with _as_store_error("could not count"):
            return await self._count(source)

    async def similar_words(self, word: str, principals: Principals) -> dict[str, int]:
        """Words near this one in passages for these principals; see the port.

        Stop words, which the server does not look up, are never among them.
        """
        bare = "".join(surface_words(word))
        if not principals or not bare.isalpha() or len(bare) < SHORTEST:
            return {}
        near = sorted({bare, *one_slip(bare)} - STOP_WORDS)
        ways = [Filter.by_property(one).contains_any(near) for one in SEARCHED]
        if len(bare) >= LONG:
            beginning = f"{bare[: LONG // 2]}*"
            ways += [Filter.by_property(one).like(beginning) for one in SEARCHED]
        async with _as_store_error("could not look words up"):
            reply = await self._passages.query.fetch_objects(
                filters=Filter.any_of(ways)
                & Filter.by_property("access").contains_any(sorted(principals)),
                limit=PASSAGES_READ,
            )
        found: Counter[str] = Counter()
        for one in reply.objects:
            passage = _to_passage(one.uuid, one.properties)
            words = set(surface_words(f"{passage.context} {passage.text}"))
            found.update({each for each in words if may_be(bare, each)})
        return dict(found)

    async def close(self) -> None:
        """Close the connections to the server."""
        await self._client.close()

    async def _count(self, source: str | None) -> int:
        return await self._matching(None if source is None else _equal("source", source))

    async def _matching(self, where: FilterReturn | None) -> int:
        reply = await self._passages.aggregate.over_all(filters=where, total_count=True)
        return reply.total_count or 0

    async def _delete_many(self, where: FilterReturn) -> int:
        """Delete until nothing matches: one call stops at QUERY_MAXIMUM_RESULTS (10,000)."""
        gone = 0
        while True:
            async with _as_store_error("could not delete", INSERT_SECONDS):
                result = await self._passages.data.delete_many(where=where)
            if result.failed:
                raise StoreError(f"Weaviate could not delete {result.failed} passages.")
            if not result.successful:
                return gone
            gone += result.successful


@asynccontextmanager
async def _as_store_error(what: str, seconds: float | None = None) -> AsyncIterator[None]:
    """Turn what the client raises into a StoreError; wait QUERY_SECONDS unless told otherwise."""
    try:
        async with asyncio.timeout(seconds or QUERY_SECONDS):
            yield
    except WeaviateBaseError as error:
        raise StoreError(f"Weaviate {what}: {error.message}") from error
    # The client lets some of its transport's errors through, such as a connect timeout, and a text
    # that is not Unicode fails where the message is packed.
    except (httpx.HTTPError, OSError, TimeoutError, UnicodeEncodeError) as error:
        raise StoreError(f"Weaviate {what}: {error or type(error).__name__}") from error


def _client(url: str, api_key: str | None, grpc_port: int) -> weaviate.WeaviateAsyncClient:
    # It logs an object that was refused whole, text and all; the reason is raised anyway.
    logging.getLogger("weaviate-client").setLevel(logging.CRITICAL)
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise StoreError(
            f"{without_secrets(url)!r} is no Weaviate address; give one like http://127.0.0.1:8080."
        )
    secure = address.scheme == "https"
    return weaviate.use_async_with_custom(
        http_host=address.hostname,
        http_port=address.port or (443 if secure else 80),
        http_secure=secure,
        grpc_host=address.hostname,
        grpc_port=grpc_port,
        grpc_secure=secure,
        auth_credentials=Auth.api_key(api_key) if api_key else None,
        additional_config=AdditionalConfig(
            timeout=Timeout(init=QUERY_SECONDS, query=QUERY_SECONDS, insert=INSERT_SECONDS)
        ),
        # Its checks would ask pypi.org for the newest client version.
        skip_init_checks=True,
    )


async def _ensure_collection(client: weaviate.WeaviateAsyncClient, alias: str) -> None:
    if await client.alias.exists(alias_name=alias):
        return
    name = f"{alias}_v1"
    await _create_unless_there(
        lambda: client.collections.exists(name), lambda: _create_collection(client, name)
    )
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


async def _create_collection(client: weaviate.WeaviateAsyncClient, name: str) -> None:
    def exact(prop: str, kind: DataType = DataType.TEXT) -> Property:
        # FIELD keeps a value whole; by WORD, "role:man" and "role:sales" would share a token.
        return Property(
            name=prop,
            data_type=kind,
            tokenization=Tokenization.FIELD,
            index_filterable=True,
            index_searchable=False,
        )

    def searched(prop: str, kind: DataType = DataType.TEXT) -> Property:
        return Property(
            name=prop,
            data_type=kind,
            tokenization=Tokenization.WORD,
            # For counting how many passages hold a word.
            index_filterable=True,
            index_searchable=True,
        )

    await client.collections.create(
        name,
        properties=[
            exact("source"),
            exact("document"),
            exact("access", DataType.TEXT_ARRAY),
            searched("title"),
            searched("headings", DataType.TEXT_ARRAY),
            searched("text"),
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
            stopwords_preset=StopwordsPreset.NONE, stopwords_additions=sorted(STOP_WORDS)
        ),
    )


def _equal(prop: str, value: str) -> FilterReturn:
    return Filter.by_property(prop).equal(value)


def _to_object(
    source: str, document: str, embedded: EmbeddedPassage
) -> DataObject[dict[str, Any], None]:
    one = embedded.passage
    if (one.source, one.document) != (source, document):
        raise StoreError(
            f"Passage {one.id} is of {one.source}/{one.document}, not of {source}/{document}."
        )
    try:
        name = UUID(one.id)
    except ValueError as error:
        raise StoreError(f"The passage id {one.id!r} is no UUID.") from error
    return DataObject(
        uuid=name,
        properties={
            "source": one.source,
            "document": one.document,
            "title": one.title,
            "headings": list(one.headings),
            "position": one.position,
            "url": one.url,
            "text": one.text,
            "access": sorted(one.access),
        },
        vector={VECTOR: embedded.vector.tolist()},
    )


def _is_id(text: str) -> bool:
    """Whether it is a UUID in the form in which passages carry theirs."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _to_passage(name: UUID, properties: Any) -> Passage:
    # A property that was stored empty may come back as missing or as None.
    return Passage(
        id=str(UUID(int=name.int)),
        source=properties["source"],
        document=properties["document"],
        title=properties.get("title") or "",
        headings=tuple(properties.get("headings") or ()),
        position=int(properties["position"]),
        url=properties.get("url") or "",
        text=properties.get("text") or "",
        access=frozenset(properties.get("access") or ()),
    )


def _cosine(query: Vector, stored: Any) -> float:
    other = np.asarray(stored, dtype=np.float32)
    return float(query @ other / (np.linalg.norm(query) * np.linalg.norm(other)))
