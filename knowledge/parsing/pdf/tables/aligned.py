"""Tables on a PDF page that no lines rule: rows and columns told by where the cells stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from knowledge.parsing.pdf.lines import ON_LINE, Line
from knowledge.parsing.pdf.tables.ruled import Table
from knowledge.parsing.sheet_tables import is_value

_FEW_WORDS = 3.4
"""On average; columns of prose have more words on a line, those of a table fewer."""
_MANY_WORDS = 6
"""On one line: a cell of a table seldom has as many, and then in one column."""
_MOST_NAMES = 4
"""Rows above a table that may name several columns at once."""
_ROWS_BELOW = 3
_SPANNED = 0.3
"""Of a column's width."""


def aligned_table(pieces: Sequence[object]) -> tuple[Table | None, Sequence[Line]]:
    """The rows of a table, and the lines below it.

    None for columns of text, or where there is a table with lines.
    """
    lines = [piece for piece in pieces if isinstance(piece, Line)]
    if len(lines) < len(pieces) or not lines:
        return None, ()
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda each: each.bottom):
        if rows and line.bottom - rows[-1][0].bottom <= ON_LINE * max(line.size, 4.0):
            rows[-1].append(line)
        else:
            rows.append([line])
    if _is_prose(lines, _columns(lines), rows):
        return None, ()
    last = max((n for n, row in enumerate(rows) if len(row) > 1), default=0)
    if last + 1 < len(rows) and _wraps(rows[last][0], rows[last + 1][0]):
        last += 1
    below: list[Line] = []
    if all(row[0].x0 - lines[0].x0 < lines[0].size for row in rows[last + 1 :]):
        below = [line for row in rows[last + 1 :] for line in row]
        rows = rows[: last + 1]
    lines = [line for row in rows for line in row]
    columns, heads = _columns_below_names(rows)
    shared = sum(len(row) > 1 for row in rows)
    is_one = shared * 2 >= len(rows) and shared > (1 if len(columns) > 2 else 2)
    if len(columns) < 2 or not is_one:
        return None, ()
    found = Table(
        min(line.x0 for line in lines),
        lines[0].top,
        max(line.x1 for line in lines),
        max(line.bottom for line in lines),
        _with_names([*_spanning(rows[:heads], columns), *_cells(rows[heads:], columns)]),
    )
    return found, below


def _wraps(above: Line, line: Line) -> bool:
    """Does the first cell of the last row go on below?"""
    return line.text[:1].islower() and line.top - above.bottom < 0.3 * line.height


def _columns(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """From left to right, the widths that lines overlap in."""
    columns: list[list[float]] = []
    for line in sorted(lines, key=lambda each: each.x0):
        if columns and line.x0 < columns[-1][1]:
            columns[-1][1] = max(columns[-1][1], line.x1)
        else:
            columns.append([line.x0, line.x1])
    return [(x0, x1) for x0, x1 in columns]


def _columns_below_names(
    rows: Sequence[Sequence[Line]],
) -> tuple[list[tuple[float, float]], int]:
    """The columns, and how many rows above name several of them at once."""
    best, heads = _columns([line for row in rows for line in row]), 0
    for n in range(1, min(_MOST_NAMES, len(rows) - _ROWS_BELOW) + 1):
        columns = _columns([line for row in rows[n:] for line in row])
        if len(columns) > len(best):
            best, heads = columns, n
    return best, heads


def _spanning(
    rows: Sequence[Sequence[Line]], columns: Sequence[tuple[float, float]]
) -> Iterator[list[str]]:
    """Rows of names, each above all columns that it spans."""
    for row in rows:
        cells = [""] * len(columns)
        for line in sorted(row, key=lambda each: each.x0):
            over = [
                n
                for n, (x0, x1) in enumerate(columns)
                if min(x1, line.x1) - max(x0, line.x0) > _SPANNED * (x1 - x0)
            ]
            middle = (line.x0 + line.x1) / 2
            nearest = min(range(len(columns)), key=lambda n: abs(sum(columns[n]) / 2 - middle))
            for n in over or [nearest]:
                cells[n] = f"{cells[n]} {line.text}".strip()
        yield cells


def _with_names(cells: list[list[str]]) -> list[list[str]]:
    """Several rows of names above figures as one row."""
    first = next((n for n, row in enumerate(cells) if any(map(is_value, row[1:]))), 0)
    while first and not any(cells[first - 1][1:]):
        first -= 1  # what the rows below it are about
    below = [any(map(is_value, row[1:])) for row in cells[first:]]
    if sum(below) < 2 or sum(below) * 2 < len(below):
        return cells
    if not 1 < first <= _MOST_NAMES or any(not any(row[1:]) for row in cells[:first]):
        return cells
    names = [""] * len(cells[0])
    for row in cells[:first]:
        for n, cell in enumerate(row):
            is_group = cell in row[max(0, n - 1) : n] + row[n + 1 : n + 2]
            names[n] += f"{cell}: " if cell and is_group else f"{cell} " if cell else ""
    return [[name.strip().rstrip(":") for name in names], *cells[first:]]


def _is_prose(
    lines: Sequence[Line], columns: Sequence[tuple[float, float]], rows: Sequence[Sequence[Line]]
) -> bool:
    """Are these columns of text? Their lines are full, or long on both sides of several rows."""
    if sum(sum(line.words >= _MANY_WORDS for line in row) > 1 for row in rows) > 2:
        return True
    for x0, x1 in columns:
        own = [line for line in lines if x0 <= line.x0 <= x1]
        words = sum(line.words for line in own) / len(own)
        widths = sorted(line.x1 - line.x0 for line in own)
        full = max(widths[len(widths) * 4 // 5], 1.0)  # a heading over two columns is wider
        if words < _FEW_WORDS or median(widths) < 0.55 * full:
            return False
    return True


def _cells(rows: list[list[Line]], columns: list[tuple[float, float]]) -> list[list[str]]:
    """Texts by row and column; what only continues a cell of the row above belongs to that."""
    gaps = [b[0].top - a[0].bottom for a, b in pairwise(rows)]
    usual = median(gaps) if gaps else 0.0
    found: list[list[str]] = []
    for n, row in enumerate(rows):
        cells = [""] * len(columns)
        for line in sorted(row, key=lambda each: each.x0):
            at = next(i for i, (x0, x1) in enumerate(columns) if x0 <= line.x0 <= x1)
            cells[at] = f"{cells[at]} {line.text}".strip()
        is_near = n > 0 and gaps[n - 1] < usual - 1
        wraps = is_near and cells[0][:1].islower() and not any(cells[1:])
        continues = (
            n > 0
            and found
            and (not cells[0] or wraps)
            and all(found[-1][i] for i, cell in enumerate(cells) if cell)
            and (is_near or cells[next(i for i, c in enumerate(cells) if c)][0].islower())
        )
        if continues:
            found[-1] = [f"{a} {b}".strip() for a, b in zip(found[-1], cells, strict=True)]
        else:
            found.append(cells)
    return found
