"""From a document as it lies at its source to its passages, and who may read them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from knowledge.documents.reading import ReadFile, embedded_words
from knowledge.library.access import narrowed
from knowledge.library.kept.records import DocumentRecord
from knowledge.parsing.inline import plain_text
from knowledge.sources.port import RawDocument
from knowledge.text.languages import MOST, language_of_text
from knowledge.types import Passage, Principals

_MARK_BYTES = 6
"""Of a passage's mark: among 100,000 passages two that differ are alike once in 50,000 times."""

EmbeddablePassage = tuple[Passage, str]
"""A passage and what the embedder reads of it."""


@dataclass(slots=True)
class CutDocument:
    """One document, cut but not yet embedded."""

    record: DocumentRecord
    passages: list[EmbeddablePassage]


async def cut(
    read: ReadFile, found: RawDocument, fingerprint: str, *, source: str, access: Principals
) -> CutDocument:
    """The passages of a document that was read, and what the catalog will say of it.

    ``access``: who may read the source. Raises :class:`DocumentSkipped` if nobody would be left.
    """
    limits = tuple(each for each in (found.access, read.access) if each is not None)
    readers = narrowed(access, limits)
    passages = passages_of(read, source=source, name=found.document, url=found.url, access=readers)
    texts = [passage.text for passage, _ in passages]
    told = await asyncio.to_thread(_language, texts)
    record = DocumentRecord(
        path=found.document,
        fingerprint=fingerprint,
        validators=found.validators,
        valid_until=read.valid_until,
        language=told or read.language,
        passages=len(passages),
        left_out=read.left_out,
        limits=limits,
        characters=sum(map(len, texts)),
        access=readers,
        marks=tuple(map(_mark, texts)),
    )
    return CutDocument(record, passages)


def passages_of(
    read: ReadFile, *, source: str, name: str, url: str, access: Principals
) -> list[EmbeddablePassage]:
    """The passages of a file called ``name`` in its source, and what is embedded of each."""
    return [
        (
            Passage(
                id=str(
                    uuid5(
                        NAMESPACE_URL,
                        "\0".join((source, name, str(position), *piece.headings, piece.text)),
                    )
                ),
                source=source,
                document=name,
                title=read.title,
                headings=piece.headings,
                position=position,
                url=f"{url}#{piece.anchor}" if url and piece.anchor else url,
                text=piece.text,
                access=access,
            ),
            words,
        )
        for position, (piece, words) in enumerate(zip(read.pieces, read.embedded, strict=True))
    ]


def embedded_text(passage: Passage) -> str:
    """What the embedder reads of a passage."""
    return embedded_words(passage.title, passage.headings, passage.text)


def _language(texts: Sequence[str]) -> str | None:
    """By the beginning of the text, without its markup."""
    taken = ""
    for text in texts:
        if len(taken) >= MOST:
            break
        taken += f"{plain_text(text)}\n"
    return language_of_text(taken)


def _mark(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_MARK_BYTES)
    return int.from_bytes(digest.digest(), "big")
