"""Words of a PDF page put together to lines, as far as no wide gap parts them.

Between columns of prose the gap may be hardly wider than between words; it is told by that it
stands at the same place on many lines.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from knowledge.parsing.pdf.links import said
from knowledge.parsing.pdf.raised import with_raised
from knowledge.parsing.pdf.tables.figures import beginning_cells
from knowledge.parsing.pdf.words import Word

_WIDE = 1.4
"""Of the font size: a gap that parts two pieces of one line."""
_WIDE_LABEL = 6.0
"""As above, behind a bullet or a number of a list."""
_LABEL = re.compile(
    r"[•‣▪●◦○–·■□☐☑☒➢◆✓*-]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]|(?:\d{1,2}\.){2,}|\.\d{1,2}"
)
ON_LINE = 0.35
"""Of the font size: by how much baselines of one line differ."""
_STOP = 0.8
"""As above, before a place where words of other lines begin behind a wide gap."""
_LEADER = 4
"""Dots."""
_GUTTER = 0.6
"""Of the font size: a gap that parts columns where it stands on many lines; a space has less."""
_GUTTER_LINES = 8
"""With words on both sides; as many spaces one below the other are no chance."""
_MOST_GUTTERS = 12
"""Places of a gap that are tried on one page."""
_LEVEL = 3.0
"""Points by which the baselines of one row differ."""
_STEP = 6.0
"""Points in which places are counted."""


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of text on one line."""

    x0: float
    x1: float
    top: float
    bottom: float
    text: str
    size: float
    bold: bool
    words: int = 0
    mono: bool = False
    """Is all of it in typewriter's letters?"""

    @property
    def height(self) -> float:
        """Points."""
        return self.bottom - self.top


_Row = list[Word]
_Gutter = tuple[float, float, float]
"""Its place, and from which to which baseline it reaches."""


def put_together(words: Sequence[Word]) -> list[Line]:
    """The lines, each as far as no gap parts it."""
    rows: list[_Row] = []
    for word in sorted(words, key=lambda w: w.bottom):
        if rows and word.bottom - rows[-1][0].bottom <= ON_LINE * max(word.size, 4.0):
            rows[-1].append(word)
        else:
            rows.append([word])
    rows = with_raised(rows)
    gutters = _gutters(rows)
    begins = beginning_cells(rows)
    stops = Counter(
        round(b.x0)
        for row in rows
        for a, b in pairwise(row)
        if b.x0 - a.x1 > _WIDE * max(a.size, b.size)
    )
    lines: list[Line] = []
    for row in rows:
        piece: _Row = []
        for word in row:
            if piece and (id(word) in begins or _is_apart(piece, word, gutters, stops)):
                lines.append(_line(piece))
                piece = []
            piece.append(word)
        lines.append(_line(piece))
    return lines


def _is_apart(piece: _Row, word: Word, gutters: Sequence[_Gutter], stops: Counter[int]) -> bool:
    size = max(word.size, piece[-1].size)
    gap = word.x0 - piece[-1].x1
    if len(piece) == 1 and _LABEL.fullmatch(piece[0].text):
        return gap > _WIDE_LABEL * size
    if gap > _STOP * size and sum(stops[round(word.x0) + n] for n in (-1, 0, 1)) > 1:
        return True
    return gap > _WIDE * size or (
        gap > _GUTTER * size
        and any(
            first <= word.bottom <= last and piece[-1].x1 <= at <= word.x0
            for at, first, last in gutters
        )
    )


def _gutters(rows: Sequence[_Row]) -> list[_Gutter]:
    """Where a gap stands on many lines, one below the other, that no line crosses."""
    starts: Counter[int] = Counter()
    gaps: list[list[tuple[float, float]]] = []
    for row in rows:
        wide = [
            (a.x1, b.x0)
            for a, b in pairwise(row)
            if b.x0 - a.x1 > _GUTTER * max(a.size, b.size)
            and not (a is row[0] and _LABEL.fullmatch(a.text))
        ]
        starts.update(round(end / _STEP) for _, end in wide)
        gaps.append(wide)
    found: list[_Gutter] = []
    for place, times in starts.most_common(_MOST_GUTTERS):
        if times * 2 < _GUTTER_LINES:  # the next place may have the other half
            break
        ends = [end for wide in gaps for _, end in wide if abs(end / _STEP - place) <= 1]
        # Of justified lines some spaces are as wide: where most end is the next column.
        often = Counter(map(round, ends)).most_common(1)[0][0]
        for at in {min(ends) - 1.0, min(end for end in ends if round(end) == often) - 1.0}:
            found += _runs(rows, gaps, at)
    return found


def _runs(
    rows: Sequence[_Row], gaps: Sequence[Sequence[tuple[float, float]]], at: float
) -> list[_Gutter]:
    found: list[_Gutter] = []
    run: list[float] = []
    for row, wide in zip([*rows, []], [*gaps, []], strict=True):
        if row and any(start <= at <= end for start, end in wide):
            run.append(row[0].bottom)
        elif not row or any(word.x0 < at < word.x1 for word in row) or row[0].x0 < at < row[-1].x1:
            if len(run) >= _GUTTER_LINES:
                found.append((at, run[0] - _LEVEL, run[-1] + _LEVEL))
            run = []
    return found


def _reach(word: Word) -> float:
    """Where a word ends, without the dots that lead from it to a figure."""
    letters = len(word.text.rstrip("."))
    if len(word.text) - letters < _LEADER:
        return word.x1
    return word.x0 + (word.x1 - word.x0) * letters / len(word.text)


def _line(words: _Row) -> Line:
    sizes: dict[float, int] = {}
    for word in words:
        sizes[word.size] = sizes.get(word.size, 0) + len(word.text)
    return Line(
        words[0].x0,
        max([*(w.x1 for w in words[:-1]), _reach(words[-1])]),
        min(w.top for w in words),
        max(w.bottom for w in words),
        said(words),
        max(sizes, key=lambda size: sizes[size]),
        all(w.bold for w in words),
        len(words),
        all(w.mono for w in words),
    )
