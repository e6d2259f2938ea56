"""Workbooks and CSV files: cells as their program shows them, each under its own header."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl
import pytest
from openpyxl.comments import Comment

from knowledge.parsing import ParsedDocument, parse
from knowledge.parsing.office.number_formats import shown

Fill = Callable[[Any], None]


def workbook(fill: Fill) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "Pool"
    fill(book.active)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def read(fill: Fill) -> ParsedDocument:
    return parse("pool.xlsx", workbook(fill))


def rows_of(fill: Fill) -> list[str]:
    return [line for line in read(fill).markdown.split("\n") if line.startswith("|")]


def table(*rows: list[object]) -> Fill:
    def fill(sheet: Any) -> None:
        for row in rows:
            sheet.append(row)

    return fill


class TestCells:
    @pytest.mark.parametrize(
        ("value", "number_format", "seen"),
        [
            (12.5, "€#,##0.00", "€12.50"),
            (1250, '#,##0.00 "€"', "1,250.00 €"),
            (1250, "#,##0.00 [$EUR]", "1,250.00 EUR"),
            (-3, "#,##0;[Red](#,##0)", "(3)"),
            (0, '0.00;-0.00;"free"', "free"),
            (321, "00000", "00321"),
            (0.125, "0.0%", "12.5%"),
            (7, '0" days"', "7 days"),
            (5551234567, "000-000-0000", "555-123-4567"),
            (1.5, "# ?/?", "1 1/2"),
            (1500000, '0.0,,"M"', "1.5M"),
            (2.0, "General", "2"),
            (5, ";;;", ""),
            (150, '[<100]"low "0;[>=100]"high "0', "high 150"),
            (timedelta(hours=36), "[h]:mm", "36:00"),
            (timedelta(minutes=95), "[mm]:ss", "95:00"),
            (time(7, 30), "h:mm:ss", "07:30"),
            (datetime(2026, 1, 2), "dd/mm/yyyy", "2026-01-02"),
            (datetime(2026, 1, 2, 14, 5), "dd/mm/yyyy hh:mm", "2026-01-02 14:05"),
            (date(2026, 1, 2), "d mmmm yyyy", "2 January 2026"),
            (date(2026, 1, 2), "mmm yyyy", "Jan 2026"),
            (datetime(2026, 3, 4, 14, 5), "ddd d mmm yyyy h:mm", "Wed 4 Mar 2026 14:05"),
            (time(0, 7, 30), "mm:ss", "07:30"),
            (7, "@", "7"),
            ("B", '0;0;0;"Lane "@', "Lane B"),
            (True, "General", "TRUE"),
            ("#REF!", "General", ""),
        ],
    )
    def test_show_what_excel_shows(self, value: object, number_format: str, seen: str) -> None:
        assert shown(value, number_format) == seen

    def test_merged_ones_count_for_every_row(self) -> None:
        def fill(sheet: Any) -> None:
            table(["Bath", "Day", "Guard"], ["North", "Mon", "Bea"], [None, "Tue", "Cem"])(sheet)
            sheet.merge_cells("A2:A3")

        assert rows_of(fill)[2:] == ["| North | Mon | Bea |", "| North | Tue | Cem |"]

    def test_a_merged_title_is_a_line_and_groups_of_columns_are_part_of_their_names(self) -> None:
        def fill(sheet: Any) -> None:
            table(["Fees"], ["Who", "Summer"], [None, "Adult", "Child"], ["Guest", 5, 3])(sheet)
            for merged in ("A1:C1", "B2:C2", "A2:A3"):
                sheet.merge_cells(merged)

        assert read(fill).markdown.split("\n\n")[1] == "Fees"
        assert rows_of(fill) == [
            "| Who | Summer: Adult | Summer: Child |",
            "| --- | --- | --- |",
            "| Guest | 5 | 3 |",
        ]

    def test_lead_where_they_are_linked_to(self) -> None:
        def fill(sheet: Any) -> None:
            table(["Form", "Where"], ["Locker", "open"])(sheet)
            sheet["B2"].hyperlink = "https://forms.example.org/locker"

        assert rows_of(fill)[-1] == "| Locker | open (https://forms.example.org/locker) |"

    def test_links_by_formulas_are_words_and_addresses_whether_they_were_computed_or_not(
        self,
    ) -> None:
        url = "https://forms.example.org/locker"
        fill = table(
            ["Form", "Where"],
            ["Locker", f'=HYPERLINK("{url}","open ""it""")'],
            ["Key", f'=HYPERLINK("{url}")'],
            ["Boat", "=HYPERLINK(A1&A2)"],
        )
        assert rows_of(fill)[2:] == [
            f'| Locker | open "it" ({url}) |',
            f"| Key | {url} |",
            "| Boat | (formula without a stored value) |",
        ]

    def test_a_formula_that_nobody_computed_is_told_and_not_empty(self) -> None:
        parsed = read(table(["Team", "Budget"], ["Pool", "=2*3"], ["Sauna", 5]))
        assert "| Pool | (formula without a stored value) |" in parsed.markdown
        assert [(each.kind, each.where) for each in parsed.left_out] == [
            ("formulas without a stored value", "Pool B2")
        ]


