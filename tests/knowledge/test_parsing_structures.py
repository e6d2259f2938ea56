"""Structures of pages and documents as a person sees them: cells, nested lists, terms, numbers."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import docx
import pytest
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from knowledge.parsing import parse


def page(body: str) -> str:
    return parse("pool.html", f"<main><h1>Pool</h1>{body}</main>".encode()).markdown


@pytest.mark.parametrize("name", ["pool.html", "pool.md"])
def test_a_power_is_no_part_of_its_number(name: str) -> None:
    result = parse(name, b"<p>It holds 10<sup>6</sup> litres on 50 m<sup>2</sup>.</p>\n")
    assert "It holds 10⁶ litres on 50 m2." in result.markdown


def test_lines_of_a_cell_are_parted() -> None:
    rows = (
        "<tr><th>Site</th><th>Where</th></tr>"
        "<tr><td>North</td><td>Room 5<br>Ask for Bea<br>and ring twice</td></tr>"
        "<tr><td>South</td><td><p>Open:</p><ul><li>Monday</li><li>Friday</li></ul></td></tr>"
    )
    result = page(f"<table>{rows}</table>")
    assert "| North | Room 5; Ask for Bea and ring twice |" in result
    assert "| South | Open: Monday; Friday |" in result


def test_code_in_a_cell_stays_in_its_row() -> None:
    rows = (
        "<tr><th>Task</th><th>Command</th></tr>"
        "<tr><td>Restart</td><td><pre>relay restart</pre></td></tr>"
    )
    assert "| Restart | `relay restart` |" in page(f"<table>{rows}</table>")


def test_a_row_of_a_pivot_table_that_only_names_its_group_is_none() -> None:
    rows = (
        "<tr><th>Year</th><th>Month</th><th>Fee</th></tr>"
        "<tr><th rowspan='3'>2025</th></tr>"
        "<tr><td>May</td><td>5</td></tr><tr><td>June</td><td>7</td></tr>"
    )
    assert page(f"<table>{rows}</table>").endswith(
        "| Year | Month | Fee |\n| --- | --- | --- |\n| 2025 | May | 5 |\n| 2025 | June | 7 |"
    )


def test_a_level_that_was_left_out_of_a_list_leaves_no_mark() -> None:
    result = page("<ul><li>Baths<ul><li><ul><li>North</li><li>South</li></ul></li></ul></li></ul>")
    assert result.endswith("- Baths\n  - North\n  - South")


def test_terms_within_an_explanation_are_terms() -> None:
    inner = "<dl><dt>Adult</dt><dd>5 euros</dd><dt>Child</dt><dd>3 euros</dd></dl>"
    result = page(f"<dl><dt>Fees</dt><dd>By age.{inner}</dd></dl>")
    assert "**Fees**: By age.\n\n**Adult**: 5 euros\n\n**Child**: 3 euros" in result


# --- Word ---------------------------------------------------------------------------------------


def numbered(document: Any, *levels: tuple[str, str]) -> Any:
    """A list definition of a document: by level, its format and text; what makes its items."""
    numbering = document.part.numbering_part.element
    name = str(100 + len(numbering))
    inner = "".join(
        f'<w:lvl w:ilvl="{n}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/>'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
        for n, (kind, text) in enumerate(levels)
    )
    numbering.insert(
        0,
        parse_xml(
            f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{name}">{inner}</w:abstractNum>'
        ),
    )
    numbering.append(
        parse_xml(
            f'<w:num {nsdecls("w")} w:numId="{name}"><w:abstractNumId w:val="{name}"/></w:num>'
        )
    )

    def item(text: str, level: int = 0, style: str | None = None) -> None:
        properties = document.add_paragraph(
            text, style=style
        ).paragraph_format.element.get_or_add_pPr()
        numbered = properties.get_or_add_numPr()
        numbered.get_or_add_ilvl().val = level
        numbered.get_or_add_numId().val = int(name)

    return item


def word(fill: Callable[[Any], None]) -> str:
    document = docx.Document()
    fill(document)
    buffer = io.BytesIO()
    document.save(buffer)
    return parse("lease.docx", buffer.getvalue()).markdown


CLAUSES = (("decimal", "%1."), ("decimal", "%1.%2"), ("lowerLetter", "(%3)"))


class TestNumbersOfWord:
    def test_clauses_have_the_numbers_that_people_refer_to(self) -> None:
        def fill(document: Any) -> None:
            item = numbered(document, *CLAUSES)
            item("Term", style="Heading 1")
            item("The lease ends in May.", 1)
            item("It may be ended early:", 1)
            item("by the tenant", 2)
            item("by the owner", 2)
            item("Rent", style="Heading 1")
            item("The rent is due on the first.", 1)

        assert word(fill) == (
            "# 1. Term\n\n- 1.1 The lease ends in May.\n- 1.2 It may be ended early:\n"
            "  - (a) by the tenant\n  - (b) by the owner\n\n"
            "# 2. Rent\n\n- 2.1 The rent is due on the first."
        )

    def test_steps_go_on_behind_what_stands_between_them(self) -> None:
        def fill(document: Any) -> None:
            item = numbered(document, *CLAUSES)
            item("Open the valve.")
            item("Wait.")
            document.add_paragraph("The light turns green.")
            item("Close the valve.")

        assert word(fill).endswith("2. Wait.\n\nThe light turns green.\n\n3. Close the valve.")

    @pytest.mark.parametrize(
        ("kind", "text", "labels"),
        [
            ("upperRoman", "Article %1", ["Article I", "Article II", "Article III", "Article IV"]),
            ("upperLetter", "%1)", ["A)", "B)", "C)", "D)"]),
            ("decimalZero", "%1", ["01", "02", "03", "04"]),
            ("ordinal", "%1", ["1st", "2nd", "3rd", "4th"]),
        ],
    )
    def test_are_written_as_word_writes_them(self, kind: str, text: str, labels: list[str]) -> None:
        def fill(document: Any) -> None:
            item = numbered(document, (kind, text))
            for _ in labels:
                item("Say so.")

        assert word(fill).split("\n") == [f"- {label} Say so." for label in labels]


class TestBoxesOfWord:
    def test_ticked_boxes_differ_from_others(self) -> None:
        def box(text: str, is_on: int) -> Any:
            w14 = "http://schemas.microsoft.com/office/word/2010/wordml"
            sign = "☒" if is_on else "☐"
            return parse_xml(
                f'<w:p {nsdecls("w")} xmlns:w14="{w14}"><w:sdt><w:sdtPr><w14:checkbox>'
                f'<w14:checked w14:val="{is_on}"/></w14:checkbox></w:sdtPr><w:sdtContent><w:r>'
                f"<w:t>{sign}</w:t></w:r></w:sdtContent></w:sdt><w:r><w:t> {text}</w:t></w:r></w:p>"
            )

        def fill(document: Any) -> None:
            for text, is_on in (("Parking", 1), ("Storage", 0)):
                document.element.body.insert(0, box(text, is_on))

        assert word(fill) == "☐ Storage\n\n☒ Parking"


class TestCodeOfWord:
    @staticmethod
    def typed(document: Any, *texts: str) -> None:
        for text in texts:
            document.add_paragraph().add_run(text).font.name = "Courier New"

    def test_lines_in_typewriter_letters_are_code(self) -> None:
        def fill(document: Any) -> None:
            document.add_paragraph("Restart the relay when its light has been red for a minute.")
            document.add_paragraph("Then look at its queue, and tell the desk what it says.")
            self.typed(document, "relay stop", "    relay start --now")

        assert word(fill).endswith("```\nrelay stop\n    relay start --now\n```")

    def test_a_letter_in_such_print_is_none(self) -> None:
        assert "```" not in word(lambda document: self.typed(document, "Dear Bea;", "Yours, Cem"))


def test_a_page_inside_a_word_file_is_read_where_it_stands() -> None:
    document = docx.Document()
    document.add_paragraph("Before.")
    part = Part(
        PackURI("/word/chunk.html"),
        "text/html",
        b"<html><body><p>The gate is shut at ten.</p></body></html>",
        document.part.package,
    )
    name = document.part.relate_to(
        part, "http://schemas.openxmlformats.org/officeDocument/2006/relationships/aFChunk"
    )
    document.element.body.insert(1, parse_xml(f'<w:altChunk {nsdecls("w", "r")} r:id="{name}"/>'))
    document.add_paragraph("After.")
    buffer = io.BytesIO()
    document.save(buffer)
    result = parse("gate.docx", buffer.getvalue()).markdown
    assert result == "Before.\n\nThe gate is shut at ten.\n\nAfter."
