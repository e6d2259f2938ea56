"""A sentence with what it cannot be understood without, and what it shares the answer with."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.answers.quoting.layout import Layout

AS_GOOD = 0.5
"""Of the best unit's share, from which another counts as likely as it."""
SPREAD = 0.65
"""Share below which the best unit does not hold the answer alone."""
LONGEST = 400
"""Characters of what is quoted around a sentence; about five lines in a chat."""
_ELLIPTIC = 3  # words; a sentence this short is not understood alone
_BRIEF = 160  # characters; up to this a sentence has its likelier neighbour told with it
_ALONE = 0.9  # share from which it has not

_LEANS_BACK = re.compile(
    r"(?:this|that|these|those|it|its|they|their|them|he|she|his|her|such|however|but|also|then|"
    r"otherwise|instead|so|therefore|other|others|both|neither|either|in that case|in this case|"
    r"if (?:so|not|they|it|this|that|these|those|he|she)|for example|note|the same|and|or|"
    r"after that|the (?:first|second|latter))\b",
    re.I,
)
_LEADS_ON = re.compile(r":\W*(?:\([^()]{0,120}\)\W*)?$")
_ENDS = re.compile(r"[.!?…;:][\W_]*$")
_RESTRICTS = re.compile(
    r"(?:however|but|except|unless|otherwise|only|exceptions?|not|this does not)\b", re.I
)


def sentences(
    layout: Layout, shares: Sequence[float], best: int, *, paragraph: bool = False
) -> tuple[int, ...]:
    """A sentence with those it leans on, that restrict it, or that it shares the answer with.

    ``paragraph``: with as many around it as there is room for: a procedure, a rule with its reason.
    """
    first, last = best, best

    def size() -> int:
        return sum(len(layout.units[at].text) for at in range(first, last + 1))

    def near(at: int, inside: int) -> bool:
        return (
            0 <= at < len(shares)
            and layout.units[at].kind == layout.units[inside].kind
            and not layout.is_title(at)
            and layout.same_paragraph(at, inside)
            and size() + len(layout.units[at].text) <= LONGEST
        )

    while True:
        around = [
            at
            for at, inside in ((first - 1, first), (last + 1, last))
            if near(at, inside) and not layout.asks(at)
        ]
        at = max(around, key=shares.__getitem__, default=best)
        as_good = shares[at] >= AS_GOOD * shares[best] and last - first < 2
        if not around or not (paragraph or as_good):
            break
        first, last = min(first, at), max(last, at)
    if first == last and shares[best] < _ALONE and size() < _BRIEF:
        # Of a sentence and the one beside it people see at once which answers; the reader does not.
        around = [
            at
            for at in (last + 1, first - 1)
            if near(at, best) and not layout.asks(at) and len(layout.units[at].text) < 2 * _BRIEF
        ]
        if around:
            at = max(around, key=shares.__getitem__)
            first, last = min(first, at), max(last, at)
    first = back(layout, first)[0]
    said = layout.units[last].text
    following = layout.units[last + 1].text if last + 1 < len(shares) else ""
    cut_short = announces(said) or (size() == len(said) and is_brief(said))
    if near(last + 1, last) and (cut_short or _RESTRICTS.match(following)):
        last += 1
    while last > best and layout.units[last].text.endswith("?"):  # it opens what is not quoted
        last -= 1
    return tuple(range(first, last + 1))


def announces(text: str) -> bool:
    """Whether a sentence leads into what comes after it: "We need these: (copies, please)"."""
    return _LEADS_ON.search(text) is not None


def is_open(text: str) -> bool:
    """Whether it ends without a mark, as a line does that leads into the next: "Logging in"."""
    return _ENDS.search(text) is None


def is_brief(text: str) -> bool:
    """Whether it is too short to be understood alone: "Download PDF"."""
    return len(text.split()) <= _ELLIPTIC


def back(layout: Layout, at: int) -> tuple[int, ...]:
    """A sentence after those it cannot be understood without: at most two."""
    first = at
    while first > 0 and at - first < 2:
        before, unit = layout.units[first - 1], layout.units[first]
        if before.kind != unit.kind or layout.is_title(first - 1) or layout.asks(first - 1):
            break
        leads = announces(before.text)
        condition = before.text.endswith("?") and layout.same_paragraph(first - 1, first)
        short = first == at and is_brief(unit.text)
        leans = short or _LEANS_BACK.match(unit.text)
        if unit.kind == "item" and not layout.same_paragraph(first - 1, first):
            break
        if not (leads or condition or leans):
            break
        first -= 1
    return tuple(range(first, at + 1))
