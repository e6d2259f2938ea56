"""A long Markdown text in pieces that each stand alone, cut where a reader would cut it."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from enum import IntEnum

from adapters.markdown.reading import read_blocks

MIN_LIMIT = 60
"""Characters; below this a piece could not hold a fence's two lines and a word."""

_SENTENCE = re.compile(
    r"(?:[.!?…][)\"'”’»*_~]*(?:[ \t]?\[\d{1,3}\])*[ \t]+|[。！？](?:\[\d{1,3}\])*)(?=\S)"
)
_GAP = re.compile(r"(?<=\S)[ \t]+(?=\S)(?!\[\d{1,3}\])")
_ATOM = re.compile(
    r"``(?!`)[^\n]{1,1000}?``|`[^`\n]{1,1000}`"
    r"|!?\[(?:[^\[\]\n\\]|\\.|\[[^\[\]\n]{0,200}\]){0,500}\]\([^()\s]{0,2000}\)"
    r"|<[^<>\n]{1,2000}>|[a-z]{2,10}://[^\s<>]{1,2000}"
    r"|\\.|&#?\w{1,10};"
    r"|[^\s\[\]`<>*_~|&]{0,30}(?:[ \t]?\[\d{1,3}\])+"
    r"|\*\*[^*\n]{1,200}\*\*|__[^_\n]{1,200}__|~~[^~\n]{1,200}~~|\|\|[^|\n]{1,200}\|\|"
)
_QUOTE = re.compile(r"(?:[ \t]{0,3}>[ \t]?)+")
_FENCE = re.compile(r"(?P<prefix>.*?)(?P<marks>`{3,}|~{3,})(?P<info>.*)$")


class _Border(IntEnum):
    """Where to cut, best first."""

    BLOCK = 0
    ITEM = 1  # also between a heading and what it heads
    INNER = 2  # nested items, table rows, blank lines in code
    LINE = 3
    SENTENCE = 4
    WORD = 5


@dataclass(frozen=True, slots=True)
class _Fence:
    start: int
    """Of the code's second line: before it a cut would leave an empty fence."""
    end: int
    """Of the code's last line, or where the closing line starts."""
    opening: str
    closing: str


def split(text: str, limit: int) -> list[str]:
    """``text`` in order in pieces of at most ``limit`` characters (code points).

    Cuts on the borders of blocks, else of list items, rows, lines, sentences, words, and only in
    the middle of a word that is itself too long; what fits in a piece of its own is not cut, save
    to fill up where its neighbours are cut anyway. A heading stays with what follows. A cut fence
    is closed and opened again, a cut table's header and a cut quote's mark are repeated. Links,
    code, escapes and citation marks stay whole. Nothing else is added; only whitespace is lost.

    Raises ValueError for a limit below :data:`MIN_LIMIT`.
    """
    if limit < MIN_LIMIT:
        raise ValueError(f"limit must be at least {MIN_LIMIT}, not {limit}")
    return _Splitter(_closed(text.replace("\r\n", "\n").replace("\r", "\n")), limit).pieces()


def _closed(text: str) -> str:
    """``text`` with the end of a fence that runs to the end of the text."""
    for token in reversed(read_blocks(text)):
        if token.type == "fence" and token.map:
            lines = text.split("\n")
            first, last = token.map
            runs_out = not "".join(lines[last:]).strip() and not _ends_fence(
                lines, first, last, token.markup
            )
            prefix = _inner_prefix(lines[first], token.markup)
            return f"{text.rstrip()}\n{prefix}{token.markup}" if runs_out else text
        if token.type in ("inline", "hr"):
            break
    return text


def _ends_fence(lines: list[str], first: int, last: int, marks: str) -> bool:
    """Does the fence on ``lines[first:last]`` end with a closing line?"""
    line = lines[last - 1].strip(" \t>")
    return last - 1 > first and set(line) == {marks[0]} and len(line) >= len(marks)


def _inner_prefix(line: str, marks: str) -> str:
    """What stands before a fence's marks on all its lines.

    A list's marker would begin a new item; a quote's mark must stay.
    """
    return re.sub(r"[^\s>]", " ", line.partition(marks)[0])


