"""Small letters that are set higher or lower than their line, put back where they are read.

Exponents, footnote marks, the numerators of fractions, and the 2 of H2O.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from knowledge.parsing.inline import raised
from knowledge.parsing.pdf.words import Word

_SMALL = 0.8
"""Of the size of the line; larger print is none of its marks."""
_LONGEST = 4
"""Letters of a mark on a line of its own."""
_NEAR = 0.15
"""Of the size: farther from the letters beside it stands what a space parts from them."""
_OVER = 0.3
"""Of the size: by how much marks are moved over the letter that they belong to."""
_ROWS_BELOW = 4
"""Rows between a mark and its line: those of columns beside it."""
_PUNCTUATION = ".,;:!?)"
"""A mark may stand between a word and these."""
_FRACTION = "\u2044/"


def with_raised(rows: Sequence[list[Word]]) -> list[list[Word]]:
    """Rows, sorted by place, without those that are marks of others."""
    kept = [list(row) for row in rows]
    for n, row in enumerate(kept):
        for mark in [each for each in row if len(each.text) <= _LONGEST]:
            for base in kept[max(0, n - _ROWS_BELOW) : n + 1 + _ROWS_BELOW]:
                if base is not row and _take_in(mark, base):
                    row.remove(mark)
                    break
    return [_joined(row) for row in kept if row]


def _take_in(mark: Word, base: list[Word]) -> bool:
    """Join a mark with the word of its line that it touches, in place."""
    for at, word in enumerate(base):
        is_mark = mark.size < _SMALL * word.size
        shared = min(mark.bottom, word.bottom) - max(mark.top, word.top)
        if not is_mark or shared < 0.4 * (mark.bottom - mark.top):
            continue
        if word.text[0] in _FRACTION and _touch(mark, word, word.size):
            base[at] = replace(word, x0=mark.x0, text=mark.text + word.text)
            return True
        if _touch(word, mark, word.size):
            text = raised(word.text, mark.text) if mark.bottom < word.bottom else mark.text
            base[at] = replace(word, x1=mark.x1, text=word.text + text)
            return True
    return False


def _touch(left: Word, right: Word, size: float) -> bool:
    return -_OVER * size <= right.x0 - left.x1 <= _NEAR * size


def _joined(row: list[Word]) -> list[Word]:
    """Letters of different sizes that no space parts as one word."""
    joined: list[Word] = []
    before: Word | None = None  # the last one as it was, of whose size a mark is
    for word in sorted(row, key=lambda each: each.x0):
        last = joined[-1] if joined else word
        small, large = sorted((before.size if before else word.size, word.size))
        before = word
        if (
            last is not word
            and (
                small < _SMALL * large
                or last.text[-1] in _FRACTION[:1]
                or word.text[0] in _PUNCTUATION
            )
            and last.link == word.link
            and _touch(last, word, large)
        ):
            is_raised = word.size == small and word.bottom < last.bottom - 0.1 * large
            text = raised(last.text, word.text) if is_raised else word.text
            size = max(last, word, key=lambda each: len(each.text)).size
            joined[-1] = replace(last, x1=word.x1, text=last.text + text, size=size)
        else:
            joined.append(word)
    return joined
