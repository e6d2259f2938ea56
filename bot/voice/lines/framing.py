"""Which of a voice's lines go around a text: around the quote of an answer, and around a draft.

Around a quote the guide's conditions decide (``when``, see :mod:`bot.voice.lines.occasions`): a
greeting fits where the question has its occasion, a closing where the quote bears it out as well.
Where several do, the writing model chooses.

Around a draft, where nobody asked anything, the voice's own pairs tell which of its frames are
likely (naive Bayes over stems), and the writing model decides between the two likeliest unless the
pairs are sure. On Fernhill's 20 rewrite pairs of topics that neither had seen, 12 frames were right
so; 12 by the pairs alone, 11 by the model between two every time, and 2 by the model among all
frames.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from bot.types import Frame as HowMuch
from bot.voice.grounding import without_marks
from bot.voice.lines.moods import mood_of
from bot.voice.lines.occasions import bears, occasions
from bot.voice.voice import HEADING, Example, Guide, Lines, Occasion, Voice
from bot.voice.wording import capitalised
from knowledge.text.words import stems

Frame = tuple[str, str]
"""A greeting and a closing."""

_SURE = 5.0  # nats between the best two frames
_UNDECIDED = 2  # frames that the model decides between
_SMOOTHING = 1.0  # average pairs added to each frame, so that a rare one is not the likeliest
_REWRITES = 3  # what a rewritten text counts beside an answer, of which most voices have more
_SIGNS = {
    "#money": re.compile(r"[€$£]\s?\d"),
    "#clock": re.compile(r"\b\d{1,2}:\d\d\b"),
    "#address": re.compile(r"https?://|\w@\w"),
}


@dataclass(frozen=True, slots=True)
class Around:
    """The lines to choose from around a quote; none where nothing is to be said."""

    greetings: Lines = ()
    leads: Lines = ()
    closings: Lines = ()


def around(
    question: str,
    quoted: str,
    guide: Guide,
    how_much: HowMuch,
    *,
    first: bool,
    topic: str,
    sure: bool = True,
) -> Around:
    """What of the voice fits around ``quoted``.

    ``first``: nothing was said before in the conversation. ``topic``: what the quote is known to be
    about, to be named in the lead-in; else empty. ``sure``: the quote is very sure to answer; under
    another one no closing of an occasion stands, since it would vouch for it.
    """
    if how_much == "none":
        return Around()
    asked, mood = occasions(question), mood_of(question)
    told = frozenset(each for each in asked if sure and bears(quoted, each))
    greetings, any_greetings = _fitting(guide.suited(guide.greetings, mood), guide, asked)
    closings, any_closings = _fitting(guide.suited(guide.closings, mood), guide, told)
    full = how_much == "full"
    return Around(
        greetings=(greetings or any_greetings) if first or full else (),
        leads=(guide.heading_lead.replace(HEADING, topic),) if topic else guide.leads,
        closings=closings or (any_closings if full else ()),
    )


def body(text: str, guide: Guide) -> str:
    """An answer without the voice's frame and without citation marks."""
    return without_frame(without_heading_lead(without_marks(text), guide), guide)


def without_heading_lead(text: str, guide: Guide) -> str:
    """An answer without the lead-in that names a heading: that is no line of the voice to learn."""
    if not guide.heading_lead:
        return text
    before, _, after = guide.heading_lead.partition(HEADING)
    named = rf"{re.escape(before)}[^\n]*?{re.escape(after)}\s*"
    for greeting in ("", *guide.greetings):
        kept = re.escape(greeting)
        text = re.sub(rf"\A({kept}\s*){named}", r"\1", text)
    return text


def without_frame(text: str, guide: Guide) -> str:
    """``text`` without the greeting, lead-in and closing of the guide that stand around it."""
    rest = text.strip()
    for lines in (guide.greetings, guide.leads):
        for line in sorted(lines, key=len, reverse=True):
            if rest.startswith(line):
                rest = rest[len(line) :].lstrip()
                break
    for line in sorted(guide.closings, key=len, reverse=True):
        if rest.endswith(line):
            rest = rest[: -len(line)].rstrip()
            break
    return capitalised(rest)


