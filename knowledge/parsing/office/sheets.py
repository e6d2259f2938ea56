"""Excel workbooks (.xlsx): what a person sees of each visible sheet, as tables."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from knowledge.errors import DocumentSkipped
from knowledge.parsing.document import PARSER_FAILURES, Draft, some_of
from knowledge.parsing.office.number_formats import shown
from knowledge.parsing.office.package import parsed_xml, related, transitional
from knowledge.parsing.office.sheet_layout import Layout, read_layout
from knowledge.parsing.sheet_tables import sheet_parts
from knowledge.types import LeftOut, LeftOutKind

MAX_CELLS = 500_000
"""Filled cells in one workbook; beyond it a sheet is a database export, not a document."""

MAX_GRID = 5_000_000
"""Cells up to the last one of each row, empty ones too: a single entry can lie very far out."""

NOT_COMPUTED = "(formula without a stored value)"
"""An empty cell would say that there is nothing."""


def parse_xlsx(content: bytes) -> Draft:
    """Every visible sheet as a heading and its tables, with the values that Excel last computed.

    Hidden sheets, rows and columns are not read, and told.
    """
    import openpyxl

    try:
        content = transitional(content)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            book = openpyxl.load_workbook(
                io.BytesIO(content), read_only=True, data_only=True, rich_text=_has_struck(archive)
            )
            try:
                return _draft(book, archive)
            finally:
                book.close()
    except PARSER_FAILURES as error:
        raise DocumentSkipped(
            "The workbook is damaged. Open it in Excel, save it anew and add it again."
        ) from error


def _has_struck(archive: zipfile.ZipFile) -> bool:
    """Is a part of any cell crossed out? Parts of cells cost time and memory."""
    strings = "xl/sharedStrings.xml"
    return strings in archive.namelist() and b"<strike" in archive.read(strings)


def _draft(book: Any, archive: zipfile.ZipFile) -> Draft:
    from knowledge.parsing.office.charts import charts_of_sheet

    parts: list[str] = []
    hidden: dict[LeftOutKind, list[str]] = {
        "hidden sheets": [],
        "hidden rows": [],
        "hidden columns": [],
    }
    lost: list[str] = []
    comments = 0
    values: list[str] = []
    struck = frozenset(n for n, font in enumerate(book._fonts) if font.strike)
    for sheet in book.worksheets:
        title = str(sheet.title)
        if sheet.sheet_state != "visible":
            hidden["hidden sheets"].append(title)
            continue
        layout = read_layout(archive, sheet._worksheet_path)
        rows, seen_rows, seen_columns = _rows(sheet, layout, struck)
        hidden["hidden rows"] += [f"{title} {number}" for number in seen_rows]
        hidden["hidden columns"] += [f"{title} {name}" for name in seen_columns]
        lost += [f"{title} {name}" for name in layout.lost.values()]
        body = sheet_parts(rows, layout.merges)
        body += charts_of_sheet(archive, sheet._worksheet_path)
        comments += _comments(archive, sheet._worksheet_path)
        values += [cell for row in rows for cell in row if cell and cell != NOT_COMPUTED][:1]
        if body:
            parts += [f"## {title}", *body]
    left_out = [LeftOut(kind, len(which), some_of(which)) for kind, which in hidden.items()]
    left_out.append(LeftOut("formulas without a stored value", len(lost), some_of(lost)))
    left_out.append(LeftOut("comments", comments))
    if not any(values):
        raise DocumentSkipped(
            "The workbook has no values that are shown. If it has formulas, open and save it in "
            "Excel, which stores their results, and add it again."
        )
    return Draft("\n\n".join(parts), left_out=tuple(each for each in left_out if each.count))


def _comments(archive: zipfile.ZipFile, part: str) -> int:
    """How many cells of a sheet have a remark."""
    parts = [target for kind, target in related(archive, part).values() if kind == "comments"]
    there = [target for target in parts if target in archive.namelist()]
    return sum(1 for each in there for _ in parsed_xml(archive.read(each)).iter("{*}comment"))


def _rows(
    sheet: Any, layout: Layout, struck: frozenset[int]
) -> tuple[list[list[str]], list[int], list[str]]:
    """The cells that are seen, and the hidden rows and columns that had any.

    ``struck``: the fonts that cross out what they write, which holds no more.

    Merged ranges are settled for the hidden parts: they are moved to where they stand in the
    result, in place.
    """
    from openpyxl.utils import get_column_letter

    # The stated dimension may be the whole grid, which would be filled up with empty cells.
    sheet.reset_dimensions()
    if layout.last_row > MAX_GRID:  # before each of the rows up to there is made
        raise _too_far()
    rows: list[list[str]] = []
    kept_rows: list[int] = []
    hidden_rows: list[int] = []
    hidden_columns: set[int] = set()
    width = filled = seen = 0
    for number, row in enumerate(sheet.iter_rows(), start=1):
        seen += 1 + len(row)
        if seen > MAX_GRID:
            raise _too_far()
        cells = [_cell_text(cell, number, column, layout) for column, cell in enumerate(row, 1)]
        if struck and _without_struck(cells, row, struck):
            continue  # an empty row would part the table
        filled += sum(map(bool, cells))
        if filled > MAX_CELLS:
            raise DocumentSkipped(
                f"The workbook has more than {MAX_CELLS:,} filled cells. "
                "Add a summary of it, or only the sheets that people ask about."
            )
        if number in layout.hidden_rows:
            if any(cells):
                hidden_rows.append(number)
            continue
        if layout.hidden_columns:
            for column, cell in enumerate(cells, 1):
                if cell and layout.is_hidden(column):
                    hidden_columns.add(column)
        width = max(width, len(cells))
        rows.append(cells)
        kept_rows.append(number)
    while rows and not any(rows[-1]):
        rows.pop()
    kept_columns = [n for n in range(1, width + 1) if not layout.is_hidden(n)]
    if len(kept_columns) < width:
        rows = [[row[n - 1] for n in kept_columns if n <= len(row)] for row in rows]
    layout.merges = _moved(layout.merges, kept_columns, kept_rows[: len(rows)])
    return rows, hidden_rows, [get_column_letter(n) for n in sorted(hidden_columns)]


def _without_struck(cells: list[str], row: Sequence[Any], struck: frozenset[int]) -> bool:
    """Empty the cells that are crossed out, in place; was nothing else in the row?"""
    out = [
        n
        for n, cell in enumerate(row)
        if cells[n] and hasattr(cell, "style_array") and cell.style_array.fontId in struck
    ]
    for n in out:
        cells[n] = ""
    return bool(out) and not any(cells)


def _too_far() -> DocumentSkipped:
    return DocumentSkipped(
        "The workbook has entries very far down or to the right. Delete the empty rows and "
        "columns before them, save it, and add it again."
    )


def _cell_text(cell: Any, row: int, column: int, layout: Layout) -> str:
    if (row, column) in layout.lost:
        return NOT_COMPUTED
    value = cell.value
    if isinstance(value, list):  # of parts, each with a font of its own
        value = "".join(str(part) for part in value if not _is_struck(part))
    text = layout.words.get((row, column), shown(value, cell.number_format))
    if (target := layout.links.get((row, column))) is None or not text:
        return text
    return (
        text if target in (text, f"mailto:{text}") else f"{text} ({target.removeprefix('mailto:')})"
    )


def _is_struck(part: Any) -> bool:
    return bool(getattr(getattr(part, "font", None), "strike", False))


def _moved(
    merges: list[tuple[int, int, int, int]], columns: list[int], rows: list[int]
) -> list[tuple[int, int, int, int]]:
    """Merged ranges by 0-based place among the rows and columns that are kept."""
    from bisect import bisect_left, bisect_right

    moved = []
    for left, top, right, bottom in merges:
        first, last = bisect_left(columns, left), bisect_right(columns, right) - 1
        upper, lower = bisect_left(rows, top), bisect_right(rows, bottom) - 1
        if first <= last and upper <= lower:
            moved.append((first, upper, last, lower))
    return moved
