"""Markdown tables: written from rows of cells, and stripped of their authors' padding."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from knowledge.parsing.blocks import parse_blocks


def write_table(
    rows: Sequence[Sequence[str]], *, has_header: bool = True, is_markdown: bool = False
) -> str:
    """A pipe table from ``rows`` of cells, the first being the header.

    Short rows are filled up, lines of a cell are joined, pipes are escaped, and where the cells are
    not Markdown already, backslashes. Without a header an empty one is written, as GFM
    knows no table without. No rows: an empty string.
    """
    if not rows:
        return ""
    width = max(len(row) for row in rows)
    written = _markdown_cell if is_markdown else _cell
    filled = [[written(cell) for cell in row] + [""] * (width - len(row)) for row in rows]
    if not has_header:
        filled.insert(0, [""] * width)
    lines = ["| " + " | ".join(row) + " |" for row in filled]
    lines.insert(1, "|" + " --- |" * width)
    return "\n".join(lines)


def _cell(text: str) -> str:
    return in_one_line(text.split("\n")).replace("\\", "\\\\").replace("|", "\\|")


def _markdown_cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.split()))


def in_one_line(lines: Iterable[str]) -> str:
    """Lines of a cell, one below the other, parted by semicolons where no sentence goes on."""
    said = ""
    for line in (" ".join(each.split()) for each in lines):
        goes_on = not said or said[-1] in ".,;:!?" or line[:1].islower()
        said = f"{said}{' ' if goes_on else '; '}{line}" if line else said
    return said.strip()


def compact_tables(markdown: str) -> str:
    """``markdown`` with each table's padding and long delimiter rows cut down.

    Authors align columns with spaces and dashes, for which an embedder pays a token each: in real
    handbooks more than half of a table's tokens.
    """
    if "|" not in markdown:
        return markdown
    parts: list[str] = []
    at = 0
    for block in parse_blocks(markdown):
        if block.kind == "table":
            header, delimiter, *rows = markdown[block.start : block.end].split("\n")
            short = re.sub(r"-{4,}", "---", delimiter)
            lines = [_unpadded(header), _unpadded(short), *map(_unpadded, rows)]
            parts += [markdown[at : block.start], "\n".join(lines)]
            at = block.end
    return "".join(parts) + markdown[at:]


def _unpadded(row: str) -> str:
    inner = row.lstrip()
    return row[: len(row) - len(inner)] + re.sub(r"[ \t]{2,}", " ", inner.rstrip())
