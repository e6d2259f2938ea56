"""Pairs to train the reader on: natural questions on handbooks, and generic question sets.

How a question is worded must not tell whether a passage answers it, so every natural question is
shown with passages that answer it and with passages that do not. An answerable one also meets its
passage with the answer taken out; a near miss also meets its passage with the sentence put in that
would have answered it, and with one that answers another near miss.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jobs.training.reader.books import Book, NaturalQuestion, lines
from knowledge.retrieval.reader import ReadableText, readable_text
from knowledge.text.sentences import Unit

HELD_OUT = (
    "artsy/README",
    "alan-turing-institute/REG-handbook",
    "isomerpages/govtech-ndi-faq",
    "arduino/help-center-content",
)
"""Handbooks that are calibrated and measured on, never trained on."""
_LEFT = 15  # words that must be left of a passage whose answer was taken out
_MOST_TAKEN = 0.75


@dataclass(frozen=True, slots=True)
class Pair:
    """One passage for a question."""

    text: ReadableText
    answers: bool
    evidence: tuple[bool, ...] = ()
    """Which units hold the answer; empty where that is not known."""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A question with the passages that compete to answer it."""

    question: str
    pairs: tuple[Pair, ...]
    source: str
    natural: bool


def doubtful(folder: Path) -> frozenset[tuple[str, str]]:
    """Questions with passages that may answer although nobody said so: shown as neither."""
    path = folder / "suspicious.jsonl.gz"
    return frozenset((line["q"], line["id"]) for line in lines(path)) if path.is_file() else _NONE


_NONE: frozenset[tuple[str, str]] = frozenset()


def natural_groups(
    book: Book, left_out: frozenset[tuple[str, str]], rng: random.Random
) -> Iterator[Group]:
    """One group a question; see the head of this file for what is in it."""
    missing: defaultdict[str, list[NaturalQuestion]] = defaultdict(list)
    for question in book.questions:
        if question.missing:
            missing[question.passage].append(question)
    everything = list(book.passages)
    for question in book.questions:
        units = book.units(question.passage)
        hits = evidence(book.passages[question.passage].text, units, question.answer)
        pairs = [Pair(book.text(question.passage), question.answerable, hits, "own")]
        pairs += [Pair(book.text(each), True, (), "also") for each in question.also[:2]]
        context = book.passages[question.passage].title
        if question.answerable and (without := taken_out(units, hits)):
            pairs.append(Pair(readable_text(context, without), False, (), "cut"))
        if question.missing:
            pairs.append(_put_in(context, units, question.missing, True, rng))
        others = [each for each in missing[question.passage] if each.missing != question.missing]
        if others and not question.answerable:
            pairs.append(_put_in(context, units, rng.choice(others).missing, False, rng))
        wrong = [
            each
            for each in question.retrieved
            if each not in question.right
            and each != question.passage
            and (question.text, each) not in left_out
        ]
        chosen = wrong[:1]
        if wrong[4:] and rng.random() < 0.6:
            chosen.append(rng.choice(wrong[4:]))
        if rng.random() < 0.4:
            chosen.append(rng.choice(everything))
        pairs += [
            Pair(book.text(each), False, (), "retrieved")
            for each in dict.fromkeys(chosen)
            if each not in question.right and each != question.passage
        ]
        yield Group(question.text, tuple(pairs), book.name, natural=True)


def evidence(markdown: str, units: Sequence[Unit], answer: str) -> tuple[bool, ...]:
    """Which units hold the answer, a verbatim piece of the passage; empty if none can be told."""
    begin = markdown.find(answer) if answer else -1
    if begin < 0:
        return ()
    end = begin + len(answer)
    hits = []
    at = 0
    for unit in units:
        start = markdown.find(unit.raw, at)
        if start < 0:
            return ()
        at = start + len(unit.raw)
        shared = min(end, at) - max(begin, start)
        hits.append(unit.kind != "heading" and shared >= 0.5 * min(len(unit.raw), len(answer)))
    return tuple(hits) if any(hits) else ()


def taken_out(units: Sequence[Unit], hits: Sequence[bool]) -> list[Unit]:
    """The units without those that hold the answer; none where too little would be left."""
    if not hits:
        return []
    kept = [unit for unit, hit in zip(units, hits, strict=True) if not hit]
    left = sum(len(unit.text.split()) for unit in kept)
    total = sum(len(unit.text.split()) for unit in units)
    return kept if left >= max(_LEFT, (1 - _MOST_TAKEN) * total) else []


def _put_in(
    context: str, units: Sequence[Unit], sentence: str, answers: bool, rng: random.Random
) -> Pair:
    at = rng.randint(0, len(units))
    grown = [*units[:at], Unit(sentence, sentence, "sentence"), *units[at:]]
    hits = tuple(index == at for index in range(len(grown))) if answers else ()
    return Pair(readable_text(context, grown), answers, hits, "missing" if answers else "distract")
