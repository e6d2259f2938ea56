"""Structures of pages and documents as a person sees them: cells, nested lists, terms, numbers."""

from __future__ import annotations

import pytest

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
