"""Passages as a Weaviate server keeps them, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from weaviate.classes.data import DataObject

from knowledge.errors import StoreError
from knowledge.stores.stems import Stemmer
from knowledge.stores.weaviate.schema import STEMS, TIMES, VECTOR
from knowledge.types import EmbeddedPassage, Passage

StoredObject = DataObject[dict[str, Any], None]


def to_objects(
    source: str, document: str, passages: Sequence[EmbeddedPassage], stemmer: Stemmer
) -> list[StoredObject]:
    """All of one document; :class:`StoreError` for what is not of it, or has no UUID."""
    parts = [
        part
        for one in (embedded.passage for embedded in passages)
        for part in (one.title, " ".join(one.headings), one.text)
    ]
    stems = stemmer.stems(parts)
    return [
        _to_object(source, document, embedded, _searched(*stems[3 * at : 3 * at + 3]))
        for at, embedded in enumerate(passages)
    ]


def _searched(title: str, headings: str, text: str) -> str:
    """What BM25 reads of a passage."""
    stems = {"title": title, "headings": headings, "text": text}
    return " ".join(stems[part] for part, times in TIMES.items() for _ in range(times))


def _to_object(source: str, document: str, embedded: EmbeddedPassage, stems: str) -> StoredObject:
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
            STEMS: stems,
        },
        vector={VECTOR: embedded.vector.tolist()},
    )


def is_id(text: str) -> bool:
    """Whether it is a UUID in the form in which passages carry theirs."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def to_passage(name: UUID, properties: Any) -> Passage:
    """From an object's id and properties."""
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
