"""Pages as PDF files."""

from __future__ import annotations

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace

from samples.documents.content import COMPANY, DATE, Block, Grid, Heading, Items, Page, Text


class HandbookPdf(FPDF):
    """An A4 page with the company's name above and the page number below."""

    def header(self) -> None:
        """Write the running head."""
        self.set_font("Helvetica", size=8)
        self.set_text_color(110)
        self.cell(0, 6, f"{COMPANY} handbook", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_text_color(0)
        self.ln(3)

    def footer(self) -> None:
        """Write the page number."""
        self.set_y(-15)
        self.set_font("Helvetica", size=8)
        self.cell(0, 8, f"Page {self.page_no()}", align="C")


def pdf_block(pdf: FPDF, block: Block) -> None:
    """Write one block of a page at the current place of the PDF."""
    match block:
        case Heading(text):
            if pdf.will_page_break(30):
                pdf.add_page()
            pdf.ln(2)
            pdf.set_font("Helvetica", style="B", size=13)
            pdf.start_section(text, level=1)
            pdf_line(pdf, text, 7)
        case Text(text):
            pdf_line(pdf, text)
            pdf.ln(2)
        case Items(items, numbered):
            for number, item in enumerate(items, start=1):
                pdf_line(pdf, f"{number}. {item}" if numbered else f"- {item}", indent=4)
            pdf.ln(2)
        case Grid(rows, widths):
            pdf_table(pdf, rows, widths)


def pdf_line(pdf: FPDF, text: str, height: float = 5.5, indent: float = 0) -> None:
    """Write one paragraph, and go back to the normal font afterwards."""
    pdf.set_x(pdf.l_margin + indent)
    pdf.multi_cell(0, height, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.set_font("Helvetica", size=10.5)


def pdf_table(pdf: FPDF, rows: tuple[tuple[str, ...], ...], widths: tuple[int, ...]) -> None:
    """Write a table with a bold header row."""
    style = FontFace(emphasis="BOLD", fill_color=(226, 232, 222))
    with pdf.table(rows, col_widths=widths, headings_style=style, line_height=6, text_align="LEFT"):
        pass
    pdf.ln(3)


def build_pdf(page: Page) -> bytes:
    """Return the page as a PDF file."""
    pdf = HandbookPdf(format="A4")
    pdf.set_margin(20)
    pdf.set_auto_page_break(True, margin=20)
    pdf.set_title(page.title)
    pdf.set_author(COMPANY)
    pdf.set_lang("en")
    pdf.set_creation_date(DATE)
    pdf.add_page()
    pdf.set_font("Helvetica", style="B", size=18)
    pdf.start_section(page.title)
    pdf_line(pdf, page.title, 9)
    pdf.ln(2)
    for block in page.blocks:
        pdf_block(pdf, block)
    return bytes(pdf.output())
