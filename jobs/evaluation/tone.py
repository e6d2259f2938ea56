"""A learned tone score: does a text sound more like the voice or more like its plain sides?

Logistic regression over hashed runs of one to three words. It is trained on pairs that the LoRA did
not learn from, so that it does not reward what was learnt by heart, and measured (AUROC) on pairs
of topics that it has not seen. The guide's markers count habits; this sees what they do not.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.voice.voice import Example
from jobs.training.voice.data import Split
from knowledge.text.words import surface_words

_WIDTH = 2**13
_STEPS, _RATE, _DECAY = 200, 2.0, 1e-4  # full-batch gradient descent on unit vectors: it converges


@dataclass(frozen=True, slots=True)
class ToneScore:
    """The classifier with how good it is."""

    weights: np.ndarray
    bias: float
    auroc: float
    """On held-out pairs; 0.5 is chance."""
    held_out: int
    """Texts that this was measured on."""
    learnt_from: int
    """Texts that it was trained on."""

    def __call__(self, text: str) -> float:
        """How likely the text is in the voice, in [0, 1]."""
        return float(_sigmoid(np.asarray(self.log_odds([text])))[0])

    def log_odds(self, texts: Sequence[str]) -> list[float]:
        """How much more likely in the voice than not, in nats; 0 is undecided."""
        found: list[float] = (_features(texts) @ self.weights + self.bias).tolist()
        return found


def learn_tone(train: Sequence[Example], held_out: Sequence[Example]) -> ToneScore:
    """Train on some pairs, measure on others."""
    texts, labels = _texts(train)
    features, wanted = _features(texts), np.asarray(labels, dtype=np.float32)
    weights, bias = np.zeros(_WIDTH, dtype=np.float32), 0.0
    for _ in range(_STEPS):
        error = _sigmoid(features @ weights + bias) - wanted
        weights -= _RATE * (features.T @ error / len(wanted) + _DECAY * weights)
        bias -= _RATE * float(error.mean())
    others, truth = _texts(held_out)
    scores = (_features(others) @ weights + bias).tolist()
    return ToneScore(weights, bias, auroc(scores, truth), len(others), len(texts))


def disjoint(parts: Split) -> tuple[list[Example], list[Example]]:
    """Pairs to train the classifier on, and pairs to judge with: whole topics, none of them shared.

    The validation pairs and half of the test topics, none of which the LoRA learnt from. Where the
    test has a single topic there is no half: then it is the validation pairs alone.
    """
    topics = sorted({pair.topic for pair in parts.test})
    first = set(topics[: len(topics) // 2])
    return (
        [*parts.validation, *(pair for pair in parts.test if pair.topic in first)],
        [pair for pair in parts.test if pair.topic not in first],
    )


def auroc(scores: Sequence[float], labels: Sequence[int]) -> float:
    """The chance that a random 1 scores above a random 0; ties count half."""
    ones = [s for s, label in zip(scores, labels, strict=True) if label]
    zeros = [s for s, label in zip(scores, labels, strict=True) if not label]
    if not ones or not zeros:
        return 0.5
    won = sum((one > zero) + 0.5 * (one == zero) for one in ones for zero in zeros)
    return won / (len(ones) * len(zeros))


def _texts(pairs: Sequence[Example]) -> tuple[list[str], list[int]]:
    return (
        [text for pair in pairs for text in (pair.plain, pair.voiced)],
        [label for _ in pairs for label in (0, 1)],
    )


def _features(texts: Sequence[str]) -> np.ndarray:
    """Unit vectors, shape (texts, width)."""
    features = np.zeros((len(texts), _WIDTH), dtype=np.float32)
    for row, text in enumerate(texts):
        words = ["^", *surface_words(text), "$"]
        for size in (1, 2, 3):
            for start in range(len(words) - size + 1):
                run = " ".join(words[start : start + size])
                features[row, zlib.crc32(run.encode()) % _WIDTH] += 1.0
        features[row] /= max(1e-9, float(np.linalg.norm(features[row])))
    return features


def _sigmoid(x: np.ndarray) -> np.ndarray:
    half: np.ndarray = 0.5 * (1.0 + np.tanh(0.5 * x))
    return half
