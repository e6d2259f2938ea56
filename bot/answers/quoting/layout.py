"""How a passage is laid out: where its units stand, and which of them make a list or a table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from knowledge.types import ScoredUnit

_MARKER = re.compile(r"[ \t>]*(?:[-*+]|(\d{1,9})[.)])[ \t]+")
_BLANK_LINE = re.compile(r"\n[ \t>]*\n")
_BOLD_LINE = re.compile(r"(\*\*|__)(?!\s)[^*_\n]+\1:?|(?:\*\*|__)[^*_\n]+:(?:\*\*|__)")
_END = "\"'”’)]*_` "
# A question proper, not a condition such as "Short of days? Ask your lead."
_ASKS = re.compile(
    r"(?:\W*(?:q|question|frage|\d+)\s*[.:)])?\W*(?:how|what|which|when|who|whom|whose|where|why|can|"
    r"may|could|am|are|is|do|does|did|must|should|will|would|has|have|was|were|what's|isn't|don't)\b",
    re.I,
)

GroupKind = Literal["text", "list", "table", "code", "title"]


@dataclass(frozen=True, slots=True)
class Group:
    """Neighbouring units that make one paragraph, list or table; ``first`` to ``last``."""

    kind: GroupKind
    first: int
    last: int

    @property
    def members(self) -> range:
        """Indices of its units."""
        return range(self.first, self.last + 1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a unit stands."""

    start: int
    end: int
    line: int
    """Where its line begins."""
    indent: int
    """Columns before its marker or its words."""
    opens: bool
    """Whether it begins a list item."""
    number: int | None
    """Of an item of a numbered list."""


