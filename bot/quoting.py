"""Which stretch of a passage to quote: the sentences, list or table rows that answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.judge import ASKED_IN_HEADING
from knowledge.types import Evidence, Passage, ScoredUnit
from knowledge.words import stems, telling

_LONGEST = 600  # characters; about eight lines in a chat
_SHORT = 120  # characters; a quote below that takes the next sentence along for its context
_RELATED = 0.12  # how far below the best unit a neighbour may score and still belong
_SHARED_WORDS = 0.2  # what having all of the question's words adds to a unit's cosine
_OPENING = 0.15  # what being first adds where the section's heading is nearest
_MOST_ROWS = 4
_KEEPS_LINES = (".pdf", ".txt")
_WRAPPED = 50  # characters; from this length on a line of theirs may have been broken to fit
_LEANS_BACK = re.compile(
    r"(this|that|these|those|it|its|they|their|he|she|however|but|also|then|otherwise|instead|"
    r"so|therefore|in that case|if so|if not|for example|note)\b",
    re.I,
)
_LINK = re.compile(
    r"!?\[([^\]\[]*(?:\[[^\]]*\][^\]\[]*)*)\]\((?:[^()\s]|\([^()]*\))*(?:\s+\"[^\"]*\")?\)"
)
_REFERENCE = re.compile(r"!?\[([^\[\]]{1,300})\]\[[^\[\]]{0,200}\]")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_STRUCTURED = re.compile(r"\s*([-*+>|#`~]|\d+[.)]\s)")


@dataclass(frozen=True, slots=True)
class Quote:
    """A contiguous stretch of a passage."""

    passage: Passage
    raw: str
    """Verbatim substring of ``passage.text``."""
    shown: str
    """The same words for a reader: links reduced to their text, lines that only wrap joined, a
    table row under its header."""


def quote(question: str, evidence: Evidence) -> Quote:
    """The stretch of the passage to quote for the question it was found by."""
    units = evidence.units
    scores = _scores(question, evidence)
    best = max(range(len(units)), key=scores.__getitem__)
    first, last = _window(units, scores, best)
    text = evidence.passage.text
    spans = _spans(text, units)
    start, end = spans[first][0], spans[last][1]
    if units[first].kind == "item" and first != last:
        start = text.rfind("\n", 0, start) + 1  # the first item's marker, as the others have it
    raw = text[start:end]
    reflow = not evidence.passage.document.lower().endswith(_KEEPS_LINES)
    shown = raw if units[best].kind == "code" else _readable(raw, reflow=reflow)
    if units[best].kind == "row":
        shown = f"{unlinked(_table_head(text, start))}\n{shown}"
    return Quote(evidence.passage, raw, shown)


def unlinked(markdown: str) -> str:
    """Masked links and images as their words, tags dropped: what is quoted is never clickable.

    A bare address stays: it is the source's own words.
    """
    return _TAG.sub("", _REFERENCE.sub(r"\1", _LINK.sub(r"\1", markdown))).strip()


def _readable(markdown: str, *, reflow: bool) -> str:
    """Without masked links, and with the lines of a paragraph or list item joined.

    ``reflow``: join all of them, since Markdown's line ends mean nothing; else only long lines: a
    short one was not wrapped and ends there, as in an address or a table from a PDF.
    """
    lines: list[str] = []
    last = ""
    in_code = False
    for line in unlinked(markdown).split("\n"):
        fence = line.lstrip().startswith(("```", "~~~"))
        wrapped = last and (reflow or len(last) >= _WRAPPED) and not last.startswith("|")
        wrapped = wrapped and not in_code and not fence
        in_code ^= fence
        last = "" if fence else line.rstrip()
        if fence or in_code:
            lines.append(line.rstrip())
            continue
        if wrapped and last and not _STRUCTURED.match(last):
            lines[-1] = f"{lines[-1]} {last.strip()}"
        else:
            lines.append(last)
    return "\n".join(lines)


def _scores(question: str, evidence: Evidence) -> list[float]:
    """How well each unit answers: its cosine, the question's words in it, and its place."""
    words = telling(question).keys()
    nearest = max(unit.cosine for unit in evidence.units)
    scores = []
    for index, unit in enumerate(evidence.units):
        shared = len(words & stems(unit.text)) / len(words) if words else 0.0
        score = unit.cosine + _SHARED_WORDS * shared
        # Where the heading is nearer than any sentence, the section begins with the answer.
        if index == 0 and evidence.heading_cosine > nearest:
            score += _OPENING * (2 if evidence.heading_cosine >= ASKED_IN_HEADING else 1)
        if unit.kind == "heading" or unit.text.endswith("?"):
            score -= 1.0
        scores.append(score)
    return scores


def _window(units: Sequence[ScoredUnit], scores: Sequence[float], best: int) -> tuple[int, int]:
    first = last = best
    size = len(units[best].text)
    floor = scores[best] - _RELATED

    def fits(index: int) -> bool:
        return size + len(units[index].text) <= _LONGEST

    # What the unit leans on: the line that leads into a list or code, or the sentence before.
    while first > 0 and fits(first - 1) and _leans(units[first - 1], units[first]):
        first -= 1
        size += len(units[first].text)
    while last + 1 < len(units) and fits(last + 1):
        unit, following = units[last], units[last + 1]
        if unit.kind == following.kind == "row":
            goes_on = scores[last + 1] >= floor and last + 1 - first < _MOST_ROWS
        elif unit.text.endswith(":") or unit.kind == following.kind == "item":
            goes_on = True
        elif following.kind == "item":
            goes_on = first == last == 0  # a section that is one sentence and a list
        else:
            goes_on = unit.kind == following.kind == "sentence" and (
                scores[last + 1] >= floor
                or (size < _SHORT and scores[last + 1] > 0)
                or bool(_LEANS_BACK.match(following.text))
            )
        if not goes_on:
            break
        last += 1
        size += len(following.text)
    return first, last


def _leans(before: ScoredUnit, unit: ScoredUnit) -> bool:
    """Whether ``unit`` cannot be understood without the unit before it."""
    if unit.kind == "item":
        return before.kind == "item" or before.text.endswith(":")
    if unit.kind == "code":
        return before.kind == "sentence"
    return unit.kind == before.kind == "sentence" and bool(_LEANS_BACK.match(unit.text))


def _spans(text: str, units: Sequence[ScoredUnit]) -> list[tuple[int, int]]:
    """Where each unit stands in the text; they are in order, so each search starts further on."""
    spans = []
    at = 0
    for unit in units:
        start = text.index(unit.raw, at)
        spans.append((start, start + len(unit.raw)))
        at = start + len(unit.raw)
    return spans


def _table_head(text: str, row: int) -> str:
    """The header row and the rule above the table row that starts at ``row``."""
    lines: list[str] = []
    for line in reversed(text[:row].rstrip("\n").split("\n")):
        if "|" not in line:
            break
        lines.insert(0, line)
    return "\n".join(lines[:2])
