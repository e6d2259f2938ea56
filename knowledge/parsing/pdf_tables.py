"""Tables on a PDF page whose cells are parted by ruled lines: cells from lines, text from words."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from knowledge.parsing.grid import Cell, spread
from knowledge.parsing.pdf_page import Rule, Word

_SNAP = 3.0
"""Points that lines of one border are apart, drawn for each cell anew."""
MAX_CROSSINGS = 250_000
"""Pairs of lines that are compared on a page; a map or a chart has more."""
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


def ruled_tables(words: Sequence[Word], rules: Sequence[Rule]) -> tuple[list[Table], list[Word]]:
    """The tables from top to bottom, and the words that stand in none."""
    upright = _merged(_Line(r.x0, r.y0, r.y1) for r in rules if r.x0 == r.x1)
    level = _merged(_Line(r.y0, r.x0, r.x1) for r in rules if r.x0 != r.x1)
    if not upright or len(level) < 2 or len(upright) * len(level) > MAX_CROSSINGS:
        return [], list(words)
    tables: list[Table] = []
    left = list(words)
    for columns, rows in _crossing(upright, level):
        xs = _borders(columns, rows)
        ys = _borders(rows, columns)
        if len(xs) < 3 or len(ys) < 3 or len(xs) * len(ys) > MAX_CELLS:
            continue
        inside = [w for w in left if _is_inside(w, xs, ys)]
        table = _filled(inside, xs, ys, columns, rows)
        if table is not None:
            taken = set(map(id, inside))
            left = [w for w in left if id(w) not in taken]
            tables.append(table)
    return sorted(tables, key=lambda table: table.top), left


def _merged(lines: Iterator[_Line] | Sequence[_Line]) -> list[_Line]:
    """Lines that continue each other as one."""
    merged: list[_Line] = []
    group: list[_Line] = []
    for line in [*sorted(lines, key=lambda each: each.at), None]:
        if group and (line is None or line.at - group[-1].at > _SNAP):
            at = sum(each.at for each in group) / len(group)
            low = high = None
            for each in sorted(group, key=lambda each: each.low):
                if high is not None and each.low <= high + _SNAP:
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
    return [line for line in merged if line.high - line.low > _SNAP]


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
                other.low - _SNAP <= line.at <= other.high + _SNAP
                and line.low - _SNAP <= other.at <= line.high + _SNAP
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
        if not found or place - found[-1] > _SNAP:
            found.append(place)
    return found


def _is_inside(word: Word, xs: list[float], ys: list[float]) -> bool:
    x, y = (word.x0 + word.x1) / 2, (word.top + word.bottom) / 2
    return xs[0] <= x <= xs[-1] and ys[0] <= y <= ys[-1]


def _filled(
    words: Sequence[Word], xs: list[float], ys: list[float], columns: list[_Line], rows: list[_Line]
) -> Table | None:
    """The table's texts; None if it is a frame or a chart rather than a table."""
    wide, high = len(xs) - 1, len(ys) - 1
    held: dict[tuple[int, int], list[Word]] = {}
    for word in words:
        x, y = (word.x0 + word.x1) / 2, (word.top + word.bottom) / 2
        column = min(bisect_right(xs, x) - 1, wide - 1)
        row = min(bisect_right(ys, y) - 1, high - 1)
        held.setdefault((row, column), []).append(word)
    parted_right = [
        [_covers(columns, xs[c + 1], ys[r], ys[r + 1]) for c in range(wide)] for r in range(high)
    ]
    parted_below = [
        [_covers(rows, ys[r + 1], xs[c], xs[c + 1]) for c in range(wide)] for r in range(high)
    ]
    lines: list[list[Cell]] = []
    covered: set[tuple[int, int]] = set()
    for row in range(high):
        line: list[Cell] = []
        for column in range(wide):
            if (row, column) in covered:
                continue
            across, down = _span(row, column, parted_right, parted_below, covered)
            places = [
                (r, c) for r in range(row, row + down) for c in range(column, column + across)
            ]
            covered.update(places)
            line.append(([w for at in places for w in held.get(at, ())], across, down))  # type: ignore[arg-type]
        lines.append(line)
    grid = spread(_texts(lines))
    used = [n for n in range(wide) if any(row[n] for row in grid)]
    kept = [[row[n] for n in used] for row in grid if any(row)]
    if len(kept) < 2 or len(used) < 2:
        return None
    return Table(xs[0], ys[0], xs[-1], ys[-1], kept)


def _covers(lines: list[_Line], at: float, low: float, high: float) -> bool:
    middle = (low + high) / 2
    return any(abs(line.at - at) <= _SNAP and line.low <= middle <= line.high for line in lines)


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


def _texts(lines: list[list[Cell]]) -> Iterator[list[Cell]]:
    """The cells' words as text; a row whose cells hold lists of equal length is several rows."""
    for line in lines:
        texts = [(text_lines(words), across, down) for words, across, down in line]  # type: ignore[arg-type]
        counts = {len(said) for said, _, _ in texts if said}
        most = max(counts, default=0)
        is_plain = all(across == down == 1 for _, across, down in texts)
        tops = [[top for top, _ in said] for said, _, _ in texts if len(said) == most]
        if (
            most > 2
            and is_plain
            and len(tops) > 1
            and len(texts[0][0]) == most
            and len(counts) == 1
        ):
            for n in range(most):
                yield [(said[n][1] if said else "", 1, 1) for said, _, _ in texts]
        else:
            yield [
                (" ".join(text for _, text in said), across, down) for said, across, down in texts
            ]


def text_lines(words: Sequence[Word]) -> list[tuple[float, str]]:
    """The lines of a few words, each with its top."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda w: (w.bottom, w.x0)):
        if lines and word.bottom - lines[-1][0].bottom <= 0.4 * max(word.size, 1.0):
            lines[-1].append(word)
        else:
            lines.append([word])
    return [
        (line[0].top, " ".join(w.text for w in sorted(line, key=lambda w: w.x0))) for line in lines
    ]
