"""What is drawn on a page of a PDF: ruled lines, and whether there is more to see than text.

Places are in points from the page's top left, as a reader sees the page.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

MAX_OBJECTS = 30_000
"""Paths looked at on one page; drawings and maps have more, and are no tables."""
_MAX_DEPTH = 5
_THIN = 3.0
"""Points; a filled shape no thicker is a line."""


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

    def box(self, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
        """Left, right, top and bottom on the shown page."""
        (ax, ay), (bx, by) = self.point(x0, y0), self.point(x1, y1)
        return min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)


_Matrix = tuple[float, float, float, float, float, float]


def look_at_objects(
    pdfium: Any, page: Any, place: Placing, rules: list[Rule]
) -> tuple[bool, float]:
    """Collect the ruled lines; is there any picture or drawing, and how large is the largest?"""
    budget = MAX_OBJECTS
    found = False
    pictured = 0.0
    wide, high = place.size
    stack = [
        (pdfium.FPDFPage_GetObject(page, n), (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), 0)
        for n in range(min(pdfium.FPDFPage_CountObjects(page), MAX_OBJECTS))
    ]
    while stack and budget:
        budget -= 1
        each, outer, depth = stack.pop()
        kind = pdfium.FPDFPageObj_GetType(each)
        found = found or kind != pdfium.FPDF_PAGEOBJ_TEXT
        if kind == pdfium.FPDF_PAGEOBJ_PATH:
            _collect(pdfium, each, _times(_matrix(pdfium, each), outer), place, rules)
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            # A picture fills the square of its matrix (ISO 32000-1, 8.9.5.1).
            a, b, c, d, _, _ = _times(_matrix(pdfium, each), outer)
            pictured = max(pictured, abs(a * d - b * c) / max(wide * high, 1.0))
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _MAX_DEPTH:
            inner = _times(_matrix(pdfium, each), outer)
            count = min(pdfium.FPDFFormObj_CountObjects(each), MAX_OBJECTS)
            stack += [
                (pdfium.FPDFFormObj_GetObject(each, n), inner, depth + 1) for n in range(count)
            ]
    return found, pictured


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


def _collect(pdfium: Any, path: Any, matrix: _Matrix, place: Placing, rules: list[Rule]) -> None:
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
    if not stroke.value and fill.value:
        _collect_filled(points, pdfium.FPDF_SEGMENT_MOVETO, rules)
    if stroke.value:
        for (x0, y0, _), (x1, y1, kind) in pairwise(points):
            if kind == pdfium.FPDF_SEGMENT_LINETO:
                _add(x0, y0, x1, y1, rules)


def _collect_filled(points: list[tuple[float, float, int]], moveto: int, rules: list[Rule]) -> None:
    """Filled shapes: a thin one is a line; of another, such as a cell's ground, the edges count."""
    shape: list[tuple[float, float]] = []
    for x, y, kind in [*points, (0.0, 0.0, moveto)]:
        if kind == moveto and shape:
            xs, ys = [p[0] for p in shape], [p[1] for p in shape]
            x0, x1, y0, y1 = min(xs), max(xs), min(ys), max(ys)
            if x1 - x0 <= _THIN:
                _add((x0 + x1) / 2, y0, (x0 + x1) / 2, y1, rules)
            elif y1 - y0 <= _THIN:
                _add(x0, (y0 + y1) / 2, x1, (y0 + y1) / 2, rules)
            elif len(shape) in (4, 5):
                for edge in (
                    (x0, y0, x1, y0),
                    (x0, y1, x1, y1),
                    (x0, y0, x0, y1),
                    (x1, y0, x1, y1),
                ):
                    _add(*edge, rules)
            shape = []
        shape.append((x, y))


def _add(x0: float, y0: float, x1: float, y1: float, rules: list[Rule]) -> None:
    x0, x1, y0, y1 = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
    if x1 - x0 <= 1 < y1 - y0:
        rules.append(Rule(x0, y0, x0, y1))
    elif y1 - y0 <= 1 < x1 - x0:
        rules.append(Rule(x0, y0, x1, y0))
