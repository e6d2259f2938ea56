"""Pages as Word files."""

from __future__ import annotations

from io import BytesIO

from docx import Document

from samples.documents.content import Grid, Heading, Items, Page, Text
from samples.documents.office import fix_dates, set_properties


def build_docx(page: Page) -> bytes:
    """Return the page as a Word file."""
    document = Document()
    document.add_heading(page.title, level=1)
    for block in page.blocks:
        match block:
            case Heading(text):
                document.add_heading(text, level=2)
            case Text(text):
                document.add_paragraph(text)
            case Items(items, numbered):
                for item in items:
                    document.add_paragraph(item, "List Number" if numbered else "List Bullet")
            case Grid(rows, _):
                table = document.add_table(rows=0, cols=len(rows[0]), style="Light Grid Accent 3")
                for row in rows:
                    for cell, text in zip(table.add_row().cells, row, strict=True):
                        cell.text = text
    set_properties(document.core_properties, page.title)
    out = BytesIO()
    document.save(out)
    return fix_dates(out.getvalue())
