"""How the logits of the packaged networks become what a :class:`Reading` says."""

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
    """A logistic regression on the networks' logits and on what the other passages have.

    *Relevance* tells the right passage from its neighbours, *answers* from a near miss, and so does
    *judged*, the better one, where the judge read too. Where several passages seem to answer about
    as well, each is less likely to: that is how a network this small shows that it only sees the
    subject. ``blend`` is the weight of relevance beside answers in the ranking, where it counts for
    more.
    """

    weights: tuple[float, ...]
    """Of each of :func:`features`: three without the judge, five with it."""
    bias: float
    alone: tuple[float, ...]
    """What stands for a passage that is read alone: the medians of those fitted on."""
    blend: float

    @classmethod
    def load(cls, folder: Path) -> Calibration:
        """From ``reader.json``."""
        told = json.loads((folder / "reader.json").read_text("utf-8"))["calibration"]
        return cls(tuple(told["weights"]), told["bias"], tuple(told["alone"]), told["blend"])

    def chances(self, relevance: Floats, answers: Floats, judged: Floats | None = None) -> Floats:
        """How likely each of the passages that were read together answers, in [0, 1].

        Logits, shape (passages,), in the order of the search; ``judged`` is NaN where the judge did
        not read.
        """
        seen = features(relevance, answers, judged)
        if len(answers) == 1:
            seen[0, _RIVALS] = np.array(self.alone)[_RIVALS][: seen[0, _RIVALS].size]
        return _sigmoid(seen @ np.array(self.weights) + self.bias)

    def ranks(self, relevance: Floats, answers: Floats) -> Floats:
        """What passages are ranked by, in [0, 1]; logits as in :meth:`chances`."""
        return _sigmoid(answers + self.blend * relevance)


_RIVALS = slice(2, None, 2)
"""The columns of :func:`features` about the other passages."""


def features(relevance: Floats, answers: Floats, judged: Floats | None = None) -> Floats:
    """What the regression sees of passages that were read together; shape (passages, 3 or 5).

    The logits of *answers* and *relevance*, and the logarithm of all rivals' odds; then the logit
    of the judge, and the odds of its rivals. In the order of the search: the first
    :data:`COMPETING` are the rivals. What the judge did not read ranked lower, so it counts as the
    least of what it did.
    """
    seen = [answers, relevance, _rivals(answers[:COMPETING], len(answers))]
    if judged is not None:
        read = ~np.isnan(judged)
        least = np.where(read, judged, np.nanmin(judged))
        seen += [least, _rivals(np.where(read, judged, -_STEEPEST), len(judged))]
    return np.column_stack(seen)


def _rivals(logits: Floats, passages: int) -> Floats:
    """For each passage the logarithm of the odds of all others among the first."""
    odds = np.zeros(passages)
    odds[: len(logits)] = np.exp(np.clip(logits, -_STEEPEST, _STEEPEST))
    others = np.array([np.delete(odds, at).sum() for at in range(passages)])
    return np.log(_LEAST + others)


def _sigmoid(logits: Floats) -> Floats:
    chances: Floats = 1 / (1 + np.exp(-np.clip(logits, -_STEEPEST, _STEEPEST)))
    return chances
