"""What to quote of the passages that answer: the sentences, list items, rows or code asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.answers.quoting import code
from bot.answers.quoting.cut import cut, runs
from bot.answers.quoting.layout import Group, Layout
from bot.answers.quoting.pairs import differ_in_numbers, says_the_same
from bot.answers.quoting.showing import listed
from bot.answers.quoting.tables import table_shown
from bot.answers.quoting.wants import wants
from knowledge.parsing.inline import without_links
from knowledge.types import Evidence, Passage

__all__ = ["Quote", "conflict", "quote", "quotes"]


_ENOUGH = 0.8
"""How likely the first passage must answer to stand alone."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What is quoted of a passage."""

    passage: Passage
    parts: tuple[str, ...]
    """Each a verbatim substring of ``passage.text``, in its order; one unless something between
    them is left out."""
    shown: str
    """The same words for a reader: links reduced to their text, lines that only wrap joined, table
    rows under their header; of a long list how much of it this is."""

    @property
    def raw(self) -> str:
        """The parts as one text, for a citation."""
        return "\n".join(self.parts)

    @property
    def is_verbatim(self) -> bool:
        """Whether the passage holds every part, one after the other."""
        at = 0
        for part in self.parts:
            if (start := self.passage.text.find(part, at)) < 0:
                return False
            at = start + len(part)
        return bool(self.parts)


def quote(question: str, evidence: Evidence) -> Quote:
    """What to quote of the passage for the question it was found by."""
    want = wants(question)
    layout = Layout(evidence.passage.text, evidence.units, evidence.passage.context)
    chosen = cut(question, want, layout)
    stretches = _stretches(layout, chosen.units)
    alone = len(chosen.units) == 1
    parts = tuple(_stretch(layout, first, last, alone=alone) for first, last in stretches)
    told: list[tuple[Group, list[str]]] = []  # a list of which items are left out stays one list
    for (first, last), part in zip(stretches, parts, strict=True):
        if told and told[-1][0] == layout.group(first):
            told[-1][1].append(part)
        else:
            told.append((layout.group(last), [part]))
    shown = [chosen.remark]
    for group, some in told:
        if group.kind == "table":
            rows = without_links("\n".join(some)).split("\n")
            head = without_links(_head(layout, group.first))
            shown.append(table_shown(question, want, head, rows))
        elif group.kind == "code":
            shown.append(code.closed(some[0], layout.units[group.first].raw))
        else:
            shown.append(listed(some, evidence.passage.document))
    return Quote(evidence.passage, parts, "\n\n".join(each for each in shown if each))


def quotes(question: str, support: Sequence[Evidence], room: int) -> list[Quote]:
    """The quotes of several passages: the first, and each that adds something and has room.

    Where the first is very likely to answer, nothing is added to it (measured: of the second
    quotes about a handbook with telling headings, one in five was from another section).

    ``room``: characters of all together. Where two contradict each other, each is told after the
    title of its document, and room does not matter: one alone would be a half-truth.
    """
    first, *more = (quote(question, each) for each in support)
    kept = [first]
    enough = support[0].answers >= _ENOUGH
    for each in more:
        if any(conflict(one, each) for one in kept):
            kept = [*kept, each]
            return _told_apart(kept)
        fits = sum(len(one.shown) for one in kept) + len(each.shown) <= room
        if fits and not enough and not any(says_the_same(one.shown, each.shown) for one in kept):
            kept.append(each)
    return kept


def conflict(one: Quote, other: Quote) -> bool:
    """Whether two answers to one question have different numbers."""
    return differ_in_numbers(one.shown, other.shown)


def _told_apart(found: Sequence[Quote]) -> list[Quote]:
    """Each after what its document is called: its title, else its headings, else its file."""
    names = [each.passage.title for each in found]
    if len(set(names)) < len(names):
        names = [each.passage.context for each in found]
    if len(set(names)) < len(names):
        names = [each.passage.document for each in found]
    return [
        replace(each, shown=f"{without_links(name)}:{_gap(each.shown)}{each.shown}")
        for each, name in zip(found, names, strict=True)
    ]


def _gap(shown: str) -> str:
    return "\n\n" if "\n" in shown or shown.startswith(("|", "-", "*", "#", ">", "`")) else " "


def _stretches(layout: Layout, units: Sequence[int]) -> list[tuple[int, int]]:
    """First and last unit of what is quoted without a gap; a table's rows and code are apart."""
    found: list[tuple[int, int]] = []
    for first, last in runs(units):
        start = first
        for at in range(first + 1, last + 1):
            kinds = {layout.group(at).kind, layout.group(at - 1).kind}
            if len(kinds) > 1 and kinds & {"table", "code"}:
                found.append((start, at - 1))
                start = at
        found.append((start, last))
    return found


def _stretch(layout: Layout, first: int, last: int, *, alone: bool) -> str:
    place = layout.places[first]
    start = place.start
    # An item's marker, as the others have it; the mark of words that are somebody else's.
    if (place.opens and not alone) or layout.text[place.line : start].lstrip()[:1] == ">":
        start = place.line
    if layout.units[first].kind == "code":
        return code.beginning(layout.units[first].raw)
    return layout.text[start : layout.places[last].end]


def _head(layout: Layout, row: int) -> str:
    """The header row and the delimiter row above a row."""
    lines: list[str] = []
    for line in reversed(layout.text[: layout.places[row].line].rstrip("\n").split("\n")):
        if "|" not in line:
            break
        lines.insert(0, line)
    return "\n".join(lines[:2])
