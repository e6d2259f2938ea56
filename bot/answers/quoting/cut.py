"""Which units of a passage to quote: the one that answers, and what it cannot do without.

One fact in a sentence or two, an item with the line that leads into it, a procedure or a list from
its lead-in to its last item, code with the sentence it belongs to, the rows asked for of a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.answers.quoting import code
from bot.answers.quoting.layout import Group, Layout
from bot.answers.quoting.lists import (
    SCREEN,
    is_asked_for,
    item_asked,
    listed,
    numbered,
    with_lead,
)
from bot.answers.quoting.sentences import (
    AS_GOOD,
    LONGEST,
    SPREAD,
    announces,
    back,
    is_open,
    sentences,
)
from bot.answers.quoting.tables import has_in_each_row, is_looked_up, rows_asked
from bot.answers.quoting.wants import Wants, has, tells_whom
from knowledge.text.words import stems, telling

_NEARLY = 0.25  # of the best one's share, from which a unit with what is asked for wins
_HELD = 0.9  # share from which what is quoted holds the answer
_POSSIBLE = 0.1  # share from which something else may
_ROOM = 500  # characters of both; six lines in a chat
_SHORT_LIST = 6  # items; of these none is picked where the reader does not know which
_LIST_ENOUGH = 0.4  # of the best unit's share, from which a list is what was asked for
_SHORT_LEAD = 60  # characters; a line this short without a mark at its end leads into the next
_SMALL_TABLE = 450  # characters
_CASE = re.compile(
    r"\W*(?:in|on|for|during|from|after|before|at|if|when|unless|until|only|except|someone|anyone|who|"
    r"those)\b(?: [^\s,.;]+){1,3}",
    re.I,
)
_POINTS_DOWN = re.compile(r"\b(?:following|below|like this|as follows)\b", re.I)
_FOLLOWS = re.compile(r"\b(?:therefore|thus|hence|accordingly)\b", re.I)
_EVERYWHERE = stems("in on for during from after before at if when the a an")


@dataclass(frozen=True, slots=True)
class Cut:
    """What to quote."""

    units: tuple[int, ...]
    """Indices, ascending."""
    remark: str = ""
    """What is said of a list that is not quoted whole."""


def cut(question: str, want: Wants, layout: Layout) -> Cut:
    """The units to quote for a question."""
    shares = _answer_shares(layout)
    if want.step is not None and (step := numbered(want.step, layout, shares)) is not None:
        return Cut(with_lead(layout, step))
    return _likeliest(question, want, layout, shares)


def _likeliest(question: str, want: Wants, layout: Layout, shares: Sequence[float]) -> Cut:
    """The likeliest unit, or the list, table or code that it belongs to."""
    best = _best(want, layout, shares)
    for table in layout.groups:
        if table.kind == "table" and is_looked_up(question, want, layout, shares, table):
            return _structure(question, want, layout, shares, table)
    group = layout.group(best)
    if want.steps or want.several:
        group = _whole(question, want, layout, shares, best) or group
    if best not in group.members:
        return _structure(question, want, layout, shares, group)
    match group.kind:
        case "list" if is_asked_for(question, want, layout, shares, best):
            return Cut(*listed(layout, group))
        case "list" if shares[best] < SPREAD and _is_short(layout, group):
            return Cut(*listed(layout, group))
        case "list":
            return Cut(
                _with_another(question, want, layout, shares, item_asked(layout, shares, best))
            )
        case "table" | "code":
            return _structure(question, want, layout, shares, group)
        case _:
            return _text(question, want, layout, shares, best)


def _with_another(
    question: str, want: Wants, layout: Layout, shares: Sequence[float], chosen: Sequence[int]
) -> tuple[int, ...]:
    """With the likeliest sentence or item elsewhere, where what is chosen may not hold the answer.

    Of a comparison it is the one about what the chosen do not name; of whom to turn to, the one
    that says so. Measured on 697 questions about six handbooks: of what is quoted of the right
    passage it has the answer in 93 % instead of 89 %, for four words more.
    """
    also = _another(question, want, layout, shares, chosen)
    if also is None or sum(len(layout.units[at].text) for at in (*chosen, also)) > _ROOM:
        return tuple(chosen)
    whole = with_lead(layout, also) if layout.units[also].kind == "item" else back(layout, also)
    return tuple(sorted({*chosen, *whole}))


def _another(
    question: str, want: Wants, layout: Layout, shares: Sequence[float], chosen: Sequence[int]
) -> int | None:
    """The unit to quote beside the chosen; None where they hold the answer, or nothing else may."""
    said = [layout.units[at].text for at in chosen]
    unnamed = (telling(question).keys() & stems(layout.text)) - stems(" ".join(said))
    missing = unnamed if want.compares else set()
    lacks_contact = want.contact and not any(map(tells_whom, said))
    if sum(shares[at] for at in chosen) >= _HELD and not (missing or lacks_contact):
        return None
    fits = max(has(want, text) for text in said)

    def named(at: int) -> int:
        return len(missing & stems(layout.units[at].text))

    def may_hold_it(at: int) -> bool:
        unit = layout.units[at]
        if unit.kind not in ("sentence", "item") or layout.is_title(at) or unit.text.endswith("?"):
            return False
        if lacks_contact:
            return tells_whom(unit.text)
        return named(at) > 0 or (shares[at] > _POSSIBLE and has(want, unit.text) >= fits)

    def likelihood(at: int) -> tuple[int, float, bool, float]:
        # Of those that are hardly likely, one that holds in every case comes before "If …".
        clear = shares[at] if shares[at] > _POSSIBLE else 0.0
        return named(at), clear, _CASE.match(layout.units[at].text) is None, shares[at]

    others = [at for at in range(len(layout.units)) if at not in chosen and may_hold_it(at)]
    return max(others, key=likelihood, default=None)


def _answer_shares(layout: Layout) -> list[float]:
    """The shares, those of headings and of the page's own questions given to what follows them."""
    found = [0.0] * len(layout.units)
    carried = 0.0
    for at, unit in enumerate(layout.units):
        if layout.is_title(at) or layout.asks(at):
            carried += unit.share
        else:
            found[at] = unit.share + carried
            carried = 0.0
    if not any(found):  # nothing but headings
        return [unit.share for unit in layout.units]
    return found


