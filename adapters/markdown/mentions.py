"""Breaking what a platform would take for a mention, whatever it is disguised as."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

ZERO_WIDTH_SPACE: Final = "\u200b"
"""Takes no room and is not removed by either platform: what breaks a mention or a run of marks."""


def break_up(text: str, danger: re.Pattern[str]) -> str:
    """``text`` with a zero-width space after the first character of every match.

    ``danger`` is matched on a copy in lower case with wide characters made narrow and invisible
    ones left out, so that no disguise of a mention depends on what a platform folds or strips.
    """
    if not any(mark in text for mark in "@<＠﹫＜﹤"):
        return text
    folded, places = [], []
    for place, character in enumerate(text):
        if not character.isascii():
            narrow = unicodedata.normalize("NFKC", character).lower()
            character = narrow if len(narrow) == 1 else character
        if character == ZERO_WIDTH_SPACE or not _is_invisible(character):
            folded.append(character.lower() if character.isascii() else character)
            places.append(place)
    out, done = [], 0
    for match in danger.finditer("".join(folded)):
        after = places[match.start()] + 1
        out += [text[done:after], ZERO_WIDTH_SPACE]
        done = after
    return "".join([*out, text[done:]])


def _is_invisible(character: str) -> bool:
    if character == "\n":
        return False
    # U+FE00 to U+FE0F choose how the character before them is drawn, U+034F joins nothing.
    chooses = "\ufe00" <= character <= "\ufe0f" or character == "\u034f"
    return chooses or unicodedata.category(character) in ("Cc", "Cf")
