"""Tables that are drawn in Markdown, not marked: grids, and columns below dashes (Pandoc)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.parsing.blocks import lines_in_fences
from knowledge.parsing.markdown.rst_tables import GRID_BORDER, cell_text, grid_table
from knowledge.parsing.tables import write_table

_COLUMNS = re.compile(r"[ \t]*-{2,}(?:[ \t]+-{2,})+[ \t]*$")
_SOLID = re.compile(r"[ \t]*-{6,}[ \t]*$")
_CAPTION = re.compile(r"(?:[Tt]able)?:[ \t]+(?=\S)")
_MOST_LINES = 1_000
"""Of a table below dashes; without a bound a file of dashes would be read again and again."""
_MOST_HEADER_LINES = 5


def drawn_tables(text: str) -> str:
    """The same text with such tables as pipe tables; code is left as it is."""
    if "--" not in text and "+==" not in text:
        return text
    lines = text.split("\n")
    fenced = lines_in_fences(text)
    found: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if at in fenced:
            drawn = None
        elif GRID_BORDER.match(line):
            drawn = _grid(lines, at)
        elif _COLUMNS.match(line):
            drawn = _columns(lines, at, found)
        elif _SOLID.match(line) and _is_blank(lines, at - 1):
            drawn = _multiline(lines, at)
        else:
            drawn = None
        if drawn is None:
            found.append(line)
            at += 1
        else:
            table, at = drawn
            found += ["", table, ""]
            at = _with_caption(lines, at, found)
    return "\n".join(found)


def _is_blank(lines: Sequence[str], at: int) -> bool:
    return not 0 <= at < len(lines) or not lines[at].strip()


def _with_caption(lines: Sequence[str], at: int, found: list[str]) -> int:
    """What the table is about, written behind it, is text."""
    after = at
    while after < len(lines) and after < at + 2 and _is_blank(lines, after):
        after += 1
    if after < len(lines) and (match := _CAPTION.match(lines[after])):
        found.append(lines[after][match.end() :])
        return after + 1
    return at


def _grid(lines: Sequence[str], at: int) -> tuple[str, int] | None:
    end = at
    while end < len(lines) and lines[end].lstrip().startswith(("+", "|")):
        end += 1
    while end > at and not GRID_BORDER.match(lines[end - 1]):
        end -= 1
    return (grid_table(lines[at:end], is_markdown=True), end) if end - at > 2 else None


def _columns(lines: Sequence[str], at: int, above: list[str]) -> tuple[str, int] | None:
    """Below a line of names, or without one as far as the next line of dashes."""
    has_header = not _is_blank(lines, at - 1)
    if has_header:
        end = at + 1
        while not _is_blank(lines, end):
            end += 1
        is_table = _is_blank(lines, at - 2) and end > at + 1
        rows = [[line] for line in lines[at + 1 : end] if not _COLUMNS.match(line)]
    else:
        end = _closing(lines, at + 1, _COLUMNS)
        is_table = end > at + 2
        rows = _rows(lines[at + 1 : end - 1])
    table = _table([[lines[at - 1]]] if has_header else [], rows, lines[at]) if is_table else None
    if table is not None and has_header:
        above.pop()
    return None if table is None else (table, end)


def _multiline(lines: Sequence[str], at: int) -> tuple[str, int] | None:
    """Between two lines of dashes over the whole width, with names of several lines."""
    below = at + 1
    while not _is_blank(lines, below) and below <= at + _MOST_HEADER_LINES:
        if _COLUMNS.match(lines[below]) and below > at + 1:
            break
        below += 1
    if _is_blank(lines, below) or not _COLUMNS.match(lines[below]):
        return None
    end = _closing(lines, below + 1, _SOLID)
    if not end:
        return None
    table = _table([list(lines[at + 1 : below])], _rows(lines[below + 1 : end - 1]), lines[below])
    return None if table is None else (table, end)


def _closing(lines: Sequence[str], at: int, border: re.Pattern[str]) -> int:
    """The line after the one that ends the table; 0 if there is none."""
    for number in range(at, min(len(lines), at + _MOST_LINES)):
        if border.match(lines[number]) and _is_blank(lines, number + 1):
            return number + 1
    return 0


def _rows(lines: Sequence[str]) -> list[list[str]]:
    """The lines of each row; where blank lines stand, these part rows."""
    if all(line.strip() for line in lines):
        return [[line] for line in lines]
    rows: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            rows[-1].append(line)
        elif rows[-1]:
            rows.append([])
    return [row for row in rows if row]


def _table(header: list[list[str]], rows: list[list[str]], dashes: str) -> str | None:
    """The cells below each group of dashes; None where words lie across two of them."""
    starts = [match.start() for match in re.finditer("-+", dashes)]
    starts[0] = 0
    written = [*header, *rows]
    if not rows or any(
        not line[start - 1 : start].isspace() and line[start : start + 1].strip()
        for row in written
        for line in row
        for start in starts[1:]
        if len(line) >= start
    ):
        return None
    ends = [*starts[1:], None]
    cells = [
        [cell_text([line[a:b] for line in row]) for a, b in zip(starts, ends, strict=True)]
        for row in written
    ]
    return write_table(cells, has_header=bool(header), is_markdown=True)
