"""Pairs that a classifier, which learnt from the others, hears too little of the voice in.

Markers see what a guide names. This sees what it does not: a formal text among friendly ones, two
sides the wrong way round. It judges only where it can tell the voice from plain text at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median
from typing import Any

from bot.voice.voice import Example
from jobs.evaluation.tone import learn_tone
from jobs.training.voice.data import FEWEST_PAIRS
from jobs.training.voice.preparing.rows import Sorted

FOLDS = 3
"""Each pair is judged by what learnt from the two other thirds."""
MOST_LEARNT = 500
"""Pairs that one of them learns from: more do not make it hear better, and take longer."""
TELLS = 0.9
"""The AUROC from which on it may drop pairs. Of the sample voice it has 0.99 and more with 30 pairs
and with 350; of a voice that is plain language it has 0.75, and would drop one good pair in seven.
"""
FAR = 0.2
"""The share of the usual difference between two sides below which a pair has too little of it. Of
350 good pairs of the sample voice none is below it; of six formal texts put among 108 all are.
"""
_REASON = (
    "a classifier that learnt from the other pairs hears next to nothing of the voice in it: "
    "word it as the others are, or see whether its sides are the wrong way round"
)


def drop_other_tones(held: Sorted) -> dict[str, Any]:
    """Drop pairs whose voiced side is far from the voice; tells how well that could be heard."""
    pairs = [row.example() for row in held.rows]
    if len(pairs) < FEWEST_PAIRS:
        return {"judged": False, "why": "too few pairs to learn the tone from"}
    gained, voiced, heard = _heard(pairs)
    told = {"judged": heard >= TELLS, "auroc": round(heard, 3)}
    if heard < TELLS:
        return told | {"why": "it cannot tell this voice from plain text well enough"}
    usual = median(gained)
    is_far = [gain < FAR * usual and score < 0 for gain, score in zip(gained, voiced, strict=True)]
    # A wording from use was heard by two people, who know better.
    dropped = [far and not row.wording for row, far in zip(held.rows, is_far, strict=True)]
    for row, drops in zip(held.rows, dropped, strict=True):
        if drops:
            held.drop(row.origin, "tone", _REASON)
    held.rows = [row for row, drops in zip(held.rows, dropped, strict=True) if not drops]
    return told


def _heard(pairs: Sequence[Example]) -> tuple[list[float], list[float], float]:
    """What each pair sounds like to what has not learnt from it.

    By how much each voiced side sounds more like the voice than its plain side, and how much it
    does by itself, as log odds; and the mean AUROC.
    """
    gained, voiced, aurocs = [0.0] * len(pairs), [0.0] * len(pairs), []
    for fold in range(FOLDS):
        own = range(fold, len(pairs), FOLDS)
        others = [pair for n, pair in enumerate(pairs) if n % FOLDS != fold]
        tone = learn_tone(others[:MOST_LEARNT], [pairs[n] for n in own])
        aurocs.append(tone.auroc)
        for n in own:
            plain, voiced[n] = tone.log_odds([pairs[n].plain, pairs[n].voiced])
            gained[n] = voiced[n] - plain
    return gained, voiced, fmean(aurocs)
