"""Bullets that a PDF draws as shapes: without them the items of a list would run together."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.parsing.pdf.drawn.rules import Mark
from knowledge.parsing.pdf.words import Word

_NEAREST, _FARTHEST = 0.15, 3.5
"""Of the font size: from a bullet to its text."""
_LEFT = 2.0
"""As above: what is nearer on the left belongs to the text, and the shape is none of a list."""
_CROWD = 1
"""Marks beside one, but for itself; more are a pattern of a legend, or a drawing."""
_BESIDE = 12.0
"""Points."""
_LARGEST = 1.0
"""Of the font size."""
_FULL = 0.9
"""Of a box's width."""
_BAND = 10
"""Points of height by which words are looked up."""
_SAME_PLACE = 1.5
"""Points."""


def drawn_bullets(marks: Sequence[Mark], words: Sequence[Word]) -> list[Word]:
    """Words of one sign each, where several marks below each other stand before text."""
    by_line: dict[int, list[Word]] = {}
    for word in words:
        for band in range(int(word.top // _BAND), int(word.bottom // _BAND) + 1):
            by_line.setdefault(band, []).append(word)
    found: list[tuple[Mark, Word]] = []
    boxes = [mark for mark in marks if mark.is_empty_box]
    for mark in marks:
        if any(_is_around(box, mark) for box in boxes if box is not mark):
            continue  # the tick in a box
        if sum(_is_near(other, mark) for other in marks if not _is_around(mark, other)) > _CROWD:
            continue  # a pattern
        text = _text_behind(mark, by_line)
        if text is not None:
            found.append((mark, text))
    return [
        _as_word(mark, text, marks)
        for mark, text in found
        if sum(_is_alike(mark, other) for other, _ in found) > 1
    ]


def _text_behind(mark: Mark, by_line: dict[int, list[Word]]) -> Word | None:
    x0, x1, top, bottom = mark.box
    middle = (top + bottom) / 2
    near: Word | None = None
    for word in by_line.get(int(middle // _BAND), ()):
        if not word.top < middle < word.bottom or not word.is_level:
            continue
        if max(x1 - x0, bottom - top) > _LARGEST * word.size:
            continue
        if word.x0 < x0 and x0 - word.x1 < _LEFT * word.size:
            return None
        gap = word.x0 - x1
        if _NEAREST * word.size <= gap <= _FARTHEST * word.size and (
            near is None or word.x0 < near.x0
        ):
            near = word
    return near


def _is_alike(mark: Mark, other: Mark) -> bool:
    return (
        abs(mark.box[0] - other.box[0]) <= _SAME_PLACE
        and abs((mark.box[1] - mark.box[0]) - (other.box[1] - other.box[0])) <= _SAME_PLACE
        and (mark is other or abs(mark.box[2] - other.box[2]) > _SAME_PLACE)
    )


def _is_near(other: Mark, mark: Mark) -> bool:
    a, b = other.box, mark.box
    return b[0] - _BESIDE < a[1] and a[0] < b[1] + _BESIDE and b[2] < a[3] and a[2] < b[3]


def _is_around(box: Mark, mark: Mark) -> bool:
    """Does a box hold a mark? One that fills it is its ground, as in a legend."""
    x, y = (mark.box[0] + mark.box[1]) / 2, (mark.box[2] + mark.box[3]) / 2
    is_filled = mark.box[1] - mark.box[0] > _FULL * (box.box[1] - box.box[0])
    return not is_filled and box.box[0] < x < box.box[1] and box.box[2] < y < box.box[3]


def _as_word(mark: Mark, text: Word, marks: Sequence[Mark]) -> Word:
    sign = "•"
    if mark.is_empty_box:
        is_ticked = any(_is_around(mark, other) for other in marks if other is not mark)
        sign = "☒" if is_ticked else "☐"
    return Word(mark.box[0], mark.box[1], text.top, text.bottom, sign, text.size, bold=False)
