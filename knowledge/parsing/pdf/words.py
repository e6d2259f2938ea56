"""A word on a page of a PDF, the piece that everything else is put together from."""

from __future__ import annotations

from dataclasses import dataclass

Box = tuple[float, float, float, float]
"""Left, right, top and bottom in points from the page's top left."""


@dataclass(frozen=True, slots=True)
class Word:
    """Letters without a space between them."""

    x0: float
    x1: float
    top: float
    bottom: float
    text: str
    size: float
    """Points of the font."""
    bold: bool
    link: str = ""
    """The address on the web that it leads to."""
    mono: bool = False
    """Is it set in typewriter's letters, all as wide?"""
