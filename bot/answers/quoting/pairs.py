"""Two quotes beside each other: whether they say the same, or contradict each other."""

from __future__ import annotations

import re

from knowledge.parsing.inline import plain_text
from knowledge.text.words import stems, surface_words

_SAME_TRIPLES = 0.5  # of the shorter quote's word triples
_SAME_STEMS = 0.8  # of the shorter quote's stems
_AMOUNT = re.compile(
    r"(?P<before>[€$£]|eur |usd |gbp |chf )?(?<![\w.,-])(?P<number>\d+(?:[.,]\d+)*)"
    r"(?:(?:st|nd|rd|th)\b)?\s?(?P<after>%|[^\W\d_]+|[€$£])?",
    re.I,
)
_NAME = re.compile(r"(?<![.!?:|]\s)(?<!^)(?<![-*•]\s)\b[A-Z][a-zà-ÿ]{2,}\b", re.M)


def says_the_same(one: str, other: str) -> bool:
    """Whether a second quote would add nothing."""
    left, right = surface_words(plain_text(one)), surface_words(plain_text(other))
    triples, more = _triples(left), _triples(right)
    fewer = min(len(triples), len(more))
    if fewer and len(triples & more) >= _SAME_TRIPLES * fewer:
        return True
    few, many = sorted((stems(plain_text(one)), stems(plain_text(other))), key=len)
    return len(few & many) >= _SAME_STEMS * len(few)


def differ_in_numbers(one: str, other: str) -> bool:
    """Whether both state an amount of the same thing, and not one amount is in both.

    Not where each names somebody or some place that the other does not: that parts them.
    """
    if _names(one) - _names(other) and _names(other) - _names(one):
        return False
    left, right = _amounts(one), _amounts(other)
    shared = left.keys() & right.keys()
    return bool(shared) and all(left[unit].isdisjoint(right[unit]) for unit in shared)


def _triples(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + 3]) for at in range(len(words) - 2)}


def _names(text: str) -> set[str]:
    return set(_NAME.findall(plain_text(text)))


def _amounts(text: str) -> dict[str, set[str]]:
    """The numbers by what they count."""
    found: dict[str, set[str]] = {}
    for match in _AMOUNT.finditer(text):
        unit = (match["before"] or match["after"] or "").strip().casefold()
        (stem,) = stems(unit) if len(stems(unit)) == 1 else (unit,)
        found.setdefault(stem, set()).add(match["number"].rstrip(".,"))
    return found
