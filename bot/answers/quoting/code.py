"""Of long code its beginning: the rest is read on its page."""

from __future__ import annotations

from bot.answers.quoting.lists import SCREEN

LONG = 1500
"""Characters; up to this code is quoted whole."""
_END = "\n"


def beginning(code: str) -> str:
    """The first lines of a fenced block that is longer than :data:`LONG`, up to a screen."""
    if len(code) <= LONG:
        return code
    last = code.rfind(_END, code.find(_END) + 1, SCREEN)
    return code[: last if last > 0 else SCREEN]


def remark(code: str) -> str:
    """How much of a fenced block is quoted, if not all of it."""
    shown = beginning(code)
    return "" if shown == code else f"{code.count(_END) - 1} lines; the first {shown.count(_END)}:"


def closed(part: str, code: str) -> str:
    """The beginning of a fenced block as a block of its own."""
    fence = code[: len(code) - len(code.lstrip(code[0]))]
    return part if part == code else f"{part}{_END}{fence}"
