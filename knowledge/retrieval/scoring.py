"""Running the network over encoded pairs, those of like length together."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import NamedTuple

import torch
from torch import Tensor

from knowledge.retrieval.encoding import Encoded, batch
from knowledge.retrieval.judge_network import JudgeNetwork
from knowledge.retrieval.network import ReaderNetwork

AT_ONCE = 1280
"""Tokens in one forward pass: more gain nothing on a processor, and padding costs."""


Network = ReaderNetwork | JudgeNetwork


class PairScores(NamedTuple):
    """What the network says of one pair, in fp32."""

    relevance: Tensor
    """Logit, shape ()."""
    answers: Tensor
    """Logit, shape ()."""
    evidence: Tensor
    """Logits, shape (tokens,), padded ones included."""


def forward(network: Network, encoded: Sequence[Encoded]) -> list[PairScores]:
    """One result a pair, in order; gradients flow where they are on."""
    found: dict[int, PairScores] = {}
    for rows in _alike(encoded, AT_ONCE):
        found |= _run(network, encoded, rows)
    return [found[row] for row in range(len(encoded))]


def score(network: Network, encoded: Sequence[Encoded]) -> list[PairScores]:
    """The same without gradients."""
    with torch.inference_mode():
        return forward(network, encoded)


def score_on(
    threads: int, workers: Executor, network: Network, encoded: Sequence[Encoded]
) -> list[PairScores]:
    """The same as :func:`score`, each pass on one of so many ``workers`` of one thread.

    Threads that share a pass wait for each other at every layer.
    """

    def run(rows: Sequence[int]) -> dict[int, PairScores]:
        with torch.inference_mode():  # it is so for this thread alone
            return _run(network, encoded, rows)

    share = sum(len(each.ids) for each in encoded) // threads
    found: dict[int, PairScores] = {}
    for scores in workers.map(run, _alike(encoded, min(AT_ONCE, share))):
        found |= scores
    return [found[row] for row in range(len(encoded))]


def _alike(encoded: Sequence[Encoded], most_tokens: int) -> list[list[int]]:
    """Which pairs go into one forward pass each: the longest together, and so on."""
    order = sorted(range(len(encoded)), key=lambda row: len(encoded[row].ids))
    groups = []
    while order:
        longest = len(encoded[order[-1]].ids)
        groups.append(order[-max(1, most_tokens // longest) :])
        del order[-len(groups[-1]) :]
    return groups


def _run(
    network: Network, encoded: Sequence[Encoded], rows: Sequence[int]
) -> dict[int, PairScores]:
    scores = network(*batch([encoded[row] for row in rows], network.padding))
    return {
        row: PairScores(scores.relevance[at], scores.answers[at], scores.evidence[at])
        for at, row in enumerate(rows)
    }
