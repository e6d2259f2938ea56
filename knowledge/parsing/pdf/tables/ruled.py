"""Tables on a PDF page whose cells are parted by ruled lines: cells from lines, text from words."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from knowledge.parsing.grid import spread
from knowledge.parsing.pdf.drawn.rules import Rule
from knowledge.parsing.pdf.tables.cells import (
    SNAP,
    Held,
    has_rows_inside,
    is_list,
    parted,
    text_lines,
    texts_of,
)
from knowledge.parsing.pdf.words import Word
from knowledge.parsing.sheet_tables import has_header

MAX_CROSSINGS = 250_000
"""Pairs of lines that are compared on a page; a map or a chart has more."""
_BODY_LINES = 5
"""Lines in one cell over the whole width: rather several rows than a remark."""
_MOST_BOXES = 40
"""On one page; more are a drawing or a form."""
MAX_CELLS = 10_000
"""Of one table."""


@dataclass(frozen=True, slots=True)
class Table:
    """Where a table lies, and its rows; merged cells are repeated."""

    x0: float
    top: float
    x1: float
    bottom: float
    rows: list[list[str]]


@dataclass(frozen=True, slots=True)
class _Line:
    at: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Frame:
    """Lines around what is no table by them: its cells are read each for itself."""

    x0: float
    top: float
    x1: float
    bottom: float
    cells: list[list[Word]]


def ruled_tables(
    words: Sequence[Word], rules: Sequence[Rule]
) -> tuple[list[Table | Frame], list[Word]]:
    """The tables and frames from top to bottom, and the words that stand in none."""
    upright = _merged(_Line(r.x0, r.y0, r.y1) for r in rules if r.x0 == r.x1)
    level = _merged(_Line(r.y0, r.x0, r.x1) for r in rules if r.x0 != r.x1)
    if not upright or len(level) < 2 or len(upright) * len(level) > MAX_CROSSINGS:
        return [], list(words)
    tables: list[Table | Frame] = []
    boxes: list[tuple[list[float], list[float]]] = []
    left = list(words)
    for columns, rows in _crossing(upright, level):
        xs = _borders(columns, rows)
        ys = _borders(rows, columns)
        if len(xs) == len(ys) == 2 and len(columns) == len(rows) == 2:
            boxes.append((xs, ys))
        if len(xs) < 3 or len(ys) < 3 or len(xs) * len(ys) > MAX_CELLS:
            continue
        inside = [w for w in left if _is_inside(w, xs, ys)]
        table, taken = _filled(inside, xs, ys, columns, rows)
        if table is not None:
            left = [w for w in left if id(w) not in taken]
            if isinstance(table, Table):
                table, left = _with_names_above(table, xs, left)
            tables.append(table)
    for xs, ys in boxes if len(boxes) <= _MOST_BOXES else []:
        inside = [w for w in left if _is_inside(w, xs, ys)]
        if _is_box(inside, left, tables, xs, ys):
            tables.append(Frame(xs[0], ys[0], xs[1], ys[1], [inside]))
            taken = set(map(id, inside))
            left = [w for w in left if id(w) not in taken]
    return sorted(tables, key=lambda table: table.top), left


def _is_box(
    inside: Sequence[Word],
    words: Sequence[Word],
    tables: Sequence[Table | Frame],
    xs: list[float],
    ys: list[float],
) -> bool:
    """Is it a box around several lines beside other text, read for itself?"""
    if len(text_lines(inside)) < 2 or any(
        xs[0] < t.x1 and t.x0 < xs[1] and ys[0] < t.bottom and t.top < ys[1] for t in tables
    ):
        return False
    return any((w.x1 < xs[0] or w.x0 > xs[1]) and ys[0] < w.bottom and w.top < ys[1] for w in words)


def _merged(lines: Iterator[_Line] | Sequence[_Line]) -> list[_Line]:
    """Lines that continue each other as one."""
    merged: list[_Line] = []
    group: list[_Line] = []
    for line in [*sorted(lines, key=lambda each: each.at), None]:
        if group and (line is None or line.at - group[-1].at > SNAP):
            at = sum(each.at for each in group) / len(group)
            low = high = None
            for each in sorted(group, key=lambda each: each.low):
                if high is not None and each.low <= high + SNAP:
                    high = max(high, each.high)
                    continue
                if low is not None and high is not None:
                    merged.append(_Line(at, low, high))
                low, high = each.low, each.high
            if low is not None and high is not None:
                merged.append(_Line(at, low, high))
            group = []
        if line is not None:
            group.append(line)
    return [line for line in merged if line.high - line.low > SNAP]


def _crossing(
    upright: list[_Line], level: list[_Line]
) -> Iterator[tuple[list[_Line], list[_Line]]]:
    """Groups of lines that meet: each may be the borders of one table."""
    parent = list(range(len(upright) + len(level)))

    def root(n: int) -> int:
        while parent[n] != n:
            parent[n] = parent[parent[n]]
            n = parent[n]
        return n

    for n, line in enumerate(upright):
        for m, other in enumerate(level, start=len(upright)):
            if (
                other.low - SNAP <= line.at <= other.high + SNAP
                and line.low - SNAP <= other.at <= line.high + SNAP
            ):
                parent[root(n)] = root(m)
    groups: dict[int, tuple[list[_Line], list[_Line]]] = {}
    for n, line in enumerate(upright):
        groups.setdefault(root(n), ([], []))[0].append(line)
    for m, other in enumerate(level, start=len(upright)):
        groups.setdefault(root(m), ([], []))[1].append(other)
    for columns, rows in groups.values():
        if columns and len(rows) > 1:
            yield columns, rows


def _borders(lines: list[_Line], across: list[_Line]) -> list[float]:
    """Where the lines lie, with the ends of those across: outer borders are often left out."""
    places = sorted({round(line.at, 1) for line in lines})
    low, high = min(line.low for line in across), max(line.high for line in across)
    found: list[float] = []
    for place in sorted([*places, low, high]):
        if not found or place - found[-1] > SNAP:
            found.append(place)
    return found


def _is_inside(word: Word, xs: list[float], ys: list[float]) -> bool:
    x, y = (word.x0 + word.x1) / 2, (word.top + word.bottom) / 2
    return xs[0] <= x <= xs[-1] and ys[0] <= y <= ys[-1]


def _filled(
    words: Sequence[Word], xs: list[float], ys: list[float], columns: list[_Line], rows: list[_Line]
) -> tuple[Table | Frame | None, set[int]]:
    """The table's texts, and the ids of its words; no table if it is a chart."""
    wide, high = len(xs) - 1, len(ys) - 1
    held: dict[tuple[int, int], list[Word]] = {}
    for word in words:
        x, y = (word.x0 + word.x1) / 2, (word.top + word.bottom) / 2
        column = min(bisect_right(xs, x) - 1, wide - 1)
        row = min(bisect_right(ys, y) - 1, high - 1)
        held.setdefault((row, column), []).append(word)
    right = [
        [_covers(columns, xs[c + 1], ys[r], ys[r + 1]) for c in range(wide)] for r in range(high)
    ]
    below = [[_covers(rows, ys[r + 1], xs[c], xs[c + 1]) for c in range(wide)] for r in range(high)]
    parts = [2 * sum(row[c] for row in right) >= high for c in range(wide)]
    lines: list[list[Held]] = []
    covered: set[tuple[int, int]] = set()
    taken: set[int] = set()
    for row in range(high):
        line: list[Held] = []
        for column in range(wide):
            if (row, column) in covered:
                continue
            across, down = _span(row, column, right, below, covered)
            places = [
                (r, c) for r in range(row, row + down) for c in range(column, column + across)
            ]
            covered.update(places)
            inside = [word for place in places for word in held.get(place, ())]
            if across == wide and len(text_lines(inside)) >= _BODY_LINES:
                inside = []  # rows that no lines part: text below a header with lines
            taken.update(map(id, inside))
            is_merged = all(parts[column : column + across - 1])
            line += parted(inside, xs[column : column + across + 1], down, is_merged=is_merged)
        lines.append(line)
    cells = [words for line in lines for words, _, _ in line if words]
    # Where text was left outside, what is above it is not known by the lines.
    top = min((w.top for cell in cells for w in cell), default=ys[0])
    top = top if len(taken) < len(words) else ys[0]
    if any(map(is_list, cells)):
        return Frame(xs[0], top, xs[-1], ys[-1], cells), taken
    if any(map(has_rows_inside, lines)):
        inside = [word for cell in cells for word in cell]
        return Frame(xs[0], top, xs[-1], ys[-1], [inside]), taken
    grid = spread(texts_of(lines))
    used = [n for n in range(wide) if any(row[n] for row in grid)]
    kept = [[row[n] for n in used] for row in grid if any(row)]
    if not kept or len(used) < 2 or (len(kept) < 2 and len(grid) < 2):
        return None, set()
    return Table(xs[0], top, xs[-1], ys[-1], kept), taken