def _fitting(lines: Lines, guide: Guide, about: frozenset[Occasion]) -> tuple[Lines, Lines]:
    """Those that the occasion calls for, and those that fit any."""
    called = tuple(each for each in lines if about.intersection(guide.when.get(each, ())))
    return called, tuple(each for each in lines if each not in guide.when)


def likely_frames(text: str, voice: Voice) -> list[Frame]:
    """The frames to choose from, likeliest first; a single one if there is little doubt.

    A voice without pairs that keep to its greetings and closings leaves every choice open. Where
    the mood has lines of its own, they are the choice; an empty line is none.
    """
    guide, mood = voice.guide, mood_of(text)
    greetings = tuple(x for x in guide.greetings if x not in guide.to_questions)
    opening, closing = guide.suited(greetings, mood), guide.suited(guide.closings, mood)
    if mood is not None and guide.mood:
        return [*product(opening[:1] or ("",), closing[:1] or ("",))]
    opening = tuple(x for x in opening if _may_stand(text, guide.when.get(x, ())))
    closing = tuple(x for x in closing if _may_stand(text, guide.when.get(x, ())))
    pairs: dict[Frame, tuple[int, Counter[str]]] = {}
    for (greets, closes), counted in _counts(voice).items():
        # What greets somebody who asked gives way to what greets anybody.
        frame = greets if greets in opening else _anybody(guide, opening), closes
        if closes in closing:
            number, signs = pairs.get(frame, (0, Counter()))
            pairs[frame] = number + counted[0], signs + counted[1]
    if len(pairs) < _UNDECIDED:
        return [*pairs] or [*product(opening or ("",), closing or ("",))]
    common = _common(voice)
    seen = _signs(text) & common.keys()
    chances = {
        frame: math.log(number)
        + sum(math.log((signs[s] + _SMOOTHING * common[s]) / (number + _SMOOTHING)) for s in seen)
        for frame, (number, signs) in pairs.items()
    }
    best = sorted(chances, key=lambda frame: (-chances[frame], frame))[:_UNDECIDED]
    return best[:1] if chances[best[0]] - chances[best[1]] >= _SURE else best


def _anybody(guide: Guide, lines: Lines) -> str:
    """The greeting among these that fits any text; "" where each has its occasion."""
    return next((line for line in lines if line not in guide.when), "")


def _may_stand(draft: str, when: tuple[Occasion, ...]) -> bool:
    """Whether a line for these occasions may stand around a draft.

    What it takes for granted has to be there; of trouble the draft itself has to speak, since it
    has no question that would tell.
    """
    return not when or any(
        bears(draft, each) and (each != "trouble" or each in occasions(draft)) for each in when
    )


@lru_cache(maxsize=16)
def _counts(voice: Voice) -> dict[Frame, tuple[int, Counter[str]]]:
    """For each frame the weight of its pairs, and of those that have each sign."""
    counts: dict[Frame, tuple[int, Counter[str]]] = {}
    for example in voice.examples:
        frame = _frame(example, voice)
        if frame is not None:
            weight = _REWRITES if example.kind == "rewrite" else 1
            number, signs = counts.get(frame, (0, Counter()))
            signs.update(dict.fromkeys(_signs(_plain(example)), weight))
            counts[frame] = number + weight, signs
    return counts


@lru_cache(maxsize=16)
def _common(voice: Voice) -> dict[str, float]:
    """How common each sign is, of more than one pair: one of a single pair tells nothing."""
    pairs = Counter(sign for example in voice.examples for sign in _signs(_plain(example)))
    return {sign: number / len(voice.examples) for sign, number in pairs.items() if number > 1}


def _frame(example: Example, voice: Voice) -> Frame | None:
    greeting = next((g for g in voice.guide.greetings if example.voiced.startswith(g)), None)
    closing = next((c for c in voice.guide.closings if example.voiced.endswith(c)), None)
    return (greeting, closing) if greeting and closing else None


def _plain(example: Example) -> str:
    return f"{example.question} {example.plain}"


def _signs(text: str) -> frozenset[str]:
    return stems(text) | {name for name, pattern in _SIGNS.items() if pattern.search(text)}
