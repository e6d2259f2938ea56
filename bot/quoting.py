"""Which stretch of a passage to quote: the sentences, list or table rows that answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.parsing.inline import without_links
from knowledge.types import Evidence, Passage, ScoredUnit

_LONGEST = 600  # characters; about eight lines in a chat
_ENOUGH = 280  # characters of surroundings by which a sentence is understood
_SMALL_TABLE = 6  # rows
_MOST_ROWS = 4  # of a large table
_LIKE_BEST = 0.12  # how far below the best row another may score and still be shown
_NEVER = -1.0  # a heading is no answer
_KEEPS_LINES = (".pdf", ".txt")
_WRAPPED = 50  # characters; from this length on a line of theirs may have been broken to fit
_LEANS_BACK = re.compile(
    r"(this|that|these|those|it|its|they|their|he|she|however|but|also|then|otherwise|instead|"
    r"so|therefore|in that case|if so|if not|for example|note)\b",
    re.I,
)
_STRUCTURED = re.compile(r"\s*([-*+>|#`~]|\d+[.)]\s)")


@dataclass(frozen=True, slots=True)
class Quote:
    """A contiguous stretch of a passage."""

    passage: Passage
    raw: str
    """Verbatim substring of ``passage.text``."""
    shown: str
    """The same words for a reader: links reduced to their text, lines that only wrap joined, a
    table row under its header."""


def quote(question: str, evidence: Evidence) -> Quote:
    """The stretch of the passage to quote for the question it was found by."""
    units = evidence.units
    scores = [_NEVER if each.kind == "heading" else each.share for each in units]
    best = max(range(len(units)), key=scores.__getitem__)
    first, last = _window(units, scores, best)
    text = evidence.passage.text
    spans = _spans(text, units)
    start, end = spans[first][0], spans[last][1]
    line = text.rfind("\n", 0, start) + 1
    # The first item's marker, as the others have it; the mark of words that are somebody else's.
    if (units[first].kind == "item" and first != last) or text[line:start].lstrip()[:1] == ">":
        start = line
    raw = text[start:end]
    reflow = not evidence.passage.document.lower().endswith(_KEEPS_LINES)
    shown = _readable(raw, reflow=reflow)
    if units[best].kind == "row":
        shown = f"{without_links(_table_head(text, start))}\n{shown}"
    return Quote(evidence.passage, raw, shown)


def _readable(markdown: str, *, reflow: bool) -> str:
    """Without masked links, and with the lines of a paragraph or list item joined.

    ``reflow``: join all of them, since Markdown's line ends mean nothing; else only long lines: a
    short one was not wrapped and ends there, as in an address or a table from a PDF.
    """
    lines: list[str] = []
    last = ""
    in_code = False
    for line in without_links(markdown).strip().split("\n"):
        fence = line.lstrip().startswith(("```", "~~~"))
        wrapped = last and (reflow or len(last) >= _WRAPPED) and not last.startswith("|")
        wrapped = wrapped and not in_code and not fence
        in_code ^= fence
        last = "" if fence else line.rstrip()
        if fence or in_code:
            lines.append(line.rstrip())
            continue
        if wrapped and last and not _STRUCTURED.match(last):
            lines[-1] = f"{lines[-1]} {last.strip()}"
        else:
            lines.append(last)
    return "\n".join(lines)


def _window(units: Sequence[ScoredUnit], scores: Sequence[float], best: int) -> tuple[int, int]:
    """First and last unit to quote around the best one."""
    first = last = best
    size = len(units[best].text)

    def fits(index: int) -> bool:
        return size + len(units[index].text) <= _LONGEST

    # What the unit leans on: the line that leads into a list or code, or the sentence before.
    while first > 0 and fits(first - 1) and _leans(units[first - 1], units[first]):
        first -= 1
        size += len(units[first].text)
    # What leans on it: the list that it leads into, the rest of a list or table.
    while last + 1 < len(units) and fits(last + 1) and _leads_on(units[last], units[last + 1]):
        last += 1
        size += len(units[last].text)
    if units[best].kind == "row":
        return _rows(units, scores, best, first, last)
    # Its surroundings, until there is enough to understand it by: the better neighbour first.
    while size < _ENOUGH:
        near = [
            index
            for index in (first - 1, last + 1)
            if 0 <= index < len(units)
            # Half a list would mislead; a whole one is only quoted for its own sake.
            and units[index].kind == "sentence"
            and scores[index] > 0
            and fits(index)
        ]
        if not near:
            break
        index = max(near, key=scores.__getitem__)
        first, last = min(first, index), max(last, index)
        size += len(units[index].text)
    while last > best and units[last].text.endswith(":"):
        last -= 1  # it led into a list for which there was no room
    return first, last


def _rows(
    units: Sequence[ScoredUnit], scores: Sequence[float], best: int, first: int, last: int
) -> tuple[int, int]:
    """A small table whole; of a large one the rows around the best that are about as near."""
    if last - first < _SMALL_TABLE:
        return first, last
    floor = scores[best] - _LIKE_BEST
    start = end = best
    while end < last and scores[end + 1] >= floor and end - start < _MOST_ROWS - 1:
        end += 1
    while start > first and scores[start - 1] >= floor and end - start < _MOST_ROWS - 1:
        start -= 1
    return start, end


def _leads_on(unit: ScoredUnit, following: ScoredUnit) -> bool:
    """Whether ``following`` belongs to what ``unit`` begins."""
    if unit.kind == following.kind in ("item", "row"):
        return True
    return unit.kind == "sentence" and unit.text.endswith(":") and following.kind != "heading"


def _leans(before: ScoredUnit, unit: ScoredUnit) -> bool:
    """Whether ``unit`` cannot be understood without the unit before it."""
    if unit.kind == "row":
        return before.kind == "row"
    if unit.kind == "item":
        return before.kind == "item" or before.text.endswith(":")
    if unit.kind == "code":
        return before.kind == "sentence"
    return unit.kind == before.kind == "sentence" and bool(_LEANS_BACK.match(unit.text))


def _spans(text: str, units: Sequence[ScoredUnit]) -> list[tuple[int, int]]:
    """Where each unit stands in the text; they are in order, so each search starts further on."""
    spans = []
    at = 0
    for unit in units:
        start = text.index(unit.raw, at)
        spans.append((start, start + len(unit.raw)))
        at = start + len(unit.raw)
    return spans


def _table_head(text: str, row: int) -> str:
    """The header row and the rule above the table row that starts at ``row``."""
    lines: list[str] = []
    for line in reversed(text[:row].rstrip("\n").split("\n")):
        if "|" not in line:
            break
        lines.insert(0, line)
    return "\n".join(lines[:2])