class _Splitter:
    """One text, its borders, and what a cut must close and open again."""

    def __init__(self, text: str, limit: int) -> None:
        self._text = text
        self._limit = limit
        self._lines = text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._fences: list[_Fence] = []
        self._headers: dict[int, str] = {}
        """Where a row starts to the table header that must stand above it."""
        self._borders: dict[int, _Border] = {}
        self._whole = bytearray(len(text) + 2)
        """1 where a cut would go through something that must stay whole."""
        self._read_blocks()
        self._read_lines()
        self._fence_starts = [fence.start for fence in self._fences]
        self._reserve = max((len(fence.closing) for fence in self._fences), default=0)
        places = sorted(place for place in self._borders if not self._whole[place])
        self._levels = [
            [place for place in places if self._borders[place] <= level] for level in _Border
        ]

    def pieces(self) -> list[str]:
        text, pieces = self._text, []
        start = 0
        while start < len(text):
            opening = self._opening(start)
            cut = len(text)
            if len(opening) + cut - start > self._limit:
                cut = self._cut(start, start + self._limit - len(opening) - self._reserve)
            fence = self._fence_at(cut) if cut < len(text) else None
            if fence:
                piece = f"{opening}{text[start:cut].removesuffix(chr(10))}{fence.closing}"
            else:
                piece = _outdent(opening + text[start:cut].strip("\n").rstrip())
            if piece.strip():
                pieces.append(piece)
            start = cut
        return pieces

    def _cut(self, start: int, end: int) -> int:
        """The best border after ``start`` and not after ``end``."""
        best = start
        for places in self._levels:
            at = bisect_right(places, end) - 1
            if at < 0 or places[at] <= start:
                continue
            best = places[at]
            following = places[at + 1] if at + 1 < len(places) else len(self._text)
            room = self._limit - self._reserve - len(self._opening(best))
            if following - best <= room:  # What follows need not be cut itself.
                return best
        if best > start:
            return best
        may = (at for at in range(end, start, -1) if not self._whole[at] and self._may_part(at))
        return next(may, end)

    def _may_part(self, at: int) -> bool:
        """Are these two characters two to a reader?"""
        before, after = self._text[at - 1], self._text[at]
        joins = unicodedata.combining(after) or "\ufe00" <= after <= "\ufe0f"
        return not joins and "\u200d" not in (before, after)

    def _fence_at(self, place: int) -> _Fence | None:
        at = bisect_right(self._fence_starts, place) - 1
        return self._fences[at] if at >= 0 and place <= self._fences[at].end else None

    def _opening(self, start: int) -> str:
        """What a piece that starts here must begin with."""
        if fence := self._fence_at(start):
            return fence.opening
        if start in self._headers:
            return self._headers[start]
        line = self._text.rfind("\n", 0, start) + 1
        quote = _QUOTE.match(self._text, line, start) if line < start else None
        return quote[0] if quote and len(quote[0]) <= self._limit / 3 else ""

    # Reading.

    def _read_blocks(self) -> None:
        was_heading = False
        for token in read_blocks(self._text):
            if token.map is None or token.nesting < 0 or token.type == "inline":
                continue
            first, last = token.map
            border = _Border.INNER
            if token.level == 0:
                border = _Border.ITEM if was_heading else _Border.BLOCK
                was_heading = token.type == "heading_open"
            elif token.type == "list_item_open" and token.level == 1:
                border = _Border.ITEM
            self._mark(self._starts[first], border)
            if token.type == "fence":
                self._read_fence(first, last, token.markup)
            elif token.type == "table_open":
                self._read_table(first, last)

    def _read_fence(self, first: int, last: int, marks: str) -> None:
        starts = self._starts
        prefix = _inner_prefix(self._lines[first], marks)
        info = self._lines[first].partition(marks)[2]
        opening, closing = f"{prefix}{marks}{info.rstrip()}\n", f"\n{prefix}{marks}"
        is_closed = _ends_fence(self._lines, first, last, marks)
        after = last - 1 if is_closed else last
        if len(opening) + len(closing) > self._limit / 3 or first + 1 >= after:
            return
        self._fences.append(_Fence(starts[first + 1] + 1, starts[after] - 1, opening, closing))
        self._keep_whole(starts[first], starts[first + 1] + 1)
        if is_closed:
            self._keep_whole(starts[after] - 1, starts[last])
        for number in range(first + 2, after):
            after_blank = not self._lines[number - 1].strip()
            self._mark(starts[number], _Border.INNER if after_blank else _Border.LINE)

    def _read_table(self, first: int, last: int) -> None:
        header = f"{self._lines[first]}\n{self._lines[first + 1]}\n"
        if len(header) > self._limit / 3:
            return
        self._keep_whole(self._starts[first], self._starts[min(first + 2, last)] + 1)
        for number in range(first + 3, last):
            self._headers[self._starts[number]] = header

    def _read_lines(self) -> None:
        for number, line in enumerate(self._lines):
            if line.strip():
                self._mark(self._starts[number], _Border.LINE)
        for match in _ATOM.finditer(self._text):
            if match.end() - match.start() <= self._limit / 2:
                self._keep_whole(match.start(), match.end())
        for match in _SENTENCE.finditer(self._text):
            self._mark(match.end(), _Border.SENTENCE)
        for match in _GAP.finditer(self._text):
            self._mark(match.end(), _Border.WORD)

    def _keep_whole(self, start: int, end: int) -> None:
        """Forbid cuts between the characters of ``text[start:end]``."""
        self._whole[start + 1 : end] = b"\1" * (end - start - 1)

    def _mark(self, place: int, border: _Border) -> None:
        self._borders[place] = min(border, self._borders.get(place, border))


def _outdent(piece: str) -> str:
    """A piece that starts inside a list, moved to the margin: deeper, it would be read as code."""
    indent = len(piece) - len(piece.lstrip(" "))
    lines = piece.split("\n")
    for number, line in enumerate(lines) if indent else ():
        own = len(line) - len(line.lstrip(" "))
        if line and own == 0:
            break
        lines[number] = line[min(own, indent) :]
    return "\n".join(lines)
