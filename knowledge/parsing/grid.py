"""Tables as grids: cells that span rows or columns are repeated, each under its own header."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

MAX_SPAN = 1_000
"""Rows or columns; HTML bounds a cell's columns so (4.9.11)."""
MAX_CELLS = 500_000
"""In one table; a larger one is an export, and spans could blow it up without end."""

Cell = tuple[str, int, int]
"""Its text, and how many columns and rows it spans."""


def spread(rows: Iterable[Sequence[Cell]]) -> list[list[str]]:
    """The rows with spanning cells in every place that they cover.

    A cell across the whole table says what the rows below it are about: it is not repeated.
    """
    grid: list[list[str]] = []
    whole: list[bool] = []
    hanging: dict[int, tuple[str, int]] = {}  # by column: what reaches down, over how many rows
    filled = 0
    for row in rows:
        line: list[str] = []
        reaching: dict[int, tuple[str, int]] = {}
        cells = iter(row)
        while True:
            at = len(line)
            if at in hanging:
                text, left = hanging.pop(at)
                line.append(text)
                if left > 1:
                    reaching[at] = (text, left - 1)
                continue
            cell = next(cells, None)
            if cell is None:
                if not hanging:
                    break
                line += [""] * (min(hanging) - at)
                continue
            text, columns, down = cell
            for _ in range(max(1, min(columns, MAX_SPAN))):
                place = len(line)
                if place in hanging:  # two cells claim a place: the one from above has it
                    break
                line.append(text)
                if down > 1:
                    reaching[place] = (text, min(down, MAX_SPAN) - 1)
        filled += len(line)
        if filled > MAX_CELLS:
            break
        grid.append(line)
        whole.append(len(row) == 1 and row[0][1] > 1 and len(line) == row[0][1])
        hanging = reaching
    width = max(map(len, grid), default=0)
    for number, is_whole in enumerate(whole):
        if is_whole and len(grid[number]) == width:
            grid[number] = grid[number][:1] + [""] * (width - 1)
        else:
            grid[number] += [""] * (width - len(grid[number]))
    return grid


def joined_header(rows: Sequence[Sequence[str]]) -> list[str]:
    """Several header rows as one: ``Price`` above ``Adult`` and ``Child`` is ``Price: Adult``."""
    width = max(map(len, rows), default=0)
    return [
        ": ".join(dict.fromkeys(row[column] for row in rows if column < len(row) and row[column]))
        for column in range(width)
    ]


def names_groups(first: Sequence[str], second: Sequence[str]) -> bool:
    """Does the first row name groups of columns, repeated over each, that the second names?"""
    groups = {a for a, b in pairwise(first) if a and a == b}
    below = [b for a, b in zip(first, second, strict=True) if a in groups]
    return (
        len(set(below)) > 1
        and all(b or not a for a, b in zip(first, second, strict=True))
        and not any(char.isdigit() for text in second for char in text)
    )
