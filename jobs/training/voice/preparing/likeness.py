"""Texts that are nearly the same, and texts that are about the same.

Near-duplicates are found by the Jaccard index of runs of three words. It is computed exactly over
an index of the runs, not estimated by MinHash: for the thousands of pairs that a voice has, that
takes seconds and needs no library (datasketch would bring scipy along, 110 MB).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from knowledge.text.words import STOP_WORDS, stems, surface_words

ALIKE = 0.8
"""Jaccard index from which two texts are the same but for details. Two replies that differ in one
name of twenty words have about 0.73, two that differ in punctuation only have 1."""
_RUN = 3  # words
_RELATED = 0.2  # of the stems of two texts: about the same thing
_COMMON = 0.2  # share of the texts from which on a stem says nothing about what they are about
_FUNCTION_WORDS = stems(" ".join(STOP_WORDS))


def duplicates(texts: Sequence[str]) -> dict[int, int]:
    """Position of a text to the position of an earlier one that says nearly the same."""
    holding: dict[tuple[str, ...], list[int]] = defaultdict(list)
    sizes: dict[int, int] = {}
    found: dict[int, int] = {}
    for position, text in enumerate(texts):
        runs = _runs(text)
        shared = Counter(other for run in runs for other in holding[run])
        for other, count in sorted(shared.items()):
            if count / (len(runs) + sizes[other] - count) >= ALIKE:
                found[position] = other
                break
        else:
            sizes[position] = len(runs)
            for run in runs:
                holding[run].append(position)
    return found


def grouped(texts: Sequence[str]) -> list[int]:
    """For each text the number of its group: texts about the same thing are in one.

    Single-link: a text joins all groups that have one related text, and makes them one. So no
    text of one group is related to a text of another.
    """
    common = Counter(stem for text in texts for stem in stems(text))
    most = max(2.0, len(texts) * _COMMON)
    bags = [
        frozenset(s for s in stems(text) if common[s] <= most and s not in _FUNCTION_WORDS)
        for text in texts
    ]
    leader = list(range(len(texts)))

    def first(n: int) -> int:
        while leader[n] != n:
            n = leader[n]
        return n

    holding: dict[str, list[int]] = defaultdict(list)
    for position, bag in enumerate(bags):
        shared = Counter(other for stem in bag for other in holding[stem])
        for other, count in shared.items():
            if count / len(bag | bags[other]) >= _RELATED:
                low, high = sorted((first(position), first(other)))
                leader[high] = low
        for stem in bag:
            holding[stem].append(position)
    return _numbered(first(n) for n in range(len(texts)))


def _numbered(leaders: Iterable[int]) -> list[int]:
    numbers: dict[int, int] = {}
    return [numbers.setdefault(each, len(numbers)) for each in leaders]


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    words = surface_words(text)
    last = max(1, len(words) - _RUN + 1)
    return frozenset(tuple(words[n : n + _RUN]) for n in range(last))