class Layout:
    """A passage's units with their places and groups."""

    def __init__(self, text: str, units: Sequence[ScoredUnit], context: str = ""):
        """``context``: title and headings over the passage."""
        self.text = text
        self.context = context
        self.units = units
        self.places = list(_places(text, units))
        self.groups: list[Group] = []
        for at in range(len(units)):
            kind = self._kind(at)
            last = self.groups[-1] if self.groups else None
            if last is not None and self._goes_on(last, at, kind):
                self.groups[-1] = Group(last.kind, last.first, at)
            else:
                self.groups.append(Group(kind, at, at))
        self._join_interrupted()
        self._group_of = [n for n, group in enumerate(self.groups) for _ in group.members]

    def group(self, at: int) -> Group:
        """The group that a unit is in."""
        return self.groups[self._group_of[at]]

    def after(self, group: Group) -> Group | None:
        """The next group."""
        number = self._group_of[group.first] + 1
        return self.groups[number] if number < len(self.groups) else None

    def lead(self, group: Group) -> int | None:
        """The sentence right before a list, a table or code: what leads into it."""
        before = group.first - 1
        is_lead = before >= 0 and self.group(before).kind == "text" and not self.is_title(before)
        return before if is_lead and not self.asks(before) else None

    def is_title(self, at: int) -> bool:
        """A heading, or a line in bold that stands for one."""
        unit = self.units[at]
        return unit.kind == "heading" or (
            unit.kind == "sentence"
            and _BOLD_LINE.fullmatch(unit.raw.strip()) is not None
            and self._alone_in_line(at)
        )

    def asks(self, at: int) -> bool:
        """A question of the page's own; what comes after it answers."""
        unit = self.units[at]
        text = unit.text.rstrip(_END)
        return unit.kind == "sentence" and text.endswith("?") and bool(_ASKS.match(text))

    def same_paragraph(self, one: int, other: int) -> bool:
        """Whether both stand in one paragraph or list item."""
        first, second = sorted((one, other))
        return (
            self.group(first) == self.group(second)
            and not any(self.places[at].opens for at in range(first + 1, second + 1))
            and not _BLANK_LINE.search(self.text, self.places[first].end, self.places[second].start)
        )

    def items(self, group: Group) -> list[range]:
        """The list's items of the outermost level, each with all that belongs to it."""
        openings = [at for at in group.members if self.places[at].opens]
        outermost = min((self.places[at].indent for at in openings), default=0)
        starts = [at for at in openings if self.places[at].indent == outermost] or [group.first]
        starts[0] = group.first  # a passage may begin inside an item
        ends = [*starts[1:], group.last + 1]
        return [range(start, end) for start, end in zip(starts, ends, strict=True)]

    def item(self, at: int) -> range:
        """What belongs to the innermost item that a unit is in, down to its nested items."""
        group = self.group(at)
        first = self.opening(at)
        last = first
        while last < group.last and not (
            self.places[last + 1].opens
            and self.places[last + 1].indent <= self.places[first].indent
        ):
            last += 1
        return range(first, last + 1)

    def opening(self, at: int) -> int:
        """The unit that begins the item that a unit is in."""
        group = self.group(at)
        while at > group.first and not self.places[at].opens:
            at -= 1
        return at

    def parents(self, at: int) -> list[int]:
        """The items around a nested one, outermost first."""
        found: list[int] = []
        indent = self.places[self.opening(at)].indent
        for above in range(self.opening(at) - 1, self.group(at).first - 1, -1):
            if self.places[above].opens and self.places[above].indent < indent:
                indent = self.places[above].indent
                found.insert(0, above)
        return found

    def _kind(self, at: int) -> GroupKind:
        unit = self.units[at]
        if self.is_title(at):
            return "title"
        kinds: dict[str, GroupKind] = {"item": "list", "row": "table", "code": "code"}
        return kinds.get(unit.kind, "text")

    def _goes_on(self, last: Group, at: int, kind: GroupKind) -> bool:
        place, before = self.places[at], self.places[at - 1]
        blank = _BLANK_LINE.search(self.text, before.end, place.start) is not None
        match last.kind:
            case "list" if kind == "list":
                return self._one_list(last, at)
            case "list":  # a paragraph or code that is indented below an item
                return kind != "title" and place.indent > self.places[last.first].indent
            case "table":
                return kind == "table" and not blank
            case "text":
                return kind == "text" and not blank
            case _:
                return False

    def _one_list(self, last: Group, at: int) -> bool:
        """Whether the item goes on with the list: bullets and numbers are two, 1 begins anew."""
        place, first = self.places[at], self.places[last.first]
        if not place.opens or place.indent != first.indent:
            return True
        # "1." before every item is common, and numbers then say nothing.
        begins = place.number == 1 and self._last_number(last) != 1
        return (place.number is None) == (first.number is None) and not begins

    def _last_number(self, group: Group) -> int | None:
        """The number of a list's last outermost item."""
        indent = self.places[group.first].indent
        openings = [at for at in group.members if self.places[at].opens]
        outermost = [at for at in openings if self.places[at].indent == indent]
        return self.places[outermost[-1]].number if outermost else None

    def _join_interrupted(self) -> None:
        """Make one list of a numbered one that goes on after code or a remark between its items."""
        joined: list[Group] = []
        for group in self.groups:
            joined.append(group)
            number = self.places[group.first].number
            if group.kind != "list" or number in (None, 1):
                continue
            for back in (2, 3):
                before = joined[-1 - back] if len(joined) > back else None
                between = joined[-back:-1]
                if any(each.kind not in ("text", "code") for each in between):
                    break
                if before is not None and before.kind == "list":
                    if self._last_number(before) == (number or 0) - 1:
                        joined[-1 - back :] = [Group("list", before.first, group.last)]
                    break
        self.groups = joined

    def _alone_in_line(self, at: int) -> bool:
        place = self.places[at]
        end = self.text.find("\n", place.end)
        rest = self.text[place.end : end if end >= 0 else None]
        return not self.text[place.line : place.start].strip() and not rest.strip()


def _places(text: str, units: Sequence[ScoredUnit]) -> Iterator[Place]:
    """They are in order, so each search starts further on."""
    at = 0
    for unit in units:
        start = text.index(unit.raw, at)
        at = start + len(unit.raw)
        line = text.rfind("\n", 0, start) + 1
        before = text[line:start]
        marker = _MARKER.fullmatch(before) if unit.kind == "item" else None
        indent = len(before.expandtabs(4)) - len(before.expandtabs(4).lstrip())
        number = int(marker[1]) if marker and marker[1] else None
        yield Place(start, at, line, indent, marker is not None, number)