def _best(want: Wants, layout: Layout, shares: Sequence[float]) -> int:
    """The unit that answers: of those about as likely the one with the kind of thing asked for."""
    top = max(range(len(shares)), key=shares.__getitem__)
    fits = has(want, _said(layout, top))
    nearly = AS_GOOD if want.kind == "place" else _NEARLY  # a place is named in much text
    close = [at for at, share in enumerate(shares) if share >= nearly * shares[top] > 0]
    better = [at for at in close if has(want, _said(layout, at)) > fits]
    if fits == 1:  # it has a number, if not of what is counted
        better = [at for at in better if shares[at] >= AS_GOOD * shares[top]]
    return max(better, key=shares.__getitem__, default=top)


def _said(layout: Layout, at: int) -> str:
    unit = layout.units[at]
    return f"{unit.lead} {unit.text}" if unit.kind == "row" else unit.text


def _total(layout: Layout, shares: Sequence[float], group: Group) -> float:
    """The share of a list or table with that of the sentence above it."""
    lead = layout.lead(group)
    return sum(shares[at] for at in group.members) + (shares[lead] if lead is not None else 0.0)


def _whole(
    question: str, want: Wants, layout: Layout, shares: Sequence[float], best: int
) -> Group | None:
    """The list, table or code that a question for all of something, or for a procedure, is about.

    The one that the best unit is in or leads into, or one that outweighs it.
    """
    structures = [each for each in layout.groups if each.kind in ("list", "table", "code")]
    for group in structures:
        if best in group.members:
            return group
    for group in structures:
        if layout.lead(group) == best and (want.several or group.kind != "table"):
            return group
    likely = max(structures, key=lambda each: _total(layout, shares, each), default=None)
    least = _LIST_ENOUGH if want.several else 1.0
    if likely is None or _total(layout, shares, likely) <= least * shares[best]:
        return None
    return likely


def _text(question: str, want: Wants, layout: Layout, shares: Sequence[float], best: int) -> Cut:
    chosen = sentences(layout, shares, best, paragraph=want.steps or want.reason)
    if table := _table_above(question, want, layout, best, min(chosen)):
        rule = _structure(question, want, layout, shares, table)
        return Cut((*rule.units, *chosen), rule.remark)
    last = max(chosen)
    after = layout.after(layout.group(last))
    if last == layout.group(last).last and after is not None:
        said = layout.units[last].text
        if announces(said) or (is_open(said) and len(said) <= _SHORT_LEAD):
            led = _structure(question, want, layout, shares, after)
            return Cut(tuple(sorted({*chosen, *led.units})), led.remark)
        likely = _total(layout, shares, after) > 2 * shares[last] or _POINTS_DOWN.search(said)
        helps = likely and _size(layout, after) <= code.LONG
        if after.kind == "code" and (helps or (want.steps and _size(layout, after) <= LONGEST)):
            return Cut((*chosen, *after.members))  # who asks how is helped by the command
    return Cut(_with_another(question, want, layout, shares, chosen))


def _table_above(question: str, want: Wants, layout: Layout, best: int, first: int) -> Group | None:
    """The small table that a paragraph stands below, if it tells a case or is told beside it.

    Asked when pay day is, "In December on the 19th" is half an answer below a table of the others;
    so is any sentence where each row has the number that is asked for.
    """
    paragraph = layout.group(first)
    if not paragraph.first or paragraph.kind != "text":
        return None
    above = layout.group(paragraph.first - 1)
    if above.kind != "table" or _size(layout, above) > _SMALL_TABLE:
        return None
    text = layout.units[best].text
    opening = _CASE.match(text)
    if opening and (stems(opening[0]) & stems(question)) - _EVERYWHERE:
        return None  # the case that is asked for
    is_case = opening is not None or _FOLLOWS.search(text) is not None
    beside = is_case and first == paragraph.first
    return above if beside or has_in_each_row(want, layout, above) else None


def _is_short(layout: Layout, group: Group) -> bool:
    return len(group.members) <= _SHORT_LIST and _size(layout, group) <= SCREEN


def _size(layout: Layout, group: Group) -> int:
    """Characters."""
    return sum(len(layout.units[at].raw) for at in group.members)


def _structure(
    question: str, want: Wants, layout: Layout, shares: Sequence[float], group: Group
) -> Cut:
    """What is quoted of a list, a table, code, or the paragraph that a lead-in announces."""
    lead = layout.lead(group)
    match group.kind:
        case "list":
            return Cut(*listed(layout, group))
        case "table":
            return Cut(tuple(rows_asked(question, want, layout, shares, group)))
        case "code":
            above = () if lead is None else back(layout, lead)
            whole = _size(layout, group) <= code.LONG
            if whole or not above:
                return Cut((*above, *group.members), code.remark(layout.units[group.first].raw))
            return Cut(above)
        case "text":
            return Cut(sentences(layout, shares, group.first))
        case _:
            return Cut(())


def runs(units: Iterable[int]) -> list[tuple[int, int]]:
    """First and last of each stretch of indices that follow one another."""
    found: list[tuple[int, int]] = []
    for at in units:
        if found and at == found[-1][1] + 1:
            found[-1] = (found[-1][0], at)
        else:
            found.append((at, at))
    return found
