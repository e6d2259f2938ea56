"""Running the network over encoded pairs, those of like length together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from knowledge.retrieval.encoding import Encoded, batch
from knowledge.retrieval.network import ReaderNetwork

AT_ONCE = 1280
"""Tokens in one forward pass: more gain nothing on a processor, and padding costs."""


class PairScores(NamedTuple):
    """What the network says of one pair, in fp32."""

    relevance: Tensor
    """Logit, shape ()."""
    answers: Tensor
    """Logit, shape ()."""
    evidence: Tensor
    """Logits, shape (tokens,), padded ones included."""


def forward(network: ReaderNetwork, encoded: Sequence[Encoded]) -> list[PairScores]:
    """One result a pair, in order; gradients flow where they are on."""
    order = sorted(range(len(encoded)), key=lambda row: len(encoded[row].ids))
    found: dict[int, PairScores] = {}
    while order:
        longest = len(encoded[order[-1]].ids)
        rows = order[-max(1, AT_ONCE // longest) :]
        del order[-len(rows) :]
        scores = network(*batch([encoded[row] for row in rows]))
        for at, row in enumerate(rows):
            found[row] = PairScores(scores.relevance[at], scores.answers[at], scores.evidence[at])
    return [found[row] for row in range(len(encoded))]


def score(network: ReaderNetwork, encoded: Sequence[Encoded]) -> list[PairScores]:
    """The same without gradients."""
    with torch.inference_mode():
        return forward(network, encoded)
