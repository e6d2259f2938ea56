"""Tables drawn in Markdown, nested callouts and what else its dialects write, read as meant."""

from __future__ import annotations

import pytest

from knowledge.parsing import parse


def read(text: str) -> str:
    return parse("x.md", text.encode()).markdown


GRID = """\
+-------+----------+
| Site  | Guard    |
+:=====:+:=========+
| North | Bea, who |
|       | is new   |
+-------+----------+
| South | - Cem    |
|       | - Dan    |
+-------+----------+
"""
SPANNING = """\
+---------------------+----------+
| Property            | Earth    |
+=============+=======+==========+
|             | min   | -89.2 C  |
| Temperature +-------+----------+
|             | max   | 56.7 C   |
+-------------+-------+----------+
"""
SIMPLE = """\
  Right     Left     Center
-------     ------ ----------
     12     12        12
    123     123       123

Table: Widths.
"""
MULTILINE = """\
---------------------------------------------
 Centered   Default           Right Left
  Header    Aligned         Aligned Aligned
----------- ------- --------------- ---------
   First    row                12.0 A row of
                                    two lines

  Second    row                 5.0 Another
---------------------------------------------
"""
BARE = """\
-----     ------ ------
   12     12        12
  123     123      123
-----     ------ ------
"""


class TestDrawnTables:
    @pytest.mark.parametrize(
        ("drawn", "rows"),
        [
            (GRID, ["| Site | Guard |", "| North | Bea, who is new |", "| South | Cem; Dan |"]),
            (SPANNING, ["| Property | Property | Earth |", "| Temperature | max | 56.7 C |"]),
            (SIMPLE, ["| Right | Left | Center |", "| 123 | 123 | 123 |"]),
            (MULTILINE, ["| Centered Header | Default Aligned | Right Aligned | Left Aligned |",
                         "| First | row | 12.0 | A row of two lines |",
                         "| Second | row | 5.0 | Another |"]),
            (BARE, ["| | | |", "| 12 | 12 | 12 |", "| 123 | 123 | 123 |"]),
        ],
    )  # fmt: skip
    def test_are_tables(self, drawn: str, rows: list[str]) -> None:
        result = read(f"Before.\n\n{drawn}\nAfter.")
        assert result.startswith("Before.\n\n| ") and result.endswith("\n\nAfter.")
        assert [row for row in rows if row not in result.split("\n")] == []
        assert "----" not in result and "+" not in result

    def test_say_what_they_are_about_below_them(self) -> None:
        assert read(SIMPLE).endswith("|\n\nWidths.")

    def test_stand_in_admonitions_too(self) -> None:
        indented = "".join(f"    {line}\n" for line in GRID.splitlines())
        assert "| North | Bea, who is new |" in read(f"!!! note\n{indented}").split("\n")

    @pytest.mark.parametrize(
        "text",
        [
            f"```\n{GRID}```",
            "Text.\n\n--- ---\n\nMore text.",
            "Title\n-----\n\nText.",
            "One sentence on a line\n---- ----\nthat runs across both of them.",
            "a + b + c\n\n1 +-- 2",
        ],
    )
    def test_are_not_what_only_looks_like_it(self, text: str) -> None:
        assert read(text) == text


class TestCallouts:
    def test_nested_ones_leave_no_marks(self) -> None:
        text = "> [!tip]- Folded\n> Inside.\n> - one\n>> [!note] Nested\n>> Deep.\n\nText."
        assert read(text) == "**Folded**\n\nInside.\n- one\n\n**Nested**\n\nDeep.\n\nText."

    def test_of_columns_have_no_number_for_a_title(self) -> None:
        text = "::::{grid} 1 2\n:::{grid-item-card} Pool\nOpen.\n:::\n::::"
        assert read(text) == "**Pool**\n\nOpen."


@pytest.mark.parametrize(
    ("written", "reads"),
    [
        ("It holds here^[Only in Turku.].", "It holds here (Only in Turku.)."),
        ("H~2~O and 10^6^ litres.", "H2O and 10⁶ litres."),
        ("Text.\n\n[//]: # (A remark)\n[comment]: <> (Another)", "Text."),
        ("<details><summary><b>Who signs?</b></summary>Bea signs.</details>",
         "**Who signs?**\n\nBea signs."),
        ("Text.\n\n<div style='display: none'>Secret.</div>\n<span hidden>Secret.</span>", "Text."),
        ("Press <kbd>Ctrl</kbd>+<kbd>C</kbd>, <mark>twice</mark>.", "Press Ctrl+C, twice."),
        ("| A | B |\n|---|---|\n| a | One<br>Two<br/>three |",
         "| A | B |\n|---|---|\n| a | One; Two three |"),
        ("<table><tr><th>A</th></tr>\n<tr><td>`x`</td>\n\n</tr></table>",
         "| A |\n| --- |\n| `x` |"),
    ],
)  # fmt: skip
def test_what_else_dialects_write_is_read_as_shown(written: str, reads: str) -> None:
    assert read(written) == reads
