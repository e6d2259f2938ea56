"""The sources under an answer, as a terminal shows them."""

from __future__ import annotations

from bot.cards import CitedSource
from bot.types import Citation

# Else what a document holds could steer the terminal.
_CONTROLS = dict.fromkeys({*range(32), *range(127, 160)} - {ord("\n"), ord("\t")})


def source_line(source: CitedSource | Citation) -> str:
    """One source under an answer, for a terminal; of a page on the web with its section."""
    web = ("http:", "https:")
    is_page = source.document.startswith(web) and source.url.startswith(web)
    place = source.url if is_page else source.document
    return f"[{source.n}] {source.title} ({place})"


def printable(text: str) -> str:
    """The text without what a terminal would obey."""
    return text.translate(_CONTROLS)
