"""The documents and questions that benchmarks are run on, read in as the bot itself would.

``--handbook DIR`` is a folder with ``handbook/`` (the 18F handbook's Markdown, CC0) and
``handbook_questions.jsonl``: questions that are headings in it, each with its file and section.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.documents.pool import ReaderPool
from knowledge.embedding.local import LocalEmbedder
from knowledge.library.library import Library
from knowledge.library.reading import embedded_text
from knowledge.parsing.document import MAX_DOCUMENT_BYTES
from knowledge.sources.port import Means
from knowledge.state.database import open_database
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.port import PassageStore
from knowledge.types import PUBLIC, EmbeddedPassage, Passage
from knowledge.web.client import GuardedClient

SAMPLES = Path(__file__).parent.parent / "samples"
UNANSWERABLE = Path(__file__).parent / "data" / "handbook_unanswerable.jsonl"
EVERYBODY = frozenset({PUBLIC})
WEIGHTS = Path(__file__).parent.parent / "data" / "weights"
"""Kept between runs, since unpacking them takes a while."""
EMBED_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class HandbookQuestion:
    """A heading of the handbook that is a question; its section is the answer."""

    text: str
    document: str
    section: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents read in, and the heading path that each passage has in its document."""

    store: PassageStore
    passages: tuple[Passage, ...]
    headings: dict[str, tuple[str, ...]]
    """Passage id to its original heading path, also where the passage itself has lost it."""

    def in_section(self, passage: Passage, question: HandbookQuestion) -> bool:
        """Whether the passage stands in the section that answers, or in a part of it."""
        path = {normalised(heading) for heading in self.headings[passage.id]}
        return passage.document == question.document and normalised(question.section) in path


def argument_parser(name: str, doc: str | None) -> argparse.ArgumentParser:
    """A parser with ``--handbook`` and ``--out``."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}",
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--handbook",
        type=_handbook_folder,
        required=True,
        metavar="DIR",
        help="folder with handbook/ and handbook_questions.jsonl",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the figures go as JSON")
    return parser


def _handbook_folder(given: str) -> Path:
    folder = Path(given)
    if not (folder / "handbook").is_dir() or not (folder / "handbook_questions.jsonl").is_file():
        raise argparse.ArgumentTypeError(
            f"{given} does not hold handbook/ and handbook_questions.jsonl"
        )
    return folder


def normalised(text: str) -> str:
    """Letters and digits only, lower case: Markdown escapes and typography differ."""
    return re.sub(r"\W+", "", text.lower())


def json_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def questions(folder: Path) -> list[HandbookQuestion]:
    """The handbook's own questions."""
    return [
        HandbookQuestion(line["question"], line["file"], line["section"])
        for line in json_lines(folder / "handbook_questions.jsonl")
    ]


@asynccontextmanager
async def read_folder(folder: Path, data: Path, embedder: LocalEmbedder) -> AsyncIterator[Corpus]:
    """Read a folder with the bot's own ingest into the data folder ``data`` (absolute).

    Raises :class:`knowledge.errors.KnowledgeError`.
    """
    engine = await open_database(f"sqlite:///{data / 'state.db'}")
    store = await EmbeddedStore.open(data / "passages.db")
    reader = ReaderPool(embedder.counter)
    try:
        async with GuardedClient() as client:
            means = Means(client, MAX_DOCUMENT_BYTES)
            await Library(engine, store, embedder, reader, means).add(str(folder))
        passages = await all_passages(store, EVERYBODY | {"role:managers"}, embedder.dimension)
        yield Corpus(store, passages, {each.id: each.headings for each in passages})
    finally:
        reader.close()
        await store.close()
        await engine.dispose()


@asynccontextmanager
async def without_headings(
    corpus: Corpus, removed: Sequence[HandbookQuestion], data: Path, embedder: LocalEmbedder
) -> AsyncIterator[Corpus]:
    """The same passages without the headings that are questions: no heading gives an answer away.

    Passages are embedded again, as ingest would have done had the headings never been there.
    """
    gone: defaultdict[str, set[str]] = defaultdict(set)
    for question in removed:
        gone[question.document].add(normalised(question.section))
    bare = [_without(passage, gone[passage.document]) for passage in corpus.passages]
    store = await EmbeddedStore.open(data / "without_headings.db")
    try:
        by_document: defaultdict[str, list[EmbeddedPassage]] = defaultdict(list)
        for start in range(0, len(bare), EMBED_AT_ONCE):
            some = bare[start : start + EMBED_AT_ONCE]
            vectors = await embedder.embed_passages([embedded_text(passage) for passage in some])
            for passage, vector in zip(some, vectors, strict=True):
                by_document[passage.document].append(EmbeddedPassage(passage, vector))
        for document, passages in by_document.items():
            await store.replace(passages[0].passage.source, document, passages)
        yield Corpus(store, tuple(bare), corpus.headings)
    finally:
        await store.close()


def _without(passage: Passage, gone: Collection[str]) -> Passage:
    kept = tuple(heading for heading in passage.headings if normalised(heading) not in gone)
    return replace(passage, headings=kept)


async def all_passages(
    store: PassageStore, readers: frozenset[str], dimension: int
) -> tuple[Passage, ...]:
    """All passages that ``readers`` may read, by document and position."""
    # The vector leg ranks every passage, so asking it for as many as there are lists them all.
    any_vector = np.eye(1, dimension, dtype=np.float32)[0]
    found = await store.search("", any_vector, readers, await store.count(), alpha=1.0)
    passages = (each.passage for each in found)
    return tuple(sorted(passages, key=lambda passage: (passage.document, passage.position)))
