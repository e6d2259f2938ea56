"""The port of embedders: texts to vectors that can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from knowledge.documents.reading import CountTokens
from knowledge.types import Vector

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Embedder(Protocol):
    """Turns passages and questions into unit vectors of one space.

    Every implementation passes the contract suite (tests/knowledge/test_embedder_contract.py).
    """

    @property
    def name(self) -> str:
        """Which embedder made a vector: vectors of different names do not compare."""
        ...

    @property
    def dimension(self) -> int:
        """Length of every vector."""
        ...

    @property
    def counter(self) -> CountTokens:
        """Counts as the embedder does; it can be sent to another process."""
        ...

    async def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (len(texts), dimension), rows of unit length; what is too long is cut.

        Many texts let questions through in between. Raises
        :class:`knowledge.errors.KnowledgeError` if the model cannot be loaded.
        """
        ...

    async def embed_question(self, text: str) -> Vector:
        """Shape (dimension,), unit length; some models read questions in another way."""
        ...

    async def warm_up(self) -> None:
        """Load the weights now, not when the first question waits for them."""
        ...

    def close(self) -> None:
        """Let go of its model and its threads; nothing can be embedded afterwards."""
        ...
