"""A voice's pairs dealt out by topic, so that what is measured was not learnt by heart."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.voice.voice import Example

Method = Literal["lora", "dora", "rslora", "ia3", "prefix", "top", "full"]
Schedule = Literal["cosine", "linear", "constant"]
FEWEST_PAIRS, FEWEST_TOPICS = 30, 3
"""Below these there is nothing to learn from, or nothing left to measure on."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """What decides the result, all of it written into the model card."""

    method: Method = "lora"
    rank: int = 16
    alpha: int = 32
    virtual_tokens: int = 20
    """Of ``prefix``: how many positions before the prompt are learnt."""
    top_layers: int = 4
    """Of ``top``: how many layers learn; those below stay frozen."""
    dropout: float = 0.05
    learning_rate: float = 5e-4
    epochs: int = 3
    batch: int = 8
    warmup_steps: int = 5
    schedule: Schedule = "cosine"
    weight_decay: float = 0.0
    accumulate: int = 1
    """Parts that a batch is read in, one after the other: less memory, the same result."""
    gradient_checkpointing: bool = False
    """Activations are computed again instead of kept: much less memory, a third more time."""
    patience: int = 2
    """Epochs without a better validation loss after which it stops; the best weights are kept."""
    seed: int = 0
    test_share: float = 0.12
    validation_share: float = 0.06


@dataclass(frozen=True, slots=True)
class Split:
    """Pairs by use; no topic is in two of them."""

    train: list[Example]
    validation: list[Example]
    test: list[Example]


def split(examples: Sequence[Example], settings: TrainingSettings) -> Split:
    """Deal whole topics out to test, validation and training."""
    topics = sorted({example.topic for example in examples})
    random.Random(settings.seed).shuffle(topics)  # noqa: S311 - a reproducible split, no secret
    tests = math.ceil(len(topics) * settings.test_share)
    validations = math.ceil(len(topics) * settings.validation_share)
    test, validation = set(topics[:tests]), set(topics[tests : tests + validations])
    return Split(
        train=[e for e in examples if e.topic not in test | validation],
        validation=[e for e in examples if e.topic in validation],
        test=[e for e in examples if e.topic in test],
    )
