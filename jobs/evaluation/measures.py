"""What is measured of one answer, and what becomes of many: means with intervals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bot.voice.grounding import facts
from bot.voice.lines.framing import body
from bot.voice.metrics import rouge_l
from bot.voice.voice import Guide
from jobs.evaluation.questions import AskedQuestion
from jobs.evaluation.statistics import interval
from knowledge.text.words import STOP_WORDS, stems, surface_words

RIGHT = 0.6
"""Share of the telling words of one text that the other must have for an answer to be right: a
quote is a part of its section, and a reference of a few words is a part of the quote."""
SUPPORTED = 0.8
"""Share of a sentence's telling words that its source must have, and all of its numbers."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_DENIES = re.compile(
    r"\bI (?:do not|don['’]t|cannot|can['’]t) (?:know|say|tell|find|answer)\b|\bno answer to this\b"
    r"|\bI am not (?:sure|certain)\b",
    re.I,
)
_STOPS = stems(" ".join(STOP_WORDS))


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of one arm, as it is measured."""

    text: str
    abstained: bool
    sources: tuple[str, ...] = ()
    """What it was written from; empty for an arm without retrieval."""
    citations_valid: bool | None = None
    """Each citation has its mark and its quote stands in its passage; None: there is none."""
    facts_kept: bool | None = None
    seconds: float = 0.0


def denies(text: str) -> bool:
    """Whether a text written freely says that it does not know."""
    return _DENIES.search(text) is not None


def measured(asked: AskedQuestion, answer: Answered, guide: Guide) -> dict[str, float | None]:
    """Each measure of one answer, in [0, 1]; None where it has no meaning."""
    said = body(answer.text, guide)
    told = not answer.abstained
    right = (
        float(told and _overlap(said, asked.reference) >= RIGHT)
        if asked.answerable
        else float(answer.abstained)
    )
    near: dict[str, float | None] = dict.fromkeys(("token_f1", "bleu", "rouge_l", "chrf"))
    if asked.answerable:
        near = {
            "token_f1": token_f1(asked.reference, said) if told else 0.0,
            "rouge_l": rouge_l(asked.reference, said) if told else 0.0,
            **(_corpus_scores(asked.reference, said) if told else {"bleu": 0.0, "chrf": 0.0}),
        }
    sources = answer.sources or ((asked.reference,) if asked.answerable else ())
    return {
        "accuracy": right,
        "precision": right if asked.answerable and told else (0.0 if told else None),
        "recall": right if asked.answerable else None,
        "refusal": None if asked.answerable else float(answer.abstained),
        "grounded": grounded(said, sources) if told and said else None,
        "citations": None if answer.citations_valid is None else float(answer.citations_valid),
        "facts_kept": None if answer.facts_kept is None else float(answer.facts_kept),
        **near,
    }


def summed_up(
    rows: Sequence[Mapping[str, float | None]], seeds: Sequence[int]
) -> dict[str, dict[str, Any] | None]:
    """Each measure over all answers: mean, interval and number; None where nothing was measured."""
    summary: dict[str, dict[str, Any] | None] = {}
    for name in rows[0] if rows else ():
        values = [value for row in rows if (value := row[name]) is not None]
        found = interval(values, seeds)
        summary[name] = found.as_json() if found else None
    precision, recall = (summary.get(name) for name in ("precision", "recall"))
    if precision and recall:
        total = precision["mean"] + recall["mean"]
        f1 = 2 * precision["mean"] * recall["mean"] / total if total else 0.0
        summary["f1"] = {"mean": round(f1, 4)}
    return summary


def costs(answers: Sequence[Answered], core_hour: float) -> dict[str, float]:
    """Seconds an answer, and what a thousand cost at this price of a core for an hour."""
    seconds = sorted(each.seconds for each in answers)
    if not seconds:
        return {}
    return {
        "seconds_median": round(median(seconds), 3),
        "seconds_p95": round(seconds[min(len(seconds) - 1, int(0.95 * len(seconds)))], 3),
        "cost_per_1000": round(1000 * sum(seconds) / len(seconds) / 3600 * core_hour, 4),
    }


def token_f1(reference: str, candidate: str) -> float:
    """F1 over words with their counts, as SQuAD has it (Rajpurkar et al. 2016)."""
    wanted, said = Counter(surface_words(reference)), Counter(surface_words(candidate))
    common = (wanted & said).total()
    return 2 * common / (wanted.total() + said.total()) if common else 0.0


def grounded(text: str, sources: Sequence[str]) -> float:
    """The share of sentences whose words and numbers stand in the sources."""
    whole = "\n".join(sources)
    known, numbers = stems(whole), facts(whole)["numbers"]
    sentences = [each for each in _SENTENCE.split(text) if _telling(each)]
    held = [
        len(_telling(each) & known) / len(_telling(each)) >= SUPPORTED
        and facts(each)["numbers"].keys() <= numbers.keys()
        for each in sentences
    ]
    return sum(held) / len(held) if held else 1.0


def _overlap(one: str, other: str) -> float:
    left, right = _telling(one), _telling(other)
    return len(left & right) / min(len(left), len(right)) if left and right else 0.0


def _telling(text: str) -> frozenset[str]:
    return stems(text) - _STOPS


def _corpus_scores(reference: str, said: str) -> dict[str, float]:
    from sacrebleu import sentence_bleu, sentence_chrf

    score: Callable[..., Any]
    scores = {}
    for name, score in (("bleu", sentence_bleu), ("chrf", sentence_chrf)):
        scores[name] = float(score(said, [reference]).score) / 100
    return scores
