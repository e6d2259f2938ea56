"""The reading order of a PDF page: its columns one after the other, its tables as rows.

Where no line crosses an upright gap over several lines, columns stand beside each other: of a table
if their cells are short and lie on common lines, else of text.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from knowledge.parsing.pdf.lines import Line, put_together
from knowledge.parsing.pdf.page import Page
from knowledge.parsing.pdf.tables.aligned import aligned_table
from knowledge.parsing.pdf.tables.ruled import Frame, Table, ruled_tables

_DEEPEST = 6
_MOST_GAPS = 24
"""Places of a gap that are tried in one region."""

Piece = Line | Table
_Placed = Line | Table | Frame


def reading_order(page: Page) -> list[Piece]:
    """Lines and tables in the order in which they are read."""
    tables, words = ruled_tables(page.words, page.rules)
    level = put_together([word for word in words if word.is_level])
    # A stamp that runs up the margin belongs to no line that it crosses, and is no heading.
    beside = [replace(put_together([w])[0], size=0.0) for w in words if not w.is_level]
    return [*_opened(_ordered([*level, *tables], _DEEPEST)), *beside]


def _opened(pieces: Iterable[_Placed]) -> Iterator[Piece]:
    """What stands in frames, in their place."""
    for piece in pieces:
        if isinstance(piece, Frame):
            for cell in piece.cells:
                yield from _opened(_ordered(put_together(cell), _DEEPEST))
        else:
            yield piece


# --- columns ----------------------------------------------------------------------------------


def _ordered(pieces: Sequence[_Placed], depth: int) -> Iterator[_Placed]:
    pieces = sorted(pieces, key=lambda p: (p.top, p.x0))
    zone = _zone(pieces) if depth and len(pieces) > 3 else None
    if zone is None:
        yield from _joined(pieces)
        return
    gap, first, last = zone
    while first < last and _ends_above(pieces, first):
        first += 1
    inside = pieces[first : last + 1]
    yield from _ordered(pieces[:first], depth - 1)
    table, below = aligned_table(inside)
    if table is not None:
        yield table
        yield from _ordered(below, depth - 1)
    elif labelled := _labelled(inside, gap):
        yield from labelled
    else:
        yield from _ordered([p for p in inside if p.x0 < gap], depth - 1)
        yield from _ordered([p for p in inside if p.x0 >= gap], depth - 1)
    yield from _ordered(pieces[last + 1 :], depth - 1)


def _zone(pieces: Sequence[_Placed]) -> tuple[float, int, int] | None:
    """The upright gap with most beside it, and the first and last piece beside it."""
    best: tuple[int, float, int, int] | None = None
    for gap in _gaps(pieces):
        start = 0
        for at in range(len(pieces) + 1):
            if at < len(pieces) and not pieces[at].x0 < gap < pieces[at].x1:
                continue
            found = _trimmed(pieces, gap, start, at - 1)
            start = at + 1
            if found is not None and (best is None or found[1] - found[0] > best[0]):
                best = (found[1] - found[0], gap, *found)
    return None if best is None else best[1:]


def _ends_above(pieces: Sequence[_Placed], first: int) -> bool:
    """Does the first piece beside a gap rather end the paragraph above it?"""
    if not first:
        return False
    above, line, below = pieces[first - 1 : first + 2]
    if not all(isinstance(each, Line) for each in (above, line, below)):
        return False
    near, far = line.top - above.bottom, below.top - line.bottom
    return near + 1 >= 0 and near < 0.5 * _height(line) and far > near + 0.4 * _height(line)


def _gaps(pieces: Sequence[_Placed]) -> list[float]:
    """Where several pieces begin, left of which others end."""
    counts: dict[int, int] = {}
    starts: dict[int, float] = {}
    left = min(p.x0 for p in pieces)
    for piece in pieces:
        place = round(piece.x0 / 6)
        counts[place] = counts.get(place, 0) + 1
        starts[place] = min(starts.get(place, piece.x0), piece.x0)
    often = sorted(counts, key=lambda place: -counts[place])[:_MOST_GAPS]
    places = [starts[place] for place in often]
    # Figures end below each other; the longest of them begins the column.
    ends: dict[int, list[float]] = {}
    for piece in pieces:
        ends.setdefault(round(piece.x1 / 2), []).append(piece.x0)
    several = sorted((each for each in ends.values() if len(each) > 2), key=len, reverse=True)
    places += [min(each) for each in several[:_MOST_GAPS]]
    return [place - 2.0 for place in dict.fromkeys(places) if place - left > 20]


def _trimmed(
    pieces: Sequence[_Placed], gap: float, first: int, last: int
) -> tuple[int, int] | None:
    """The part where something stands on both sides, at least twice on each."""
    left = [n for n in range(first, last + 1) if pieces[n].x0 < gap]
    right = [n for n in range(first, last + 1) if pieces[n].x0 >= gap]
    if not _has_several(pieces, left) or not _has_several(pieces, right):
        return None
    top = max(pieces[left[0]].top, pieces[right[0]].top)
    while left and pieces[left[0]].bottom < top - 2 * _height(pieces[left[0]]):
        left.pop(0)  # a heading above the columns
    while right and pieces[right[0]].bottom < top - 2 * _height(pieces[right[0]]):
        right.pop(0)
    left = _without_foot(pieces, left, right)
    if not _has_several(pieces, left) or not _has_several(pieces, right):
        return None
    upper, lower = sorted((left, right))
    has_box = any(isinstance(pieces[n], Frame) for n in (*left, *right))
    if upper[-1] < lower[0] and (not has_box or pieces[upper[-1]].bottom < pieces[lower[0]].top):
        return None
    return min(left[0], right[0]), max(left[-1], right[-1])


def _has_several(pieces: Sequence[_Placed], which: Sequence[int]) -> bool:
    """Several lines, or a box that holds some."""
    return len(which) > 1 or any(isinstance(pieces[n], Frame) for n in which)


def _without_foot(pieces: Sequence[_Placed], left: list[int], right: list[int]) -> list[int]:
    """The left side without a heading below both columns, which end side by side, and its text."""
    end = max((pieces[n].bottom for n in right), default=0.0)
    for at in range(1, len(left)):
        last, foot = pieces[left[at - 1]], pieces[left[at]]
        if foot.top < end or not isinstance(foot, Line) or not isinstance(last, Line):
            continue
        is_heading = foot.size > 1.1 * last.size or (foot.bold and not last.bold)
        is_parted = foot.top - max(end, last.bottom) > 0.5 * last.height
        if is_heading and is_parted and abs(end - last.bottom) < 2.5 * last.height:
            return left[:at]
    return left


def _labelled(pieces: Sequence[_Placed], gap: float) -> list[Line]:
    """Names on the left, each with its values beside it, as lines; none if they are no names."""
    lines = [piece for piece in pieces if isinstance(piece, Line)]
    names = [line for line in lines if line.x0 < gap]
    if len(lines) < len(pieces) or not all(line.text.endswith(":") for line in names):
        return []
    middles = [(name.top + name.bottom) / 2 for name in names]
    held: list[list[Line]] = [[] for _ in names]
    for line in (line for line in lines if line.x0 >= gap):
        middle = (line.top + line.bottom) / 2
        at = bisect_left(middles, middle)
        near = [n for n in (at - 1, at) if 0 <= n < len(names)]
        held[min(near, key=lambda n: abs(middles[n] - middle))].append(line)
    found: list[Line] = []
    for n, name in enumerate(names):
        found += [_as_one([name, *held[n][:1]]), *held[n][1:]]
    return found


def _height(piece: _Placed) -> float:
    return piece.height if isinstance(piece, Line) else 12.0


# --- lines of one column ----------------------------------------------------------------------


def _joined(pieces: Sequence[_Placed]) -> Iterator[_Placed]:
    """What lies on one line as one line, such as a label and the value of its field."""
    held: list[Line] = []
    for piece in [*pieces, None]:
        is_beside = (
            isinstance(piece, Line)
            and bool(held)
            and min(piece.bottom, held[-1].bottom) - max(piece.top, held[-1].top)
            > 0.5 * min(piece.height, held[-1].height)
        )
        if is_beside and isinstance(piece, Line):
            held.append(piece)
            continue
        if held:
            yield _as_one(held)
        held = [piece] if isinstance(piece, Line) else []
        if isinstance(piece, Table | Frame):
            yield piece


def _as_one(lines: list[Line]) -> Line:
    if len(lines) == 1:
        return lines[0]
    lines = sorted(lines, key=lambda line: line.x0)
    largest = max(lines, key=lambda line: len(line.text))
    return Line(
        lines[0].x0,
        max(line.x1 for line in lines),
        min(line.top for line in lines),
        max(line.bottom for line in lines),
        " ".join(line.text for line in lines),
        largest.size,
        all(line.bold for line in lines),
        sum(line.words for line in lines),
        all(line.mono for line in lines),
    )
