"""Sheets as Excel files."""

from __future__ import annotations

from io import BytesIO

from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from samples.documents.content import COMPANY, DATE, Sheet
from samples.documents.office import fix_dates


def build_xlsx(title: str, sheets: tuple[Sheet, ...]) -> bytes:
    """Return the sheets as an Excel file."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for sheet in sheets:
        fill_sheet(book.create_sheet(sheet.title), sheet)
    book.properties.title = title
    book.properties.creator = COMPANY
    book.properties.created = DATE.replace(tzinfo=None)
    out = BytesIO()
    book.save(out)
    return fix_dates(out.getvalue())


def fill_sheet(target: Worksheet, sheet: Sheet) -> None:
    """Write the rows of one sheet, with a header row that stays in view."""
    for row in sheet.rows:
        target.append(row)
    for cell, width in zip(target[1], sheet.widths, strict=True):
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="E2E8DE")
        target.column_dimensions[cell.column_letter].width = width
    target.freeze_panes = "A2"
