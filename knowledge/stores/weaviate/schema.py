"""The collection that a Weaviate server keeps passages in: made, made again, brought up to date.

Passages live in a collection of their own version behind an alias, so that a changed schema or
embedding model can be built aside and switched to.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

import weaviate
from weaviate.classes.config import (
    Configure,
    DataType,
    Property,
    Reconfigure,
    StopwordsPreset,
    Tokenization,
    VectorDistances,
)
from weaviate.exceptions import UnexpectedStatusCodeError, WeaviateInvalidInputError

from knowledge.stores.bm25 import K1, B
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


async def ensure_collection(client: weaviate.WeaviateAsyncClient, alias: str) -> None:
    """Make the collection behind ``alias``, or what is missing of it.

    An alias whose collection is gone (a restore, a hand) gets an empty one of the same name: the
    next ingest run sees that passages are missing and reads everything again.
    """
    known = await client.alias.get(alias_name=alias)
    name = known.collection if known else f"{alias}_v1"
    await _create_unless_there(
        lambda: client.collections.exists(name), lambda: _create_collection(client, name)
    )
    if known:
        await _add_stems(client, name)
        return
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
    """To a collection from before there were any; documents get theirs when they are read again."""
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


async def _create_collection(client: weaviate.WeaviateAsyncClient, name: str) -> None:
    await client.collections.create(
        name,
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
