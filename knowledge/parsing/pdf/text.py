"""Lines and tables of PDF pages as Markdown: paragraphs whole again, headings told from text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from knowledge.parsing.grid import joined_header, names_groups
from knowledge.parsing.pdf.layout import Piece
from knowledge.parsing.pdf.lines import Line
from knowledge.parsing.pdf.page import Page
from knowledge.parsing.pdf.paragraphs import (
    HYPHENATED,
    LEADERS,
    SENTENCE_END,
    Breaks,
    code_block,
    goes_on,
    join,
)
from knowledge.parsing.pdf.tables.ruled import Table
from knowledge.parsing.recognition import marked
from knowledge.parsing.sheet_tables import has_header
from knowledge.parsing.tables import write_table

HEADING_RATIO = 1.15
"""A line this much larger than the body text is a heading; 11 pt text has headings from 13 pt."""
MAX_HEADING = 120
"""Characters of a heading; large print that runs on is a pull quote or a title page's blurb."""
MAX_HEADING_LINES = 3
_MOST_LEVELS = 6
_SAYS_SOMETHING = 5
"""Words of a line; a caption or an entry has fewer."""

_BULLET = re.compile(r"^(?:[•‣▪●◦○–·■□➢◆✓]\s*(?=\S)|(?=[☐☑☒]\s*\S))")
_ADDRESS = re.compile(r"(?:mailto:)?\S+@\S+|https?://\S+|www\.\S+")
"""Of a person or page; papers set it as they set code."""
_LIST_START = re.compile(r"^(?:- |\(?\d{1,2}[.)] |\(?[a-z]\) )")
_SENTENCES = re.compile(r"[^\W\d_]{2}[.!?] +[A-Z]")
_RULE = re.compile(r"[=_~*.\s]{4,}|[-–—\s]{4,}")
"""A line made of signs, which only parts what is above from what is below."""


def body_size(pages: Sequence[Page]) -> float:
    """The size that most letters have; 0 without letters."""
    letters: Counter[float] = Counter()
    for page in pages:
        for word in page.words:
            letters[word.size] += len(word.text)
    return letters.most_common(1)[0][0] if letters else 0.0


@dataclass(slots=True)
class _Part:
    """A paragraph, heading, list or table on its way."""

    kind: str
    text: str
    last: Line | None = None
    level: int = 0
    lines: int = 1
    code: list[Line] = field(default_factory=list)


def page_as_markdown(page: Sequence[Piece]) -> str:
    """What stands on one page, without an anchor; headings are told by its own print."""
    letters: Counter[float] = Counter()
    for line in page:
        if isinstance(line, Line):
            letters[line.size] += len(line.text)
    body = letters.most_common(1)[0][0] if letters else 0.0
    parts = _parts(page, _Styles([page], body), _words([page]), is_picture=True)
    return "\n\n".join(_as_markdown(part) for part in parts)


def pages_as_markdown(
    pages: Sequence[Sequence[Piece]],
    body: float,
    recognised: Mapping[int, float] = MappingProxyType({}),
) -> str:
    """The pages, each behind its anchor.

    ``recognised``: the confidence in [0, 1] of those, by number, whose text was recognised.
    """
    style = _Styles(pages, body)
    words = _words(pages)
    parts: list[str] = []
    last: _Part | None = None
    header: list[str] = []
    right = 0.0
    for number, page in enumerate(pages, start=1):
        if number in recognised:
            if page:
                parts.append(f'<a name="page={number}"></a>')
                parts.append(marked(page_as_markdown(page), recognised[number]))
            last, header = None, []
            continue
        found = _parts(page, style, words)
        # A sentence that runs over the page's end belongs to where it began.
        if found and last is not None and parts and _runs_on(last, found[0], right):
            first, rest = _first_sentence(found[0].text)
            parts[-1] = join(parts[-1], first, words)
            found[0].text = rest
            found = found if rest else found[1:]
        if not found:
            continue
        parts.append(f'<a name="page={number}"></a>')
        for piece in found:
            if piece.kind == "table":
                piece.text, header = _with_header(piece, header, is_first=piece is found[0])
            else:
                header = []
            parts.append(_as_markdown(piece))
        last = found[-1]
        right = max((piece.x1 for piece in page if isinstance(piece, Line)), default=0.0)
    return "\n\n".join(parts)


