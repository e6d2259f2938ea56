"""How the logits of the packaged reader become what a :class:`Reading` says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

COMPETING = 10
"""The passages that search found first are rivals of the others; those further down that look as
if they answered mostly only look so, and would make every answer doubtful."""
_LEAST = 0.1  # odds that rivals have together at the least
_STEEPEST = 30.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic regression on both heads' logits and on what the other passages have.

    *Relevance* tells the right passage from its neighbours, *answers* from a near miss. Where
    several passages seem to answer about as well, each is less likely to: that is how a network
    this small shows that it only sees the subject. ``blend`` is the weight of relevance beside
    answers in the ranking, where it counts for more.
    """

    answers_weight: float
    relevance_weight: float
    rivals_weight: float
    bias: float
    alone: float
    """What stands for rivals where a passage is read alone: the median of those fitted on."""
    blend: float

    @classmethod
    def load(cls, folder: Path) -> Calibration:
        """From ``reader.json``."""
        told = json.loads((folder / "reader.json").read_text("utf-8"))
        return cls(**told["calibration"])

    def chances(self, relevance: Floats, answers: Floats) -> Floats:
        """How likely each of the passages that were read together answers, in [0, 1].

        ``relevance`` and ``answers``: logits, shape (passages,), in the order of the search.
        """
        weights = self.answers_weight, self.relevance_weight, self.rivals_weight
        seen = features(relevance, answers)
        if len(answers) == 1:
            seen[0, 2] = self.alone
        return _sigmoid(seen @ np.array(weights) + self.bias)

    def ranks(self, relevance: Floats, answers: Floats) -> Floats:
        """What passages are ranked by, in [0, 1]; logits as in :meth:`chances`."""
        return _sigmoid(answers + self.blend * relevance)


def features(relevance: Floats, answers: Floats) -> Floats:
    """What the regression sees of passages that were read together; shape (passages, 3).

    The logits of *answers* and *relevance*, and the logarithm of all rivals' odds. In the order of
    the search: the first :data:`COMPETING` are the rivals.
    """
    odds = np.exp(np.clip(answers, -_STEEPEST, _STEEPEST))
    odds[COMPETING:] = 0
    others = np.array([np.delete(odds, at).sum() for at in range(len(odds))])
    return np.column_stack([answers, relevance, np.log(_LEAST + others)])


def _sigmoid(logits: Floats) -> Floats:
    chances: Floats = 1 / (1 + np.exp(-np.clip(logits, -_STEEPEST, _STEEPEST)))
    return chances
