"""Tables in a grid of cells: where one ends and the next begins, and which row is its header."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

from knowledge.parsing.grid import joined_header
from knowledge.parsing.tables import write_table

Rows = list[list[str]]
Merge = tuple[int, int, int, int]
"""First column, first row, last column, last row; 0-based."""

_MAX_FILLED = 500_000
"""Cells that merges may fill in one sheet: a merged column of a million rows is a style."""
_VALUE = re.compile(
    r"[^\w\s]{0,3}\s?(?:[A-Z]{3}\s)?\d[\d.,:/\s'%-]*(?:\s?[^\W\d_]{0,3}[.²³%]?)?[^\w\s]{0,2}"
)
_YEAR = re.compile(r"(?:FY ?)?(?:19|20)\d\d(?:[/-]\d\d(?:\d\d)?)?")
_FOUND_OUT = re.compile(r"[^@\s]+@[^@\s]+|https?://\S+|\+?[\d\s()/-]{6,}")
_DEEPEST = 8
_SAMPLE = 50
"""Rows below the first that are compared with it."""


def sheet_parts(rows: Rows, merges: Sequence[Merge] = ()) -> list[str]:
    """Tables and lines of text of one sheet, parted where it has empty rows or columns."""
    width = max(map(len, rows), default=0)
    grid = [row + [""] * (width - len(row)) for row in rows]
    marks = _fill_merges(grid, merges)
    return list(_parts([(row, marks.get(n, "")) for n, row in enumerate(grid)], _DEEPEST))


Mark = Literal["", "groups", "title"]
"""Of a row: its cells are groups of the columns that the next row names; it is one merged cell."""


def _fill_merges(grid: Rows, merges: Sequence[Merge]) -> dict[int, Mark]:
    """Repeat merged values in place; the rows that are more than a row of values.

    What is merged over the whole width is a title, and is said once.
    """
    used = [any(row[n] for row in grid) for n in range(len(grid[0]))] if grid else []
    first_used = used.index(True) if any(used) else 0
    last_used = len(used) - 1 - used[::-1].index(True) if any(used) else 0
    marks: dict[int, Mark] = {}
    filled = 0
    for left, top, right, bottom in merges:
        value = grid[top][left] if top < len(grid) and left < len(used) else ""
        right = min(right, len(used) - 1)
        bottom = min(bottom, len(grid) - 1)
        if value and left <= first_used and right >= last_used and top == bottom:
            marks[top] = "title"
        if not value or (left <= first_used and right >= last_used):
            continue
        if right > left and top == bottom:
            # Beside the used columns a merge is only room for a long line.
            if not any(
                grid[row][n]
                for row in (top - 1, top + 1)
                if 0 <= row < len(grid)
                for n in range(left + 1, right + 1)
            ):
                continue
            marks.setdefault(top, "groups")
        filled += (right - left + 1) * (bottom - top + 1)
        if filled > _MAX_FILLED:
            break
        for row in grid[top : bottom + 1]:
            row[left : right + 1] = [value] * (right - left + 1)
    return marks


Marked = list[tuple[list[str], Mark]]


def _parts(rows: Marked, depth: int) -> Iterator[str]:
    table: Marked = []
    header: Marked = []
    for band in _bands(rows):
        lines, body = _captions(band)
        sides = _side_by_side(body) if depth and body else []
        if sides or not body:
            yield from _written(table)
            table = []
            yield from lines
            for side in sides:
                yield from _parts(side, depth - 1)
        elif table and not lines and not _names_columns(body):
            table += body  # an empty row in the middle of a table
        else:
            is_section = band[0][1] == "title" and len(lines) == 1 and _has_place_for(body, header)
            if not is_section or len(table) > len(header):
                yield from _written(table)
            yield from lines
            table = header + body if is_section else body
        header = _header_of(table)
    yield from _written(table)


def _header_of(table: Marked) -> Marked:
    heads = _heads(table)
    if len(table) == heads:  # its rows may all stand in sections
        return [] if sum(map(bool, table[-1][0])) < 2 or any(map(is_value, table[-1][0])) else table
    return table[:heads] if len(table) > heads and _names_columns(table[heads - 1 :]) else []


def _heads(table: Marked) -> int:
    """How many rows name the columns, if any do: groups above groups above names."""
    return next((n for n, (_, mark) in enumerate(table) if mark != "groups"), len(table)) + 1


def _has_place_for(body: Marked, header: Marked) -> bool:
    """Are these rows a section of the table above, whose header holds for them too?"""
    if not header or len(header[-1][0]) != len(body[0][0]):
        return False
    named = [bool(cell) for cell in header[-1][0]]
    fits = all(name or not cell for row, _ in body for name, cell in zip(named, row, strict=True))
    return fits and (len(body) < 2 or header_evidence([row for row, _ in body]) <= 0)


def _bands(rows: Marked) -> Iterator[Marked]:
    band: Marked = []
    for row in [*rows, ([], "")]:
        if band and row[1] == "title" and band[-1][1] != "title":
            yield band
            band = []
        if any(row[0]):
            band.append(row)
        elif band:
            yield band
            band = []


def _captions(band: Marked) -> tuple[list[str], Marked]:
    """Lines above a table, each in one cell; and all lines where there is no table."""
    if all(sum(map(bool, row)) == 1 for row, _ in band):
        return [cell for row, _ in band for cell in row if cell], []
    at = 0
    while (
        at < len(band)
        and len({cell for cell in band[at][0] if cell}) == 1
        and (band[at][1] or sum(map(bool, band[at][0])) == 1)
    ):
        band[at] = (_once(band[at][0]), band[at][1])
        at += 1
    return [cell for row, _ in band[:at] for cell in row if cell], band[at:]


def _once(row: list[str]) -> list[str]:
    """A row of one merged value, which says it once."""
    return [cell if not any(row[:n]) else "" for n, cell in enumerate(row)]


def _side_by_side(rows: Marked) -> list[Marked]:
    """The tables that stand beside each other, parted by an empty column; none if it is one."""
    width = len(rows[0][0])
    used = [any(row[n] for row, _ in rows) for n in range(width)]
    for gap in range(1, width - 1):
        if used[gap] or not used[gap - 1]:
            continue
        left = [(row[:gap], mark) for row, mark in rows]
        right = [(row[gap:], mark) for row, mark in rows]
        if (_is_table(left) and _is_table(right)) or _stand_apart(left, right):
            return [left, right]
    return []


def _stand_apart(left: Marked, right: Marked) -> bool:
    """Have two parts headers of their own, in other rows or of the same name, whatever is below?"""
    starts = [next((n for n, (row, _) in enumerate(part) if any(row)), 0) for part in (left, right)]
    heads = [
        [cell for cell in part[at][0] if cell]
        for part, at in zip((left, right), starts, strict=True)
    ]
    bodies = [_captions([each for each in part if any(each[0])])[1] for part in (left, right)]
    if not all(len(body) > 1 and _names_columns(body) for body in bodies):
        return False
    if min(map(len, heads)) < 2:
        return False
    ends = [max(n for n, (row, _) in enumerate(part) if any(row)) for part in (left, right)]
    return (
        heads[0][0] == heads[1][0]
        or starts[0] != starts[1]
        or ends[0] != ends[1]
        or _are_counted(bodies[1])
    )


def _are_counted(body: Marked) -> bool:
    """Is the first column a count such as levels or years? Then it tells a table's rows apart."""
    first = next(n for n, cell in enumerate(body[0][0]) if cell)
    keys = [row[first] for row, _ in body[1:]]
    if not all(key.isdecimal() and len(key) < 6 for key in keys):
        return False
    steps = {int(b) - int(a) for a, b in pairwise(keys)}
    is_known = keys[0] in ("0", "1") or all(map(_YEAR.fullmatch, keys))
    return len(steps) == 1 and min(steps) > 0 and (is_known or len(keys) > 2)


