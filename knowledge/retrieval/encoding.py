"""A question and its passages as tokens, for the reader's network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from knowledge.retrieval.reader import ReadableText

MOST_TOKENS = 320
"""Of a pair: a passage has up to 256 by the same tokenizer, a question up to 64."""
_LONGEST_QUESTION = 64
"""Tokens: what comes later in a question leaves room for the passage."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One pair of question and passage."""

    ids: list[int]
    types: list[int]
    """0 for the question, 1 for the passage, where the tokenizer tells them apart by it."""
    units: list[Tensor]
    """For each unit of the passage the positions of its tokens; none where it was cut off."""


def encode(
    tokenizer: Tokenizer, question: str, texts: Sequence[ReadableText], most_tokens: int
) -> list[Encoded]:
    """Each text with the question, cut at ``most_tokens`` at the passage's end."""
    tokenizer.encode_special_tokens = True  # "</s>" in a text is text
    tokenizer.no_padding()
    tokenizer.enable_truncation(_LONGEST_QUESTION)
    asked = tokenizer.encode(question)
    if asked.overflowing:
        question = question[: asked.offsets[-2][1]]
    tokenizer.enable_truncation(most_tokens, strategy="only_second")
    encoded = []
    for text, one in zip(
        texts, tokenizer.encode_batch([(question, text.text) for text in texts]), strict=True
    ):
        of_passage = np.array([which == 1 for which in one.sequence_ids])
        units = _positions(text, np.array(one.offsets), of_passage)
        encoded.append(Encoded(one.ids, one.type_ids, units))
    return encoded


def _positions(
    text: ReadableText, offsets: NDArray[np.int64], of_passage: NDArray[np.bool_]
) -> list[Tensor]:
    begins, ends = offsets[:, 0], offsets[:, 1]
    return [
        torch.from_numpy(np.flatnonzero(of_passage & (begins >= start) & (ends <= end)))
        for start, end in text.spans
    ]


def batch(encoded: Sequence[Encoded], padding: int) -> tuple[Tensor, Tensor, Tensor]:
    """Ids, mask and types, each of shape (pairs, longest, to a multiple of 16: that is quicker)."""
    longest = -(-max(len(each.ids) for each in encoded) // 16) * 16
    ids = torch.full((len(encoded), longest), padding)
    mask, types = torch.zeros_like(ids), torch.zeros_like(ids)
    for row, each in enumerate(encoded):
        ids[row, : len(each.ids)] = torch.tensor(each.ids)
        mask[row, : len(each.ids)] = 1
        types[row, : len(each.ids)] = torch.tensor(each.types)
    return ids, mask, types
