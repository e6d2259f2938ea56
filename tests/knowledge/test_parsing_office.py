"""Word and PowerPoint files: what a reader sees on the page or slide, and what they do not."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.enum.text import PP_ALIGN
from pptx.util import Inches

from knowledge.parsing import ParsedDocument, parse

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_BOX = (
    f'<w:p xmlns:w="{_W}"'
    ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:r>'
    "<mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:wsp><wps:txbx><w:txbxContent>"
    "<w:p><w:r><w:t>{said}</w:t></w:r></w:p></w:txbxContent></wps:txbx></wps:wsp></w:drawing>"
    "</mc:Choice>{fallback}</mc:AlternateContent></w:r></w:p>"
)
_FALLBACK = (
    "<mc:Fallback><w:pict><w:txbxContent><w:p><w:r><w:t>{said}</w:t></w:r></w:p></w:txbxContent>"
    "</w:pict></mc:Fallback>"
)


def word(fill: Callable[[Any], None]) -> ParsedDocument:
    document = docx.Document()
    document.add_heading("Pool rules", 0)
    fill(document)
    buffer = io.BytesIO()
    document.save(buffer)
    return parse("pool.docx", buffer.getvalue())


def deck(fill: Callable[[Any], None]) -> ParsedDocument:
    presentation = Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[5])
    slide.shapes.title.text = "Pool"
    fill(slide)
    buffer = io.BytesIO()
    presentation.save(buffer)
    return parse("pool.pptx", buffer.getvalue())


class TestWord:
    def test_merged_cells_count_for_every_row_and_column(self) -> None:
        def fill(document: Any) -> None:
            table = document.add_table(rows=4, cols=3)
            texts = [
                ["Bath", "Fee", ""],
                ["", "Adult", "Child"],
                ["North", "5", "3"],
                ["", "6", "4"],
            ]
            for row, cells in zip(table.rows, texts, strict=True):
                for cell, text in zip(row.cells, cells, strict=True):
                    cell.text = text
            table.cell(0, 1).merge(table.cell(0, 2))
            table.cell(0, 0).merge(table.cell(1, 0))
            table.cell(2, 0).merge(table.cell(3, 0))

        assert word(fill).markdown.split("\n\n")[1].split("\n") == [
            "| Bath | Fee: Adult | Fee: Child |",
            "| --- | --- | --- |",
            "| North | 5 | 3 |",
            "| North | 6 | 4 |",
        ]

    @pytest.mark.parametrize("fallback", ["", _FALLBACK])
    def test_a_text_box_is_read_once(self, fallback: str) -> None:
        said = "Swim slowly in lane 3."
        box = _BOX.format(said=said, fallback=fallback.format(said=said))
        result = word(lambda document: document.element.body.insert(1, parse_xml(box))).markdown
        assert result.count(said) == 1

    def test_hidden_and_crossed_out_text_is_not_read(self) -> None:
        def fill(document: Any) -> None:
            paragraph = document.add_paragraph("It opens at 6:15")
            paragraph.add_run(" for spies").font.hidden = True
            paragraph.add_run(" or at 7:00").font.strike = True
            paragraph.add_run(".")

        parsed = word(fill)
        assert "It opens at 6:15." in parsed.markdown
        assert [(each.kind, each.count) for each in parsed.left_out] == [("hidden passages", 1)]

    def test_headers_and_footers_stand_once_above_the_text_without_page_numbers(self) -> None:
        def fill(document: Any) -> None:
            section = document.sections[0]
            section.header.paragraphs[0].text = "Owner: the pool board"
            section.footer.paragraphs[0].text = "Page 1 of 7"

        assert word(fill).markdown.startswith("Owner: the pool board\n\n# Pool rules")
        assert "Page 1" not in word(fill).markdown

    def test_a_comment_is_counted_and_not_read(self) -> None:
        def fill(document: Any) -> None:
            paragraph = document.add_paragraph("It opens at 6:15.")
            document.add_comment(paragraph.runs, text="Is that so?", author="Bea")

        parsed = word(fill)
        assert "Is that so" not in parsed.markdown
        assert [(each.kind, each.count) for each in parsed.left_out] == [("comments", 1)]

    def test_fields_in_their_short_form_show_what_they_hold(self) -> None:
        def fill(document: Any) -> None:
            for code, said in (
                ('HYPERLINK "https://a.example/f" \\l "top"', "form"),
                ("REF x", "seven"),
            ):
                paragraph = document.add_paragraph("See ")
                field = parse_xml(
                    f"<w:fldSimple xmlns:w='{_W}'><w:r><w:t>{said}</w:t></w:r></w:fldSimple>"
                )
                field.set(f"{{{_W}}}instr", code)
                paragraph._p.append(field)

        result = word(fill).markdown
        assert "See [form](https://a.example/f#top)" in result
        assert "See seven" in result

    def test_a_table_in_a_cell_without_names_of_columns_is_pairs(self) -> None:
        def fill(document: Any) -> None:
            table = document.add_table(rows=2, cols=2)
            for at, text in enumerate(["Floor", "Rooms", "Two"]):
                table.cell(at // 2, at % 2).text = text
            inner = table.cell(1, 1).add_table(rows=2, cols=2)
            for at, text in enumerate(["Otter", "6", "Heron", "14"]):
                inner.cell(at // 2, at % 2).text = text

        assert "| Two | Otter: 6; Heron: 14 |" in word(fill).markdown

    def test_an_equation_is_a_line_of_text(self) -> None:
        math = "http://schemas.openxmlformats.org/officeDocument/2006/math"
        equation = (
            f'<w:p xmlns:w="{_W}" xmlns:m="{math}"><w:r><w:t>Area: </w:t></w:r><m:oMath><m:sSup>'
            "<m:e><m:r><m:t>r</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"
            "</m:oMath></w:p>"
        )
        result = word(lambda document: document.element.body.insert(1, parse_xml(equation)))
        assert "Area: r^2" in result.markdown


class TestSlides:
    def test_are_read_from_the_top_left(self) -> None:
        def fill(slide: Any) -> None:
            for text, left, top in (("third", 1, 5), ("second", 5, 2), ("first", 1, 2)):
                box = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(3), Inches(1))
                box.text_frame.text = f"The {text} box."

        assert deck(fill).markdown == (
            "## Pool\n\nThe first box.\n\nThe second box.\n\nThe third box."
        )

    def test_have_their_charts_and_merged_cells(self) -> None:
        def fill(slide: Any) -> None:
            data: Any = CategoryChartData()  # type: ignore[no-untyped-call]
            data.categories = ["East", "West"]
            data.add_series("Visits", (12, 31))
            size = [Inches(n) for n in (1, 2, 4, 2)]
            chart = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *size, data).chart
            chart.has_title = True
            chart.chart_title.text_frame.text = "Visits by bath"
            table = slide.shapes.add_table(3, 2, *[Inches(n) for n in (1, 5, 4, 1)]).table
            for at, text in enumerate(["Bath", "Shift", "East", "Day", "", "Night"]):
                table.cell(at // 2, at % 2).text = text
            table.cell(1, 0).merge(table.cell(2, 0))

        result = deck(fill).markdown
        assert "**Visits by bath**\n\n| | Visits |\n| --- | --- |\n| East | 12 |" in result
        assert "| East | Day |\n| East | Night |" in result

    def test_hidden_ones_are_told(self) -> None:
        presentation = Presentation()
        for text in ("Shown", "Secret"):
            slide = presentation.slides.add_slide(presentation.slide_layouts[5])
            slide.shapes.title.text = text
        slide.element.set("show", "0")
        buffer = io.BytesIO()
        presentation.save(buffer)
        parsed = parse("pool.pptx", buffer.getvalue())
        assert "Secret" not in parsed.markdown
        assert [(each.kind, each.where) for each in parsed.left_out] == [("hidden slides", "2")]

    def test_numbers_before_paragraphs_are_counted(self) -> None:
        def fill(slide: Any) -> None:
            box = slide.shapes.add_textbox(0, Inches(2), Inches(4), Inches(2))
            box.text_frame.text = "Open the valve"
            for text in ("Wait", "Close the valve"):
                box.text_frame.add_paragraph().text = text
            space = "http://schemas.openxmlformats.org/drawingml/2006/main"
            for paragraph in box.text_frame.paragraphs:
                paragraph.alignment = PP_ALIGN.LEFT  # which writes the properties
            for properties in box.element.iter(f"{{{space}}}pPr"):
                number = f'<a:buAutoNum xmlns:a="{space}" type="arabicPeriod" startAt="3"/>'
                properties.append(parse_xml(number))

        assert deck(fill).markdown.endswith("3. Open the valve\n4. Wait\n5. Close the valve")

    def test_a_header_of_two_rows_becomes_one(self) -> None:
        def fill(slide: Any) -> None:
            table = slide.shapes.add_table(3, 3, 0, Inches(2), Inches(4), Inches(2)).table
            texts = [["Bath", "Fee", ""], ["", "Adult", "Child"], ["North", "5", "3"]]
            for row, cells in enumerate(texts):
                for column, text in enumerate(cells):
                    table.cell(row, column).text = text
            table.cell(0, 1).merge(table.cell(0, 2))
            table.cell(0, 0).merge(table.cell(1, 0))

        assert "| Bath | Fee: Adult | Fee: Child |" in deck(fill).markdown

    def test_an_empty_table_and_a_paragraph_as_title_leave_no_marks(self) -> None:
        said = "The pool is open from May to September, and on warm days in April too. " * 3

        def fill(slide: Any) -> None:
            slide.shapes.add_table(2, 2, 0, Inches(2), Inches(4), Inches(2))
            slide.shapes.title.text = said

        assert deck(fill).markdown == f"## Slide 1\n\n{said.strip()}"
