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
from docx.enum.style import WD_STYLE_TYPE
from fpdf import FPDF
from pptx import Presentation

from knowledge.documents.chunking import chunk
from knowledge.parsing import SUPPORTED_EXTENSIONS, parse

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


def new_document() -> Any:
    """Without the styles of tables that all new files have: they are most of the work."""
    document = docx.Document()
    for style in list(document.styles):
        if style.type == WD_STYLE_TYPE.TABLE:
            style.delete()
    return document


def word(n: int) -> bytes:
    document = new_document()
    table = document.add_table(rows=0, cols=2)
    for number in range(n // 3):
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


def numbered(n: int) -> bytes:
    """Steps that Word numbers, lines of code, and text boxes' kin: what is looked at for itself."""
    document = new_document()
    for number in range(n // 3):
        document.add_paragraph(f"Step {number} is to open it.", style="List Number")
        if number % 5 == 0:
            document.add_paragraph().add_run(f"relay open --door {number}").font.name = "Courier"
    return saved(document)


def printed(n: int) -> bytes:
    """Columns with a narrow gutter, exponents, code, and what is printed twice."""
    paper = FPDF(format=(200, 40 + n * 6))
    paper.set_auto_page_break(False)
    paper.set_font("helvetica", size=8)
    paper.add_page()
    for number in range(n // 3):
        y = 10 + 6 * number
        for x in (10, 10.1):
            paper.text(x, y, f"Line {number} says that it is open")
        paper.text(56, y, f"and line {number} beside it too")
        paper.set_font("courier", size=4)
        paper.text(100, y - 1, "2")
        paper.set_font("helvetica", size=8)
    return bytes(paper.output())


def boxed(n: int) -> bytes:
    """Cells that hold lists, and rows that no lines part."""
    paper = FPDF()
    paper.set_font("helvetica", size=8)
    for number in range(max(n // 50, 1)):
        paper.add_page()
        for x in (10, 100):
            paper.rect(x, 10, 90, 200)
            paper.set_xy(x, 12)
            lines = "\n".join(f"- item {number} {each} of the long list here" for each in range(20))
            paper.multi_cell(88, 5, lines)
    return bytes(paper.output())


def slides(n: int) -> bytes:
    """Tables, notes and lists on slides."""
    presentation = Presentation()
    for number in range(n // 10):
        slide = presentation.slides.add_slide(presentation.slide_layouts[5])
        slide.shapes.title.text = f"Slide {number}"
        table = slide.shapes.add_table(3, 2, 0, 0, 100, 100).table
        table.cell(0, 0).text, table.cell(1, 1).text = "Bath", f"{number}"
        slide.notes_slide.notes_text_frame.text = "Say so."
    return saved(presentation)


def sheets(n: int) -> bytes:
    """Tables beside and below each other."""
    book = openpyxl.Workbook()
    for number in range(n // 10):
        for row in range(4):
            for column in (1, 2, 4, 5):
                text = f"Name {column}" if row == 0 else f"{number}{row}{column}"
                book.active.cell(number * 6 + row + 1, column, text)
    return saved(book)


def sections(n: int) -> bytes:
    """Merged titles between the rows of a table, three rows of names, and links by formulas."""
    book = openpyxl.Workbook()
    sheet = book.active
    for number in range(n // 5):
        at = number * 3 + 1
        sheet.cell(at, 1, f"Part {number}")
        sheet.merge_cells(start_row=at, end_row=at, start_column=1, end_column=3)
        for column, text in enumerate(("Bath", "Fee", "Form"), 1):
            sheet.cell(at + 1, column, text)
            sheet.cell(at + 2, column, f"{number}{column}")
        sheet.cell(at + 2, 3, f'=HYPERLINK("https://forms.example.org/{number}","open")')
    return saved(book)


def labelled(n: int) -> bytes:
    """Names with their values beside them, in boxes on several pages."""
    paper = FPDF()
    paper.set_font("helvetica", size=8)
    for number in range(max(n // 20, 1)):
        paper.add_page()
        for x in (10, 110):
            paper.rect(x, 5, 80, 40)
            for line in range(6):
                paper.text(x + 5, 10 + 5 * line, f"Name {line}:")
                paper.text(x + 40, 10 + 5 * line, f"value {number}")
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
    "numbered": ("x.docx", numbered),
    "deck": ("x.pptx", deck),
    "slides": ("x.pptx", slides),
    "sheets": ("x.xlsx", sheets),
    "sections of a sheet": ("x.xlsx", sections),
    "labelled": ("x.pdf", labelled),
    "tab panes": (
        "x.html",
        text(
            "<style>.c#N{opacity:0}</style><a data-toggle='tab' href='#p#N'>T #N</a>"
            "<div class='tab-pane' id='p#N'>Door #N.</div>",
            "",
        ),
    ),
    "shared terms": ("x.html", text("<dt>T#N</dt>", "", "<main><dl>", "<dd>D</dd></dl></main>")),
    "rst terms": ("x.rst", text("Term #N\n   Door.\n\n:Name: #N\n\n| line #N\n\n.. [#N] A note.")),
    "pdf": ("x.pdf", pages),
    "long page": ("x.pdf", long_page),
    "printed": ("x.pdf", printed),
    "boxed": ("x.pdf", boxed),
    "tsv": ("x.tsv", text('Door #N\t#N\t"open\nor shut"', "\n", "Keys\n\n")),
    "mdx": ("x.mdx", text("<Tabs>\n<Tab title='#N'>\n\nText #N {{ x }}\n\n</Tab>\n</Tabs>")),
    "admonitions": ("x.md", text('!!! note "N #N"\n\n    Text.\n\n??? x\n\n    [[a#N|b]] ==c==')),
    "front matter": ("x.md", text("k#N: v", "\n", "---\n", "\n---\n\nText.\n")),
    "terms": ("x.html", text("<dl><dt>T#N</dt><dd>D<dl><dt>U</dt><dd>E</dd></dl></dd></dl>", "")),
    "deep list": (
        "x.html",
        text("<ul><li>A #N<ul><li><ul><li>B</li></ul></li></ul></li></ul>", ""),
    ),
    "rst tables": ("x.rst", text("=== ===\na#N b\n=== ===\n1   2\n=== ===")),
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


def test_every_format_is_among_them() -> None:
    same = {".markdown": ".md", ".text": ".txt", ".htm": ".html"}
    measured = {f".{name.rpartition('.')[2]}" for name, _ in DOCUMENTS.values()}
    assert measured == {same.get(name, name) for name in SUPPORTED_EXTENSIONS}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_twice_the_size_takes_about_twice_the_work(kind: str) -> None:
    name, make = DOCUMENTS[kind]
    size = 200
    work(name, make(20))  # imports and caches
    once, twice = work(name, make(size)), work(name, make(2 * size))
    assert twice <= MOST * once
