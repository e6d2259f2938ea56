"""Words on a PDF page that nobody sees: invisible, of its ground's colour, or painted over.

The layer of invisible text that recognition puts over a scanned page is what is read there, and
stays. Whether a word in doubt is seen is told by looking: the page is drawn, and where all points
are alike there is nothing.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from knowledge.parsing.pdf.drawn.rules import Ground, Placing, Rule, Seen
from knowledge.parsing.pdf.words import Word

SCANNED = 0.6
"""Share of a page that its pictures take, of which text may be recognised."""
_INVISIBLE = (3, 7)
"""Ways to show text: neither filled nor outlined (ISO 32000-1, table 106)."""
_OUTLINED = (1, 2, 5, 6)
_FAINT = 26
"""Opacity, of 255."""
_NEARLY_WHITE = 230
_ALIKE = 24
"""By which the colours of points differ at most that nobody tells apart, of 255."""
_UNREADABLE = 1.0
"""Points of print."""
_BAND = 40.0
"""Points of height by which grounds are looked up."""
_BESIDE = 1.0
"""Points at a word's ends that its neighbours may reach into."""
_SCALE = 1.5
"""Pixels a point."""
_LONGEST_SIDE = 5000
"""Pixels; a PDF page may be 5 m long, and is drawn coarser then."""


@dataclass(frozen=True, slots=True)
class Ink:
    """How a run of text is painted."""

    run: int
    """Address of its object."""
    mode: int
    colour: tuple[int, int, int, int]
    """Red, green, blue and opacity."""
    in_layer: bool
    """May a reader switch it off?"""


def ink_of(pdfium: Any, text: Any, at: int, run: Any, address: int) -> Ink:
    """Of the letter at a place of a text page, which is one of ``run``."""
    colour = [ctypes.c_uint(n) for n in (0, 0, 0, 255)]
    pdfium.FPDFText_GetFillColor(text, at, *colour)
    mode = pdfium.FPDFTextObj_GetTextRenderMode(run) if run else 0
    red, green, blue, alpha = (each.value for each in colour)
    return Ink(address, mode, (red, green, blue, alpha), bool(run) and _in_layer(pdfium, run))


def is_plain(ink: Ink) -> bool:
    """Is it seen on white paper?"""
    is_white = ink.mode not in _OUTLINED and min(ink.colour[:3]) >= _NEARLY_WHITE
    return not (is_white or ink.mode in _INVISIBLE or ink.colour[3] <= _FAINT)


def _in_layer(pdfium: Any, run: Any) -> bool:
    name = (ctypes.c_ushort * 8)()
    length = ctypes.c_ulong()
    for n in range(min(pdfium.FPDFPageObj_CountMarks(run), 8)):
        mark = pdfium.FPDFPageObj_GetMark(run, n)
        pdfium.FPDFPageObjMark_GetName(mark, name, ctypes.sizeof(name), length)
        if bytes(name)[:4] == "OC".encode("utf-16-le"):
            return True
    return False


def unseen(page: Any, words: Sequence[tuple[Word, Ink]], seen: Seen, place: Placing) -> set[int]:
    """The ids of the words that nobody sees on a :class:`pypdfium2.PdfPage`."""
    bands = _bands(seen.grounds)
    is_scan = seen.papered >= SCANNED
    gone: set[int] = set()
    doubtful: list[Word] = []
    for word, ink in words:
        is_invisible = ink.mode in _INVISIBLE or ink.colour[3] <= _FAINT
        if is_invisible or word.size < _UNREADABLE:
            if not (is_scan and is_invisible):
                gone.add(id(word))
        elif _is_doubtful(word, ink, seen.orders.get(ink.run), bands, is_scan=is_scan):
            doubtful.append(word)
    return gone | (_not_shown(page, doubtful, place) if doubtful else set())


