"""The beginning of a passage in words, for people who look over what was read."""

from __future__ import annotations

import re
from textwrap import shorten

from knowledge.parsing.inline import plain_text

_RULE = re.compile(r"[\s|:=*_~-]*|\s*(?:```|~~~).*")
"""What separates and says nothing: the line under a table's head, fences, rules."""
_MARKS = re.compile(r"\s*(?:(?:>|#{1,6}|[-*+•]|\d{1,3}[.)]|\[[ xX]\])\s+)*")
_ENDS = (".", "!", "?", ":", ";", ",", "…")


def excerpt(markdown: str, most: int) -> str:
    """At most ``most`` characters in one line, without marks; a table's cells as a list."""
    said = ""
    for line in markdown.splitlines():
        if _RULE.fullmatch(line):
            continue
        words = (
            _cells(line)
            if line.strip().startswith("|")
            else plain_text(_MARKS.sub("", line, count=1))
        )
        if words:
            between = "" if not said else " " if said.endswith(_ENDS) else _break(line)
            said += between + words
    return shorten(said, most, placeholder=" …")


def _break(line: str) -> str:
    """A list's items and a table's rows are told apart; a line that only wraps goes on."""
    is_item = line.strip().startswith("|") or _MARKS.sub("", line, count=1) != line.lstrip()
    return "; " if is_item else " "


def _cells(row: str) -> str:
    cells = re.split(r"(?<!\\)\|", row.strip().strip("|"))
    return ", ".join(words for cell in cells if (words := plain_text(cell.replace("\\|", "|"))))
