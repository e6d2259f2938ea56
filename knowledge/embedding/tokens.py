"""The embedder's tokenizer by itself: light enough for a process that only parses and counts."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.errors import KnowledgeError

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a model folder; in it ``[MASK]`` and the like are only what they spell.

    Raises :class:`KnowledgeError`.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # the library raises nothing narrower
        raise broken_embedder(folder, error) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = True
    return tokenizer


def broken_embedder(folder: Path, error: Exception) -> KnowledgeError:
    """What to raise when a file of the model's cannot be loaded."""
    words = str(error).split("\n")[0]
    return KnowledgeError(f"The embedder in {folder} cannot be loaded: {words}")


_PART = 20_000
"""Characters; where a text is cut, a word may count as two."""


class TokenCounter:
    """Counts a text's tokens, special ones not counted; it can be pickled."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self) -> tuple[type[TokenCounter], tuple[Path]]:
        return TokenCounter, (self._folder,)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """Loaded at the first use. Raises :class:`KnowledgeError`."""
        return load_tokenizer(self._folder)

    def __call__(self, text: str) -> int:
        """Raises :class:`KnowledgeError` at the first call if the tokenizer cannot be loaded."""
        # What comes of a text takes some hundred times its length: a long one is counted in parts.
        parts = (text[at : at + _PART] for at in range(0, len(text), _PART))
        encode = self.tokenizer.encode
        return sum(len(encode(part, add_special_tokens=False).ids) for part in parts)
