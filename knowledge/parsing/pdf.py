"""PDF: text by page, its lines put together to paragraphs again, headings told by their size."""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from knowledge.errors import DocumentSkipped
from knowledge.parsing.document import PARSER_FAILURES, Draft

MAX_PAGES = 2_000
HEADING_RATIO = 1.15
"""A line this much larger than the body text is a heading; 11 pt text has headings from 13 pt."""
MAX_HEADING = 120
"""Characters of a heading; large print that runs on is a pull quote or a title page's blurb."""
REPEATED_SHARE = 0.6
"""A first or last line that so many pages share is a running header or footer."""

# pypdf warns about each oddity of a file that it reads well; an admin can do nothing with that.
logging.getLogger("pypdf").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    size: float


def parse_pdf(content: bytes) -> Draft:
    """A PDF's text; each page begins with ``<a name="page=N"></a>``, so citations open there."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    failures: tuple[type[Exception], ...] = (*PARSER_FAILURES, PyPdfError, DependencyError)
    try:
        reader = PdfReader(io.BytesIO(content))
        # Many files are encrypted with an empty password, only to forbid printing.
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentSkipped(
                "The PDF is protected by a password. Save it without one and add it again."
            )
        if len(reader.pages) > MAX_PAGES:
            raise DocumentSkipped(
                f"The PDF has {len(reader.pages)} pages, more than the {MAX_PAGES} that are read. "
                "Split it and add the parts."
            )
        pages = [_lines(page) for page in reader.pages]
        stated = reader.metadata.title if reader.metadata is not None else None
    except failures as error:
        raise DocumentSkipped(
            "The PDF is damaged and cannot be read. Export it anew from its source, or print it "
            "to a PDF file, and add it again."
        ) from error
    if not any(line.text for page in pages for line in page):
        raise DocumentSkipped(
            "The PDF has no text, only pictures: it may be a scan. "
            "Run text recognition (OCR) on it and add it again."
        )
    body = _body_size(pages)
    markdown = _markdown(_without_running_lines(pages, body), body)
    has_h1 = re.search(r"^# ", markdown, re.M) is not None
    return Draft(markdown, title=None if has_h1 else _usable_title(stated))


def _lines(page: Any) -> list[_Line]:
    """A page's lines with the size of most of their letters, in points."""
    lines: list[_Line] = []
    pieces: list[tuple[str, float]] = []

    def end_line() -> None:
        text = " ".join("".join(piece for piece, _ in pieces).split())
        sizes: Counter[float] = Counter()
        for piece, size in pieces:
            sizes[size] += len(piece.strip())
        lines.append(_Line(text, sizes.most_common(1)[0][0] if sizes else 0.0))
        pieces.clear()

    def visit(text: str, cm: list[float], tm: list[float], _font: Any, size: float) -> None:
        # The size in the file is scaled by both matrices' vertical factors.
        scale = abs(cm[3] or cm[1]) * abs(tm[3] or tm[1])
        for number, part in enumerate(text.split("\n")):
            if number:
                end_line()
            if part:
                pieces.append((part, round((size or 0.0) * scale, 1)))

    page.extract_text(visitor_text=visit)
    end_line()
    return lines


def _body_size(pages: list[list[_Line]]) -> float:
    """The size that most letters have."""
    letters: Counter[float] = Counter()
    for page in pages:
        for line in page:
            letters[line.size] += len(line.text)
    return letters.most_common(1)[0][0]


def _without_running_lines(pages: list[list[_Line]], body: float) -> list[list[_Line]]:
    """Pages without the headers, footers and page numbers that most of them share.

    Large print stays: ``Chapter 3`` on top of a page is not the running header of ``Chapter 4``.
    """
    if len(pages) < 3:
        return pages
    counts: Counter[str] = Counter()
    for page in pages:
        counts.update({_shape(page[at].text) for at in _edges(page, body)})
    needed = max(3, REPEATED_SHARE * len(pages))
    running = {shape for shape, count in counts.items() if count >= needed}
    kept = []
    for page in pages:
        dropped = {at for at in _edges(page, body) if _shape(page[at].text) in running}
        kept.append([line for at, line in enumerate(page) if at not in dropped])
    return kept


