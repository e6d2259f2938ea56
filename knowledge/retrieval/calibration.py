"""How the logits of the packaged networks become what a :class:`Reading` says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

COMPETING = 10
"""The passages that search found first are rivals of the others; those further down that look as
if they answered mostly only look so, and would make every answer doubtful."""
_LEAST = 0.1  # odds that rivals have together at the least
_STEEPEST = 30.0
_SLOPE, _MIDDLE = 10.0, 0.4  # of all-mpnet-base-v2
_RANKED_BY = 1.2  # weight of nearness beside answers in the ranking


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic regression on the networks' logits and on what the other passages have.

    *Relevance* tells the right passage from its neighbours, *answers* from a near miss, and so does
    *judged*, the better one, where the judge read too. The *cosine* of the search knows the subject
    better than either. Where several passages seem to answer about as well, each is less likely to:
    that is how a network this small shows that it only sees the subject. ``blend`` is the weight of
    relevance beside answers in the ranking, where it counts for more.
    """

    weights: tuple[float, ...]
    """Of each of :func:`features`: three without the judge, five with it, seven with cosines."""
    bias: float
    alone: tuple[float, ...]
    """What stands for a passage that is read alone: the medians of those fitted on."""
    blend: float
    without_cosines: Calibration | None = None
    """What holds where they are not known, or are another embedder's than it was fitted on."""

    @classmethod
    def load(cls, folder: Path) -> Calibration:
        """From ``reader.json``."""
        return cls._told(json.loads((folder / "reader.json").read_text("utf-8"))["calibration"])

    @classmethod
    def _told(cls, told: Mapping[str, Any]) -> Calibration:
        without = told.get("without_cosines")
        return cls(
            tuple(told["weights"]),
            told["bias"],
            tuple(told["alone"]),
            told["blend"],
            cls._told(without) if without else None,
        )

    def chances(
        self,
        relevance: Floats,
        answers: Floats,
        judged: Floats | None = None,
        cosines: Floats | None = None,
    ) -> Floats:
        """How likely each of the passages that were read together answers, in [0, 1].

        Logits, shape (passages,), in the order of the search; ``judged`` is NaN where the judge did
        not read. ``cosines``: of question and passage by the search, shape (passages,).
        """
        if cosines is None and self.without_cosines:
            return self.without_cosines.chances(relevance, answers, judged)
        seen = features(relevance, answers, judged, cosines)
        if len(answers) == 1:
            seen[0, _RIVALS] = np.array(self.alone)[_RIVALS][: seen[0, _RIVALS].size]
        return _sigmoid(seen @ np.array(self.weights) + self.bias)

    def ranks(self, relevance: Floats, answers: Floats, cosines: Floats | None = None) -> Floats:
        """What passages are ranked by, in [0, 1]; logits and cosines as in :meth:`chances`."""
        logits = answers + self.blend * relevance
        return _sigmoid(logits if cosines is None else logits + _RANKED_BY * _nearness(cosines))


_RIVALS = slice(2, None, 2)
"""The columns of :func:`features` about the other passages."""


def features(
    relevance: Floats,
    answers: Floats,
    judged: Floats | None = None,
    cosines: Floats | None = None,
) -> Floats:
    """What the regression sees of passages that were read together; shape (passages, 3, 5 or 7).

    The logits of *answers* and *relevance*, and the logarithm of all rivals' odds; then the logit
    of the judge and of its rivals, and what the cosines tell of both. In the order of the search:
    the first :data:`COMPETING` are the rivals. What the judge did not read ranked lower, so it
    counts as the least of what it did.
    """
    seen = [answers, relevance, _rivals(answers[:COMPETING], len(answers))]
    if judged is not None:
        read = ~np.isnan(judged)
        least = np.where(read, judged, np.nanmin(judged))
        seen += [least, _rivals(np.where(read, judged, -_STEEPEST), len(judged))]
    if cosines is not None:
        near = _nearness(cosines)
        seen += [near, _rivals(near[:COMPETING], len(near))]
    return np.column_stack(seen)


def _nearness(cosines: Floats) -> Floats:
    """A cosine as a logit: 0 where a passage is as likely about the question's subject as not."""
    return _SLOPE * (cosines - _MIDDLE)


def _rivals(logits: Floats, passages: int) -> Floats:
    """For each passage the logarithm of the odds of all others among the first."""
    odds = np.zeros(passages)
    odds[: len(logits)] = np.exp(np.clip(logits, -_STEEPEST, _STEEPEST))
    others = np.array([np.delete(odds, at).sum() for at in range(passages)])
    return np.log(_LEAST + others)


def _sigmoid(logits: Floats) -> Floats:
    chances: Floats = 1 / (1 + np.exp(-np.clip(logits, -_STEEPEST, _STEEPEST)))
    return chances
