"""PDF pages as a person reads them: columns, tables, headings, forms, and what repeats left out."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from fpdf import FPDF

from knowledge.parsing import ParsedDocument, parse


def pdf(*pages: Callable[[FPDF], None]) -> bytes:
    paper = FPDF(unit="pt", format="A4")
    paper.set_auto_page_break(False)
    for draw in pages:
        paper.add_page()
        paper.set_font("helvetica", size=10)
        draw(paper)
    return bytes(paper.output())


def read(*pages: Callable[[FPDF], None]) -> ParsedDocument:
    return parse("pool.pdf", pdf(*pages))


def lines(*texts: str, x: float = 60, y: float = 100, step: float = 14, style: str = "") -> Any:
    def draw(paper: FPDF) -> None:
        paper.set_font("helvetica", style=style, size=10)
        for number, text in enumerate(texts):
            paper.text(x, y + number * step, text)

    return draw


def together(*draws: Callable[[FPDF], None]) -> Callable[[FPDF], None]:
    def draw(paper: FPDF) -> None:
        for each in draws:
            each(paper)

    return draw


LEFT = ("The guard renews the permit", "every nine months at the desk", "of the pool in Turku.")
RIGHT = ("The ropes between the lanes", "are changed after four hundred", "hours by the caretaker.")


class TestColumns:
    @pytest.mark.parametrize("shift", [0, 5])
    def test_are_read_one_after_the_other(self, shift: int) -> None:
        result = read(together(lines(*LEFT), lines(*RIGHT, x=320, y=100 + shift))).markdown
        assert "\n\n".join((" ".join(LEFT), " ".join(RIGHT))) in result

    def test_below_a_heading_over_both(self) -> None:
        def title(paper: FPDF) -> None:
            paper.set_font("helvetica", size=18)
            paper.text(60, 60, "Rules of the pool and of the sauna in Turku")

        result = read(together(title, lines(*LEFT), lines(*RIGHT, x=320))).markdown
        assert f"# Rules of the pool and of the sauna in Turku\n\n{' '.join(LEFT)}" in result

    def test_a_heading_below_both_comes_after_both(self) -> None:
        foot = together(lines("Questions", y=170, style="B"), lines("Ask Bea in room four.", y=190))
        result = read(together(lines(*LEFT), lines(*RIGHT, x=320), foot)).markdown
        assert result.index("hours by the caretaker.") < result.index("Questions")

    def test_three_whose_lines_differ_by_a_hair_are_three(self) -> None:
        texts = [f"Line {n} of the narrow column" for n in range(9)]
        columns = [
            lines(*(f"{name} {text.lower()}" for text in texts), x=60 + at * 167, y=100 + at)
            for at, name in enumerate(("First", "Second", "Third"))
        ]
        words = read(together(*columns)).markdown.split()
        assert [word for word in words if word in ("First", "Second", "Third")] == [
            *["First"] * 9,
            *["Second"] * 9,
            *["Third"] * 9,
        ]

    def test_names_stand_with_their_values_even_where_those_have_more_lines(self) -> None:
        names = together(
            lines("Warden:", y=100), lines("Phone:", y=114), lines("Opening hours:", y=135)
        )
        values = lines("Bea Smith", "044 12", "Mondays 8 to 17", "Fridays 9 to 12", x=200)
        result = read(together(names, values)).markdown
        assert "Warden: Bea Smith" in result and "Phone: 044 12" in result
        assert "Opening hours: Mondays 8 to 17" in result

    def test_boxes_beside_each_other_are_read_one_by_one(self) -> None:
        def card(name: str, x: int, y: int) -> Callable[[FPDF], None]:
            def draw(paper: FPDF) -> None:
                paper.rect(x, y, 150, 50)
                lines(f"{name} desk", f"Room of {name.lower()}", x=x + 10, y=y + 20)(paper)

            return draw

        cards = [card("Pay", 60, 100), card("Help", 250, 100), card("Keys", 60, 180)]
        result = read(together(*cards, card("Food", 250, 180))).markdown
        assert "Pay desk Room of pay" in result.replace("\n\n", " ").replace("#", "")
        assert "| Pay desk |" not in result


class TestTables:
    ROWS = (("Bath", "Shift", "Guard"), ("North", "Day", "Bea"), ("South", "Night", "Cem"))

    def test_with_lines_are_tables(self) -> None:
        def draw(paper: FPDF) -> None:
            for number, row in enumerate(self.ROWS):
                paper.set_xy(60, 100 + 20 * number)
                for cell in row:
                    paper.cell(90, 20, cell, border=1)

        assert "| Bath | Shift | Guard |\n| --- | --- | --- |\n| North | Day | Bea |" in (
            read(draw).markdown
        )

    def test_without_lines_are_tables_too(self) -> None:
        columns = zip(*self.ROWS, strict=True)
        draws = [lines(*texts, x=60 + 150 * n) for n, texts in enumerate(columns)]
        assert "| North | Day | Bea |\n| South | Night | Cem |" in read(together(*draws)).markdown

    @pytest.mark.parametrize("dots", ["." * 40, ". " * 30])
    def test_lines_whose_dots_lead_to_a_figure_stay_apart(self, dots: str) -> None:
        drawn = lines(f"Coffee {dots} 2.50", f"lunch of the day {dots} 7.90", f"Soup {dots} 3.20")
        assert read(drawn).markdown.endswith(
            "Coffee … 2.50\n\nlunch of the day … 7.90\n\nSoup … 3.20"
        )

    def test_dots_that_lead_to_the_next_cell_are_left_out(self) -> None:
        def draw(paper: FPDF) -> None:
            for number, row in enumerate((("Meal", "Price"), ("Soup " + "." * 30, "3.20"))):
                paper.set_xy(60, 100 + 20 * number)
                paper.cell(200, 20, row[0], border=1)
                paper.cell(90, 20, row[1], border=1)

        assert "| Soup | 3.20 |" in read(draw).markdown

    def test_figures_that_no_line_parts_from_an_empty_column_are_not_said_of_it(self) -> None:
        def draw(paper: FPDF) -> None:
            borders = ("LB", "B", "RB")
            rows = (("Illness", "2012", "2007"), ("Flu", "1.9", ""), ("Cold", "4.5", ""))
            for number, row in enumerate((*rows, ("Cough", "5.1", ""))):
                paper.set_xy(60, 100 + 20 * number)
                for cell, border in zip(row, borders, strict=True):
                    paper.cell(90, 20, cell, border=border if number else 1)

        assert "| Flu | 1.9 | |\n| Cold | 4.5 | |\n| Cough | 5.1 | |" in read(draw).markdown

    def test_a_figure_over_two_columns_that_lines_part_elsewhere_counts_for_both(self) -> None:
        def draw(paper: FPDF) -> None:
            for number, row in enumerate((("Part", "Small", "Large"), ("Bell", "19", ""))):
                paper.set_xy(60, 100 + 20 * number)
                paper.cell(90, 20, row[0], border=1)
                for cell in row[1:] if not number else ():
                    paper.cell(90, 20, cell, border=1)
                if number:
                    paper.cell(180, 20, row[1], border=1)

        assert "| Bell | 19 | 19 |" in read(draw).markdown

    def test_a_cell_over_two_rows_counts_for_both(self) -> None:
        def draw(paper: FPDF) -> None:
            for number, row in enumerate(self.ROWS):
                paper.set_xy(150, 100 + 20 * number)
                paper.cell(90, 20, row[1], border=1)
                paper.cell(90, 20, row[2], border=1)
            paper.set_xy(60, 100)
            paper.cell(90, 20, "Bath", border=1)
            paper.set_xy(60, 120)
            paper.cell(90, 40, "North", border=1)

        assert "| North | Day | Bea |\n| North | Night | Cem |" in read(draw).markdown

    def test_one_that_goes_on_over_the_page_has_its_header_again(self) -> None:
        def draw(*rows: tuple[str, ...]) -> Callable[[FPDF], None]:
            def on(paper: FPDF) -> None:
                for number, row in enumerate(rows):
                    paper.set_xy(60, 100 + 20 * number)
                    for cell in row:
                        paper.cell(90, 20, cell, border=1)

            return on

        head, more = (("Bath", "Fee"), ("North", "5")), (("East", "7"), ("West", "9"))
        result = read(draw(*head), draw(*more)).markdown
        assert result.endswith("| Bath | Fee |\n| --- | --- |\n| East | 7 |\n| West | 9 |")


class TestHeadings:
    def test_bold_lines_in_the_size_of_the_text_are_headings(self) -> None:
        def draw(paper: FPDF) -> None:
            for number, (head, text) in enumerate(
                [("Night shift", "They eat at one o'clock."), ("Overtime", "It is paid better.")]
            ):
                lines(head, y=100 + 50 * number, style="B")(paper)
                lines(text, y=115 + 50 * number)(paper)

        assert "## Overtime\n\nIt is paid better." in read(draw).markdown

    def test_a_paragraph_in_large_print_is_none(self) -> None:
        def draw(paper: FPDF) -> None:
            paper.set_font("helvetica", size=14)
            for number in range(6):
                paper.text(60, 60 + 18 * number, "We swim because it keeps us well, all of us,")
            lines(*LEFT * 4, y=220)(paper)

        assert "#" not in read(draw).markdown


class TestWhatRepeats:
    def test_running_heads_and_page_numbers_are_left_out(self) -> None:
        def page(number: int) -> Callable[[FPDF], None]:
            return together(
                lines("Pool handbook 2026", y=30),
                lines(f"Bath {number} has its own guard, who is there all day.", y=200),
                lines(f"- {number} -", x=290, y=820),
            )

        result = read(page(1), page(2)).markdown
        assert "handbook" not in result
        assert "- 1 -" not in result
        assert "Bath 2 has its own guard" in result

    def test_a_sentence_over_the_page_stays_whole_whatever_stands_between(self) -> None:
        first = together(
            lines("Head of it", y=30), lines("The kiln may be opened when it has", y=700)
        )
        second = together(lines("Head of it", y=30), lines("cooled to 80 degrees. It is hot."))
        assert "when it has cooled to 80 degrees." in read(first, second).markdown

    def test_a_full_line_goes_on_over_the_page_whatever_word_comes_next(self) -> None:
        rule = "The guard of the bath counts all the ropes and buoys each evening."
        first = lines(
            rule, "Clay for all of the kilns is delivered there on the second or third", y=700
        )
        second = lines("Tuesday of the month. Pay the driver in cash.")
        assert "second or third Tuesday of the month." in read(first, second).markdown

    def test_hyphens_in_addresses_stay(self) -> None:
        texts = ("Write to the people who keep the bath at bea-", "smith@example.org by noon.")
        assert "bea-smith@example.org" in read(lines(*texts)).markdown


class TestForms:
    def test_values_of_fields_stand_behind_their_labels(self) -> None:
        import pypdf
        from pypdf.generic import (
            ArrayObject,
            DictionaryObject,
            FloatObject,
            NameObject,
            NumberObject,
            TextStringObject,
        )

        writer = pypdf.PdfWriter(io.BytesIO(pdf(lines("Weeks of delivery:"))))
        font = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica"),
            }
        )
        field = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Annot"),
                NameObject("/Subtype"): NameObject("/Widget"),
                NameObject("/FT"): NameObject("/Tx"),
                NameObject("/T"): TextStringObject("weeks"),
                NameObject("/V"): TextStringObject("thirteen"),
                NameObject("/DA"): TextStringObject("/Helv 10 Tf 0 g"),
                NameObject("/F"): NumberObject(4),
                NameObject("/Rect"): ArrayObject(map(FloatObject, (160, 735, 260, 750))),
            }
        )
        page = writer.pages[0]
        page[NameObject("/Annots")] = ArrayObject([writer._add_object(field)])
        fonts = DictionaryObject({NameObject("/Helv"): writer._add_object(font)})
        writer._root_object[NameObject("/AcroForm")] = DictionaryObject(
            {
                NameObject("/Fields"): page["/Annots"],
                NameObject("/DR"): DictionaryObject({NameObject("/Font"): fonts}),
                NameObject("/DA"): TextStringObject("/Helv 10 Tf 0 g"),
            }
        )
        writer.update_page_form_field_values(page, {"weeks": "thirteen"})
        filled = io.BytesIO()
        writer.write(filled)
        assert "Weeks of delivery: thirteen" in parse("x.pdf", filled.getvalue()).markdown


def test_pages_without_text_are_told_by_number() -> None:
    def scan(paper: FPDF) -> None:
        paper.rect(50, 50, 400, 600, style="F")

    parsed = read(lines("Page one is typed."), scan, scan, lines("So is page four."))
    assert [(each.kind, each.count, each.where) for each in parsed.left_out] == [
        ("pages without text", 2, "2, 3")
    ]


def test_names_of_columns_that_run_up_the_page_are_read() -> None:
    def draw(paper: FPDF) -> None:
        for row, texts in enumerate((("Bath", "", ""), ("North", "5", "7"))):
            paper.set_xy(60, 100 + 80 * row)
            for width, text in zip((90, 40, 40), texts, strict=True):
                paper.cell(width, 20 if row else 80, text, border=1)
        for x, text in ((170, "Summer fee"), (210, "Winter fee")):
            with paper.rotation(90, x=x, y=170):
                paper.text(x, 170, text)

    assert "| Bath | Summer fee | Winter fee |" in read(draw).markdown


def test_a_page_laid_sideways_is_read_as_if_it_was_turned() -> None:
    def draw(paper: FPDF) -> None:
        with paper.rotation(90, x=300, y=400):
            lines("The key hangs", "behind the door.", x=200, y=400)(paper)

    assert "The key hangs behind the door." in read(draw).markdown


class TestLinks:
    def page(self, address: str, text: str = "the bike leave form") -> Callable[[FPDF], None]:
        def draw(document: FPDF) -> None:
            document.set_xy(60, 100)
            document.write(14, "Fill in ")
            document.write(14, text, address)
            document.write(14, " and sign it.")

        return draw

    def test_words_lead_to_the_addresses_behind_them(self) -> None:
        address = "https://forms.example.org/leave?kind=bike"
        assert f"Fill in [the bike leave form]({address}) and sign it." in (
            read(self.page(address)).markdown
        )

    def test_an_address_that_is_shown_itself_stands_once(self) -> None:
        parsed = read(self.page("https://forms.example.org/leave", "forms.example.org/leave"))
        assert "Fill in forms.example.org/leave and sign it." in parsed.markdown

    @pytest.mark.parametrize("address", ["mailto:ann@example.org", "javascript:alert(1)"])
    def test_what_leads_elsewhere_than_to_the_web_is_words_alone(self, address: str) -> None:
        assert "Fill in the bike leave form and sign it." in read(self.page(address)).markdown

    def test_cells_of_tables_have_theirs(self) -> None:
        def draw(document: FPDF) -> None:
            document.set_xy(60, 100)
            with document.table(width=400) as table:
                table.row(["Form", "Where"])
                row = table.row()
                row.cell("Bike leave")
                row.cell("Open it", link="https://forms.example.org/leave")
                table.row(["Parental leave", "Ask Ann"])

        cell = "| Bike leave | [Open it](https://forms.example.org/leave) |"
        assert cell in read(draw).markdown
