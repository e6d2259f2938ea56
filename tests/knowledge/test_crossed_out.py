"""What is crossed out holds no more: it is read in no format, and what is beside it is."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import docx
import openpyxl
import pytest
from docx.enum.style import WD_STYLE_TYPE
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font
from pptx import Presentation
from pptx.util import Inches

from knowledge.parsing import parse


def saved(document: Any, name: str) -> str:
    buffer = io.BytesIO()
    document.save(buffer)
    return parse(name, buffer.getvalue()).markdown


@pytest.mark.parametrize(
    ("written", "reads"),
    [
        ("The fee is ~~12~~ 14 euros.", "The fee is 14 euros."),
        ("The fee is <del>12</del> 14 euros.", "The fee is 14 euros."),
        ("The fee is <s class='old'>12</s> <ins>14</ins> euros.", "The fee is 14 euros."),
        ("The fee is {--12--}{++14++} euros{>>by Bea<<}.", "The fee is 14 euros."),
        ("The fee is {~~12~>14~~} euros.", "The fee is 14 euros."),
        ("- ~~Bring cash~~\n- Bring a card", "- Bring a card"),
        ("- [x] **~~Bring cash~~**\n- [ ] Bring a card", "- [ ] Bring a card"),
        ("## ~~Cash~~\n\nBring a card.", "Bring a card."),
        (
            "| Bath | Fee |\n|---|---|\n| Sun | ~~12~~ 14 |",
            "| Bath | Fee |\n|---|---|\n| Sun | 14 |",
        ),
        ("About ~~ 5 to ~~ 6 hours.", "About ~~ 5 to ~~ 6 hours."),
        ("Write `~~12~~` for it.", "Write `~~12~~` for it."),
        ("~~~\n<s>12</s>\n~~~\n\nEnd.", "~~~\n<s>12</s>\n~~~\n\nEnd."),
        ("Pay <Seller> by ~5 to ~6.", "Pay <Seller> by ~5 to ~6."),
    ],
)
def test_in_markdown(written: str, reads: str) -> None:
    assert parse("x.md", written.encode()).markdown == reads


@pytest.mark.parametrize(
    "written",
    [
        "<p>The fee is <del>12</del> 14 euros.</p>",
        "<p>The fee is <b style='color:red; text-decoration: line-through'>12</b> 14 euros.</p>",
        "<style>.old { text-decoration-line: line-through }</style>"
        "<p>The fee is <i class='old'>12</i> 14 euros.</p>",
        "<p>The fee is <u style='text-decoration: underline'>14</u> euros.</p>"
        "<ul><li style='text-decoration:line-through'>12</li></ul>",
    ],
)
def test_in_html(written: str) -> None:
    assert parse("x.html", f"<h1>Fees</h1>{written}".encode()).markdown == (
        "# Fees\n\nThe fee is 14 euros."
    )


class TestExcel:
    def sheet(self, fill: Callable[[Any], None]) -> str:
        book = openpyxl.Workbook()
        for row in (["Bath", "Fee"], ["Sun", 12], ["Moon", 13], ["Star", 14]):
            book.active.append(row)
        fill(book.active)
        return saved(book, "x.xlsx").partition("\n\n")[2]

    def test_a_cell(self) -> None:
        def fill(sheet: Any) -> None:
            sheet["B3"].font = Font(strike=True)

        assert "| Sun | 12 |\n| Moon | |\n| Star | 14 |" in self.sheet(fill)

    def test_a_row_goes_and_parts_no_table(self) -> None:
        def fill(sheet: Any) -> None:
            for cell in sheet[3]:
                cell.font = Font(strike=True)

        assert self.sheet(fill).split("\n") == [
            "| Bath | Fee |", "| --- | --- |", "| Sun | 12 |", "| Star | 14 |",
        ]  # fmt: skip

    def test_a_part_of_a_cell(self) -> None:
        def fill(sheet: Any) -> None:
            old = TextBlock(InlineFont(strike=True), "12 ")
            sheet["B2"] = CellRichText(["from ", old, TextBlock(InlineFont(b=True), "15 euros")])

        assert "| Sun | from 15 euros |" in self.sheet(fill)


@pytest.mark.parametrize("mark", ["strike", "double_strike", "style"])
def test_in_word(mark: str) -> None:
    document = docx.Document()
    document.add_heading("Fees", 0)
    paragraph = document.add_paragraph("The fee is ")
    old = paragraph.add_run("12 ")
    if mark == "style":
        old.style = document.styles.add_style("Gone", WD_STYLE_TYPE.CHARACTER)
        old.style.font.strike = True
    else:
        setattr(old.font, mark, True)
    paragraph.add_run("14 euros.")
    assert saved(document, "x.docx") == "# Fees\n\nThe fee is 14 euros."


def test_in_powerpoint_on_slides_in_tables_and_in_notes() -> None:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Fees"
    frames = [
        slide.shapes.add_textbox(*map(Inches, (1, 2, 4, 1))).text_frame,
        slide.shapes.add_table(1, 2, *map(Inches, (1, 4, 4, 1))).table.cell(0, 0).text_frame,
        slide.notes_slide.notes_text_frame,
    ]
    for frame in frames:
        for text in ("The fee is ", "12 ", "14 euros."):
            run = frame.paragraphs[0].add_run()
            run.text = text
            if text == "12 ":
                run._r.get_or_add_rPr().set("strike", "sngStrike")
    read = saved(deck, "x.pptx")
    assert read.count("The fee is 14 euros.") == 3 and "12" not in read
