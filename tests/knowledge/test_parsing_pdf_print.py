"""PDF pages as they are printed: narrow gutters, raised letters, code, lists, forms and stamps."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fpdf import FPDF

from tests.knowledge.test_parsing_pdf import lines, read, together

LEFT = (
    "Nuts of this kind are held by",
    "a ring of fibre that presses on",
    "the thread. They may be used",
    "again as long as they cannot",
    "be turned on with the fingers",
    "alone. Nuts that can be so are",
    "thrown away by the mechanic",
    "who has found them, and are",
    "written down in the red book.",
)
RIGHT = (
    "Bolts are washed in the white",
    "basin before they are used for",
    "the first time. Water is changed",
    "by Mona on every Wednesday.",
    "The basin must not be used for",
    "hands. Bolts that are rusty are",
    "sent back to the store with the",
    "yellow form, which is signed by",
    "the head of the workshop.",
)


def test_columns_are_parted_by_a_gutter_hardly_wider_than_a_space() -> None:
    def draw(paper: FPDF) -> None:
        gap = max(paper.get_string_width(text) for text in LEFT) + 8
        together(lines(*LEFT), lines(*RIGHT, x=60 + gap))(paper)

    result = read(draw).markdown
    assert "They may be used again as long as they cannot be turned" in result
    assert "signed by the head of the workshop." in result


def test_a_stamp_up_the_margin_is_in_no_sentence_and_no_heading() -> None:
    def draw(paper: FPDF) -> None:
        with paper.rotation(90, 55, 160):
            paper.set_font("helvetica", size=20)
            paper.text(20, 160, "Draft 7 of the manual")
        lines(*LEFT)(paper)

    result = read(draw).markdown
    assert "held by a ring of fibre that presses on the thread. They" in result
    assert "# Draft" not in result and "Draft 7 of the manual" in result


@pytest.mark.parametrize(
    ("before", "mark", "after", "said"),
    [
        ("A pool has 10", "6", " litres.", "10⁶ litres"),
        ("It costs 30 euros", "2", " a day.", "30 euros2 a day"),
        ("The hall has 400 m", "2", " of floor.", "400 m2 of floor"),
        ("On the 3", "rd", " of May.", "the 3rd of May"),
        ("It is 30 m", "2", ".", "30 m2."),
    ],
)
@pytest.mark.parametrize("size", [6, 8.5])
def test_what_is_raised_stays_where_it_is_read(
    before: str, mark: str, after: str, said: str, size: float
) -> None:
    def draw(paper: FPDF) -> None:
        width = paper.get_string_width(before)
        paper.text(60, 100, before)
        paper.set_font_size(size)
        paper.text(60 + width, 96, mark)
        width += paper.get_string_width(mark)
        paper.set_font_size(10)
        paper.text(60 + width, 100, after)

    assert said in read(draw).markdown


def test_what_is_printed_over_itself_to_look_bold_is_read_once() -> None:
    draw = together(lines(*RIGHT), lines(*RIGHT, x=60.4))
    assert "Water is changed by Mona on every Wednesday." in read(draw).markdown


class TestCode:
    CODE = ("def door(n):", "    if n > 4:", "        open(n)")

    def drawn(self, *texts: str) -> Callable[[FPDF], None]:
        def draw(paper: FPDF) -> None:
            lines(*LEFT, y=60)(paper)
            paper.set_font("courier", size=9)
            for number, text in enumerate(texts):
                paper.text(60, 220 + 12 * number, text)

        return draw

    def test_stands_as_it_does_on_the_page(self) -> None:
        result = read(self.drawn(*self.CODE)).markdown
        assert result.endswith("\n".join(["```", *self.CODE, "```"]))

    def test_addresses_in_the_same_print_are_none(self) -> None:
        assert read(self.drawn("mona@bath.example")).markdown.endswith("\n\nmona@bath.example")

    def test_a_page_in_typewriter_letters_throughout_has_none(self) -> None:
        def draw(paper: FPDF) -> None:
            paper.set_font("courier", size=10)
            for number, text in enumerate(LEFT):
                paper.text(60, 100 + 14 * number, text)

        assert read(draw).markdown.endswith(" ".join(LEFT))


class TestLineEnds:
    def test_lines_of_names_and_values_stand_each_for_itself(self) -> None:
        rows = ("Report: R-1234", "Warehouse: Pori, East", "Date: 2024-11-15")
        result = read(together(lines(*LEFT), lines(*rows, y=300))).markdown
        assert "\n\n".join(rows) in result

    def test_a_line_that_had_room_for_the_next_word_ends_there(self) -> None:
        result = read(lines("Washing bolts", *RIGHT)).markdown
        assert f"Washing bolts\n\n{' '.join(RIGHT)}" in result

    def test_lines_of_signs_are_left_out(self) -> None:
        result = read(together(lines(*LEFT), lines("=" * 30, "-" * 30, y=300))).markdown
        assert result.endswith(LEFT[-1])

    def test_entries_far_shorter_than_the_lines_of_the_page_are_not_one(self) -> None:
        result = read(together(lines(" ".join(LEFT[:4])), lines("Call Bea", "Go home", y=200)))
        assert "Call Bea\n\nGo home" in result.markdown

    def test_a_long_name_near_the_next_column_s_is_none_of_it(self) -> None:
        def draw(paper: FPDF) -> None:
            for n, row in enumerate([("Product code", "Place"), ("K-7", "Roof"), ("K-9", "Gate")]):
                lines(row[0], y=100 + n * 20)(paper)
                lines(row[1], x=130, y=100 + n * 20)(paper)
                lines(str(40 + n) if n else "Count", x=220, y=100 + n * 20)(paper)

        assert "| Product code | Place | Count |" in read(draw).markdown

    def test_a_cell_in_the_first_column_may_have_two_lines(self) -> None:
        def draw(paper: FPDF) -> None:
            for n, row in enumerate([("Door", "Key"), ("Roof", "K1"), ("Gate of the", "K2")]):
                lines(row[0], y=100 + n * 30)(paper)
                lines(row[1], x=200, y=100 + n * 30)(paper)
            lines("north yard", y=171)(paper)

        assert "| Gate of the north yard | K2 |" in read(draw).markdown


class TestLists:
    @pytest.mark.parametrize("sign", ["l", "§", "Ø", "n"])
    def test_signs_of_symbol_fonts_are_bullets(self, sign: str) -> None:
        from knowledge.parsing.pdf.words import shown

        assert shown(sign, "abcdee+wingdings-regular") in "•▪➢■"
        assert shown(sign, "helvetica") == sign

    def test_numbers_far_to_the_left_stay_with_their_texts(self) -> None:
        draw = together(
            lines("1.", "2.", "3.", x=60, step=42),
            lines("Wash the bolts in the white basin.", "Dry them.", "Store them.", x=100, step=42),
        )
        assert "1. Wash the bolts in the white basin.\n2. Dry them." in read(draw).markdown


class TestBoxes:
    def test_a_cell_that_holds_a_list_is_read_as_text(self) -> None:
        prose = " ".join(LEFT + RIGHT)
        items = ("- wash the bolts", "- dry the bolts", "- store the bolts", "- sign the form")

        def draw(paper: FPDF) -> None:
            for x, title in ((60, "Nuts"), (300, "Bolts")):
                paper.rect(x, 100, 240, 320)
                paper.set_xy(x + 4, 104)
                paper.multi_cell(230, 14, "\n".join((title, prose, prose, *items)))

        result = read(draw).markdown
        assert "- wash the bolts\n- dry the bolts\n- store the bolts" in result
        assert "|" not in result

    def test_rows_that_no_lines_part_are_rows(self) -> None:
        names = ("Parts", "Body labour", "Paint labour", "Other", "Tax")
        costs = ("2,100", "300", "225", "", "278.46")

        def draw(paper: FPDF) -> None:
            paper.rect(60, 100, 200, 90)
            paper.rect(260, 100, 100, 90)
            paper.rect(60, 190, 200, 20)
            paper.rect(260, 190, 100, 20)
            together(
                lines(*names, x=66, y=115, step=15),
                lines(*costs, x=270, y=115, step=15),
                lines("Total", x=66, y=204),
                lines("2,903.46", x=270, y=204),
            )(paper)

        result = read(draw).markdown
        assert "| Paint labour | 225 |" in result and "| Total | 2,903.46 |" in result

    def test_a_header_of_two_rows_becomes_one(self) -> None:
        def draw(paper: FPDF) -> None:
            for x, y, width, height, text in (
                (60, 100, 90, 40, "Bath"),
                (150, 100, 180, 20, "Fee"),
                (150, 120, 90, 20, "Adult"),
                (240, 120, 90, 20, "Child"),
                (60, 140, 90, 20, "North"),
                (150, 140, 90, 20, "5"),
                (240, 140, 90, 20, "3"),
            ):
                paper.set_xy(x, y)
                paper.cell(width, height, text, border=1)

        assert "| Bath | Fee: Adult | Fee: Child |" in read(draw).markdown

    def test_values_below_each_other_in_one_row_are_rows(self) -> None:
        cells = (("6",), ("OTSL", "HTML"), ("0.96", "0.97"), ("2.7", "5.4"))

        def draw(paper: FPDF) -> None:
            for column, texts in enumerate((("Layers",), ("Format",), ("Score",), ("Seconds",))):
                lines(*texts, x=64 + 90 * column, y=113)(paper)
                lines(*cells[column], x=64 + 90 * column, y=133)(paper)
                paper.rect(60 + 90 * column, 100, 90, 20)
                paper.rect(60 + 90 * column, 120, 90, 40)

        assert "| 6 | OTSL | 0.96 | 2.7 |\n| 6 | HTML | 0.97 | 5.4 |" in read(draw).markdown
