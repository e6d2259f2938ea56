"""Letters of symbol fonts as the signs that they show: bullets, boxes, ticks."""

from __future__ import annotations

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
