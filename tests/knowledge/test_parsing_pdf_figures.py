"""Columns of figures on PDF pages that end below each other, however narrow the gap before them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from fpdf import FPDF

from tests.knowledge.test_parsing_pdf import lines, read, together

Rows = Sequence[Sequence[str]]


def figures(rows: Rows, ends: Sequence[float], y: float = 100) -> Callable[[FPDF], None]:
    """Rows with a name at the left, and figures that end at ``ends``."""

    def draw(paper: FPDF) -> None:
        for number, (name, *cells) in enumerate(rows):
            paper.text(60, y + 14 * number, name)
            for end, cell in zip(ends, cells, strict=True):
                paper.text(end - paper.get_string_width(cell), y + 14 * number, cell)

    return draw


def written(rows: Rows) -> str:
    first, *others = ("| " + " | ".join(row).replace("  ", " ") + " |" for row in rows)
    return "\n".join([first, "|" + " --- |" * len(rows[0]), *others]).replace("|  |", "| |")


PRICES = (
    ("Ticket", "2024", "2025", "2026"),
    ("Adults", "12.00", "14.50", "115.00"),
    ("Children", "6.00", "7.50", "8.00"),
    ("Families of five", "25.00", "27.00", "1,130.00"),
    ("Dogs", "0.00", "1.00", "1.50"),
)
FUNDS = (
    ("Fund", "1 year", "3 years", "Since start"),
    ("Bonds", "-1.2 %", "3.4 %", "12.0 %"),
    ("Shares of Europe", "10.2 %", "-31.0 %", "140.4 %"),
    ("Cash", "0.1 %", "(0.2) %", "0.3 %"),
)
STAFF = (
    ("Region", "Staff", "Pay", "Cars"),
    ("North", "1,204", "98,211", "7"),
    ("East coast", "5", "410", "1"),
    ("West", "12,377", "1,004,811", "121"),
)
SHORT = (("Item", "Price"), ("Towel rental", "3.50"), ("Sauna", "11.00"))


@pytest.mark.parametrize(
    ("rows", "ends"),
    [
        (PRICES, (190, 228, 270)),
        (PRICES, (175, 205, 247)),
        (FUNDS, (180, 220, 275)),
        (STAFF, (150, 198, 232)),
        (SHORT, (146,)),
    ],
)
def test_each_stands_under_its_name(rows: Rows, ends: Sequence[float]) -> None:
    assert written(rows) in read(figures(rows, ends)).markdown


def test_they_are_parted_below_and_above_prose_which_stays_whole() -> None:
    above = lines("The prices of the pool hold for all days of the year, and they", "rise.", y=60)
    below = lines("Ask Bea in room 4 about cards for ten visits, which cost nine", "more.", y=190)
    result = read(together(above, figures(PRICES, (175, 205, 247)), below)).markdown
    assert "all days of the year, and they rise." in result and written(PRICES) in result
    assert "Ask Bea in room 4 about cards for ten visits, which cost nine more." in result


def test_names_of_groups_above_two_lines_of_names_are_joined() -> None:
    names = ("", "Fee", "Fee"), ("Bath", "adult", "child")
    rows = ("North", "12.00", "6.00"), ("South", "9.00", "4.50"), ("East", "10.00", "5.00")
    result = read(figures((*names, *rows), (140, 170))).markdown
    assert "| Bath | Fee: adult | Fee: child |" in result and "| East | 10.00 | 5.00 |" in result


@pytest.mark.parametrize(
    "texts",
    [
        ("In 2024 there were 12 guards and 14 boats, of which 3 were",
         "sold. In 2025 there were 11 guards and 13 boats, of which 2 were",
         "lost. In 2026 there are 10 guards and 12 boats, of which none was",
         "sold or lost so far. Bea counts them each year in March."),
        ("Week 1 begins with the tests", "week 2 begins with the baths",
         "week 3 begins with the doors", "week 4 begins with the lamps."),
    ],
)  # fmt: skip
def test_sentences_with_figures_are_no_columns(texts: Sequence[str]) -> None:
    assert " ".join(texts) in read(lines(*texts)).markdown


def test_numbers_before_lines_are_no_column() -> None:
    texts = ("1. Take 12 towels", "2. Take 30 caps", "10. Put 5 back", "11. Count 37")
    assert "\n".join(texts) in read(lines(*texts)).markdown
