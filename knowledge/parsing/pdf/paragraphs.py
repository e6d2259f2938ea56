"""Lines of a PDF page put together to paragraphs: where one ends, and words that lines part."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from knowledge.parsing.pdf.layout import Piece
from knowledge.parsing.pdf.lines import Line

SENTENCE_END = re.compile(r"[.!?:;…][\"'”’)\]]*$")
LEADERS = re.compile(r"\s*(?:\.\s?){4,}\s*")
"""Dots that lead from a name to its figure."""
HYPHENATED = re.compile(r"(\w*[^\W\d_])-$")
_FULL = 0.85
"""Of the longest line in a picture: on screens and signs shorter ones stand by themselves."""
_ENTRY_WORDS = 3
_ENTRY = 0.35
"""Of the page's longest line."""
_SPEAKS = 5
"""Words of a line in a picture that is rather one of a narrow paragraph than a sign's."""
_AROUND = 2
"""Lines above and below that tell how far to the right a paragraph reaches."""
_FIELD = re.compile(r"[A-Z][\w#/&.() -]{0,30}:(?: |$)")
"""``Cashier: Emily``: the name of a value, at the start of a line."""
_AMOUNT = re.compile(r"[^\w\s]?\d[\d.,]*[.,]\d\d(?: ?[^\w\s]| ?[A-Z]{3})?$")
_OPEN_END = re.compile(
    r"(?:,|\b(?:the|a|an|and|or|of|to|in|on|at|by|for|from|with|is|are|was|be|has|have|not|that|"
    r"than|as|der|die|das|den|dem|ein|eine|und|oder|von|zu|im|am|mit|für|ist|sind|le|la|les|un|une|"
    r"et|ou|de|du|des|à|el|los|las|y|o|del))$",
    re.I,
)


def goes_on(text: str) -> bool:
    """Does a text end in a word that no sentence ends in?"""
    return _OPEN_END.search(text) is not None


class Breaks:
    """Where the lines of a page part in paragraphs.

    ``is_picture``: of recognised text, where short lines rather stand by themselves.
    """

    def __init__(self, page: Sequence[Piece], *, is_picture: bool) -> None:
        lines = [piece for piece in page if isinstance(piece, Line)]
        self._longest = max((line.x1 - line.x0 for line in lines), default=0.0)
        self._usual = _usual_gap(page)
        self._is_picture = is_picture
        self._right = self._reach(lines)

    def _reach(self, lines: Sequence[Line]) -> dict[int, float]:
        """By line: how far to the right those reach that stand close above and below it."""
        blocks: list[list[Line]] = []
        for line in lines:
            if blocks and self._is_close(blocks[-1][-1], line):
                blocks[-1].append(line)
            else:
                blocks.append([line])
        return {
            id(line): max(each.x1 for each in block[max(0, n - _AROUND) : n + 1 + _AROUND])
            for block in blocks
            for n, line in enumerate(block)
        }

    def _is_close(self, above: Line, line: Line) -> bool:
        gap = line.top - above.bottom
        return (
            above.top < line.top
            and gap <= max(self._usual, 0.0) + 0.4 * line.height
            and abs(line.size - above.size) <= 0.15 * above.size
            and line.x0 < above.x1
            and above.x0 < line.x1
        )

    def between(self, before: Line, line: Line) -> bool:
        """Does a paragraph end between two lines that follow each other?"""
        if (led := LEADERS.search(before.text)) and led.end() < len(before.text):
            return True
        ended = SENTENCE_END.search(before.text) is not None
        is_open = line.text[:1].islower() or goes_on(before.text)
        if line.top <= before.top:  # the next column
            return ended or not is_open
        if not self._is_close(before, line):
            if line.top - before.bottom > max(self._usual, 0.0) + 0.4 * line.height:
                return True
            if abs(line.size - before.size) > 0.15 * before.size:
                return ended or not line.text[:1].islower()
        if before.bold and not line.bold and before.text[-1:] == ":":
            return True
        width = before.x1 - before.x0
        indented = line.x0 - before.x0 > line.size and width > 0.5 * self._longest
        # A short line that ends a sentence ends a paragraph.
        if ended and (indented or width < 0.7 * self._longest):
            return True
        if is_open or HYPHENATED.search(before.text):
            return False
        has_room = self._has_room(before, line) or self._are_entries(before, line)
        if self._is_picture:
            return width < _FULL * self._longest and (has_room or before.words < _SPEAKS)
        is_short = width < _FULL * self._longest
        return has_room or (
            is_short and bool(_FIELD.match(line.text) or _AMOUNT.search(before.text))
        )

    def _are_entries(self, before: Line, line: Line) -> bool:
        """Are both far shorter than the page's lines, as the items of a list without signs?"""
        is_short = max(before.words, line.words) <= _ENTRY_WORDS and line.text[:1].isupper()
        return is_short and before.x1 - before.x0 < _ENTRY * self._longest

    def _has_room(self, before: Line, line: Line) -> bool:
        """Would the next line's first word have fitted? Who wrote the lines parted them then."""
        is_centred = (
            abs(line.x0 + line.x1 - before.x0 - before.x1) < line.size
            and abs(line.x0 - before.x0) > line.size
        )
        first = len(line.text.split(maxsplit=1)[0]) / len(line.text) * (line.x1 - line.x0)
        room = self._right.get(id(before), before.x1) - before.x1
        return not is_centred and room > first + 1.25 * line.size


def _usual_gap(page: Sequence[Piece]) -> float:
    """Points between the lines of a paragraph."""
    gaps = [
        below.top - above.bottom
        for above, below in pairwise(page)
        if isinstance(above, Line)
        and isinstance(below, Line)
        and below.top > above.top
        and above.size == below.size
    ]
    return min(median(gaps), 6.0) if gaps else 0.0


def join(before: str, after: str, words: set[str]) -> str:
    """Two lines as one; a word that was hyphenated at the line's end is whole again."""
    broken = HYPHENATED.search(before)
    if broken is None or not after[:1].islower():
        return f"{before} {after}" if broken is None else before + after
    ending = after.split()[0].strip(".,;:!?)")
    if _IN_ADDRESS.search(before) or "@" in ending:
        return before + after
    # "self-" + "service" keeps its hyphen if the document has it in the middle of a line, or the
    # parts are words of the document, and the whole is none.
    whole, parted = f"{broken[1]}{ending}".casefold(), f"{broken[1]}-{ending}".casefold()
    if parted in words or broken[1].casefold() in _PREFIXES:
        return before + after
    if whole not in words and broken[1].casefold() in words and ending.casefold() in words:
        return before + after
    return before[:-1] + after


_IN_ADDRESS = re.compile(r"(?:@|://|www\.)\S*-$")
"""There a hyphen is none of a line's end."""
_PREFIXES = frozenset(("self", "non", "co", "ex", "all", "half", "well", "e", "x"))
"""Before these a hyphen belongs to the word."""


def code_block(lines: Sequence[Line]) -> str:
    """Lines of a program or of commands as they stand, indented and with empty lines."""
    left = min(line.x0 for line in lines)
    letter = max(median((line.x1 - line.x0) / len(line.text) for line in lines), 1.0)
    said: list[str] = []
    for above, line in zip([lines[0], *lines], lines, strict=False):
        if line.top - above.bottom > 0.8 * line.height:
            said.append("")
        said.append(" " * min(round((line.x0 - left) / letter), 40) + line.text)
    fence = "````" if any("```" in line for line in said) else "```"
    return "\n".join([fence, *said, fence])
