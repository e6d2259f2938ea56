"""Questions as people ask them, and the passages of all handbooks with their vectors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.training.reader_data import doubtful, lines
from knowledge.documents.reading import embedded_words
from knowledge.embedding import Embedder


@dataclass(frozen=True, slots=True)
class Library:
    """The passages of several handbooks, row by row."""

    rows: dict[str, int]
    """Passage id to its row."""
    homes: tuple[str, ...]
    """The handbook of each row."""
    vectors: NDArray[np.float32]
    """Shape (rows, dims), unit length: as an index keeps them."""

    def without(self, handbooks: Collection[str]) -> Library:
        """Those of the other handbooks."""
        kept = [row for row, home in enumerate(self.homes) if home not in handbooks]
        new = {row: at for at, row in enumerate(kept)}
        return Library(
            {name: new[row] for name, row in self.rows.items() if row in new},
            tuple(self.homes[row] for row in kept),
            self.vectors[kept],
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """One question; rows are those of its library."""

    text: str
    home: str
    right: tuple[int, ...]
    """Rows that answer; for a near miss that none does, the one that it was asked about."""
    answerable: bool
    doubtful: frozenset[int]
    """Rows that may answer although nobody said so: taken neither for right nor for wrong."""


async def read_library(folder: Path, work: Path) -> Library:
    """All passages; their vectors are kept in ``work``, since embedding takes minutes."""
    passages = list(lines(folder / "natural_passages.jsonl.gz"))
    kept = work / "passage_vectors.npy"
    vectors = np.load(kept) if kept.is_file() else np.zeros((0, 0), np.float32)
    if len(vectors) != len(passages):
        texts = [embedded_words(each["context"], (), each["text"]) for each in passages]
        vectors = await Embedder().embed(texts)
        np.save(kept, vectors)
    return Library(
        {each["passage"]: row for row, each in enumerate(passages)},
        tuple(each["repo"] for each in passages),
        vectors,
    )


def asked_of(folder: Path, library: Library) -> list[Asked]:
    """All questions about the library's passages."""
    in_doubt: defaultdict[str, set[int]] = defaultdict(set)
    for text, passage in doubtful(folder):
        if passage in library.rows:
            in_doubt[text].add(library.rows[passage])
    found = []
    for line in lines(folder / "natural_questions.jsonl.gz"):
        if line["passage"] not in library.rows:
            continue
        own = library.rows[line["passage"]]
        right = {library.rows[each] for each in line.get("also", ()) if each in library.rows}
        answerable = bool(line["y"] or right)
        if line["y"] or not right:
            right.add(own)
        found.append(
            Asked(
                line["q"],
                library.homes[own],
                tuple(sorted(right)),
                answerable,
                frozenset((in_doubt[line["q"]] | {own}) - right),
            )
        )
    return found
