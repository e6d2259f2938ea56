"""Tables as aligned text, for platforms that show none."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final

TABLE_WIDTH: Final = 72
"""Columns of aligned text that fit a chat window on a laptop; wider tables become records."""


def align(rows: Sequence[Sequence[str]], styles: Sequence[str]) -> str:
    """Cells padded to columns, the first row ruled off. ``styles``: GFM's, ``text-align:right``."""
    widths = [max(_width(row[at]) for row in rows) for at in range(len(rows[0]))]

    def line(row: Sequence[str]) -> str:
        padded = []
        for cell, width, style in zip(row, widths, styles, strict=True):
            gap = " " * (width - _width(cell))
            padded.append(gap + cell if style.endswith("right") else cell + gap)
        return "  ".join(padded).rstrip()

    rule = "  ".join("─" * width for width in widths)
    head, *body = map(line, rows)
    return "\n".join([head, rule, *body])


def _width(text: str) -> int:
    """Columns in a fixed-width font."""
    return sum(
        0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF")
        for each in text
    )