def _is_table(rows: Marked) -> bool:
    """Has it a header of its own, and words below it to tell its rows by?"""
    band = next(_bands(rows), [])
    _, body = _captions(band) if band else ([], [])
    if len(body) < 2 or not _names_columns(body):
        return False
    first = next(n for n, cell in enumerate(body[0][0]) if cell)
    keys = [row[first] for row, _ in body[1:] if row[first]]
    return (
        bool(keys) and sum(map(is_value, keys)) * 2 < len(keys) and sum(map(bool, body[0][0])) > 1
    )


def _written(table: Marked) -> Iterator[str]:
    remarks: list[str] = []
    while len(table) > 2 and (remark := _remark(table[-1][0])):
        remarks.insert(0, remark)
        table = table[:-1]
    if not table:
        return
    used = [n for n in range(len(table[0][0])) if any(row[n] for row, _ in table)]
    rows = [[row[n] for n in used] for row, _ in table]
    if not table[0][1] and _are_remarks(rows):
        yield from filter(None, rows[0])
        table, rows = table[1:], rows[1:]
    heads = _heads(table)
    if len(rows) > heads > 1 and _names_columns(table[heads - 1 :]):
        rows[:heads] = [joined_header(rows[:heads])]
        yield write_table(rows)
    else:
        yield write_table(rows, has_header=has_header(rows))
    yield from remarks


