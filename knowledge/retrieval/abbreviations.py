"""What an abbreviation stands for, by what the documents say: "open a pull request (PR)". Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from knowledge.parsing.inline import plain_text
from knowledge.text.words import STOP_WORDS

MOST = 4
"""Words of one question that are looked up."""

_WORD = re.compile(r"(?<![\w@/.#-])[^\W\d_]{2,5}(?![\w@/-])")
_BEFORE = re.compile(r"((?:[^\W\d_][\w'’/-]*\s+){1,7})\(([^\W\d_][\w&/-]{1,6})\)")
_AFTER = re.compile(r"\b([A-Z][\w&/-]{1,6})\s+\(([^\W\d_][^()\n]{3,60})\)")
_PARTS = re.compile(r"[\s/-]+")
_SMALL = frozenset("a an and at by for in of on or the to with".split())


def may_abbreviate(question: str) -> list[str]:
    """The short words of a question, in lower case, the shortest first, at most :data:`MOST`."""
    words = dict.fromkeys(found[0].lower() for found in _WORD.finditer(question))
    return sorted((word for word in words if word not in STOP_WORDS), key=len)[:MOST]


def long_form(short: str, texts: Iterable[str]) -> str | None:
    """What ``short`` stands for in most of these Markdown texts; None where none says so.

    The words before or after it whose initials it is, small words aside, in lower case.
    """
    found: Counter[str] = Counter()
    for text in map(plain_text, _saying(short, texts)):
        pairs = [(match[2], match[1], True) for match in _BEFORE.finditer(text)]
        pairs += [(match[1], match[2], False) for match in _AFTER.finditer(text)]
        for abbreviated, words, ends in pairs:
            if _singular(abbreviated.lower()) & _singular(short):
                long = _spelling(_singular(short), words.lower(), at_end=ends)
                found.update([long] if long else [])
    return max(found, key=lambda long: (found[long], long), default=None)


def _saying(short: str, texts: Iterable[str]) -> Iterator[str]:
    """Those that may say it: with the letters in them, and something in brackets."""
    letters = short.removesuffix("s")
    return (text for text in texts if "(" in text and letters in text.lower())


def _singular(short: str) -> set[str]:
    return {short, short.removesuffix("s")}


def _spelling(letters: Collection[str], words: str, *, at_end: bool) -> str | None:
    """The fewest words at the end, or all of them, whose initials are ``letters``."""
    parts = [part for part in _PARTS.split(words) if part]
    for start in range(len(parts) - 2, -1, -1) if at_end else (0,):
        tail = parts[start:]
        every = "".join(part[0] for part in tail)
        telling = "".join(part[0] for part in tail if part not in _SMALL)
        if tail and tail[0] not in _SMALL and {every, telling} & {*letters}:
            return " ".join(tail)
    return None
