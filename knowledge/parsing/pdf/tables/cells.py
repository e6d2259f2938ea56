"""What the cells of a table on a PDF page hold: text, several rows, or a part of the page."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from knowledge.parsing.grid import Cell
from knowledge.parsing.pdf.links import said
from knowledge.parsing.pdf.words import Word
from knowledge.parsing.sheet_tables import is_value

SNAP = 3.0
"""Points that lines of one border are apart, drawn for each cell anew."""
_MUCH_TEXT = 80
"""Words of a cell; a table's remarks are shorter."""
_FEW_LINES = 3
"""Lines of a cell that a table's remarks have too."""
_SHORT = 4
"""Words of a line, on average; prose has more."""
_CENTRED = 0.1
"""Of a cell's width, by which what stands in its middle may be off it."""
LABEL = re.compile(r"(?:[•‣▪●◦○■□☐☑☒➢◆✓-]|\(?(?:\d{1,2}|[a-z])[.)])\s")
"""A bullet or number at the start of a line."""

Held = tuple[list[Word], int, int]
"""What a cell holds, and how many columns and rows it spans."""


def is_list(words: Sequence[Word]) -> bool:
    """Does a cell hold so much text, with a list in it, that it is a part of the page?"""
    if len(words) < _MUCH_TEXT:
        return False
    return sum(LABEL.match(f"{text} ") is not None for _, text in text_lines(words)) > 2


def has_rows_inside(line: Sequence[Held]) -> bool:
    """Do the cells hold rows of their own with values, which no lines part, not equally many?"""
    held = [text_lines(words) for words, _, _ in line if words]
    held = [lines for lines in held if len(lines) > _FEW_LINES]
    if len(held) < 2 or len({len(lines) for lines in held}) == 1:
        return False
    few, many = min(held, key=len), max(held, key=len)
    tops = [top for top, _ in many]
    beside = sum(any(abs(top - other) <= SNAP for other in tops) for top, _ in few)
    words = [word for lines in held for _, text in lines for word in text.split()]
    is_short = len(words) <= _SHORT * sum(map(len, held))
    is_level = sum(map(len, words)) > 1.5 * len(words)  # else letters of what runs up the page
    valued = sum(any(map(str.isdigit, text)) for _, text in few) * 2 >= len(few)
    return beside * 5 >= len(few) * 4 and is_short and is_level and valued


def parted(words: list[Word], xs: list[float], down: int, *, is_merged: bool) -> list[Held]:
    """A cell that no lines part, though its words stand apart in several columns, as several.

    ``is_merged``: lines part these columns in most other rows, so it is one cell on purpose.
    """
    wide = len(xs) - 1
    starts = [0]
    ordered = sorted(words, key=lambda w: w.x0)
    for before, word in pairwise(ordered):
        at = bisect_right(xs, word.x0 + 1) - 1
        if (
            word.x0 - before.x1 > max(word.size, SNAP)
            and at > starts[-1]
            and before.x1 <= xs[at] + SNAP
        ):
            starts.append(min(at, wide - 1))
    if len(starts) < 2 or len(text_lines(words)) > 2:
        starts = [0]
    found: list[Held] = []
    for start, end in pairwise([*starts, wide]):
        inside = [
            w
            for w in words
            if len(starts) < 2
            or xs[start] - SNAP <= w.x0 < xs[end] - SNAP
            or (start == 0 and w.x0 < xs[0])
        ]
        if is_merged:
            found.append((inside, end - start, down))
        else:
            found += _in_its_columns(inside, xs[start : end + 1], down)
    return found


def _in_its_columns(words: list[Word], xs: list[float], down: int) -> list[Held]:
    """Figures only in the columns that they stand in: what lines do not part may be empty."""
    wide = len(xs) - 1
    if wide < 2 or not words or not all(is_value(word.text) for word in words):
        return [(words, wide, down)]
    left, right = min(w.x0 for w in words), max(w.x1 for w in words)
    first = min(max(bisect_right(xs, left + 1) - 1, 0), wide - 1)
    last = min(max(bisect_right(xs, right - 1) - 1, first), wide - 1)
    off_centre = abs(left + right - xs[0] - xs[-1]) / 2
    if off_centre < _CENTRED * (xs[-1] - xs[0]):
        return [(words, wide, down)]
    empty: Held = ([], 1, down)
    return [*[empty] * first, (words, last - first + 1, down), *[empty] * (wide - 1 - last)]


def texts_of(lines: list[list[Held]]) -> Iterator[list[Cell]]:
    """The cells' words as text; a row whose cells hold lists of equal length is several rows."""
    for line in lines:
        texts = [(text_lines(words), across, down) for words, across, down in line]
        counts = {len(said) for said, _, _ in texts if said}
        most = max(counts, default=0)
        is_plain = all(across == down == 1 for _, across, down in texts)
        is_several = most > 2 and len(counts) == 1 and sum(bool(t[0]) for t in texts) > 1
        if is_plain and (is_several or _are_values([said for said, _, _ in texts], most)):
            for n in range(most):
                yield [(said[n % len(said)][1] if said else "", 1, 1) for said, _, _ in texts]
        else:
            yield [
                (" ".join(text for _, text in said), across, down) for said, across, down in texts
            ]


def _are_values(cells: Sequence[Sequence[tuple[float, str]]], most: int) -> bool:
    """Do several cells hold as many values each, and the others one text for all of them?"""
    full = [said for said in cells if len(said) == most]
    valued = [said for said in full if all(map(is_value, (text for _, text in said)))]
    return most > 1 and len(valued) > 1 and all(len(said) in (0, 1, most) for said in cells)


def text_lines(words: Sequence[Word]) -> list[tuple[float, str]]:
    """The lines of a few words, each with its top."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda w: (w.bottom, w.x0)):
        if lines and word.bottom - lines[-1][0].bottom <= 0.4 * max(word.size, 1.0):
            lines[-1].append(word)
        else:
            lines.append([word])
    return [(line[0].top, said(sorted(line, key=lambda w: w.x0))) for line in lines]
