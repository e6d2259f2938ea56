"""A word on a page of a PDF, the piece that everything else is put together from, and its signs."""

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
    is_level: bool = True
    """Does it run as most of the page's text does, rather than up or down beside it?"""


# --- letters of symbol fonts as the signs that they show: bullets, boxes, ticks -----------------

_DINGBATS = {
    "l": "•", "m": "○", "n": "■", "o": "☐", "p": "☐", "q": "☐", "r": "☐", "u": "◆", "v": "◆",
    "w": "◆", "x": "☒", "y": "•", "z": "•", "\x9f": "•", "§": "▪", "¨": "☐", "Ø": "➢", "ü": "✓",
    "û": "✗", "þ": "☑", "ý": "☒", "·": "•", "ð": "→", "à": "→", "è": "→",
}  # fmt: skip
"""Letters of Wingdings (Microsoft's code chart), which Word takes bullets and boxes from."""
_FONTS = ("wingding", "dingbat", "webding")
_PRIVATE = range(0xF000, 0xF100)
"""Where fonts without letters keep their signs, at the place of the letter."""


def shown(char: str, font: str) -> str:
    """The sign that a font shows for a character; the character where it is none of a symbol.

    ``font``: its name in lower case, as the file states it.
    """
    code = ord(char)
    if code in _PRIVATE:
        return "•" if code == 0xF0B7 else _DINGBATS.get(chr(code - 0xF000), char)
    if 0x80 <= code < 0xA0:  # no letters, whatever the font
        return "•"
    if any(each in font for each in _FONTS):
        return _DINGBATS.get(char, char)
    return char
