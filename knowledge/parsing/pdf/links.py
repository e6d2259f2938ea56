"""Where the words of a PDF page lead to: links are places on the page, apart from its text."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

from knowledge.parsing.pdf.words import Box, Word

MAX_LINKS = 2_000
"""On one page."""
_LONGEST = 2_000
"""Characters of an address, as browsers take them."""


def linked(words: list[Word], page: Any, document: Any, box: Any) -> list[Word]:
    """The words with the addresses on the web that they lead to.

    ``box``: from left, bottom, right and top in the file to places on the page as shown.
    """
    places = [(box(*place), address) for place, address in _links(page, document)]
    if not places:
        return words
    return [replace(word, link=_leads_to(word, places)) for word in words]


def said(words: Iterable[Word]) -> str:
    """The words in a row as Markdown, each run of them that leads somewhere as one link."""
    parts = []
    for link, run in groupby(words, key=lambda word: word.link):
        text = " ".join(word.text for word in run)
        # What shows its address itself is as good without.
        is_plain = not link or link.rstrip("/").endswith(text.rstrip("/."))
        parts.append(text if is_plain else f"[{text}]({link})")
    return " ".join(parts)


def _leads_to(word: Word, places: list[tuple[Box, str]]) -> str:
    x, y = (word.x0 + word.x1) / 2, (word.top + word.bottom) / 2
    inside = (
        link for (x0, x1, top, bottom), link in places if x0 <= x <= x1 and top <= y <= bottom
    )
    return next(inside, "")


def _links(page: Any, document: Any) -> Iterator[tuple[tuple[float, float, float, float], str]]:
    import pypdfium2.raw as pdfium

    at, link = ctypes.c_int(0), pdfium.FPDF_LINK()
    for _ in range(MAX_LINKS):
        if not pdfium.FPDFLink_Enumerate(page, at, link):
            return
        address = _address(pdfium, document, link)
        place = pdfium.FS_RECTF()
        if address and pdfium.FPDFLink_GetAnnotRect(link, place):
            yield (place.left, place.bottom, place.right, place.top), address


def _address(pdfium: Any, document: Any, link: Any) -> str:
    """Empty for what leads elsewhere than to the web, and for what cannot be written as a link."""
    action = pdfium.FPDFLink_GetAction(link)
    if not action or pdfium.FPDFAction_GetType(action) != pdfium.PDFACTION_URI:
        return ""
    length = pdfium.FPDFAction_GetURIPath(document, action, None, 0)
    if not 1 < length <= _LONGEST:
        return ""
    stated = ctypes.create_string_buffer(length)
    pdfium.FPDFAction_GetURIPath(document, action, stated, length)
    address = stated.value.decode("utf-8", "replace").strip()
    is_web = address.lower().startswith(("http://", "https://"))
    return address if is_web and not any(c in "()<>\\" or c.isspace() for c in address) else ""