def _are_remarks(rows: Rows) -> bool:
    """Does a row above the header say only what all is about: a unit on the left, a time right?"""
    if len(rows) < 3 or len(rows[0]) < 4:
        return False
    is_outside = not any(rows[0][1:-1]) and any(rows[0])
    return is_outside and all(rows[1][1:]) and has_header(rows[1:])


def _remark(row: list[str]) -> str:
    """The only cell of a row, if it is a sentence: what stands below a table."""
    cells = [cell for cell in row if cell]
    return cells[0] if len(cells) == 1 and len(cells[0]) > 20 and cells[0][-1] in ".)" else ""


def _names_columns(rows: Marked) -> bool:
    return has_header([row for row, _ in rows])


def is_value(cell: str) -> bool:
    """A number, an amount, a date, a time."""
    return _VALUE.fullmatch(cell) is not None


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Does the first row name the columns, rather than being one of the entries?

    Told by what stands below: a name differs in kind from the values under it. ``2026`` above
    amounts is a name, above other years it is none.
    """
    first = rows[0]
    cells = [cell for cell in first if cell]
    if len(cells) < 2 or any(
        _FOUND_OUT.fullmatch(cell) for cell in cells if not _YEAR.fullmatch(cell)
    ):
        return False
    evidence = header_evidence(rows)
    if evidence:
        return evidence > 0
    return not any(map(is_value, cells)) and len(set(cells)) == len(cells)


def header_evidence(rows: Sequence[Sequence[str]]) -> int:
    """How many columns say that the first row names them, less those that say it does not."""
    first, below = rows[0], rows[1 : 1 + _SAMPLE]
    for_it = against = 0
    for column, cell in enumerate(first):
        under = [row[column] for row in below if column < len(row) and row[column]]
        if not cell or not under:
            against += bool(cell) and is_value(cell) and not _YEAR.fullmatch(cell)
            continue
        valued = sum(map(is_value, under)) * 2 > len(under)
        shape, most = _shape(cell), Counter(map(_shape, under)).most_common(1)[0]
        if any(char.isdigit() for char in cell):
            if _YEAR.fullmatch(cell):
                for_it += valued and not all(map(_YEAR.fullmatch, under))
            elif (shape == most[0] and most[1] * 2 > len(under)) or is_value(cell):
                against += 1
        elif valued or any(char.isdigit() for char in most[0]):
            for_it += 1
    return for_it - against


def _shape(cell: str) -> str:
    """``ext 214`` as ``a 9``."""
    return re.sub(r"[^\W\d_]+\.?", "a", re.sub(r"\d[\d.,]*", "9", cell))
