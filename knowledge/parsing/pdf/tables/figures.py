"""Columns of figures on a PDF page, which end at one place rather than begin there.

The gap before the longest figure may be hardly wider than a space; what tells the column is that
figures on several lines end below each other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.parsing.pdf.words import Word

_FIGURE = re.compile(
    r"[-–−+(±~<>≤≥]{0,2}[$€£¥]?\d[\d.,:'’/–-]*(?:[%‰°kKM]|[A-Z]{1,3}|[€$£])?\)?[*†¹²³]?"
)
_SIGN = re.compile(r"[$€£¥+−–-]|[A-Z]{3}|CHF|Fr\.|kr")
"""What stands before a figure and belongs to it."""
_UNIT = re.compile(r"%|‰|°C?|€|\$|£|[A-Z]{3}|[a-zµ]{1,2}[²³]?|kWh|min|pts?")
"""What stands behind one."""
_SAME_END = 0.8
"""Points by which the ends of a column's figures differ."""
_SPACE, _TYPEWRITTEN = 0.45, 0.75
"""Of the font size: wider is no space between words; in typewriter's letters those are wider."""
_ROWS = 3
"""With a figure that ends there, or a name above them; fewer are chance."""
_FAR = 4.0
"""Of the font size: by how much baselines of rows of one column differ at most."""
_NAMES = 3
"""Rows above the figures that name a column."""
_NEAR = 2.8
"""Of the font size: from one of them to the next row."""


@dataclass(slots=True)
class _Figure:
    first: Word
    last: Word
    before: Word | None
    row: int


@dataclass(slots=True)
class _Column:
    end: float
    top: float
    bottom: float
    rows: list[int]


def beginning_cells(rows: Sequence[Sequence[Word]]) -> set[int]:
    """The ids of words that begin a cell of such a column, or stand behind one.

    ``rows``: sorted by baseline, the words of each from left to right.
    """
    found: list[_Figure] = []
    for number, row in enumerate(rows):
        found += _figures(row, number)
    begins: set[int] = set()
    for column in _columns(found, rows):
        for number in _reached(column, rows):
            begins |= _parted(rows[number], column.end)
        begins.update(
            id(figure.first)
            for figure in found
            if figure.before is not None
            and figure.row in column.rows
            and abs(figure.last.x1 - column.end) <= _SAME_END
        )
    return begins


def _space(word: Word) -> float:
    return (_TYPEWRITTEN if word.mono else _SPACE) * word.size


def _figures(row: Sequence[Word], number: int) -> list[_Figure]:
    """The figures of a row, each with the sign and unit that a space parts from it."""
    figures: list[_Figure] = []
    for at, word in enumerate(row):
        if not _FIGURE.fullmatch(word.text):
            continue
        first, last = at, at
        if at and _SIGN.fullmatch(row[at - 1].text) and _is_near(row[at - 1], word):
            first = at - 1
        if at + 1 < len(row) and _UNIT.fullmatch(row[at + 1].text) and _is_near(word, row[at + 1]):
            last = at + 1
        before = row[first - 1] if first else None
        figures.append(_Figure(row[first], row[last], before, number))
    return figures


def _is_near(left: Word, right: Word) -> bool:
    return right.x0 - left.x1 <= _space(left)


def _columns(figures: Sequence[_Figure], rows: Sequence[Sequence[Word]]) -> list[_Column]:
    columns: list[_Column] = []
    by_end = sorted(figures, key=lambda figure: figure.last.x1)
    at = 0
    while at < len(by_end):
        same = [by_end[at]]
        while at + len(same) < len(by_end) and (
            by_end[at + len(same)].last.x1 - same[0].last.x1 <= _SAME_END
        ):
            same.append(by_end[at + len(same)])
        at += len(same)
        run: list[_Figure] = []
        for figure in [*sorted(same, key=lambda figure: figure.row), None]:
            if figure is not None and (not run or _follows(run[-1], figure)):
                run.append(figure)
                continue
            if _is_column(run, rows):
                ends = [each.last.x1 for each in run]
                columns.append(
                    _Column(
                        max(ends), run[0].last.bottom, run[-1].last.bottom, [f.row for f in run]
                    )
                )
            run = [] if figure is None else [figure]
    return columns


def _follows(above: _Figure, below: _Figure) -> bool:
    return below.last.bottom - above.last.bottom <= _FAR * max(below.last.size, 4.0)


def _is_column(run: Sequence[_Figure], rows: Sequence[Sequence[Word]]) -> bool:
    """Do enough figures end there, and most further from the word before than a space?

    Else they number the lines, or stand in a sentence that several lines begin with.
    """
    gaps = [each.first.x0 - each.before.x1 for each in run if each.before is not None]
    wide = sum(gap > _space(run[0].first) for gap in gaps)
    first = run[0].row if run else 0
    is_named = first > 0 and _names(rows[first - 1], rows[first], run[0].last.x1)
    return len(run) + is_named >= _ROWS and wide > 1 and wide * 2 > len(gaps)


def _reached(column: _Column, rows: Sequence[Sequence[Word]]) -> list[int]:
    """The rows of a column, and those above with its name."""
    first, last = min(column.rows), max(column.rows)
    top = first
    while top and first - top < _NAMES and _names(rows[top - 1], rows[top], column.end):
        top -= 1
    return list(range(top, last + 1))


def _names(row: Sequence[Word], below: Sequence[Word], end: float) -> bool:
    is_close = below[0].bottom - row[0].bottom <= _NEAR * max(below[0].size, 4.0)
    return is_close and any(abs(word.x1 - end) <= _SAME_END for word in row)


def _parted(row: Sequence[Word], end: float) -> set[int]:
    """What begins a cell: the word behind one that ends there, and its own where a gap tells."""
    begins: set[int] = set()
    for at, word in enumerate(row):
        if abs(word.x1 - end) > _SAME_END:
            continue
        if at + 1 < len(row) and row[at + 1].x0 - word.x1 > 0.8 * _space(word):
            begins.add(id(row[at + 1]))
        first = at
        while first and _is_near(row[first - 1], row[first]):
            first -= 1
        if first:
            begins.add(id(row[first]))
    return begins
