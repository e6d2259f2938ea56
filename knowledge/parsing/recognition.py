"""Text recognised in pictures (OCR): its engine's port, its bounds, and how the text is marked.

The engine is optional. Without one, pictures and scanned pages are told as not read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from knowledge.parsing.document import some_of
from knowledge.types import LeftOut

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 50_000_000
"""Of a picture: the best cameras of phones make as many. Unpacked it takes 150 MB."""
LONGEST_SIDE = 2_000
"""Pixels that the engine is given: 170 dots an inch on a page of A4, where 8 point print is read.
Time and memory grow with the area."""
_TALL = 2.0
"""Times its width: a higher picture is no page."""
LEAST_SURE = 0.5
"""Confidence below which a line is left out: such are mostly patterns and handwriting taken for
letters."""
_WELL_READ = 0.8
"""Confidence below which it is tried whether a picture is the wrong way up. Upright print was read
with .97 and more, upside down with .6."""
_QUIET_ROWS = 9
"""Pixels: what lies between two lines of small print on a screen."""
_OPENED, _CLOSED = "recognised=", "recognised=end"


@dataclass(frozen=True, slots=True)
class RecognisedLine:
    """A line of text, or the part of one in a column; places are in pixels from the top left."""

    text: str
    confidence: float
    """In [0, 1], as the engine states it."""
    x0: float
    x1: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Recognised:
    """What was recognised in a picture, which may be none."""

    lines: Sequence[RecognisedLine]
    size: tuple[int, int]
    """Width and height in pixels of what the lines' places are in."""
    doubtful: int = 0
    """How many further lines were left out, as they are hardly recognised."""


class Recogniser(Protocol):
    """An engine. It can be pickled, for another process; it loads its models at the first call."""

    def __call__(self, picture: Image) -> Sequence[RecognisedLine]:
        """All lines of an RGB picture, however sure; its longest side is :data:`LONGEST_SIDE`."""
        ...


class Recognition:
    """What may be spent on recognising the text in one file."""

    def __init__(
        self, recogniser: Recogniser, seconds: float, clock: Callable[[], float] = monotonic
    ) -> None:
        """After so many ``seconds`` no further picture is begun."""
        self._recogniser = recogniser
        self._clock = clock
        self._until = clock() + seconds
        self._doubtful: Counter[str] = Counter()

    def read(self, picture: Image, place: str = "") -> Recognised | None:
        """What a picture of any mode and size says, the way up that is read best.

        None if there is no time left for it. A tall one, such as a screenshot of a long talk, is
        looked at strip by strip. ``place``: where in the file it stands, if that has a name.
        """
        read = self._whole(picture)
        if read is not None and read.lines and read.doubtful:  # of one without text it is no news
            self._doubtful[place] += read.doubtful
        return read

    def left_out(self) -> Iterator[LeftOut]:
        """The lines that were hardly recognised beside others in the pictures that were read."""
        if self._doubtful:
            places = some_of([place for place in self._doubtful if place])
            yield LeftOut("lines hardly recognised", self._doubtful.total(), places)

    def _whole(self, picture: Image) -> Recognised | None:
        found: list[RecognisedLine] = []
        doubtful = 0
        picture = _on_white(_reduced(picture))
        for top, strip in _strips(picture):
            if self._clock() >= self._until:
                return None
            if strip.size == picture.size:
                return self._turned(picture)
            seen = self._seen(strip)
            if not found and _is_sideways(seen):  # a few lines that lie on their side
                return self._turned(_reduced(picture, is_page=True))
            doubtful += seen.doubtful
            for line in seen.lines:
                found.append(replace(line, top=line.top + top, bottom=line.bottom + top))
        return Recognised(found, picture.size, doubtful)

    def _seen(self, picture: Image) -> Recognised:
        lines = self._recogniser(picture)
        sure = [line for line in lines if line.confidence >= LEAST_SURE]
        return Recognised(sure, picture.size, len(lines) - len(sure))

    def _turned(self, picture: Image) -> Recognised:
        best = self._seen(picture)
        if not best.lines:
            return best
        turns: tuple[int, ...] = ()
        if _is_sideways(best):
            turns = (90, 270)
        elif confidence(best.lines) < _WELL_READ:
            turns = (180,)
        for turn in turns:
            best = max(best, self._seen(picture.rotate(turn, expand=True)), key=_letters_read)
        return best


