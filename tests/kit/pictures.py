"""Pictures for tests: an engine that says what it is told, and pictures of words for a real one."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from knowledge.parsing.recognition import RecognisedLine

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


@dataclass(frozen=True)
class Says:
    """An engine that reads the same lines in each picture that is not all of one colour."""

    lines: tuple[str, ...]
    confidence: float = 0.93

    def __call__(self, picture: Picture) -> Sequence[RecognisedLine]:
        """Lines of 20 pixels below each other, as wide as the picture."""
        if picture.getcolors(1) is not None:
            return ()
        wide = float(picture.width)
        return [
            RecognisedLine(line, self.confidence, 0.0, wide, 30.0 * n, 30.0 * n + 20)
            for n, line in enumerate(self.lines)
        ]


def blank(wide: int = 300, high: int = 200, ground: tuple[int, int, int] = WHITE) -> Picture:
    """A picture of one colour."""
    return Image.new("RGB", (wide, high), ground)


def drawn(
    *lines: str,
    size: int = 28,
    wide: int = 900,
    ink: tuple[int, int, int] = BLACK,
    ground: tuple[int, int, int] = WHITE,
) -> Picture:
    """A picture of lines of print, ``size`` pixels high."""
    picture = blank(wide, int(size * 1.8) * (len(lines) + 2), ground)
    font = ImageFont.load_default(size)
    for n, line in enumerate(lines, 1):
        ImageDraw.Draw(picture).text((size, int(size * 1.8) * n), line, ink, font)
    return picture


def file_of(picture: Picture, format: str = "PNG", **options: object) -> bytes:
    """As a file holds it."""
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()
