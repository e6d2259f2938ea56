"""An embedder without a model: texts that share words lie near each other."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from knowledge.documents.reading import CountTokens
from knowledge.text.words import stems, surface_words
from knowledge.types import Vector

DIMS = 64


class WordEmbedder:
    """Adds up a fixed direction for each word. ``embedded``: every text that was asked for."""

    def __init__(self, name: str = "words", dimension: int = DIMS) -> None:
        self._name = name
        self._dimension = dimension
        self.embedded: list[str] = []

    @property
    def name(self) -> str:
        return self._name

    @property
    def dimension(self) -> int:
        return self._dimension

    @property
    def counter(self) -> CountTokens:
        return count_words

    async def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += texts
        rows = [_direction(text, self._dimension) for text in texts]
        return np.stack(rows) if rows else np.zeros((0, self._dimension), np.float32)

    async def embed_question(self, text: str) -> Vector:
        [row] = list(await self.embed_passages([text]))
        return np.asarray(row, np.float32)

    async def warm_up(self) -> None: ...

    def close(self) -> None: ...


class WordCounter:
    """As many tokens as words."""

    max_tokens = 256

    def __call__(self, text: str, /) -> int:
        return len(surface_words(text))


count_words = WordCounter()


def _direction(text: str, dims: int) -> NDArray[np.float32]:
    found = sorted(stems(text)) or [""]
    total = sum(np.random.default_rng(crc32(word.encode())).standard_normal(dims) for word in found)
    return np.asarray(total / np.linalg.norm(total), dtype=np.float32)
