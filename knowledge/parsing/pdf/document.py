"""PDF: pages read by PDFium, put in reading order, and without what only repeats on each page."""

from __future__ import annotations

import re
from collections import Counter
from threading import Lock
from typing import Any

from knowledge.errors import DocumentSkipped
from knowledge.parsing.document import PARSER_FAILURES, Draft, some_of
from knowledge.parsing.pdf.layout import Piece, reading_order
from knowledge.parsing.pdf.lines import Line
from knowledge.parsing.pdf.page import Page, read_page
from knowledge.parsing.pdf.recognised import recognised_page
from knowledge.parsing.pdf.text import HEADING_RATIO, body_size, pages_as_markdown
from knowledge.parsing.recognition import LONGEST_SIDE, Recognition
from knowledge.types import LeftOut

MAX_PAGES = 2_000
_MARGIN = 0.12
"""Share of a page's height at the top and the bottom in which running lines stand."""
_OUTERMOST = 0.07
"""As above, where two pages are enough to call a line a running one."""
_SAME_PLACE = 4.0
"""Points."""
_DENSITY = 200 / 72
"""Pixels a point of a page whose text is to be recognised: what scanners take for text."""

# PDFium keeps state of its own and may be called by one thread at a time.
_lock = Lock()


def parse_pdf(content: bytes, recognition: Recognition | None = None) -> Draft:
    """A PDF's text; each page begins with ``<a name="page=N"></a>``, so citations open there.

    Filled-in form fields are read where they stand. Pages without text are recognised if there is
    a way to, else told by number.
    """
    import pypdfium2

    failures: tuple[type[Exception], ...] = (*PARSER_FAILURES, pypdfium2.PdfiumError)
    try:
        with _lock:
            pages, late, stated = _read(content, recognition)
    except failures as error:
        if "password" in str(error).lower():
            raise DocumentSkipped(
                "The PDF is protected by a password. Save it without one and add it again."
            ) from error
        raise DocumentSkipped(
            "The PDF is damaged and cannot be read. Export it anew from its source, or print it "
            "to a PDF file, and add it again."
        ) from error
    silent = [str(n) for n, page in enumerate(pages, 1) if n not in late and _is_silent(page)]
    if not any(page.words for page in pages):
        if late:
            raise DocumentSkipped("It is a scan, and there was no time left to recognise its text.")
        raise DocumentSkipped(
            "The PDF has no text, only pictures: it may be a scan. "
            "Run text recognition (OCR) on it and add it again."
        )
    if all(page.is_garbled for page in pages if page.words):
        raise DocumentSkipped(
            "The PDF does not say which letters its fonts show, so its text cannot be read. "
            "Export it anew from its source, or run text recognition (OCR) on it."
        )
    # Print that was only recognised tells little of its size.
    body = body_size([page for page in pages if page.confidence is None]) or body_size(pages)
    ordered = [[] if page.is_garbled else reading_order(page) for page in pages]
    kept = _without_running_lines(pages, ordered, body)
    recognised = {n: page.confidence for n, page in enumerate(pages, 1) if page.confidence}
    markdown = pages_as_markdown(kept, body, recognised)
    has_h1 = re.search(r"^# ", markdown, re.M) is not None
    garbled = [str(n) for n, page in enumerate(pages, 1) if page.is_garbled]
    hidden = [str(n) for n, page in enumerate(pages, 1) if page.hidden]
    left_out = [
        LeftOut("hidden words", sum(page.hidden for page in pages), some_of(hidden)),
        LeftOut("pages without text", len(silent), some_of(silent)),
        LeftOut("pages in fonts without letters", len(garbled), some_of(garbled)),
        LeftOut("pictures not recognised in time", len(late), some_of([f"page {n}" for n in late])),
    ]
    return Draft(
        markdown,
        title=None if has_h1 else _usable_title(stated),
        left_out=tuple(each for each in left_out if each.count),
    )


def _is_silent(page: Page) -> bool:
    """Has it something to see and no text, or none but a stamp?"""
    if page.confidence is not None or page.is_garbled:
        return False
    return page.is_picture or (page.has_drawings and not page.words)


