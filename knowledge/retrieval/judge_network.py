"""The judge's network: an MPNet that reads question and passage together, with the reader's heads.

Four times the reader's size, and begun from an encoder that has seen a billion questions and
answers: it tells better whether a passage answers, and ranks worse. Only its *answers* is used; the
other two heads are there since learning all three together teaches it to read.

Written out rather than taken from transformers, whose attention takes twice as long to train on a
processor.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from knowledge.retrieval.network import Scores, head

LAYERS, HEADS, WIDTH = 12, 12, 768

_WORDS, _POSITIONS = 30527, 514
_FIRST_POSITION = 2
_BUCKETS, _FARTHEST = 32, 128  # of the distances between tokens
_EACH = WIDTH // HEADS
_MASKED = -1e4
_EPSILON = 1e-5


class JudgeNetwork(nn.Module):
    """MPNet-base (Song et al. 2020) with three heads."""

    padding = 1
    """Id of the token that fills up a batch."""

    def __init__(self, layers: int = LAYERS) -> None:
        super().__init__()
        self.words = nn.Embedding(_WORDS, WIDTH)
        self.positions = nn.Embedding(_POSITIONS, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=_EPSILON)
        self.distances = nn.Embedding(_BUCKETS, HEADS)
        self.layers = nn.ModuleList(_Layer() for _ in range(layers))
        self.relevance = head(WIDTH)
        self.answers = head(WIDTH)
        self.evidence = nn.Linear(WIDTH, 1)

    def forward(self, ids: Tensor, mask: Tensor, types: Tensor) -> Scores:
        """Score pairs; all have the shape (pairs, tokens). Separators tell what types would."""
        positions = (mask.cumsum(1) - 1 + _FIRST_POSITION) * mask + self.padding * (1 - mask)
        hidden = self.norm(self.words(ids) + self.positions(positions))
        bias = self._bias(mask).to(hidden.dtype)
        for layer in self.layers:
            hidden = layer(hidden, bias)
        first = hidden[:, 0]
        return Scores(
            self.relevance(first)[:, 0].float(),
            self.answers(first)[:, 0].float(),
            self.evidence(hidden)[:, :, 0].float(),
        )

    def _bias(self, mask: Tensor) -> Tensor:
        """What is added to attention, for distance and padding: (pairs, heads, tokens, tokens)."""
        near: Tensor = self.distances(_buckets(mask.shape[1])).permute(2, 0, 1)[None].detach()
        return near + ((1 - mask) * _MASKED)[:, None, None, :].to(near.dtype)

    def lowest(self, layers: int) -> tuple[str, ...]:
        """What the names of the embeddings' and of so many layers' parameters begin with."""
        below = ("words.", "positions.", "norm.", "distances.")
        return (*below, *(f"layers.{n}." for n in range(layers)))

    def start_from(self, packaged: Mapping[str, Tensor]) -> None:
        """Take the trunk's weights, named as in transformers' ``MPNetModel``; heads begin anew."""
        state: dict[str, Any] = {ours: packaged[theirs] for ours, theirs in _EMBEDDINGS.items()}
        for n in range(len(self.layers)):
            theirs = f"encoder.layer.{n}."
            for kind in ("weight", "bias"):
                state[f"layers.{n}.looks.{kind}"] = torch.cat(
                    [packaged[f"{theirs}attention.attn.{each}.{kind}"] for each in "qkv"]
                )
                for name, path in _OF_A_LAYER.items():
                    state[f"layers.{n}.{name}.{kind}"] = packaged[f"{theirs}{path}.{kind}"]
        drawn = torch.Generator().manual_seed(1)
        for name, value in self.state_dict().items():
            if name not in state:
                state[name] = torch.zeros_like(value)
                if name.endswith("weight") and not name.startswith("evidence."):
                    state[name].normal_(std=0.02, generator=drawn)
        self.load_state_dict(state)


_EMBEDDINGS = {
    "words.weight": "embeddings.word_embeddings.weight",
    "positions.weight": "embeddings.position_embeddings.weight",
    "norm.weight": "embeddings.LayerNorm.weight",
    "norm.bias": "embeddings.LayerNorm.bias",
    "distances.weight": "encoder.relative_attention_bias.weight",
}
_OF_A_LAYER = {
    "gathers": "attention.attn.o",
    "after_looking": "attention.LayerNorm",
    "widens": "intermediate.dense",
    "narrows": "output.dense",
    "after_thinking": "output.LayerNorm",
}


class _Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.looks = nn.Linear(WIDTH, 3 * WIDTH)  # queries, keys and values
        self.gathers = nn.Linear(WIDTH, WIDTH)
        self.after_looking = nn.LayerNorm(WIDTH, eps=_EPSILON)
        self.widens = nn.Linear(WIDTH, 4 * WIDTH)
        self.narrows = nn.Linear(4 * WIDTH, WIDTH)
        self.after_thinking = nn.LayerNorm(WIDTH, eps=_EPSILON)

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        pairs, tokens, _ = hidden.shape
        shape = (pairs, tokens, 3, HEADS, _EACH)
        query, key, value = self.looks(hidden).view(shape).permute(2, 0, 3, 1, 4).unbind(0)
        if query.requires_grad:
            seen = _attention(query, key, value, bias)
        else:
            seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        seen = seen.transpose(1, 2).reshape(pairs, tokens, WIDTH)
        hidden = self.after_looking(hidden + self.gathers(seen))
        thought = self.narrows(functional.gelu(self.widens(hidden)))
        done: Tensor = self.after_thinking(hidden + thought)
        return done


class _Attention(torch.autograd.Function):
    """Scaled dot-product attention (Vaswani et al. 2017) that keeps its weights for the way back.

    torch's own computes them anew there, which takes twice as long on a processor.
    """

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
        weights = torch.softmax(query @ key.transpose(-1, -2) / math.sqrt(_EACH) + bias, dim=-1)
        ctx.save_for_backward(query, key, value, weights)
        return weights @ value

    @staticmethod
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, weights = ctx.saved_tensors
        back = given[0].contiguous() @ value.transpose(-1, -2)
        scores = weights * (back - (back * weights).sum(-1, keepdim=True)) / math.sqrt(_EACH)
        of_value = weights.transpose(-1, -2) @ given[0]
        return scores @ key, scores.transpose(-1, -2) @ query, of_value, None


_attention: Any = _Attention.apply


def _buckets(tokens: int) -> Tensor:
    """To which of the buckets each distance belongs (Raffel et al. 2020): (tokens, tokens)."""
    at = torch.arange(tokens)
    ahead = at[None, :] - at[:, None]
    half, exact = _BUCKETS // 2, _BUCKETS // 4
    far = ahead.abs()
    grown = torch.log(far.clamp(min=1) / exact) / math.log(_FARTHEST / exact) * (half - exact)
    wide = (exact + grown.long()).clamp(max=half - 1)
    return (ahead > 0) * half + torch.where(far < exact, far, wide)