def _is_sideways(read: Recognised) -> bool:
    tall = sum(_is_upright(line) * len(line.text) for line in read.lines)
    return tall * 2 > sum(len(line.text) for line in read.lines)


def _is_upright(line: RecognisedLine) -> bool:
    """Is it of several letters, and does it run up or down?"""
    return len(line.text) > 2 and line.bottom - line.top > 1.5 * (line.x1 - line.x0)


def _letters_read(read: Recognised) -> float:
    """As many as are surely read; of lines that run up or down none, as no layout takes those."""
    return sum(line.confidence**4 * len(line.text) for line in read.lines if not _is_upright(line))


def confidence(lines: Sequence[RecognisedLine]) -> float:
    """Of all lines together, each by its length. There is at least one."""
    letters = sum(len(line.text) for line in lines)
    return sum(line.confidence * len(line.text) for line in lines) / letters


def marked(markdown: str, sure: float) -> str:
    """Recognised text as a part of a document that says what it is.

    ``sure`` is its confidence in [0, 1]. Its passages have a heading more
    (:func:`knowledge.types.recognised_heading`); what follows has not.
    """
    # Rounded down: what is not wholly certain is never said to be.
    return f'<a name="{_OPENED}{int(sure * 100)}"></a>\n\n{markdown}\n\n<a name="{_CLOSED}"></a>'


def percentage(anchor: str) -> int | None:
    """Of an anchor's id: the confidence that it opens recognised text with; None for another's."""
    stated = anchor.removeprefix(_OPENED)
    return int(stated) if anchor.startswith(_OPENED) and stated.isdecimal() else None


def is_end(anchor: str) -> bool:
    """Whether recognised text ends at an anchor of this id."""
    return anchor == _CLOSED


def _reduced(picture: Image, *, is_page: bool = False) -> Image:
    """At most so large that it, or a strip of a tall one, has the size that engines take."""
    wide, high = picture.size
    in_strips = high > _TALL * wide and not is_page
    side = wide if in_strips else max(picture.size)
    shrunk = (LONGEST_SIDE / _TALL if in_strips else LONGEST_SIDE) / side
    if shrunk >= 1:
        return picture
    size = (max(1, round(wide * shrunk)), max(1, round(high * shrunk)))
    return picture.resize(size, reducing_gap=2.0)


def _strips(picture: Image) -> Iterator[tuple[int, Image]]:
    """The strips of a tall picture with their tops, cut where least is to be seen; else it all."""
    wide, high = picture.size
    if high <= _TALL * wide:
        yield 0, picture
        return
    top, most = 0, round(_TALL * wide)
    while top < high:
        end = high if high - top <= most else _quiet_row(picture, top + most * 3 // 4, top + most)
        yield top, picture.crop((0, top, wide, end))
        top = end


def _quiet_row(picture: Image, first: int, last: int) -> int:
    """The row between two in and around which the pixels differ least."""
    import numpy as np

    rows = np.asarray(picture.crop((0, first, picture.width, last)).convert("L"), dtype=np.float32)
    around = np.convolve(rows.std(axis=1), np.ones(_QUIET_ROWS), mode="valid")
    return first + _QUIET_ROWS // 2 + int(around.argmin())


def _on_white(picture: Image) -> Image:
    """In RGB; what lets through has white behind it, as where it is shown."""
    from PIL import Image as images

    if not picture.has_transparency_data:
        return picture.convert("RGB")
    whole = picture.convert("RGBA")
    ground = images.new("RGBA", whole.size, "white")
    return images.alpha_composite(ground, whole).convert("RGB")
