"""Markdown as a flat list of blocks with their places in the source, for chunking and quoting.

Follows CommonMark 0.31 and GFM tables, with four deviations that keep text findable: a fence that
is never closed is ordinary text (it would swallow the rest), only a single short line becomes a
setext heading (a rule under a paragraph is common in text files), a list is its items one by one,
nested ones too, and indented code is a paragraph (indented prose is far more common).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

BlockKind = Literal["heading", "paragraph", "item", "table", "fence", "rule", "anchor"]


@dataclass(frozen=True, slots=True)
class Block:
    """One block; ``text[start:end]`` is its source without the last line end."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    """Of a heading 1 to 6; of any other block the columns it is indented by."""
    content: str = ""
    """Of a heading its inline Markdown, of an anchor its id, of an item its marker with spaces."""


_MAX_SETEXT = 200
"""Characters; see the module's docstring."""

_QUOTE_MARKS = r"[ \t]*(?:>[ \t]?)*"
_ITEM = re.compile(r"([ \t]*)((?:[-*+]|(\d{1,9})[.)])(?:[ \t]+|$))")
_FENCE = re.compile(
    _QUOTE_MARKS + r"(?:(?:[-*+]|\d{1,9}[.)])[ \t]+){0,3}(?:(`{3,})[^`]*|(~{3,}).*)$"
)
_FENCE_END = re.compile(_QUOTE_MARKS + r"(`{3,}|~{3,})[ \t]*$")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}(?:(=+)|-{2,})[ \t]*$")
_RULE = re.compile(r" {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$")
_BLANK = re.compile(r"[ \t]*(?:>[ \t]*)*$")
_ANCHOR = re.compile(
    r"[ \t]*<a\s+(?:name|id)\s*=\s*[\"']?([^\"'>]+?)[\"']?\s*(?:/>|>\s*</a>)[ \t]*$", re.I
)
_DELIMITER_ROW = re.compile(
    _QUOTE_MARKS + r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$"
)


def parse_blocks(text: str) -> list[Block]:
    """The blocks of ``text`` in order; only blank lines lie between them."""
    return _Parser(text).blocks()


def fence_ranges(text: str) -> list[tuple[int, int]]:
    """``(start, end)`` of every closed code fence, in order, found as :func:`parse_blocks` does."""
    lines = _Parser(text)
    ranges, at = [], 0
    while at < len(lines.lines):
        last = lines.fence_end(at)
        if last is None:
            at += 1
        else:
            ranges.append((lines.starts[at], lines.end(last)))
            at = last + 1
    return ranges


def lines_in_fences(text: str) -> set[int]:
    """The numbers, from 0, of the lines that lie in closed code fences, with the marks."""
    inside: set[int] = set()
    at = number = 0
    for start, end in fence_ranges(text):
        number += text.count("\n", at, start)
        lines = text.count("\n", start, end)
        inside.update(range(number, number + lines + 1))
        at, number = end, number + lines
    return inside


class _Parser:
    """The lines of one text and where they start."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.starts: list[int] = []
        offset = 0
        for line in self.lines:
            self.starts.append(offset)
            offset += len(line) + 1
        # Where fences can close, so that looking for an end never reads the document again.
        self._closers: dict[str, list[tuple[int, int]]] = {"`": [], "~": []}
        for number, line in enumerate(self.lines):
            if ("```" in line or "~~~" in line) and (match := _FENCE_END.match(line)):
                self._closers[match[1][0]].append((number, len(match[1])))

    def end(self, number: int) -> int:
        """Offset after the last character of a line."""
        return self.starts[number] + len(self.lines[number])

    def fence_end(self, number: int) -> int | None:
        """The line that closes the fence opening at a line; None if there is no such fence."""
        line = self.lines[number]
        if "```" not in line and "~~~" not in line:
            return None
        if (match := _FENCE.match(line)) is None:
            return None
        marks: str = match[1] or match[2]
        closers = self._closers[marks[0]]
        for closer, length in closers[bisect_right(closers, (number, 1 << 30)) :]:
            if length >= len(marks):
                return closer
        return None

    def blocks(self) -> list[Block]:
        found: list[Block] = []
        at = 0
        while at < len(self.lines):
            if _BLANK.match(self.lines[at]):
                at += 1
                continue
            block, at = self._block(at)
            found.append(block)
        return found

    def _block(self, at: int) -> tuple[Block, int]:
        """The block that begins at a line, and the first line after it."""
        line, start = self.lines[at], self.starts[at]
        if (last := self.fence_end(at)) is not None:
            return Block("fence", start, self.end(last), _indent(line)), last + 1
        if match := _ATX.match(line):
            level, content = len(match[1]), match[2] or ""
            return Block("heading", start, self.end(at), level, content), at + 1
        if match := _ANCHOR.match(line):
            return Block("anchor", start, self.end(at), content=match[1].strip()), at + 1
        if _RULE.match(line):
            return Block("rule", start, self.end(at)), at + 1
        if self._is_table(at):
            after = at + 2
            while after < len(self.lines) and "|" in self.lines[after]:
                after += 1
            return Block("table", start, self.end(after - 1), _indent(line)), after
        item = _ITEM.match(line)
        after = at + 1
        if item is None and after < len(self.lines) and len(line) <= _MAX_SETEXT:
            underline = _SETEXT.match(self.lines[after])
            if underline and _indent(line) <= 3 and not line.lstrip().startswith(">"):
                level = 1 if underline[1] else 2
                return Block("heading", start, self.end(after), level, line.strip()), after + 1
        while after < len(self.lines) and not self._interrupts(after, in_item=item is not None):
            after += 1
        if item is not None:
            return Block("item", start, self.end(after - 1), _width(item[1]), item[2]), after
        return Block("paragraph", start, self.end(after - 1), _indent(line)), after

    def _is_table(self, at: int) -> bool:
        if "|" not in self.lines[at] or at + 1 >= len(self.lines):
            return False
        below = self.lines[at + 1]
        return "|" in below and "-" in below and _DELIMITER_ROW.match(below) is not None

    def _interrupts(self, at: int, *, in_item: bool) -> bool:
        """Does a new block begin at this line, which follows a line of an item or paragraph?"""
        line = self.lines[at]
        if _BLANK.match(line) or _ATX.match(line) or _RULE.match(line) or _ANCHOR.match(line):
            return True
        item = _ITEM.match(line)
        # In a paragraph "1986. A good year" is a wrapped line, and only 1 starts a list.
        if item is not None and (in_item or item[3] in (None, "1")):
            return True
        if line.lstrip().startswith(">") and not self.lines[at - 1].lstrip().startswith(">"):
            return True
        return self.fence_end(at) is not None or self._is_table(at)


def _indent(line: str) -> int:
    return _width(line[: len(line) - len(line.lstrip(" \t"))])


def _width(spaces: str) -> int:
    return len(spaces.expandtabs(4))