class TestWhatIsHidden:
    def test_is_not_read_and_told(self) -> None:
        def fill(sheet: Any) -> None:
            table(["What", "Price", "Cost"], ["Tent", 31, 14], ["Lamp", 20, 9])(sheet)
            sheet.column_dimensions["C"].hidden = True
            sheet.row_dimensions[3].hidden = True
            sheet.parent.create_sheet("Back").append(["secret", "x"])
            sheet.parent["Back"].sheet_state = "hidden"

        parsed = read(fill)
        assert rows_of(fill) == ["| What | Price |", "| --- | --- |", "| Tent | 31 |"]
        assert [(each.kind, each.where) for each in parsed.left_out] == [
            ("hidden sheets", "Back"),
            ("hidden rows", "Pool 3"),
            ("hidden columns", "Pool C"),
        ]

    def test_rows_and_columns_without_any_height_are_hidden_too(self) -> None:
        flat = io.BytesIO()
        content = workbook(table(["What", "Price"], ["Tent", 31], ["Lamp", 20]))
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(flat, "w") as new:
            for name in old.namelist():
                new.writestr(name, old.read(name).replace(b'<row r="3"', b'<row r="3" ht="0"'))
        parsed = parse("pool.xlsx", flat.getvalue())
        assert "Lamp" not in parsed.markdown
        assert [each.kind for each in parsed.left_out] == ["hidden rows"]


