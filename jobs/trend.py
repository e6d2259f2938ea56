"""The trend of documents and gaps as a small picture, where Pillow is installed."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from bot.cards import Picture
from jobs.measures import Measure

_WIDTH, _HEIGHT, _MARGIN = 480, 160, 28
_BACKGROUND, _TEXT = "#ffffff", "#333333"
_DOCUMENTS, _GAPS = "#1f6feb", "#d1242f"
_FEWEST = 2


def trend(measures: Sequence[Measure]) -> Picture | None:
    """Two lines over the nights, each scaled to its own height; None for fewer than two nights.

    PNG of 480 by 160 pixels. Also None without Pillow: the digest says all of it in words.
    """
    if len(measures) < _FEWEST:
        return None
    try:
        from PIL import Image, ImageDraw
    except ImportError:
        return None
    image = Image.new("RGB", (_WIDTH, _HEIGHT), _BACKGROUND)
    draw = ImageDraw.Draw(image)
    first, last = measures[0], measures[-1]
    for row, (name, colour, values) in enumerate(
        (
            ("documents", _DOCUMENTS, [each.documents for each in measures]),
            ("open gaps", _GAPS, [each.gaps for each in measures]),
        )
    ):
        draw.line(_line(values), fill=colour, width=3)
        draw.text((_MARGIN, 4 + 12 * row), f"{name}: {values[0]} to {values[-1]}", fill=colour)
    days = f"{first.at:%Y-%m-%d} to {last.at:%Y-%m-%d}"
    draw.text((_MARGIN, _HEIGHT - 16), days, fill=_TEXT)
    content = BytesIO()
    image.save(content, "PNG")
    alt = (
        f"{days}: documents {first.documents} to {last.documents}, "
        f"open gaps {first.gaps} to {last.gaps}"
    )
    return Picture("trend.png", alt, content.getvalue())


def _line(values: Sequence[int]) -> list[tuple[float, float]]:
    low, high = min(values), max(values)
    across, up = _WIDTH - 2 * _MARGIN, _HEIGHT - 2.5 * _MARGIN
    return [
        (
            _MARGIN + across * place / (len(values) - 1),
            _HEIGHT - _MARGIN - up * ((value - low) / (high - low) if high > low else 0.5),
        )
        for place, value in enumerate(values)
    ]
