"""What editors leave in Markdown is read as it is meant: bold marks, line breaks, headings."""

from __future__ import annotations

import pytest

from knowledge.parsing import parse
from knowledge.text.sentences import split_units


def read(text: str) -> str:
    return parse("x.md", text.encode()).markdown


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("A **refund&#x20;**within 30 days.", "A **refund** within 30 days."),
        ("A **refund **within 30 days.", "A **refund** within 30 days."),
        ("A** refund** within 30 days.", "A **refund** within 30 days."),
        ("**Note:**ask first.", "**Note:** ask first."),
        ("**One **and **two** and** three**.", "**One** and **two** and **three**."),
        ("Mind **`make`**and **this **too.", "Mind **`make`** and **this** too."),
        ("Five&nbsp;days.&#x20;", "Five days."),
        ("See `a&nbsp;b`.", "See `a&nbsp;b`."),
    ],
)
def test_marks_touch_the_words_that_they_mark(written: str, meant: str) -> None:
    assert read(written) == meant


@pytest.mark.parametrize(
    "text",
    [
        "2 ** 3 ** 4 is large.",
        "An **odd one.\n\nAnd **bold** here.",
        "**Good** as it is, **too**.",
        "Some \\*\\*stars \\*\\*only.",
        "**a** ** **",
    ],
)
def test_what_is_written_otherwise_stays(text: str) -> None:
    assert read(text) == text


def test_a_backslash_at_a_lines_end_is_a_line_break() -> None:
    said = read("Ask within 30 days.\\\nWrite to the desk.")
    assert "\\" not in said
    assert [u.text for u in split_units(said)] == ["Ask within 30 days.", "Write to the desk."]


def test_a_break_in_html_is_a_line_break() -> None:
    assert read("4 The Quay<br>Leeds<br/>LS10 1PZ") == "4 The Quay  \nLeeds  \nLS10 1PZ"


def test_a_heading_needs_no_space() -> None:
    text = "#Refunds\n\nAsk.\n\n##Exceptions\nNone.\n\n### By mail\n"
    assert [u.text for u in split_units(read(text)) if u.kind == "heading"] == [
        "Refunds",
        "Exceptions",
        "By mail",
    ]


@pytest.mark.parametrize("text", ["#help is a channel.", "#1 is first.", "#Refunds #Money\n\nA."])
def test_a_channel_a_number_and_tags_are_no_heading(text: str) -> None:
    assert all(unit.kind != "heading" for unit in split_units(read(text)))


def test_marks_in_code_stay() -> None:
    code = "```\n##no heading\n2 **x **y\\\n&nbsp;\n```"
    assert read(f"Run:\n\n{code}") == f"Run:\n\n{code}"