def _words(pages: Sequence[Sequence[Piece]]) -> set[str]:
    return {
        word.casefold()
        for page in pages
        for piece in page
        if isinstance(piece, Line)
        for word in piece.text.split()
    }


def _as_markdown(part: _Part) -> str:
    if part.code:
        return code_block(part.code)
    return "#" * part.level + " " + part.text if part.level else part.text


_FIRST_SENTENCE = re.compile(r".*?[.!?][\"'”’)\]]*(?=\s+[^\sa-z])", re.S)


def _first_sentence(text: str) -> tuple[str, str]:
    """As much of a text as surely ends what began on the page before, and the rest."""
    found = _FIRST_SENTENCE.match(text)
    end = found.end() if found else len(text)
    return text[:end], text[end:].strip()


def _runs_on(before: _Part, after: _Part, right: float) -> bool:
    """``right``: how far the lines of the page before reach."""
    if before.kind not in ("text", "list") or after.kind != "text":
        return False
    return not SENTENCE_END.search(before.text) and (
        after.text[:1].islower()
        or HYPHENATED.search(before.text) is not None
        or goes_on(before.text)
        or _is_full(before, after, right)
    )


def _is_full(before: _Part, after: _Part, right: float) -> bool:
    """Is the last line of prose so long that no more fitted on it?"""
    line = before.last
    if before.kind != "text" or line is None or line.words < _SAYS_SOMETHING:
        return False
    first = len(after.text.split(maxsplit=1)[0]) * (line.x1 - line.x0) / len(line.text)
    return right - line.x1 < first and before.text.count(" ") >= 2 * _SAYS_SOMETHING


# --- headings ---------------------------------------------------------------------------------


class _Styles:
    """Which print is a heading, and of which level."""

    def __init__(self, pages: Sequence[Sequence[Piece]], body: float) -> None:
        lines = [piece for page in pages for piece in page if isinstance(piece, Line)]
        sizes = {line.size for line in lines if body and line.size >= body * HEADING_RATIO}
        ranks = {size: rank for rank, size in enumerate(sorted(sizes, reverse=True), 1)}
        self._levels = {size: min(rank, _MOST_LEVELS) for size, rank in ranks.items()}
        bold = sum(len(line.text) for line in lines if line.bold)
        self._bold_level = min(max(len(ranks) + 1, 2), _MOST_LEVELS)
        letters = sum(len(line.text) for line in lines)
        self._bold_tells = bold * 3 < letters
        # A page that is typewritten as a whole shows no code by that.
        self._mono_tells = sum(len(line.text) for line in lines if line.mono) * 2 < letters

    def is_code(self, line: Line) -> bool:
        """Is it set as programs and commands are?"""
        return line.mono and self._mono_tells and not _ADDRESS.fullmatch(line.text)

    def level(self, line: Line) -> int:
        """0 for body print."""
        if len(line.text) > MAX_HEADING or not any(map(str.isalpha, line.text)):
            return 0
        if _SENTENCES.search(line.text):
            return 0
        if line.size in self._levels:
            return self._levels[line.size]
        if line.bold and self._bold_tells and line.text[-1] not in ".,;:":
            return self._bold_level
        return 0


# --- paragraphs -------------------------------------------------------------------------------


