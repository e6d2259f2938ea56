"""A style guide in Markdown, pasted or saved: its pairs, its word lists, and replies as examples.

Read are tables with a plain and a voiced column, "Before: …" and "After: …" lines, and quotations
(``>``), each of which is a text in the voice. Word lists are tables, or lines such as
"Say *help*, not *assist*", "Instead of "commence", write "start"" and "utilise → use".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from jobs.training.voice.preparing.rows import Origin, Row

_HEADING = re.compile(r"#{1,6}\s+(.+?)\s*#*$")
_MARKS = re.compile(r"[*_`]+|^\s*(?:[-*+•]|\d+[.)])\s+")
_BEFORE_NAMES = "before|plain|instead of|don['’]?t say|don['’]?t write|not this|avoid|wrong|draft"
_AFTER_NAMES = "after|voiced|say|write|in our voice|this|better|use|prefer|right"
_BEFORE = re.compile(rf"(?:{_BEFORE_NAMES})\s*:\s*(.+)", re.I)
_AFTER = re.compile(rf"(?:{_AFTER_NAMES})\s*:\s*(.+)", re.I)
_BEFORE_COLUMN = re.compile(_BEFORE_NAMES + "|before", re.I)
_AFTER_COLUMN = re.compile(_AFTER_NAMES, re.I)
_RULE = re.compile(r"\|?[\s:|-]+\|?")
_PHRASE = r"[\"“‘']?([a-z][a-z'’ -]{1,40}?)[\"”’']?"
_SAY = r"(?:say|use|write|prefer)"
_SAYS = tuple(
    re.compile(rf"{pattern}[.;]?$", re.I)
    for pattern in (
        rf"{_SAY}\s+{_PHRASE},?\s+(?:not|never|instead of|rather than)\s+{_PHRASE}",
        rf"(?:instead of|rather than)\s+{_PHRASE},?\s+{_SAY}\s+{_PHRASE}",
        rf"{_PHRASE}\s*(?:→|->|=>)\s*{_PHRASE}",
    )
)
_NEVER = re.compile(
    r"(?:(?:never|do not|don['’]t) (?:say|write|use)|avoid)\s*:?\s+(.+?)[.;]?$", re.I
)
_WORDS = 4  # of a cell or a phrase: more is a sentence, and an example
_QUOTES = "\"“”‘’'"


@dataclass
class Rules:
    """What a style guide says of words."""

    swaps: dict[str, str] = field(default_factory=dict)
    """A word to avoid, to the word to use."""
    forbidden: list[str] = field(default_factory=list)


def markdown_rows(name: str, text: str) -> Iterator[Row]:
    """The examples of a Markdown file; the heading above is their topic."""
    topic = before = ""
    columns: tuple[int, ...] = ()
    quoted: list[str] = []
    began = 0
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        stripped = line.strip()
        if quoted and not stripped.startswith(">"):
            yield Row(Origin(name, began), " ".join(filter(None, quoted)), topic=topic)
            quoted = []
        if heading := _HEADING.fullmatch(stripped):
            topic, before, columns = heading[1].strip(), "", ()
        elif stripped.startswith(">"):
            began = began if quoted else number
            quoted.append(_unmarked(stripped.lstrip("> ")))
        elif stripped.startswith("|"):
            if _RULE.fullmatch(stripped):
                continue
            cells = _cells(stripped)
            if not columns:
                columns = _columns(cells)
            elif (pair := _pair(cells, columns)) and not _are_words(*pair):
                yield Row(Origin(name, number), pair[1], pair[0], topic=topic)
        else:
            columns = ()
            bare = _unmarked(line)
            if found := _BEFORE.fullmatch(bare):
                before = found[1].strip(_QUOTES)
            elif (found := _AFTER.fullmatch(bare)) and before:
                after = found[1].strip(_QUOTES)
                if not _are_words(before, after):
                    yield Row(Origin(name, number), after, before, topic=topic)
                before = ""


def word_rules(text: str) -> Rules:
    """The words that a style guide swaps or forbids."""
    rules = Rules()
    columns: tuple[int, ...] = ()
    for line in text.split("\n"):
        stripped = line.strip()
        if stripped.startswith("|"):
            cells = _cells(stripped)
            if _RULE.fullmatch(stripped):
                continue
            if not columns:
                columns = _columns(cells)
            elif (pair := _pair(cells, columns)) and _are_words(*pair):
                rules.swaps.setdefault(pair[0].lower(), pair[1].lower())
            continue
        columns = ()
        bare = _unmarked(line)
        says = [each.fullmatch(bare) for each in _SAYS]
        if found := says[0]:
            rules.swaps.setdefault(found[2].lower(), found[1].lower())
        elif found := says[1] or says[2]:
            rules.swaps.setdefault(found[1].lower(), found[2].lower())
        elif found := _NEVER.fullmatch(bare):
            listed = re.split(r",|;| or ", found[1])
            phrases = [each.strip(f" {_QUOTES}").lower() for each in listed]
            rules.forbidden += [
                each
                for each in phrases
                if 0 < len(each.split()) <= _WORDS and each not in rules.forbidden
            ]
    return rules


def _cells(line: str) -> list[str]:
    return [_unmarked(cell.strip()) for cell in line.strip("|").split("|")]


def _columns(cells: list[str]) -> tuple[int, ...]:
    """Which column is plain and which is voiced; -1 for one that is not there."""
    plain = next((n for n, cell in enumerate(cells) if _BEFORE_COLUMN.fullmatch(cell)), -1)
    voiced = next((n for n, cell in enumerate(cells) if _AFTER_COLUMN.fullmatch(cell)), -1)
    return plain, voiced


def _pair(cells: list[str], columns: tuple[int, ...]) -> tuple[str, str] | None:
    if min(columns) < 0 or max(columns) >= len(cells):
        return None
    plain, voiced = (cells[n].strip(_QUOTES) for n in columns)
    return (plain, voiced) if plain and voiced else None


def _are_words(plain: str, voiced: str) -> bool:
    """Whether it is about words, and no example: no sentence, and short."""
    return max(len(plain.split()), len(voiced.split())) <= _WORDS and not voiced.endswith(
        (".", "!", "?")
    )


def _unmarked(text: str) -> str:
    return _MARKS.sub("", text).strip()
