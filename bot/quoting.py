"""Which stretch of a passage to quote: the sentences, list or table rows that answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.types import Evidence, Passage, ScoredUnit

_LONGEST = 600  # characters; about eight lines in a chat
_ENOUGH = 240  # characters of prose after which only clearly related sentences are added
_RELATED = 0.25  # cosine below the best sentence's within which a neighbour still belongs
_LIKE_ROW = 0.12  # the same for table rows, which are all much alike
_LEANS_BACK = re.compile(
    r"(this|that|these|those|it|its|they|their|he|she|however|but|also|then|otherwise|instead|"
    r"so|therefore|in that case|if so|if not|for example|note)\b",
    re.I,
)
_LINK = re.compile(r"!?\[([^\]\[]*(?:\[[^\]]*\][^\]\[]*)*)\]\((?:[^()\s]|\([^()]*\))*(?:\s+\"[^\"]*\")?\)")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")


@dataclass(frozen=True, slots=True)
class Quote:
    """A contiguous stretch of a passage."""

    passage: Passage
    raw: str
    """Verbatim substring of ``passage.text``."""
    shown: str
    """The same for a reader: links reduced to their words, a table row under its header."""
    cosine: float
    """Of the question and the nearest unit in it."""


def quote(evidence: Evidence) -> Quote:
    """The stretch of the passage to quote for the question it was found by."""
    units = evidence.units
    best = _best(evidence)
    first, last = _window(units, best)
    text = evidence.passage.text
    spans = _spans(text, units)
    start, end = spans[first][0], spans[last][1]
    if units[first].kind == "item" and first != last:
        start = text.rfind("\n", 0, start) + 1  # the first item's marker, as the others have it
    raw = text[start:end]
    shown = unlinked(raw)
    if units[best].kind == "row":
        shown = unlinked(_table_head(text, start)) + "\n" + shown
    return Quote(evidence.passage, raw, shown, units[best].cosine)


def unlinked(markdown: str) -> str:
    """Masked links and images as their words, tags dropped: what is quoted is never clickable.

    A bare address stays: it is the source's own words.
    """
    return _TAG.sub("", _LINK.sub(r"\1", markdown)).strip()


def _best(evidence: Evidence) -> int:
    """The unit to build on. Where the heading is nearest, the section begins with the answer."""
    nearest = max(unit.cosine for unit in evidence.units)
    opening = 0.15 if evidence.heading_cosine > nearest else 0.0
    return max(
        range(len(evidence.units)),
        key=lambda index: evidence.units[index].cosine
        + (opening if index == 0 else 0.0)
        - (1.0 if evidence.units[index].kind == "heading" else 0.0),
    )


def _window(units: Sequence[ScoredUnit], best: int) -> tuple[int, int]:
    first = last = best
    size = len(units[best].text)
    kind = units[best].kind
    floor = units[best].cosine - (_LIKE_ROW if kind == "row" else _RELATED)

    def fits(index: int) -> bool:
        return size + len(units[index].text) <= _LONGEST

    # What the unit leans on: the line that leads into a list or code, or the sentence before.
    while first > 0 and fits(first - 1) and _needs_before(units[first - 1], units[first]):
        first -= 1
        size += len(units[first].text)
    while last + 1 < len(units) and fits(last + 1):
        unit, following = units[last], units[last + 1]
        leads_in = unit.text.endswith(":")
        same_list = unit.kind == following.kind == "item"
        if kind == "row":
            goes_on = following.kind == "row" and following.cosine >= floor
        elif leads_in or same_list:
            goes_on = True
        else:
            goes_on = following.kind == "sentence" == unit.kind and (
                size + len(following.text) <= _ENOUGH or following.cosine >= floor + _RELATED / 2
            )
        if not goes_on:
            break
        last += 1
        size += len(following.text)
    return first, last


def _needs_before(before: ScoredUnit, unit: ScoredUnit) -> bool:
    if unit.kind == "item":
        return before.kind == "item" or before.text.endswith(":")
    if unit.kind == "code":
        return before.kind == "sentence"
    return unit.kind == "sentence" == before.kind and bool(_LEANS_BACK.match(unit.text))


def _spans(text: str, units: Sequence[ScoredUnit]) -> list[tuple[int, int]]:
    """Where each unit stands in the text; units are in order, so each search starts after the last."""
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
