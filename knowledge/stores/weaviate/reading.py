"""All that a collection holds, read from end to end or document by document."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import numpy as np
from weaviate.classes.query import Filter
from weaviate.collections.collection import CollectionAsync

from knowledge.stores.weaviate.errors import Server
from knowledge.stores.weaviate.objects import to_passage
from knowledge.stores.weaviate.schema import KEPT, VECTOR
from knowledge.types import EmbeddedPassage

Passages = CollectionAsync[Any, Any]

OBJECTS_PER_PAGE = 500
"""About 3 MB with texts and 768 dimensions; a server's gRPC messages may have 10 MB by default."""

PAGE_SECONDS = 30.0

MOST_FILTERED = 10_000
"""A server's QUERY_MAXIMUM_RESULTS: a query with a filter gives no more, whatever the page."""


async def every(
    passages: Passages, server: Server, *, vectors: bool = False
) -> AsyncIterator[EmbeddedPassage]:
    """Every passage, by its id; what is changed meanwhile may be told as before or as after.

    Without ``vectors`` they are empty. Raises :class:`knowledge.errors.StoreError`.
    """
    after: UUID | None = None
    while True:
        async with server.errors("could not list passages", PAGE_SECONDS):
            reply = await passages.query.fetch_objects(
                limit=OBJECTS_PER_PAGE,
                after=after,
                return_properties=list(KEPT),
                include_vector=[VECTOR] if vectors else False,
            )
        for one in reply.objects:
            after = one.uuid
            yield _embedded(one)
        if not reply.objects:
            return


async def of_document(
    passages: Passages, server: Server, source: str, document: str
) -> list[EmbeddedPassage]:
    """A document's passages with their vectors, by position.

    Raises :class:`knowledge.errors.StoreError`.
    """
    found: list[EmbeddedPassage] = []
    whose = Filter.by_property("source").equal(source)
    whose &= Filter.by_property("document").equal(document)
    while len(found) < MOST_FILTERED:
        async with server.errors("could not read passages", PAGE_SECONDS):
            reply = await passages.query.fetch_objects(
                filters=whose,
                limit=OBJECTS_PER_PAGE,
                offset=len(found),
                return_properties=list(KEPT),
                include_vector=[VECTOR],
            )
        found += map(_embedded, reply.objects)
        if len(reply.objects) < OBJECTS_PER_PAGE:
            break
    else:  # it has more than a filter finds
        found = [one async for one in every(passages, server, vectors=True)]
    # The server compares names without the white space around them.
    own = [one for one in found if (one.passage.source, one.passage.document) == (source, document)]
    return sorted(own, key=lambda one: (one.passage.position, one.passage.id))


def _embedded(one: Any) -> EmbeddedPassage:
    vector = np.asarray(one.vector.get(VECTOR, ()), dtype=np.float32)
    return EmbeddedPassage(to_passage(one.uuid, one.properties), vector)