def _bands(grounds: Iterable[Ground]) -> dict[int, list[Ground]]:
    bands: dict[int, list[Ground]] = {}
    for ground in grounds:
        top, bottom = (int(max(-1e4, min(y, 1e4)) // _BAND) for y in ground.box[2:])
        for band in range(top, bottom + 1):
            bands.setdefault(band, []).append(ground)
    return bands


def _is_doubtful(
    word: Word, ink: Ink, order: int | None, bands: dict[int, list[Ground]], *, is_scan: bool
) -> bool:
    if ink.in_layer or not is_plain(ink):
        return True
    x, y = (word.x0 + word.x1) / 2, (word.top + word.bottom) / 2
    for ground in bands.get(int(y // _BAND), ()):
        x0, x1, top, bottom = ground.box
        if not (x0 <= x <= x1 and top <= y <= bottom):
            continue
        if order is not None and ground.order > order:
            # Some programs put what they recognise below the picture.
            if not (is_scan and ground.colour is None):
                return True
        elif ground.colour is not None and all(
            abs(a - b) <= _ALIKE for a, b in zip(ground.colour, ink.colour, strict=False)
        ):
            return True
    return False


def _not_shown(page: Any, words: Sequence[Word], place: Placing) -> set[int]:
    import pypdfium2.raw as pdfium

    scale = min(_SCALE, _LONGEST_SIDE / max(page.get_size()))
    picture = page.render(scale=scale).to_pil().convert("RGB")
    wide, high = picture.size
    found: set[int] = set()
    x, y = ctypes.c_int(), ctypes.c_int()
    for word in words:
        above = 0.15 * (word.bottom - word.top)
        beside = min(_BESIDE, 0.2 * (word.x1 - word.x0))
        corners: list[tuple[int, int]] = []
        for corner in (
            (word.x0 + beside, word.top + above),
            (word.x1 - beside, word.bottom - above),
        ):
            pdfium.FPDF_PageToDevice(page.raw, 0, 0, wide, high, 0, *place.unplaced(*corner), x, y)
            corners.append((x.value, y.value))
        (ax, ay), (bx, by) = corners
        box = (
            max(min(ax, bx), 0), max(min(ay, by), 0),
            min(max(ax, bx) + 1, wide), min(max(ay, by) + 1, high),
        )  # fmt: skip
        if box[0] >= box[2] or box[1] >= box[3]:
            continue
        if all(high - low <= _ALIKE for low, high in picture.crop(box).getextrema()):
            found.add(id(word))
    return found


PLAIN = Ink(-1, 0, (0, 0, 0, 255), in_layer=False)
"""Black, and known of no text."""


# --- crossed out ------------------------------------------------------------------------------

_LOWEST, _HIGHEST = 0.3, 0.62
"""Of a word's height from below: between them lies a line that crosses it out."""
_COVERED = 0.8
"""Of the line: what the words below it take; a longer one is a rule of the page or of a chart."""


def crossed_out(words: Sequence[Word], rules: Sequence[Rule]) -> set[int]:
    """The ids of the words that a line goes through from end to end."""
    found: set[int] = set()
    level = [rule for rule in rules if rule.y0 == rule.y1]
    bands: dict[int, list[Rule]] = {}
    for rule in level:
        bands.setdefault(int(rule.y0 // _BAND), []).append(rule)
    struck: dict[int, list[Word]] = {}
    for word in words:
        high = word.bottom - word.top
        top, bottom = word.bottom - _HIGHEST * high, word.bottom - _LOWEST * high
        for band in {int(top // _BAND), int(bottom // _BAND)}:
            for rule in bands.get(band, ()):
                slack = 0.15 * word.size
                is_across = rule.x0 <= word.x0 + slack and word.x1 - slack <= rule.x1
                if top <= rule.y0 <= bottom and is_across:
                    struck.setdefault(id(rule), []).append(word)
    for rule in level:
        below = struck.get(id(rule), [])
        taken = max((w.x1 for w in below), default=0.0) - min((w.x0 for w in below), default=0.0)
        if below and taken >= _COVERED * (rule.x1 - rule.x0):
            found.update(map(id, below))
    return found