class TestTables:
    def test_side_by_side_are_two(self) -> None:
        fill = table(
            ["Room", "Seats", None, "Person", "Phone"],
            ["Elk", 3, None, "Bea", 4411],
            ["Owl", 5, None, "Cem", 4412],
            ["Fox", 7],
        )
        assert read(fill).markdown.count("| --- | --- |") == 2
        assert "| Elk | 3 |" in rows_of(fill)
        assert "| Bea | 4411 |" in rows_of(fill)

    def test_a_column_left_empty_parts_no_table(self) -> None:
        fill = table(["Item", None, "Price", "Share"], ["Tea", None, 3, 0.5], ["Bun", None, 2, 0.1])
        assert rows_of(fill)[-1] == "| Bun | 2 | 0.1 |"

    @pytest.mark.parametrize(
        "right",
        [
            [("Level", "Fee", "Note"), (1, 40, "cellar"), (2, 31, "roof"), (3, 22, "attic")],
            [("Months", "Share"), (6, "5 %"), (12, "10 %")],
            [("Year", "Boats"), (2024, 31), (2025, 40), (2026, 44)],
        ],
    )
    def test_one_on_the_right_whose_first_column_is_of_numbers_is_one(
        self, right: list[tuple[object, ...]]
    ) -> None:
        def fill(sheet: Any) -> None:
            table(["Room", "Seats"], ["Elk", 3], ["Owl", 5], ["Fox", 7])(sheet)
            for row, cells in enumerate(right, 1):
                for column, cell in enumerate(cells, 4):
                    sheet.cell(row, column, cell)

        rows = rows_of(fill)
        assert rows[:5] == [
            "| Room | Seats |",
            "| --- | --- |",
            "| Elk | 3 |",
            "| Owl | 5 |",
            "| Fox | 7 |",
        ]
        assert rows[5] == "| " + " | ".join(map(str, right[0])) + " |"
        assert rows[7] == "| " + " | ".join(map(str, right[1])) + " |"

    def test_three_rows_of_names_become_one(self) -> None:
        def fill(sheet: Any) -> None:
            table(
                ["Bath", 2026],
                [None, "Summer", None, "Winter"],
                [None, "Adult", "Child", "Adult", "Child"],
                ["North", 5, 3, 4, 2],
            )(sheet)
            for merged in ("A1:A3", "B1:E1", "B2:C2", "D2:E2"):
                sheet.merge_cells(merged)

        assert rows_of(fill)[0] == (
            "| Bath | 2026: Summer: Adult | 2026: Summer: Child "
            "| 2026: Winter: Adult | 2026: Winter: Child |"
        )

    def test_merged_rows_inside_part_sections_that_share_the_header(self) -> None:
        def fill(sheet: Any) -> None:
            table(["Boat", "Fee", "Left"], ["Summer"], ["Canoe", 12, 3], ["Winter"], ["Sledge", 5])(
                sheet
            )
            sheet.merge_cells("A2:C2")
            sheet.merge_cells("A4:C4")

        assert read(fill).markdown.split("\n\n")[1:] == [
            "Summer",
            "| Boat | Fee | Left |\n| --- | --- | --- |\n| Canoe | 12 | 3 |",
            "Winter",
            "| Boat | Fee | Left |\n| --- | --- | --- |\n| Sledge | 5 | |",
        ]

    def test_below_a_merged_title_with_names_of_its_own_begins_another(self) -> None:
        def fill(sheet: Any) -> None:
            table(
                ["Fees"], ["Who", "Fee"], ["Adult", 5], ["Hours"], ["Day", "Open"], ["Mon", "8-12"]
            )(sheet)
            sheet.merge_cells("A1:B1")
            sheet.merge_cells("A4:B4")

        assert read(fill).markdown.endswith(
            "| Adult | 5 |\n\nHours\n\n| Day | Open |\n| --- | --- |\n| Mon | 8-12 |"
        )

    def test_one_below_the_other_have_their_own_headers(self) -> None:
        fill = table(["Bath", "Fee"], ["North", 5], [], ["Guard", "Phone"], ["Bea", 4411])
        assert "| Guard | Phone |\n| --- | --- |\n| Bea | 4411 |" in read(fill).markdown

    def test_years_name_columns_of_amounts(self) -> None:
        assert (
            rows_of(table(["Bath", 2025, 2026], ["North", 310, 320.5]))[0]
            == "| Bath | 2025 | 2026 |"
        )

    def test_years_among_years_do_not(self) -> None:
        rows = rows_of(table(["North", 1990], ["South", 1995], ["East", 2001]))
        assert rows[0] == "| | |"

    def test_a_sentence_below_is_no_row(self) -> None:
        fill = table(["Bath", "Fee"], ["North", 5], ["Prices of May, set by the pool board."])
        assert read(fill).markdown.endswith(
            "| North | 5 |\n\nPrices of May, set by the pool board."
        )

    def test_a_chart_s_numbers_are_a_table(self) -> None:
        from openpyxl.chart import BarChart, Reference

        def fill(sheet: Any) -> None:
            table(["Month", "Visits"], ["May", 120], ["June", 180])(sheet)
            chart = BarChart()
            chart.title = "Visits by month"
            chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=3), titles_from_data=True)
            sheet.add_chart(chart, "E2")

        assert "**Visits by month**" in read(fill).markdown


