"""Parsing and cutting take work in proportion to a document's size, counted and not timed.

Counted are the lines of Python that run. Twice the size may take at most 2.3 times the work.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import docx
import openpyxl
import pytest
from fpdf import FPDF
from pptx import Presentation

from knowledge.documents.chunking import chunk
from knowledge.parsing import parse

MOST = 2.3
Make = Callable[[int], bytes]


def text(line: str, between: str = "\n\n", before: str = "", after: str = "") -> Make:
    return lambda n: (
        before + between.join(line.replace("#N", str(i)) for i in range(n)) + after
    ).encode()


def workbook(n: int) -> bytes:
    book = openpyxl.Workbook()
    for number in range(n):
        book.active.append([f"Row {number}", number, "x"])
        book.active.merge_cells(
            start_row=number + 1, end_row=number + 1, start_column=4, end_column=5
        )
    return saved(book)


def word(n: int) -> bytes:
    document = docx.Document()
    table = document.add_table(rows=0, cols=2)
    for number in range(n):
        document.add_paragraph(f"Paragraph {number} says that it is open.")
        if number % 10 == 0:
            table.add_row()
    return saved(document)


def deck(n: int) -> bytes:
    presentation = Presentation()
    for number in range(n // 10):
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = f"Slide {number}"
        slide.placeholders[1].text_frame.text = "It is open."
    return saved(presentation)


def saved(document: Any) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def pages(n: int) -> bytes:
    paper = FPDF()
    paper.set_font("helvetica", size=10)
    paper.add_page()
    for number in range(n):
        paper.multi_cell(
            0, 5, f"Line {number} says that it is open.", new_x="LMARGIN", new_y="NEXT"
        )
    return bytes(paper.output())


def long_page(n: int) -> bytes:
    """Two columns and a table with lines on one page that grows."""
    paper = FPDF(format=(200, 40 + n * 6))
    paper.set_auto_page_break(False)
    paper.set_font("helvetica", size=8)
    paper.add_page()
    for number in range(n):
        paper.set_xy(10, 10 + 6 * number)
        for cell in (f"Cell {number}", "x", "y"):
            paper.cell(20, 6, cell, border="1" if number % 2 else 0)
        paper.cell(20, 6, "")
        paper.cell(80, 6, f"And {number} words stand beside it here")
    return bytes(paper.output())


DOCUMENTS: dict[str, tuple[str, Make]] = {
    "paragraphs": ("x.txt", text("Paragraph #N says that the door is open.")),
    "lines": ("x.txt", text("Line #N says that the door is open.", "\n")),
    "one line": ("x.txt", text("Sentence #N says that the door is open.", " ")),
    "questions": ("x.txt", text("Q: What is #N?\nA: It is open.")),
    "sections": ("x.md", text("## Same\n\nText #N.")),
    "list": ("x.md", text("- Item #N of it.", "\n")),
    "led lists": ("x.md", text("These are open.\n\n- Item #N of it.")),
    "table": ("x.md", text("| #N | x |", "\n", "| a | b |\n| - | - |\n")),
    "rst": ("x.rst", text("Title #N\n========\n\n.. note:: Open\n\n   Text.")),
    "csv": ("x.csv", text("Door #N,#N,open", "\n")),
    "page": ("x.html", text("<h2 id='h#N'>H</h2><p>Text #N <a href='#'>x</a></p>", "", "<main>")),
    "boxes": ("x.html", text("<div class='menu'><p>The door #N is open here.</p></div>", "")),
    "tabs": (
        "x.html",
        text(
            "<button role='tab' id='t#N' aria-controls='p#N'>T</button>"
            "<div role='tabpanel' id='p#N' aria-labelledby='t#N' hidden><p>Door #N.</p></div>",
            "",
        ),
    ),
    "html list": ("x.html", text("<li>Door #N</li>", "", "<main><ol>", "</ol></main>")),
    "html table": (
        "x.html",
        text("<tr><td rowspan='2'>#N</td><td>x</td></tr><tr><td>y</td></tr>", "", "<table>"),
    ),
    "workbook": ("x.xlsx", workbook),
    "word": ("x.docx", word),
    "deck": ("x.pptx", deck),
    "pdf": ("x.pdf", pages),
    "long page": ("x.pdf", long_page),
}


def work(name: str, content: bytes) -> int:
    """How many lines of Python run until the document is cut into pieces."""
    lines = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        chunk(parse(name, content), lambda words: len(words.split()), 100)
    finally:
        sys.settrace(before)
    return lines


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_twice_the_size_takes_about_twice_the_work(kind: str) -> None:
    name, make = DOCUMENTS[kind]
    size = 200
    work(name, make(20))  # imports and caches
    once, twice = work(name, make(size)), work(name, make(2 * size))
    assert twice <= MOST * once