def _parts(
    page: Sequence[Piece], style: _Styles, words: set[str], *, is_picture: bool = False
) -> list[_Part]:
    breaks = Breaks(page, is_picture=is_picture)
    in_bold = _bold_paragraphs(page)
    parts: list[_Part] = []
    for piece in page:
        if isinstance(piece, Table):
            parts += _table_parts(piece)
            continue
        if style.is_code(piece):
            if not parts or not parts[-1].code:
                parts.append(_Part("code", "", piece))
            parts[-1].code.append(piece)
            parts[-1].text, parts[-1].last = piece.text, piece
            continue
        if _RULE.fullmatch(piece.text):
            continue
        text = LEADERS.sub(" … ", _BULLET.sub("- ", piece.text))
        last = parts[-1] if parts else None
        before = last.last if last is not None else None
        level = 0 if text.startswith("- ") or id(piece) in in_bold else style.level(piece)
        if level:
            if (
                last is not None
                and before is not None
                and last.level == level
                and before.size == piece.size
                and before.bold == piece.bold
                and 0 <= piece.top - before.top < 2 * piece.height
            ):
                last.text, last.last, last.lines = f"{last.text} {text}", piece, last.lines + 1
            else:
                parts.append(_Part("heading", text, piece, level))
        elif _LIST_START.match(text):
            if last is not None and last.kind == "list" and before is not None:
                last.text, last.last = f"{last.text}\n{text}", piece
            else:
                parts.append(_Part("list", text, piece))
        elif (
            last is None
            or before is None
            or last.level
            or last.code
            or breaks.between(before, piece)
        ):
            parts.append(_Part("text", _literal(text), piece))
        else:
            last.text, last.last = join(last.text, text, words), piece
    for part in parts:
        is_long = part.lines > MAX_HEADING_LINES or len(part.text) > 1.5 * MAX_HEADING
        is_sentence = part.text.endswith(".") and len(part.text) > MAX_HEADING / 2
        if part.level and (is_long or is_sentence):
            part.kind, part.level = "text", 0
    return parts


def _bold_paragraphs(page: Sequence[Piece]) -> set[int]:
    """The lines of more than a heading's length that are bold, one below the other."""
    found: set[int] = set()
    run: list[Line] = []
    for piece in [*page, None]:
        goes_on = (
            isinstance(piece, Line)
            and piece.bold
            and bool(run)
            and piece.size == run[-1].size
            and 0 < piece.top - run[-1].top < 2 * piece.height
        )
        if not goes_on:
            if len(run) > MAX_HEADING_LINES:
                found.update(map(id, run))
            run = []
        if isinstance(piece, Line) and piece.bold:
            run.append(piece)
    return found


def _literal(text: str) -> str:
    """Text that would read as a Markdown heading or rule is escaped."""
    return "\\" + text if re.match(r"#{1,6}\s|[=~`]{3}|-{3,}$", text) else text


# --- tables -----------------------------------------------------------------------------------


def _table_parts(table: Table) -> list[_Part]:
    # Where a cell ends in dots, they lead to the next one.
    rows = [[LEADERS.sub(" … ", cell).removesuffix(" … ") for cell in row] for row in table.rows]
    parts: list[_Part] = []
    while len(rows) > 2 and sum(map(bool, rows[0])) == 1:
        parts.append(_Part("text", _literal(next(filter(None, rows[0])))))
        rows = rows[1:]
    is_grouped = len(rows) > 2 and names_groups(rows[0], rows[1])
    if is_grouped:
        rows = [joined_header(rows[:2]), *rows[2:]]
    text = write_table(rows, has_header=is_grouped or has_header(rows))
    parts.append(_Part("table", text))
    return parts


def _with_header(part: _Part, header: list[str], *, is_first: bool) -> tuple[str, list[str]]:
    """A table that goes on from the page before has its header again."""
    lines = part.text.split("\n")
    has_own = bool(lines[0].strip("| "))
    if is_first and header and not has_own and lines[0].count("|") == header[0].count("|"):
        return "\n".join([*header, *lines[2:]]), header
    return part.text, lines[:2] if has_own else []