def _read(content: bytes, recognition: Recognition | None) -> tuple[list[Page], list[int], object]:
    """The pages, the numbers of those that time ran out for, and the stated title."""
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    try:
        document.init_forms()
        count = len(document)
        if count > MAX_PAGES:
            raise DocumentSkipped(
                f"The PDF has {count} pages, more than the {MAX_PAGES} that are read. "
                "Split it and add the parts."
            )
        late: list[int] = []
        pages = [_page(document, number, recognition, late) for number in range(count)]
        return pages, late, document.get_metadata_dict(skip_empty=True).get("Title")
    finally:
        document.close()


def _page(document: Any, number: int, recognition: Recognition | None, late: list[int]) -> Page:
    page = document[number]
    if document.formenv:
        page.flatten()  # the values of fields become text of the page
        page.close()
        page = document[number]
    try:
        found = read_page(page)
        if recognition is None or not (found.is_garbled or _is_silent(found)):
            return found
        scale = min(_DENSITY, LONGEST_SIDE / max(page.get_size()))
        read = recognition.read(page.render(scale=scale).to_pil(), f"page {number + 1}")
        if read is None:
            late.append(number + 1)
        elif read.lines:
            return recognised_page(read.lines, read.size, 1 / scale)
        return found
    finally:
        page.close()


# --- running lines ----------------------------------------------------------------------------

_PAGE_NUMBER = re.compile(
    r"\W{0,3}(?:\w{1,8}\.?\s)?(?:\d{1,4}|[ivxlc]{1,6})(?:\s?(?:/|of|von|de|sur|di)\s?\d{1,4})?\W{0,3}",
    re.I,
)


def _without_running_lines(
    pages: list[Page], ordered: list[list[Piece]], body: float
) -> list[list[Piece]]:
    """Pages without the headers, footers and page numbers that they share.

    Large print stays: ``Chapter 3`` on top of a page is not the running header of ``Chapter 4``.
    """
    places: Counter[tuple[str, int]] = Counter()
    for page, pieces in zip(pages, ordered, strict=True):
        places.update({_place(line) for line in pieces if _is_edge(line, page, body)})  # type: ignore[arg-type]
    kept = []
    for page, pieces in zip(pages, ordered, strict=True):
        from_top = sorted(pieces, key=lambda piece: piece.top)
        dropped = set()
        for outside_in in (from_top, sorted(pieces, key=lambda piece: -piece.bottom)):
            # What stands further in than a line that is none is none either.
            for piece in outside_in:
                if not _is_running(piece, page, body, places, len(pages)):
                    break
                dropped.add(id(piece))
        kept.append([piece for piece in pieces if id(piece) not in dropped])
    return kept


def _is_edge(piece: Piece, page: Page, body: float) -> bool:
    if not isinstance(piece, Line) or (body and piece.size >= body * HEADING_RATIO):
        return False
    return piece.top < _MARGIN * page.height or piece.bottom > (1 - _MARGIN) * page.height


def _is_running(
    piece: Piece, page: Page, body: float, places: Counter[tuple[str, int]], count: int
) -> bool:
    if not isinstance(piece, Line) or not _is_edge(piece, page, body):
        return False
    if count > 1 and _PAGE_NUMBER.fullmatch(piece.text) and any(map(str.isdigit, piece.text)):
        return True
    shape, place = _place(piece)
    times = sum(places[shape, near] for near in (place - 1, place, place + 1))
    outer = min(piece.top, page.height - piece.bottom) < _OUTERMOST * page.height
    return times >= (2 if outer else 3) and any(map(str.isalpha, shape))


def _place(line: Line) -> tuple[str, int]:
    """The line with its numbers alike, and where it stands.

    ``Page 3 of 9`` is the same footer as ``Page 4 of 9``.
    """
    return re.sub(r"\d+", "0", line.text.casefold()), round(line.top / _SAME_PLACE)


def _usable_title(stated: object) -> str | None:
    """The title in the file's properties, unless it is what a program put there by itself."""
    title = " ".join(stated.split()) if isinstance(stated, str) else ""
    is_default = re.match(r"(?:microsoft \w+ - |untitled|document\d*$|slide 1$)", title, re.I)
    is_file_name = re.search(r"\.\w{2,5}$", title)
    return title if title and not is_default and not is_file_name else None
