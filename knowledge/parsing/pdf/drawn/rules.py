"""What is drawn on a page of a PDF: ruled lines, grounds, pictures and small marks, in its order.

Places are in points from the page's top left, as a reader sees the page.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from knowledge.parsing.pdf.words import Box

MAX_OBJECTS = 30_000
"""Paths looked at on one page; drawings and maps have more, and are no tables."""
_MAX_DEPTH = 5
_THIN = 3.0
"""Points; a filled shape no thicker is a line."""
_SMALL = 12.0
"""Points; a shape no larger may be a bullet or a box to tick."""
_LEAST = 1.0
"""Points; a thinner one is a dash of a line, or of a chart's axis."""
_OPAQUE = 230
"""Of 255."""
MAX_MARKS = 2_000
"""On one page; more are a map's or a chart's."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A ruled line; upright if ``x0 == x1``, else level."""

    x0: float
    y0: float
    x1: float
    y1: float


class Placing:
    """From the file's coordinates, which go up from the bottom left, to those of the shown page.

    It is turned so that its text is level.
    """

    def __init__(self, direction: int, crop: tuple[float, float, float, float]) -> None:
        self.direction = direction
        self.left, self.bottom, self.right, self.top = crop

    @property
    def size(self) -> tuple[float, float]:
        """Width and height as shown."""
        wide, high = self.right - self.left, self.top - self.bottom
        return (high, wide) if self.direction in (90, 270) else (wide, high)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """A place on the shown page."""
        match self.direction:
            case 90:
                return y - self.bottom, x - self.left
            case 180:
                return self.right - x, y - self.bottom
            case 270:
                return self.top - y, self.right - x
            case _:
                return x - self.left, self.top - y

    def unplaced(self, x: float, y: float) -> tuple[float, float]:
        """A place on the shown page in the file's coordinates."""
        match self.direction:
            case 90:
                return y + self.left, x + self.bottom
            case 180:
                return self.right - x, y + self.bottom
            case 270:
                return self.right - y, self.top - x
            case _:
                return x + self.left, self.top - y

    def box(self, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
        """Left, right, top and bottom on the shown page."""
        (ax, ay), (bx, by) = self.point(x0, y0), self.point(x1, y1)
        return min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)


_Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Ground:
    """What is painted over whatever lies below it."""

    order: int
    """Objects painted before."""
    box: Box
    colour: tuple[int, int, int] | None
    """None: a picture."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A small shape, such as a bullet."""

    box: Box
    is_empty_box: bool


@dataclass(slots=True)
class Seen:
    """What there is on a page besides words."""

    rules: list[Rule] = field(default_factory=list)
    grounds: list[Ground] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    orders: dict[int, int] = field(default_factory=dict)
    """By address of a text object: how many objects were painted before it."""
    has_drawings: bool = False
    """Is there any picture or drawing?"""
    pictured: float = 0.0
    """Share of the page that the largest picture takes."""
    papered: float = 0.0
    """The same of all pictures; scans may be cut in strips."""


def look_at_objects(pdfium: Any, page: Any, place: Placing) -> Seen:
    """Collect what is drawn, in the order in which it is painted."""
    seen = Seen()
    wide, high = place.size
    for order, (each, matrix) in enumerate(_objects(pdfium, page)):
        kind = pdfium.FPDFPageObj_GetType(each)
        seen.has_drawings = seen.has_drawings or kind != pdfium.FPDF_PAGEOBJ_TEXT
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            seen.orders[address(each)] = order
        elif kind == pdfium.FPDF_PAGEOBJ_PATH:
            _collect(pdfium, each, matrix, place, seen, order)
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            # A picture fills the square of its matrix (ISO 32000-1, 8.9.5.1).
            a, b, c, d, e, f = matrix
            share = abs(a * d - b * c) / max(wide * high, 1.0)
            seen.pictured = max(seen.pictured, share)
            seen.papered += share
            corners = [
                place.point(e + x * a + y * c, f + x * b + y * d) for x in (0, 1) for y in (0, 1)
            ]
            box = _around(corners)
            seen.grounds.append(Ground(order, box, None))
    return seen


def address(each: Any) -> int:
    """What tells an object of PDFium's from others."""
    return ctypes.cast(each, ctypes.c_void_p).value or -1


def _objects(pdfium: Any, page: Any) -> Iterator[tuple[Any, _Matrix]]:
    """The objects of a page and of the forms on it, each with its matrix, as they are painted."""
    count = min(pdfium.FPDFPage_CountObjects(page), MAX_OBJECTS)
    plain = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    stack = [(pdfium.FPDFPage_GetObject(page, n), plain, 0) for n in reversed(range(count))]
    for _ in range(MAX_OBJECTS):
        if not stack:
            return
        each, outer, depth = stack.pop()
        matrix = _times(_matrix(pdfium, each), outer)
        yield each, matrix
        if pdfium.FPDFPageObj_GetType(each) == pdfium.FPDF_PAGEOBJ_FORM and depth < _MAX_DEPTH:
            count = min(pdfium.FPDFFormObj_CountObjects(each), MAX_OBJECTS)
            stack += [
                (pdfium.FPDFFormObj_GetObject(each, n), matrix, depth + 1)
                for n in reversed(range(count))
            ]


