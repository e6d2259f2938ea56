"""Recognised lines as a page of words, laid out as the pages of a PDF are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from knowledge.parsing.pdf.page import Page
from knowledge.parsing.pdf.words import Word
from knowledge.parsing.recognition import RecognisedLine, confidence

_USUAL = 10.0
"""Points that the usual print of a picture is taken for, where nothing tells how large it is."""
_PRINT = 0.75
"""Of the height of the engine's boxes, which have some white around the letters: the font size."""
_LARGER = 1.4
"""Of the usual height: from here on a line is larger print. Whether a line has letters that go up
and down alone makes a fifth."""
_STEP = 1.25
"""Heights nearer to each other than this are one size of print."""
_GAP = 0.4
"""Of the font size: between two words of a line; more would begin another cell."""


def recognised_page(
    lines: Sequence[RecognisedLine], size: tuple[int, int], pixel: float = 0.0
) -> Page:
    """A page of the words that were recognised in a picture of it; there is at least one line.

    ``size``: width and height of the picture in pixels. ``pixel``: points of one, if that is known.
    """
    usual = max(1.0, median(line.bottom - line.top for line in lines for _ in line.text))
    scale = pixel or _USUAL / (usual * _PRINT)
    words: list[Word] = []
    for line in lines:
        words += _words(
            line, _size((line.bottom - line.top) / usual, usual * _PRINT * scale), scale
        )
    return Page(
        size[0] * scale,
        size[1] * scale,
        words,
        [],
        has_drawings=True,
        confidence=confidence(lines),
    )


def _size(ratio: float, usual: float) -> float:
    """The size of print in points, in steps, as boxes of the same print differ in height."""
    while ratio >= _LARGER:
        usual *= _STEP
        ratio /= _STEP
    return round(usual, 1)


def _words(line: RecognisedLine, size: float, scale: float) -> list[Word]:
    """The words of a line, each where its letters lie if all are equally wide.

    No gap is so wide that it would part them: the engine took them for one line.
    """
    letter = (line.x1 - line.x0) / len(line.text)
    gap = min(letter, _GAP * size / scale)
    borders = [-1, *(at for at, char in enumerate(line.text) if char == " "), len(line.text)]
    return [
        Word(
            (line.x0 + (before + 1) * letter) * scale,
            (line.x0 + (after + 1) * letter - gap) * scale
            if after < len(line.text)
            else line.x1 * scale,
            line.top * scale,
            line.bottom * scale,
            line.text[before + 1 : after],
            size,
            bold=False,
        )
        for before, after in pairwise(borders)
        if after > before + 1
    ]
