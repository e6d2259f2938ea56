"""How sure the bot is that it can answer: three tiers instead of yes or no.

The reader says how likely each passage answers; here that becomes what the bot does with it.
*Sure*: it answers. *Unsure*: it shows the closest it has, and says so. *None*: it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.answers.quoting.wants import Kind, compared, wants
from bot.types import Tier
from knowledge.text.words import stems
from knowledge.types import CURATED, Evidence

CONSIDERED = 3
"""Best passages that may give the answer; further ones add nothing (docs/benchmarks.md)."""
CERTAIN = 1.0
"""How likely an answer is that a person wrote for the question: nothing is left to be guessed."""
_CLOSEST = 2  # passages shown where it is not sure
# "This page says whom to tell", "How we handle returns."
_ANNOUNCES = re.compile(
    r"\W*how (?:we|to|you)\b[^?:]*$|"
    r"\W*(?:this|the following|these|the next)(?: \w+)? (?:page|section|document|guide|policy|"
    r"chapter|article|manual)s?\b[^.!?;:]{0,40}?\b(?:says?|explains?|describes?|covers?|lists?|"
    r"tells?|outlines?|(?:is|are) about|shows?|contains?|summari[sz]es?|sets? out|introduces?)\b",
    re.I,
)

# Of a template: "on Weekday, DD Month at hh.mm", "ask ____", "[insert name]".
_BLANKS = re.compile(
    r"\b(?:DD|dd)[ ./-]?(?:MM|mm|Month|month)\b|\bhh[.:]mm\b|\b[Xx]{2,}[.:,/-]?[Xx]+\b|_{3,}|"
    r"[\[<{](?:insert|your|enter|add|name of|date of)\b[^\]>}]{0,40}[\]>}]"
)
_FILLED = frozenset[Kind]({"amount", "time", "person", "place"})
"""What a question asks for that stands in such a blank once the template is filled in."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where the tiers part, as probabilities; the settings tell how they were chosen."""

    sure: float
    unsure: float
    near: float
    """How near a passage must come to be named beside "I don't know"."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge says."""

    tier: Tier
    confidence: float
    """How likely the best passage answers, in [0, 1]."""
    support: tuple[Evidence, ...] = ()
    """What to quote: the best passage, and a second that it is sure of too; empty for none."""


def is_written_for(evidence: Evidence) -> bool:
    """Whether a person wrote it for exactly what was asked."""
    return evidence.passage.source == CURATED and evidence.answers == CERTAIN


def judge(
    question: str,
    found: Sequence[Evidence],
    thresholds: Thresholds,
    *,
    unsure_too: bool = True,
) -> Verdict:
    """Whether the best passages answer the question that they were found by.

    ``found``: best first. ``unsure_too``: False where only sure answers are wanted.
    """
    if not found:
        return Verdict("none", 0.0)
    sides = compared(question)
    is_filled_in = wants(question).kind in _FILLED
    considered = sorted(
        (_believed(each, sides, is_filled_in, thresholds) for each in found[:CONSIDERED]),
        key=lambda each: -each.answers,
    )
    best = considered[0]
    confidence = best.answers
    if confidence >= thresholds.sure:
        second = tuple(each for each in considered[1:2] if each.answers >= thresholds.sure)
        return Verdict("sure", confidence, (best, *second))
    if confidence >= thresholds.unsure and unsure_too:
        if _only_announces(best) and (announced := _announced(best, found)):
            return Verdict("unsure", confidence, announced)
        # The second is right for one in ten, so it is worth a look where the first is in doubt.
        close = [each for each in considered[1:_CLOSEST] if each.answers >= thresholds.unsure]
        return Verdict("unsure", confidence, (best, *close))
    return Verdict("none", confidence)


def _believed(
    evidence: Evidence, sides: Sequence[frozenset[str]], is_filled_in: bool, thresholds: Thresholds
) -> Evidence:
    """What only says that its page answers ("This page says whom to tell") is no sure answer.

    Nor is what speaks of one of two things only that are to be compared, or the blank of a template
    where people ask for what will stand there (``is_filled_in``).
    """
    if is_written_for(evidence):
        return evidence
    words = stems(evidence.passage.text)
    both = all(side & words for side in sides)
    blank = is_filled_in and _BLANKS.search(_likeliest(evidence))
    if both and not blank and not _only_announces(evidence):
        return evidence
    return replace(evidence, answers=min(evidence.answers, thresholds.unsure))


def _likeliest(evidence: Evidence) -> str:
    return max(evidence.units, key=lambda each: each.share).text


def _only_announces(evidence: Evidence) -> bool:
    return not is_written_for(evidence) and _ANNOUNCES.match(_likeliest(evidence)) is not None


def _announced(best: Evidence, found: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """What else was found on the page whose beginning says that it answers."""
    document = best.passage.source, best.passage.document
    return tuple(
        each
        for each in found
        if (each.passage.source, each.passage.document) == document and not _only_announces(each)
    )[:_CLOSEST]


def near(found: Sequence[Evidence], thresholds: Thresholds) -> list[Evidence]:
    """Those near enough to be named although they do not answer."""
    return [each for each in found if each.score >= thresholds.near]
