"""Tables of reStructuredText: drawn as grids, ruled, as lists and as CSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from itertools import pairwise

from knowledge.parsing.grid import joined_header
from knowledge.parsing.tables import write_table

GRID_BORDER = re.compile(r"[ \t]*\+(?::?[-=]{2,}:?\+)+[ \t]*$")
SIMPLE_BORDER = re.compile(r"[ \t]*=+(?:[ \t]+=+)+[ \t]*$")
_RULE = re.compile(r"\+:?[-=]{2,}:?\+")
_ITEM = re.compile(r"(?:[-*+]|#?\d{0,3}[.)])[ \t]+(?=\S)")
_DELIMITERS = {"tab": "\t", "space": " "}


def directed_table(name: str, options: dict[str, str], body: list[str]) -> str:
    """What stands in a ``list-table`` or ``csv-table``, with the header that its options give."""
    if name == "list-table":
        rows = _listed_rows(body)
    else:
        delimiter = _DELIMITERS.get(options.get("delim", ""), options.get("delim", "")[:1]) or ","
        stated = [options["header"]] if options.get("header") else []
        lines = csv.reader([*stated, *body], delimiter=delimiter, skipinitialspace=True)
        rows = [row for row in lines if row]
    has_header = bool(options.get("header")) or options.get("header-rows", "0") != "0"
    return write_table(rows, has_header=has_header)


def _listed_rows(body: list[str]) -> list[list[str]]:
    rows: list[list[str]] = []
    for line in body:
        if match := re.match(r"[*-] +[*-] ?(.*)$", line):
            rows.append([match[1]])
        elif rows and (match := re.match(r" +[*-] ?(.*)$", line)):
            rows[-1].append(match[1])
        elif rows and line.strip():
            rows[-1][-1] += f" {line.strip()}"
    return rows


def grid_table(lines: Sequence[str], *, is_markdown: bool = False) -> str:
    """A table drawn with rules; cells that span rows or columns are repeated in each."""
    indent = len(lines[0]) - len(lines[0].lstrip())
    drawn = [line[indent:].rstrip() for line in lines]
    rules = [at for at, line in enumerate(drawn) if _RULE.search(line)]
    columns = sorted({at for row in rules for at, char in enumerate(drawn[row]) if char == "+"})
    heads = next((n for n, at in enumerate(rules) if n and set(drawn[at]) <= set("+=:")), 0)
    inside: list[list[list[str]]] = []  # the lines of each cell; one list where cells are one
    for top, bottom in pairwise(rules):
        row: list[list[str]] = []
        for left, right in pairwise(columns):
            band = [line[left : right + 1].ljust(right - left + 1) for line in drawn[top:bottom]]
            over, *within = band
            if row and not all(line[0] in "|+" for line in within):
                cell = row[-1]
                for number, line in enumerate(within, start=len(cell) - len(within)):
                    cell[number] += line[:-1]
            elif inside and not set(over[1:-1]) <= set("-=:"):
                cell = inside[-1][len(row)]
                if not row or row[-1] is not cell:
                    cell += [over[1:-1], *(line[1:-1] for line in within)]
            else:
                cell = [line[1:-1] for line in within]
            row.append(cell)
        inside.append(row)
    rows = [list(map(cell_text, row)) for row in inside]
    return write_table(_with_one_header(rows, heads), has_header=heads > 0, is_markdown=is_markdown)


def cell_text(lines: Sequence[str]) -> str:
    """The lines of a cell as one; its paragraphs and the items of its lists are parted."""
    parts: list[str] = []
    is_new = True
    for line in map(str.strip, lines):
        item = _ITEM.match(line)
        words = " ".join(line[item.end() if item else 0 :].split())
        if line and (is_new or item or not parts):
            parts.append(words)
        elif line:
            parts[-1] += f" {words}"
        is_new = not line
    return " ".join(f"{part};" if part[-1] not in ".,;:!?" else part for part in parts).rstrip(";")


def _with_one_header(rows: list[list[str]], heads: int) -> list[list[str]]:
    return [joined_header(rows[:heads]), *rows[heads:]] if heads > 1 else rows


def simple_end(lines: list[str], at: int) -> int | None:
    """The line after a table's last border: one with a blank line or the end behind it."""
    for end in range(at + 1, len(lines)):
        if SIMPLE_BORDER.match(lines[end]) and (
            end + 1 == len(lines) or not lines[end + 1].strip()
        ):
            return end + 1
        if not lines[end].strip() and not any(
            SIMPLE_BORDER.match(line) for line in lines[end : end + 3]
        ):
            return None
    return None


def simple_table(lines: list[str]) -> str:
    """A table whose columns are where its borders of equals signs are."""
    starts = [match.start() for match in re.finditer("=+", lines[0])]
    rows: list[list[str]] = []
    borders = 0
    for line in lines:
        if SIMPLE_BORDER.match(line):
            borders += 1
        elif line.strip() and not set(line.strip()) <= {"-", " "}:
            ends = [*starts[1:], len(line)]
            cells = [line[a:b].strip() for a, b in zip(starts, ends, strict=True)]
            if rows and not cells[0]:
                rows[-1] = [f"{a} {b}".strip() for a, b in zip(rows[-1], cells, strict=True)]
            else:
                rows.append(cells)
    return write_table(rows, has_header=borders > 2)
