"""Files of every format, made by the libraries that people's programs resemble."""

from __future__ import annotations

import io
from datetime import datetime


def pdf_file(pages: list[str], *, running: bool = False, title: str | None = None) -> bytes:
    from fpdf import FPDF

    class Paper(FPDF):
        def header(self) -> None:
            if running:
                self.set_font("helvetica", size=8)
                self.cell(0, 8, "ACME confidential", new_x="LMARGIN", new_y="NEXT")

        def footer(self) -> None:
            if running:
                self.set_y(-15)
                self.set_font("helvetica", size=8)
                self.cell(0, 8, f"Page {self.page_no()} of {len(pages)}")

    paper = Paper()
    if title:
        paper.set_title(title)
    for page in pages:
        paper.add_page()
        for line in page.split("\n"):
            large = line.startswith("# ")
            paper.set_font("helvetica", style="B" if large else "", size=20 if large else 11)
            height = 10 if large else 6
            text = line.removeprefix("# ")
            paper.multi_cell(0, height, text or " ", new_x="LMARGIN", new_y="NEXT")
    return bytes(paper.output())


def docx_file() -> bytes:
    import docx

    word = docx.Document()
    word.add_heading("Travel policy", 0)
    word.add_paragraph("Use snake_case_names.")
    word.add_heading("Limits", 1)
    table = word.add_table(rows=2, cols=2)
    for cell, text in zip(
        [cell for row in table.rows for cell in row.cells],
        ["What", "Most", "Hotel|Inn", "$120\na night"],
        strict=True,
    ):
        cell.text = text
    word.add_paragraph("Ask first", style="List Bullet")
    word.add_paragraph("Pay later", style="List Bullet")
    buffer = io.BytesIO()
    word.save(buffer)
    return buffer.getvalue()


def pptx_file() -> bytes:
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "Kick-off"
    frame = first.placeholders[1].text_frame
    frame.text = "One"
    inner = frame.add_paragraph()
    inner.text, inner.level = "Two", 1
    first.notes_slide.notes_text_frame.text = "Say hello"
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Numbers"
    size = [Inches(n) for n in (1, 1, 4, 1)]
    table = second.shapes.add_table(2, 2, *size).table
    for number, text in enumerate(["Item", "Price", "Tea", "3"]):
        table.cell(number // 2, number % 2).text = text
    buffer = io.BytesIO()
    deck.save(buffer)
    return buffer.getvalue()


def xlsx_file() -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Prices"
    rows: list[list[object]] = [
        ["Budget of Q3"],
        [],
        ["Item", None, "Price", "Share", "When"],
        ["Tea", None, 3.0, 0.25, datetime(2026, 1, 2)],
        [],
        ["a|b", None, 2.5, None, "#N/A"],
    ]
    for row in rows:
        sheet.append(row)
    sheet["D4"].number_format = "0%"
    hidden = book.create_sheet("Hidden")
    hidden.append(["secret"])
    hidden.sheet_state = "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