def _with_names_above(table: Table, xs: list[float], words: list[Word]) -> tuple[Table, list[Word]]:
    """The table with the names of its columns, where those stand above its lines."""
    if has_header(table.rows):
        return table, words
    near = [
        w
        for w in words
        if table.x0 - SNAP <= w.x0
        and w.x1 <= table.x1 + SNAP
        and -2 <= table.top - w.bottom <= 0.9 * (w.bottom - w.top)
    ]
    cells: list[list[str]] = [[] for _ in xs[1:]]
    for word in sorted(near, key=lambda w: (w.top, w.x0)):
        at = min(max(bisect_right(xs, word.x0 + 1) - 1, 0), len(cells) - 1)
        if word.x1 > xs[at + 1] + SNAP:
            return table, words
        cells[at].append(word.text)
    names = [" ".join(cell) for cell in cells if cell]
    if len(names) != len(table.rows[0]) or len(names) < 2:
        return table, words
    taken = set(map(id, near))
    rows = [names, *table.rows]
    top = min(w.top for w in near)
    return (
        Table(table.x0, top, table.x1, table.bottom, rows),
        [w for w in words if id(w) not in taken],
    )


def _covers(lines: list[_Line], at: float, low: float, high: float) -> bool:
    middle = (low + high) / 2
    return any(abs(line.at - at) <= SNAP and line.low <= middle <= line.high for line in lines)


def _span(
    row: int,
    column: int,
    right: list[list[bool]],
    below: list[list[bool]],
    covered: set[tuple[int, int]],
) -> tuple[int, int]:
    """Over how many columns and rows a cell reaches: as far as no line parts them."""
    across = 1
    while (
        column + across < len(right[0])
        and not right[row][column + across - 1]
        and (row, column + across) not in covered
    ):
        across += 1
    down = 1
    while (
        row + down < len(right)
        and not any(below[row + down - 1][c] for c in range(column, column + across))
        and not any(right[row + down][c] for c in range(column, column + across - 1))
    ):
        down += 1
    return across, down
