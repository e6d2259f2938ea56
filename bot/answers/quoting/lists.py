"""Of a list all of it, up to a screen, or the one item asked for with what leads into it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.answers.quoting.layout import Group, Layout
from bot.answers.quoting.sentences import (
    AS_GOOD,
    LONGEST,
    SPREAD,
    announces,
    back,
    is_brief,
    sentences,
)
from bot.answers.quoting.wants import LAST, Wants
from knowledge.text.words import stems, telling

SCREEN = 900
"""Characters; about a screen of a phone."""
_MOST_ITEMS = 12
_STANDS_OUT = 0.6  # share from which one item that is named in the question is quoted alone
_LEAD = 200  # characters of a sentence above an item that does not end with a colon
_ANNOUNCES = re.compile(r"\b(?:following|these|any of|one of|all of|either)\b", re.I)


def is_asked_for(
    question: str, want: Wants, layout: Layout, shares: Sequence[float], best: int
) -> bool:
    """Whether the whole list answers, rather than the likeliest of its items."""
    group = layout.group(best)
    lead = layout.lead(group)
    announced = lead is not None and announces(layout.units[lead].text)
    if want.steps:
        return announced or not _stands_out(question, layout, shares, best)
    size = sum(len(layout.units[at].text) for at in group.members)
    if is_brief(layout.units[best].text) and layout.opening(best) == best and size <= SCREEN // 2:
        return True  # "Download PDF" says little without the others
    if want.several:
        return size <= SCREEN // 2 or not _stands_out(question, layout, shares, best)
    if announced and layout.places[group.first].number is not None and size <= SCREEN // 2:
        return True  # a step says little without the others
    if want.kind not in ("any", "person", "rule") or size > SCREEN // 2:
        return False
    if lead is not None and announced and _ANNOUNCES.search(layout.units[lead].text):
        return not _stands_out(question, layout, shares, best)
    total = sum(shares[at] for at in group.members)
    return want.kind == "any" and len(layout.items(group)) > 2 and shares[best] < SPREAD * total


def _stands_out(question: str, layout: Layout, shares: Sequence[float], best: int) -> bool:
    """Whether one bullet alone is asked for: likely, and named in the question as no other is."""
    if layout.places[layout.opening(best)].number is not None or shares[best] < _STANDS_OUT:
        return False
    group = layout.group(best)
    others = [at for at in group.members if at not in layout.item(best)]
    if (lead := layout.lead(group)) is not None:
        others.append(lead)
    elsewhere = stems(" ".join(layout.units[at].text for at in others))
    return bool((telling(question).keys() & stems(layout.units[best].text)) - elsewhere)


def listed(layout: Layout, group: Group) -> tuple[tuple[int, ...], str]:
    """A list from its lead-in on, up to a screen, and what is said if that is not all of it."""
    head = _lead(layout, group)
    items = layout.items(group)
    size = 0
    shown: list[range] = []
    for item in items[:_MOST_ITEMS]:
        size += sum(len(layout.units[at].raw) for at in item)
        if shown and size > SCREEN:
            break
        shown.append(item)
    units = (*head, *(at for item in shown for at in item))
    if len(shown) == len(items):
        return units, ""
    noun = "items" if layout.places[group.first].number is None else "steps"
    first = f"first {len(shown)}" if len(shown) > 1 else "first"
    # A long list may go on in the next passage: then nobody knows here how many there are.
    if group.last == len(layout.units) - 1 and len(layout.text) > SCREEN:
        return units, f"The {first} {noun}:" if len(shown) > 1 else ""
    return units, f"{len(items)} {noun}; the {first}:"


def _lead(layout: Layout, group: Group) -> tuple[int, ...]:
    """What leads into a list: the sentence above it, if it says so or is short."""
    lead = layout.lead(group)
    if lead is None:
        return ()
    says_so = announces(layout.units[lead].text)
    if not says_so and len(layout.units[lead].text) > _LEAD:
        return ()
    whole = back(layout, lead)
    return whole if sum(len(layout.units[at].text) for at in whole) <= LONGEST else (lead,)


def item_asked(layout: Layout, shares: Sequence[float], best: int) -> tuple[int, ...]:
    """One item, or of a long one its sentence, with what leads into it and any as likely."""
    group = layout.group(best)
    likely = [at for at in group.members if shares[at] >= AS_GOOD * shares[best] and shares[at] > 0]
    found = {best}
    if shares[best] < SPREAD:
        found |= set(sorted(likely, key=lambda at: -shares[at])[:3])
    if layout.units[best].kind != "item" or layout.opening(best) != best:
        found |= set(sentences(layout, shares, best))
    for at in list(found):  # what is nested in an item belongs to it
        inside = layout.item(at)
        nests = any(layout.places[one].opens for one in inside[1:])
        size = sum(len(layout.units[one].text) for one in inside)
        if nests and layout.opening(at) == at and size <= SCREEN // 2:
            found |= set(inside)
    return tuple(sorted({one for at in found for one in with_lead(layout, at)}))


def with_lead(layout: Layout, at: int) -> tuple[int, ...]:
    """A unit of a list with the items around it and the sentence above them."""
    group = layout.group(at)
    if group.kind != "list":
        return (at,)
    above = _lead(layout, group)[-1:]
    # Above one item only what was written to lead into the list: with a colon, or by itself.
    if above and not announces(layout.units[above[0]].text):
        above = above if layout.group(above[0]).members == range(above[0], above[0] + 1) else ()
    parents = [one for one in layout.parents(at) if one not in above]
    opening = layout.opening(at)
    # The beginning of a long item says what its further sentences are about.
    begin = [opening] if opening != at and layout.same_paragraph(opening, at) else []
    if begin and at - opening > 1:
        begin = []
    return tuple(dict.fromkeys((*above, *parents, *begin, at)))


def numbered(number: int, layout: Layout, shares: Sequence[float]) -> int | None:
    """The numbered step; of a list whose numbers say nothing the one at that place."""
    lists = sorted(
        (each for each in layout.groups if each.kind == "list"),
        key=lambda each: -sum(shares[at] for at in each.members),
    )
    for group in lists:
        starts = [item[0] for item in layout.items(group)]
        numbers = [layout.places[at].number for at in starts]
        if number == LAST:
            return starts[-1]
        if number in numbers and len(set(numbers)) == len(numbers):
            return starts[numbers.index(number)]
        if len(set(numbers)) == 1 and number <= len(starts):
            return starts[number - 1]
    return None
