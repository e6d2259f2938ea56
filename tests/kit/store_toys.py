"""Small passages with hand-made vectors for the tests of the stores: no model, nothing random."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from knowledge.types import PUBLIC, EmbeddedPassage, Passage, ScoredPassage, Vector

DIMS = 8

EVERYBODY = frozenset({PUBLIC})


def toward(**topics: float) -> Vector:
    """A unit vector with the given weights along named axes; other axes 0."""
    axes = ("travel", "pay", "laptop", "party", "health", "security", "hiring", "misc")
    vector = np.zeros(DIMS, dtype=np.float32)
    for topic, weight in topics.items():
        vector[axes.index(topic)] = weight
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def passage(
    text: str,
    vector: Vector,
    *,
    source: str = "handbook",
    document: str = "guide.md",
    position: int = 0,
    title: str = "Guide",
    headings: tuple[str, ...] = (),
    access: frozenset[str] = EVERYBODY,
) -> EmbeddedPassage:
    """One embedded passage, its id derived from where it stands and what it says."""
    name = "\x1f".join((source, document, str(position), text))
    return EmbeddedPassage(
        Passage(
            id=str(uuid5(NAMESPACE_URL, name)),
            source=source,
            document=document,
            title=title,
            headings=headings,
            position=position,
            url=f"https://intra.example/{document}#{position}",
            text=text,
            access=access,
        ),
        vector,
    )


def texts(found: Sequence[ScoredPassage]) -> list[str]:
    """What was found, best first."""
    return [one.passage.text for one in found]
