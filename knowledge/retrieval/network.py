"""The reader's network: a BERT that reads question and passage together, and three heads on it.

*Relevance* ranks passages, *answers* judges one, *evidence* scores every token for whether the
answer stands there. Relevance has a head of its own since training to judge spoils ranking: it is
kept at what the start weights, a cross-encoder trained on web searches, say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

LAYERS, WIDTH = 12, 384
UNREAD = -20.0
"""Logit of what was cut off."""


class Scores(NamedTuple):
    """What the network says of a batch, in fp32."""

    relevance: Tensor
    """Logits, shape (pairs,)."""
    answers: Tensor
    """Logits, shape (pairs,)."""
    evidence: Tensor
    """Logits, shape (pairs, tokens)."""


class ReaderNetwork(nn.Module):
    """MiniLM-L12 with three heads; parameter names of the trunk are those of ``BertModel``."""

    padding = 0
    """Id of the token that fills up a batch."""

    def __init__(self, layers: int = LAYERS) -> None:
        super().__init__()
        plain: dict[str, Any] = {"attn_implementation": "eager"}  # as quick here, and to train
        config = BertConfig(
            vocab_size=30522,
            hidden_size=WIDTH,
            num_hidden_layers=layers,
            num_attention_heads=12,
            intermediate_size=4 * WIDTH,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            **plain,
        )
        self.bert = BertModel(config, add_pooling_layer=False)
        self.relevance = head(WIDTH)
        self.answers = head(WIDTH)
        self.evidence = nn.Linear(WIDTH, 1)

    def forward(self, ids: Tensor, mask: Tensor, types: Tensor) -> Scores:
        """Score pairs; ids, mask and types have the shape (pairs, tokens)."""
        hidden = self.bert(
            input_ids=ids, attention_mask=mask, token_type_ids=types
        ).last_hidden_state
        first = hidden[:, 0]
        return Scores(
            self.relevance(first)[:, 0].float(),
            self.answers(first)[:, 0].float(),
            self.evidence(hidden)[:, :, 0].float(),
        )

    def lowest(self, layers: int) -> tuple[str, ...]:
        """What the names of the embeddings' and of so many layers' parameters begin with."""
        return ("bert.embeddings.", *(f"bert.encoder.layer.{n}." for n in range(layers)))

    def start_from(self, packaged: Mapping[str, Tensor]) -> None:
        """Take the weights of a ``BertForSequenceClassification`` with one label for both heads."""
        state = {name: value for name, value in packaged.items() if not name.startswith(_HEADS)}
        for head in ("relevance", "answers"):
            for part, name in (("0", "bert.pooler.dense"), ("2", "classifier")):
                for kind in ("weight", "bias"):
                    state[f"{head}.{part}.{kind}"] = packaged[f"{name}.{kind}"]
        nn.init.zeros_(self.evidence.weight)
        nn.init.zeros_(self.evidence.bias)
        state |= {f"evidence.{k}": v for k, v in self.evidence.state_dict().items()}
        self.load_state_dict(state)


_HEADS = ("bert.pooler.", "classifier.")


def head(width: int) -> nn.Sequential:
    """One logit from the state of the first token, through a layer of the same ``width``."""
    return nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))


def unit_logits(evidence: Tensor, units: list[Tensor]) -> Tensor:
    """One logit a unit: the mean over its tokens, or :data:`UNREAD` where none of them was read.

    ``evidence``: shape (tokens,); ``units``: for each the positions of its tokens.
    """
    return torch.stack(
        [evidence[at].mean() if len(at) else evidence.new_tensor(UNREAD) for at in units]
    )


def unit_shares(evidence: Tensor, units: list[Tensor]) -> Tensor:
    """How likely the answer stands in each unit; sums to 1."""
    return torch.softmax(unit_logits(evidence, units), dim=0)
