"""Tables that come as files: Excel workbooks (.xlsx) and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

from knowledge.errors import DocumentSkipped
from knowledge.parsing.document import PARSER_FAILURES, Draft
from knowledge.parsing.tables import write_table

MAX_CELLS = 500_000
"""Filled cells in one workbook; beyond it a sheet is a database export, not a document."""

MAX_GRID = 5_000_000
"""Cells up to the last one of each row, empty ones too: a single entry can lie very far out."""

_ERRORS = frozenset(
    ("#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!")
)


def parse_xlsx(content: bytes) -> Draft:
    """Every visible sheet as a heading and its tables, with the values that Excel last computed."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        try:
            sheets = [
                (str(sheet.title), _rows(sheet))
                for sheet in book.worksheets
                if sheet.sheet_state == "visible"
            ]
        finally:
            book.close()
    except PARSER_FAILURES as error:
        raise DocumentSkipped(
            "The workbook is damaged. Open it in Excel, save it anew and add it again."
        ) from error
    parts: list[str] = []
    for title, rows in sheets:
        if body := _sheet_parts(rows):
            parts += [f"## {title}", *body]
    if not parts:
        raise DocumentSkipped(
            "The workbook has no values. If it has formulas, open and save it in Excel, "
            "which stores their results, and add it again."
        )
    return Draft("\n\n".join(parts))


def _rows(sheet: Any) -> list[list[str]]:
    # The stated dimension may be the whole grid, which would be filled up with empty cells.
    sheet.reset_dimensions()
    rows: list[list[str]] = []
    filled = seen = 0
    for row in sheet.iter_rows():
        seen += 1 + len(row)
        if seen > MAX_GRID:
            raise DocumentSkipped(
                "The workbook has entries very far down or to the right. Delete the empty rows and "
                "columns before them, save it, and add it again."
            )
        cells = [_cell_text(cell.value, cell.number_format) for cell in row]
        filled += sum(map(bool, cells))
        if filled > MAX_CELLS:
            raise DocumentSkipped(
                f"The workbook has more than {MAX_CELLS:,} filled cells. "
                "Add a summary of it, or only the sheets that people ask about."
            )
        if any(cells) or (rows and any(rows[-1])):  # one empty row is enough to part tables
            rows.append(cells)
    return rows


def _cell_text(value: object, number_format: str | None) -> str:
    if value is None or value in _ERRORS:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        if "%" in (number_format or ""):
            return f"{round(value * 100, 6):g}%"
        return str(int(value)) if value == int(value) else f"{value:.12g}"
    if isinstance(value, datetime):
        is_midnight = value.time() == time.min
        return value.date().isoformat() if is_midnight else value.isoformat(" ", "minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    return " ".join(str(value).split())


def _sheet_parts(rows: list[list[str]]) -> list[str]:
    """Tables and lines of text of one sheet, parted where it has empty rows."""
    parts: list[str] = []
    table: list[list[str]] = []
    has_header = True
    for block in _blocks(rows):
        if all(sum(map(bool, row)) == 1 for row in block):  # a caption or a remark
            parts += _written(table, has_header)
            table = []
            parts += [cell for row in block for cell in row if cell]
        elif table and not _is_header(block[0]):
            table += block  # an empty row in the middle of a table
        else:
            parts += _written(table, has_header)
            table, has_header = block, _is_header(block[0])
    return parts + _written(table, has_header)


def _blocks(rows: list[list[str]]) -> Iterable[list[list[str]]]:
    block: list[list[str]] = []
    for row in [*rows, []]:
        if any(row):
            block.append(row)
        elif block:
            yield block
            block = []


def _written(table: list[list[str]], has_header: bool) -> list[str]:
    if not table:
        return []
    width = max(len(row) for row in table)
    filled = [row + [""] * (width - len(row)) for row in table]
    used = [column for column in range(width) if any(row[column] for row in filled)]
    return [
        write_table([[row[column] for column in used] for row in filled], has_header=has_header)
    ]


def _is_header(row: list[str]) -> bool:
    """Column names are words: no cell is a number or a date."""
    cells = [cell for cell in row if cell]
    return len(cells) > 1 and not any(cell[0].isdigit() or cell[0] in "-+.$€" for cell in cells)


def parse_csv(text: str) -> Draft:
    """A CSV or TSV file as one table; its first row is the header."""
    try:
        rows = [
            [cell.strip() for cell in row]
            for row in csv.reader(io.StringIO(text), delimiter=_delimiter(text))
        ]
    except csv.Error as error:
        raise DocumentSkipped(
            f"The CSV file cannot be read ({error}). Export it anew from its program."
        ) from error
    return Draft(write_table([row for row in rows if any(row)]))


def _delimiter(text: str) -> str:
    """The separator that parts the first lines most evenly; a comma if none does."""
    lines = [line for line in text.split("\n")[:20] if line.strip()]
    best, most = ",", 0
    for delimiter in ",;\t|":
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        agreeing = max((widths.count(width) for width in widths if width > 1), default=0)
        if agreeing > most:
            best, most = delimiter, agreeing
    return best
