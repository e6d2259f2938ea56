"""How well the reader reads on handbooks that were held out, and how it is calibrated there.

Wording gives the label away (questions that a passage does not answer were written closer to it),
so the area under the curve alone proves nothing. What cannot be told by wording is the same
question on its passage with and without the answer; that comes first.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from jobs.training.reader.books import Book, NaturalQuestion
from jobs.training.reader.data import evidence, taken_out
from knowledge.retrieval.calibration import Calibration, Floats, features
from knowledge.retrieval.encoding import MOST_TOKENS, encode
from knowledge.retrieval.network import unit_shares
from knowledge.retrieval.reader import ReadableText, readable_text
from knowledge.retrieval.scoring import Network, score

CONSIDERED = 3  # as bot.answers.judge considers
FALSE_RATES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.6)
_PENALTY = 1e-3
_BLENDS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class Judged:
    """One question with what the network says of its passages; logits."""

    question: NaturalQuestion
    own: float
    cut: float | None
    """Of its passage without the answer."""
    relevance: Floats
    """Shape (retrieved,)."""
    answers: Floats
    right: NDArray[np.bool_]
    unit_right: bool | None
    """Whether the unit with the highest share holds the answer; None where that is not known."""


def judged(
    network: Network,
    tokenizer: Tokenizer,
    books: Sequence[Book],
    *,
    most: int,
    seed: int,
    report: Callable[[str], None],
) -> list[Judged]:
    """At most ``most`` questions of each book, read with their own and the retrieved passages."""
    rng = random.Random(seed)  # noqa: S311 - a sample that can be repeated
    found = []
    for book in books:
        report(f"measuring on {book.name}")
        for question in rng.sample(book.questions, min(most, len(book.questions))):
            found.append(_judged(network, tokenizer, book, question))
    return found


def _judged(
    network: Network, tokenizer: Tokenizer, book: Book, question: NaturalQuestion
) -> Judged:
    units = book.units(question.passage)
    context = book.passages[question.passage].title
    hits = evidence(book.passages[question.passage].text, units, question.answer)
    texts: list[ReadableText] = [book.text(question.passage)]
    texts += [book.text(each) for each in question.retrieved]
    without = taken_out(units, hits) if question.answerable else []
    if without:
        texts.append(readable_text(context, without))
    encoded = encode(tokenizer, question.text, texts, MOST_TOKENS)
    scores = score(network, encoded)
    answers = np.array([float(each.answers) for each in scores])
    relevance = np.array([float(each.relevance) for each in scores])
    retrieved = slice(1, 1 + len(question.retrieved))
    unit_right = None
    if hits and len(units) > 1:
        shares = unit_shares(scores[0].evidence, encoded[0].units)
        masked = [
            -1.0 if unit.kind == "heading" else float(share)
            for unit, share in zip(units, shares, strict=True)
        ]
        unit_right = hits[int(np.argmax(masked))]
    return Judged(
        question,
        float(answers[0]),
        float(answers[-1]) if without else None,
        relevance[retrieved],
        answers[retrieved],
        np.array([each in question.right for each in question.retrieved], bool),
        unit_right,
    )


def calibrated(found: Sequence[Judged], blend: float) -> Calibration:
    """Fitted on what the judge would consider for answerable questions.

    Not on near misses: they were worded closer to their passage, so that relevance would count
    against a passage, as it does for nobody who asks.
    """
    rows: list[Floats] = []
    truth: list[bool] = []
    for each in found:
        if each.question.answerable and len(each.answers):
            first = considered(each, blend)
            rows += list(features(each.relevance, each.answers)[first])
            truth += each.right[first].tolist()
    return fitted(rows, truth, blend)


def fitted(rows: Sequence[Floats], right: Sequence[bool], blend: float) -> Calibration:
    """By Newton's method on the likelihood, with a small penalty (Platt 1999).

    ``rows``: of each passage :func:`knowledge.retrieval.calibration.features`.
    """
    design = np.column_stack([np.array(rows), np.ones(len(rows))])
    truth = np.array(right, float)
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-(design @ weights)))
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design
        gradient = design.T @ (chance - truth) + _PENALTY * weights
        weights -= np.linalg.solve(curvature + _PENALTY * np.eye(len(weights)), gradient)
    *slopes, bias = (round(float(weight), 4) for weight in weights)
    alone = tuple(round(float(each), 4) for each in np.median(design[:, :-1], axis=0))
    return Calibration(tuple(slopes), bias, alone, blend)


def considered(one: Judged, blend: float) -> NDArray[np.intp]:
    """The retrieved passages that rank first."""
    return np.argsort(-(one.answers + blend * one.relevance))[:CONSIDERED]


def best_blend(found: Sequence[Judged]) -> float:
    """The weight of relevance beside answers that puts a right passage first most often."""
    return max(_BLENDS, key=lambda blend: (first_right(found, blend), -blend))


def first_right(found: Sequence[Judged], blend: float) -> float:
    """Share of the answerable questions, found at all, whose first passage is right."""
    hits = [
        bool(each.right[int(np.argmax(each.answers + blend * each.relevance))])
        for each in found
        if each.right.any()
    ]
    return float(np.mean(hits))


def thresholds(found: Sequence[Judged], scale: Calibration) -> list[dict[str, float]]:
    """For each rate of false answers among near misses the probability, and what it lets through.

    The judge considers the passages that rank first and believes the likeliest.
    """
    best = []
    for each in found:
        order = considered(each, scale.blend)
        chances = scale.chances(each.relevance, each.answers)[order]
        chosen = int(np.argmax(chances))
        best.append((float(chances[chosen]), bool(each.right[order[chosen]]), each.question))
    # A near miss that another passage answers is none.
    missed = sorted((s for s, _, q in best if not q.right), reverse=True)
    answerable = [(s, right) for s, right, q in best if q.right]
    rows = []
    for rate in FALSE_RATES:
        cut = math.ceil(missed[int(rate * len(missed))] * 1000) / 1000
        told = [right for chance, right in answerable if chance > cut]
        rows.append(
            {
                "near_misses_answered": rate,
                "from": cut,
                "answered": round(len(told) / len(answerable), 3),
                "rightly": round(sum(told) / len(answerable), 3),
            }
        )
    return rows


def measures(found: Sequence[Judged], scale: Calibration) -> dict[str, Any]:
    """All figures for the model card."""
    pairs = [(each.own, each.cut) for each in found if each.cut is not None]
    own = [each.own for each in found if each.question.answerable]
    near = [each.own for each in found if not each.question.answerable]
    units = [each.unit_right for each in found if each.unit_right is not None]
    return {
        "questions": len(found),
        "answer_taken_out_pairs": _round(np.mean([whole > cut for whole, cut in pairs])),
        "answer_taken_out_auroc": _round(_auroc([a for a, _ in pairs], [b for _, b in pairs])),
        "own_against_near_misses_auroc": _round(_auroc(own, near)),
        "right_first_by_search": _round(
            np.mean([bool(each.right[0]) for each in found if each.right.any()])
        ),
        "right_first_by_relevance_alone": _round(
            np.mean(
                [
                    bool(each.right[int(np.argmax(each.relevance))])
                    for each in found
                    if each.right.any()
                ]
            )
        ),
        "right_first": _round(first_right(found, scale.blend)),
        "unit_right": _round(np.mean(units)),
        "thresholds": thresholds(found, scale),
    }


def _auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    below = np.sort(np.array(negative))
    ranks = np.searchsorted(below, positive, "left") + np.searchsorted(below, positive, "right")
    return float(np.mean(ranks) / 2 / len(below))


def _round(value: Any) -> float:
    return round(float(value), 3)
