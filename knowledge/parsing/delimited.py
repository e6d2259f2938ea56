"""CSV and TSV files as tables, as their programs write them: with preambles, without headers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator

from knowledge.errors import DocumentSkipped
from knowledge.parsing.document import MAX_DOCUMENT_BYTES, Draft
from knowledge.parsing.sheet_tables import sheet_parts
from knowledge.parsing.tables import in_one_line

_DELIMITERS = ";\t|,"
"""Where two part the lines as evenly, the first: a comma also stands in numbers and prose."""
_SAMPLED_LINES = 50
_STATED = re.compile(r"\"?sep=(.)\"?[;,]*[ \t]*\n", re.I)
"""What Excel heeds in the first line and does not show."""
_COMMENT = re.compile(r"^#+[ \t]+")
"""Before a line above the table, where many programs say what follows: no heading of Markdown."""
_AS_TEXT = re.compile(r'\A="([^"]*)"\Z')
"""How a field says that Excel is not to take it for a number: it shows what is quoted."""
MAX_CELLS = 1_000_000
"""In one file; beyond it it is a database export, not a document."""


def parse_csv(text: str) -> Draft:
    """A CSV or TSV file as a table; lines above it, of one field each, are text."""
    stated = _STATED.match(text)
    if stated is not None:
        text = text[stated.end() :]
    delimiter = stated[1] if stated is not None else _delimiter(text)
    try:
        csv.field_size_limit(MAX_DOCUMENT_BYTES)
        rows, cells = [], 0
        for row in _fields(io.StringIO(text, newline=""), delimiter):
            rows.append([in_one_line(_AS_TEXT.sub(r"\1", cell).split("\n")) for cell in row])
            if row and row[0].startswith("#") and not any(row[1:]):
                rows[-1][0] = _COMMENT.sub("", rows[-1][0])
            cells += len(row)
            if cells > MAX_CELLS:
                raise DocumentSkipped(
                    f"The CSV file has more than {MAX_CELLS:,} cells. "
                    "Add a summary of it, or only the part that people ask about."
                )
    except csv.Error as error:
        raise DocumentSkipped(
            f"The CSV file cannot be read ({error}). Export it anew from its program."
        ) from error
    return Draft("\n\n".join(sheet_parts(_without_gaps(rows))))


def _fields(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True)


def _without_gaps(rows: list[list[str]]) -> list[list[str]]:
    """Without empty lines inside a table: they part tables only if the number of fields changes."""
    kept: list[list[str]] = []
    gap = False
    for row in rows:
        if not any(row):
            gap = bool(kept)
            continue
        if gap and len(row) != len(kept[-1]):
            kept.append([])
        gap = False
        kept.append(row)
    return kept


def _delimiter(text: str) -> str:
    """The separator that parts the first lines most evenly; a comma if none does."""
    lines = [line for line in text.split("\n", _SAMPLED_LINES)[:_SAMPLED_LINES] if line.strip()]
    lines = [line[:10_000] for line in lines]
    best, most = ",", 0
    for delimiter in _DELIMITERS:
        try:
            widths = [len(row) for row in _fields(lines, delimiter)]
        except csv.Error:
            continue
        agreeing = max((widths.count(width) for width in set(widths) if width > 1), default=0)
        if agreeing > most:
            best, most = delimiter, agreeing
    return best
