"""The nouns of the knowledge side: documents, passages, and who may read them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

PUBLIC = "public"
"""The principal that every asker holds; a document without an access list is for it."""

Principals = frozenset[str]
"""Who somebody is, as flat strings: ``public``, ``user:U1``, ``role:managers``, ``channel:C9``."""

Vector = NDArray[np.float32]
"""Shape ``(dims,)``, unit length."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document about as long as the embedder reads, never cutting a table or code."""

    id: str
    """uuid5 of source, document, position and content: the same input gives the same id."""
    source: str
    """Id of the source that the document belongs to."""
    document: str
    """Path relative to the source's root (POSIX separators), or the page's URL."""
    title: str
    """The document's title."""
    headings: tuple[str, ...]
    """The heading path from the top of the document down to the passage, title not repeated."""
    position: int
    """0-based order within the document."""
    url: str
    """Where a reader can open it, with the heading's anchor if it has one; may be empty."""
    text: str
    """Markdown, as in the document."""
    access: Principals = field(default=frozenset({PUBLIC}))
    """Holding any one of these is enough to read it. Never empty."""

    @property
    def context(self) -> str:
        """Title and heading path in one line: what a reader sees above the text."""
        return " › ".join(part for part in (self.title, *self.headings) if part)


@dataclass(frozen=True, slots=True)
class EmbeddedPassage:
    """A passage with its vector, ready to be stored."""

    passage: Passage
    vector: Vector


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    """A passage that a search found."""

    passage: Passage
    score: float
    """Fused relevance in [0, 1]; comparable within one search only."""
    cosine: float | None = None
    """Cosine of query and passage, where the store's vector leg reached it."""