def test_strict_open_xml_is_read() -> None:
    content = workbook(table(["Pool", "Fee"], ["Indoor", "2 EUR"]))
    strict = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(strict, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            for kind in (b"spreadsheetml", b"officeDocument"):
                part = part.replace(
                    b"http://schemas.openxmlformats.org/" + kind + b"/2006/",
                    b"http://purl.oclc.org/ooxml/" + kind + b"/",
                )
            new.writestr(name, part)
    assert "| Indoor | 2 EUR |" in parse("pool.xlsx", strict.getvalue()).markdown


class TestCsv:
    def read(self, text: str) -> list[str]:
        return parse("keys.csv", text.encode()).markdown.split("\n")

    def test_excel_s_line_about_the_separator_is_obeyed_and_not_shown(self) -> None:
        assert self.read("sep=|\nDoor|Key, spare\nRoof|Maud\n")[0] == "| Door | Key, spare |"

    def test_a_comment_above_the_table_is_no_heading(self) -> None:
        read = self.read("# Source: the depot\nItem,Count\nRope,12\nHook,7\n")
        assert read[0] == "Source: the depot"
        assert "| Item | Count |" in read

    def test_lines_above_the_table_are_text(self) -> None:
        lines = self.read("Export of May\n\nDoor;Code\nRoof;K-5,3\nCellar;K-6,1\n")
        assert lines[0] == "Export of May"
        assert lines[2] == "| Door | Code |"

    def test_without_a_header_the_first_row_is_data(self) -> None:
        assert self.read("Front,ext 10,Ann\nPay,ext 24,Bob\n")[2] == "| Front | ext 10 | Ann |"
        assert self.read("Ann,ann@x.example\nBob,bob@x.example\n")[2] == "| Ann | ann@x.example |"

    def test_words_above_words_are_a_header(self) -> None:
        assert self.read("City,Guard\nOslo,Ann\nBergen,Bob\n")[0] == "| City | Guard |"

    def test_blanks_behind_commas_and_marks_for_excel_are_none_of_the_fields(self) -> None:
        lines = self.read('Door, Code, Who\nRoof, ="007", "Ann, Bob"\nGate, ="012", "Cem"\n')
        assert lines[2] == "| Roof | 007 | Ann, Bob |"

    def test_decimal_commas_part_no_cells(self) -> None:
        assert self.read("Tea;3,50\nBun;2,20\n")[2] == "| Tea | 3,50 |"

    def test_a_very_long_field_is_read(self) -> None:
        long = "word " * 40_000
        assert self.read(f'Door,Note\nRoof,"{long}"\nCellar,short\n')[-1] == "| Cellar | short |"


class TestSheetsThatPeopleArrange:
    @staticmethod
    def read(fill: Callable[[Any], None]) -> str:
        book = openpyxl.Workbook()
        fill(book.active)
        buffer = io.BytesIO()
        book.save(buffer)
        return parse("fees.xlsx", buffer.getvalue()).markdown

    @staticmethod
    def put(sheet: Any, row: int, column: int, *rows: tuple[Any, ...]) -> None:
        for down, cells in enumerate(rows):
            for right, cell in enumerate(cells):
                sheet.cell(row + down, column + right, cell)

    def test_a_table_that_begins_lower_beside_another_is_one_of_its_own(self) -> None:
        def fill(sheet: Any) -> None:
            self.put(sheet, 1, 1, ("Year", "Fee"), (2023, 5), (2024, 6), (2025, 7), (2026, 8))
            self.put(sheet, 3, 4, ("Size", "Boats"), (1, 40), (2, 31))

        result = self.read(fill)
        assert "| 2026 | 8 |\n\n| Size | Boats |\n| --- | --- |\n| 1 | 40 |" in result

    def test_tables_beside_each_other_by_the_same_years_are_two(self) -> None:
        def fill(sheet: Any) -> None:
            self.put(sheet, 1, 1, ("Year", "Fee"), (2023, 5), (2024, 6))
            self.put(sheet, 1, 4, ("Year", "Boats"), (2023, 40), (2024, 31))

        assert "| 2024 | 6 |\n\n| Year | Boats |\n| --- | --- |\n| 2023 | 40 |" in self.read(fill)

    def test_a_unit_and_a_time_above_the_header_are_no_header(self) -> None:
        def fill(sheet: Any) -> None:
            self.put(
                sheet,
                1,
                1,
                ("In euros", None, None, "May 2026"),
                ("Bath", "Adult", "Child", "Group"),
                ("North", 5, 3, 20),
                ("South", 6, 4, 25),
            )

        assert self.read(fill).endswith(
            "In euros\n\nMay 2026\n\n| Bath | Adult | Child | Group |\n| --- | --- | --- | --- |\n"
            "| North | 5 | 3 | 20 |\n| South | 6 | 4 | 25 |"
        )

    def test_lines_of_a_cell_are_parted(self) -> None:
        def fill(sheet: Any) -> None:
            self.put(sheet, 1, 1, ("Bath", "Where"), ("North", "Room 5\nAsk for Bea"))

        assert "| North | Room 5; Ask for Bea |" in self.read(fill)

    def test_remarks_at_cells_are_told(self) -> None:
        book = openpyxl.Workbook()
        book.active.append(["North", 5])
        book.active["B1"].comment = Comment("Is that so?", "Cem")
        buffer = io.BytesIO()
        book.save(buffer)
        parsed = parse("fees.xlsx", buffer.getvalue())
        assert [(each.kind, each.count) for each in parsed.left_out] == [("comments", 1)]
