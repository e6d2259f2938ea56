"""The embedder's tokenizer by itself: light enough for a process that only parses and counts."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def read_config(folder: Path) -> dict[str, Any]:
    """The model's ``config.json``. Raises :class:`KnowledgeError`."""
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
        int(config["hidden_size"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise broken_embedder(folder, error) from error
    return config


_PART = 20_000
"""Characters; where a text is cut, a word may count as two."""


_MOST_TOKENS = 512  # of a model that does not say


class TokenCounter:
    """Counts a text's tokens, special ones not counted; it can be pickled."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self) -> tuple[type[TokenCounter], tuple[Path]]:
        return TokenCounter, (self._folder,)

    @cached_property
    def max_tokens(self) -> int:
        """What the model was trained to read, where it says so; the rest of a text is not seen."""
        stated = self._folder / "sentence_bert_config.json"
        if stated.is_file():
            with suppress(ValueError, KeyError, TypeError):
                return int(json.loads(stated.read_text("utf-8"))["max_seq_length"])
        return int(read_config(self._folder).get("max_position_embeddings", _MOST_TOKENS))

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