def _edges(page: list[_Line], body: float) -> list[int]:
    filled = [at for at, line in enumerate(page) if line.text]
    edges = sorted({*filled[:2], *filled[-2:]})
    return [at for at in edges if not body or page[at].size < body * HEADING_RATIO]


def _shape(text: str) -> str:
    """The line with its numbers alike: ``Page 3 of 9`` is the same footer as ``Page 4 of 9``."""
    return re.sub(r"\d+", "0", text.casefold())


# --- from lines to Markdown -------------------------------------------------------------------

_BULLET = re.compile(r"^[•‣▪●◦○–·]\s*(?=\S)")
_LIST_START = re.compile(r"^(?:- |\(?\d{1,2}[.)] |\(?[a-z]\) )")
_SENTENCE_END = re.compile(r"[.!?:;…][\"'”’)\]]*$")
_HYPHENATED = re.compile(r"(\w*[^\W\d_])-$")


def _markdown(pages: list[list[_Line]], body: float) -> str:
    larger = {line.size for page in pages for line in page if line.size >= body * HEADING_RATIO}
    levels = {size: min(rank, 6) for rank, size in enumerate(sorted(larger, reverse=True), 1)}
    words = {word.casefold() for page in pages for line in page for word in line.text.split()}
    parts: list[str] = []
    for number, page in enumerate(pages, start=1):
        paragraphs = _paragraphs(page, levels if body else {}, words)
        # A sentence that runs over the page's end belongs to where it began.
        if paragraphs and parts and _runs_on(parts[-1], paragraphs[0]):
            first, _, rest = paragraphs[0].partition(". ")
            parts[-1] = _join(parts[-1], first + "." if rest else first, words)
            paragraphs[:1] = [rest] if rest else []
        if paragraphs:
            parts += [f'<a name="page={number}"></a>', *paragraphs]
    return "\n\n".join(parts)


def _runs_on(before: str, after: str) -> bool:
    is_text = not before.startswith(("#", "<a name"))
    return is_text and not _SENTENCE_END.search(before) and after[:1].islower()


def _paragraphs(page: list[_Line], levels: dict[float, int], words: set[str]) -> list[str]:
    longest = max((len(line.text) for line in page), default=0)
    paragraphs: list[str] = []
    previous: _Line | None = None
    for line in page:
        if not line.text:
            previous = None
            continue
        text = _BULLET.sub("- ", line.text)
        level = levels.get(line.size, 0) if len(text) <= MAX_HEADING else 0
        if level:
            if previous is not None and previous.size == line.size and paragraphs:
                paragraphs[-1] += f" {text}"  # a heading of two lines
            else:
                paragraphs.append(f"{'#' * level} {text}")
        elif _LIST_START.match(text):
            if paragraphs and previous is not None and _LIST_START.match(paragraphs[-1]):
                paragraphs[-1] += f"\n{text}"
            else:
                paragraphs.append(text)
        elif previous is None or levels.get(previous.size):
            paragraphs.append(_literal(text))
        elif _SENTENCE_END.search(previous.text) and len(previous.text) < 0.7 * longest:
            paragraphs.append(_literal(text))  # a short line that ends a sentence ends a paragraph
        else:
            paragraphs[-1] = _join(paragraphs[-1], text, words)
        previous = line
    return paragraphs


def _literal(text: str) -> str:
    """Text that would read as a Markdown heading or rule is escaped."""
    return "\\" + text if re.match(r"#{1,6}\s|[=~`]{3}|-{3,}$", text) else text


def _join(before: str, after: str, words: set[str]) -> str:
    """Two lines as one; a word that was hyphenated at the line's end is whole again."""
    broken = _HYPHENATED.search(before)
    if broken is None or not after[:1].islower():
        return f"{before} {after}"
    ending = after.split()[0].strip(".,;:!?)")
    # "self-" + "service" keeps its hyphen if the document has it in the middle of a line.
    if f"{broken[1]}-{ending}".casefold() in words:
        return before + after
    return before[:-1] + after


def _usable_title(stated: object) -> str | None:
    """The title in the file's properties, unless it is what a program put there by itself."""
    title = " ".join(stated.split()) if isinstance(stated, str) else ""
    is_default = re.match(r"(?:microsoft \w+ - |untitled|document\d*$|slide 1$)", title, re.I)
    is_file_name = re.search(r"\.\w{2,5}$", title)
    return title if title and not is_default and not is_file_name else None