def _matrix(pdfium: Any, each: Any) -> _Matrix:
    matrix = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(each, matrix):
        return (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    return (matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f)


def _times(one: _Matrix, two: _Matrix) -> _Matrix:
    a, b, c, d, e, f = one
    g, h, i, j, k, m = two
    return (
        a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j,
        e * g + f * i + k, e * h + f * j + m,
    )  # fmt: skip


def _collect(
    pdfium: Any, path: Any, matrix: _Matrix, place: Placing, seen: Seen, order: int
) -> None:
    rules = seen.rules
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(path, fill, stroke)
    x, y = ctypes.c_float(), ctypes.c_float()
    points: list[tuple[float, float, int]] = []
    for n in range(min(pdfium.FPDFPath_CountSegments(path), 4_000)):
        segment = pdfium.FPDFPath_GetPathSegment(path, n)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        a, b, c, d, e, f = matrix
        spot = place.point(x.value * a + y.value * c + e, x.value * b + y.value * d + f)
        points.append((*spot, kind))
        if pdfium.FPDFPathSegment_GetClose(segment):
            start = next((p for p in reversed(points) if p[2] == pdfium.FPDF_SEGMENT_MOVETO), None)
            if start is not None:
                points.append((start[0], start[1], pdfium.FPDF_SEGMENT_LINETO))
    if fill.value and points:
        _collect_ground(pdfium, path, [(x, y) for x, y, _ in points], seen, order)
    if len(seen.marks) < MAX_MARKS:
        seen.marks += _marks(points, pdfium, is_filled=bool(fill.value))
    if not stroke.value and fill.value:
        _collect_filled(points, pdfium.FPDF_SEGMENT_MOVETO, rules)
    if stroke.value:
        for (x0, y0, _), (x1, y1, kind) in pairwise(points):
            if kind == pdfium.FPDF_SEGMENT_LINETO:
                _add(x0, y0, x1, y1, rules)


def _collect_ground(
    pdfium: Any, path: Any, points: Sequence[tuple[float, float]], seen: Seen, order: int
) -> None:
    box = _around(points)
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if box[1] - box[0] <= _THIN or box[3] - box[2] <= _THIN:
        return
    if pdfium.FPDFPageObj_GetFillColor(path, red, green, blue, alpha) and alpha.value >= _OPAQUE:
        seen.grounds.append(Ground(order, box, (red.value, green.value, blue.value)))


def _marks(
    points: list[tuple[float, float, int]], pdfium: Any, *, is_filled: bool
) -> Iterator[Mark]:
    """The small shapes of a path, which may draw all bullets of a page."""
    for shape in _shapes(points, pdfium.FPDF_SEGMENT_MOVETO):
        box = _around([(x, y) for x, y, _ in shape])
        if _is_small(box):
            is_straight = not any(kind == pdfium.FPDF_SEGMENT_BEZIERTO for _, _, kind in shape)
            yield Mark(box, is_empty_box=not is_filled and is_straight and 4 <= len(shape) <= 6)


def _around(points: Sequence[tuple[float, float]]) -> Box:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), max(xs), min(ys), max(ys)


def _is_small(box: Box) -> bool:
    wide, high = box[1] - box[0], box[3] - box[2]
    return min(wide, high) >= _LEAST and max(wide, high) <= _SMALL


def _shapes(
    points: list[tuple[float, float, int]], moveto: int
) -> Iterator[list[tuple[float, float, int]]]:
    shape: list[tuple[float, float, int]] = []
    for point in points:
        if point[2] == moveto and shape:
            yield shape
            shape = []
        shape.append(point)
    if shape:
        yield shape


def _collect_filled(points: list[tuple[float, float, int]], moveto: int, rules: list[Rule]) -> None:
    """Filled shapes: a thin one is a line; of another, such as a cell's ground, the edges count."""
    for shape in _shapes(points, moveto):
        x0, x1, y0, y1 = _around([(x, y) for x, y, _ in shape])
        if x1 - x0 <= _THIN:
            _add((x0 + x1) / 2, y0, (x0 + x1) / 2, y1, rules)
        elif y1 - y0 <= _THIN:
            _add(x0, (y0 + y1) / 2, x1, (y0 + y1) / 2, rules)
        elif len(shape) in (4, 5):
            for edge in ((x0, y0, x1, y0), (x0, y1, x1, y1), (x0, y0, x0, y1), (x1, y0, x1, y1)):
                _add(*edge, rules)


def _add(x0: float, y0: float, x1: float, y1: float, rules: list[Rule]) -> None:
    x0, x1, y0, y1 = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
    if x1 - x0 <= 1 < y1 - y0:
        rules.append(Rule(x0, y0, x0, y1))
    elif y1 - y0 <= 1 < x1 - x0:
        rules.append(Rule(x0, y0, x1, y0))
