"""Which words are a slip of the finger away from another."""

from __future__ import annotations

from functools import lru_cache
from string import ascii_lowercase

SHORTEST = 3
"""Letters of the shortest word that is looked at."""
LONG = 8
"""Letters from which a word may have two slips, after its first two letters."""


@lru_cache(maxsize=64)
def one_slip(word: str) -> frozenset[str]:
    """All that ``word`` (lower case) may have been meant to be, if one letter slipped.

    One letter left out, added, mistaken, or two swapped (Damerau 1964, who found that of four in
    five misspellings); the first letter is as it was. In a word of three letters only a letter left
    out or two swapped: else every short word is near every other.
    """
    splits = [(word[:at], word[at:]) for at in range(1, len(word) + 1)]
    left_out = {head + letter + tail for head, tail in splits for letter in ascii_lowercase}
    swapped = {head + tail[1] + tail[0] + tail[2:] for head, tail in splits if len(tail) > 1}
    found = left_out | swapped
    if len(word) > SHORTEST:
        found |= {head + tail[1:] for head, tail in splits if tail}
        found |= {head + x + tail[1:] for head, tail in splits if tail for x in ascii_lowercase}
    return frozenset(found - {word})


def slips(word: str, other: str, most: int = 2) -> int:
    """How many slips lie between two words, or ``most + 1`` if there are more.

    Optimal string alignment: a letter left out, added or mistaken, or two neighbours swapped.
    """
    if abs(len(word) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(word, start=1):
        last, before, row = before, row, [at]
        for to, beside in enumerate(other, start=1):
            cost = min(before[to] + 1, row[-1] + 1, before[to - 1] + (letter != beside))
            if last and to > 1 and letter == other[to - 2] and word[at - 2] == beside:
                cost = min(cost, last[to - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)


def may_be(word: str, other: str) -> bool:
    """Whether somebody who wrote ``word`` may have meant ``other``, or did; both in lower case."""
    if word == other or other in one_slip(word):
        return True
    return len(word) >= LONG and word[:2] == other[:2] and slips(word, other) <= 2
