"""Markdown written anew: only cited links, nothing lost, tables that can be read."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from adapters.markdown.rewriting import keep_links
from adapters.markdown.tables import TABLE_WIDTH, align

CITED = "https://docs.example.com/pay"


def kept(markdown: str) -> str:
    return keep_links(markdown, [CITED])


# Links


@pytest.mark.parametrize(
    "markdown",
    [
        f"See [the pay page]({CITED}).",
        f"- **[the pay page]({CITED})**",
        f"> ### [the pay page]({CITED})",
        f"Bare: <{CITED}>!",
    ],
)
def test_a_cited_link_stays(markdown: str) -> None:
    assert kept(markdown) == markdown


def test_a_cited_bare_url_stays_a_link_without_the_sentence_around_it() -> None:
    assert kept(f"It is ({CITED}), {CITED}.") == f"It is (<{CITED}>), <{CITED}>."


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("[pay](https://evil.example/?a=1&b=2)", "pay (`https://evil.example/?a=1&b=2`)"),
        ("**[pay](https://evil.example)** now", "**pay (`https://evil.example`)** now"),
        ("Go to https://evil.example/x.", "Go to `https://evil.example/x`."),
        ("<https://evil.example>", "`https://evil.example`"),
        ("www.evil.example/x", "`www.evil.example/x`"),
        ("![a cat](https://evil.example/cat.png)", "a cat (`https://evil.example/cat.png`)"),
        ("[https://evil.example](https://evil.example)", "`https://evil.example`"),
        ("[](https://evil.example)", "`https://evil.example`"),
        ("<ada@example.com>", "`mailto:ada@example.com`"),
        ("[here](../other.md)", "here (`../other.md`)"),
        ("[here]()", "here"),
        (f"[pay]({CITED}?utm=1)", f"pay (`{CITED}?utm=1`)"),
        (f"[{CITED}](https://evil.example)", f"<{CITED}> (`https://evil.example`)"),
        ("[a [b](https://evil.example) c](x)", "[a b (`https://evil.example`) c]\\(x)"),
    ],
)
def test_any_other_link_is_text_with_its_url_as_code(markdown: str, text: str) -> None:
    assert kept(markdown) == text


def test_a_link_that_no_browser_should_follow_is_text() -> None:
    assert kept("[x](javascript:alert(1))") == "[x]\\(javascript:alert(1))"


def test_a_source_line_is_a_line_and_makes_no_link_of_its_mark() -> None:
    written = kept(f"Paid on the 28th [1].\n\n[1]: {CITED}")

    assert written == f"Paid on the 28th [1].\n\n[1]\\: <{CITED}>"


def test_a_label_that_shows_another_address_is_not_a_second_link() -> None:
    written = kept(f"[https://evil.example]({CITED})")

    assert "https://evil" not in written
    assert written.replace("\u200b", "") == f"[https://evil.example]({CITED})"


def test_cited_urls_are_compared_as_a_browser_would_send_them() -> None:
    assert keep_links("[a](https://x.example/ä)", ["https://x.example/ä"]) == (
        "[a](https://x.example/%C3%A4)"
    )


def test_urls_in_code_are_left_alone() -> None:
    markdown = "`curl https://evil.example`\n\n```sh\ncurl https://evil.example\n```"

    assert kept(markdown) == markdown


LINKS = st.sampled_from(
    [
        *["https://evil.example/x", "http://a.b", "[a](https://evil.example)", "<http://evil.x>"],
        *[f"[b]({CITED})", CITED, f"<{CITED}>", "](", "[", "]", "(", ")", "!", "\\", "`", "``"],
        *["**", "_", "<", ">", "|", "\n", "\n\n", "- ", "> ", "# ", " ", "word", "[1]: ", "```\n"],
    ]
)


@given(st.lists(LINKS, max_size=15).map("".join))
@settings(max_examples=300, deadline=None)
def test_no_link_survives_that_is_not_cited(markdown: str) -> None:
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(kept(markdown))
    inside = [part for token in tokens for part in token.children or ()]

    targets = {part.attrs["href"] for part in inside if part.type == "link_open"}
    assert targets <= {CITED}
    assert not [part for part in inside if part.type == "image"]
    bare = "".join(part.content for part in inside if part.type == "text").replace(CITED, "")
    assert "http" not in bare


# Nothing lost, nothing made up


def shown(markdown: str, *, strict: bool) -> str:
    """The characters that a reader sees, spaces apart; ``strict`` reads all that GFM has."""
    parser = MarkdownIt("commonmark", {"html": strict}).enable(["table", "strikethrough"])
    if not strict:
        parser.disable(["code", "reference", "lheading", "html_block", "html_inline"])
    seen = []
    for node in SyntaxTreeNode(parser.parse(markdown)).walk():
        if not (node.is_root or node.children):
            seen.append(node.content)
    return re.sub(r"[\s\u200b─]", "", "".join(seen))


MARKS = st.sampled_from(
    [
        *"ab9 \n*_~`[]()<>#-+=1.|\\&;!:@",
        *[
            "**",
            "***",
            "](",
            "&amp;",
            "&lt;",
            "- ",
            "1. ",
            "# ",
            "> ",
            "~~",
            "\n\n",
            "[1]: ",
            "```",
        ],
        *["<b>", "a_b", "| a |", "|--|", "  ", "\\\n", "é", "日本", "---\n", "===", "<!-- "],
    ]
)


@given(st.lists(MARKS, max_size=20).map("".join))
@settings(max_examples=500, deadline=None)
def test_what_is_written_shows_the_same_characters(markdown: str) -> None:
    tokens = MarkdownIt("commonmark").parse(markdown)
    if any(part.type in ("link_open", "image") for each in tokens for part in each.children or ()):
        return  # Their URLs are shown now, by intent.
    # Edges of emphasis may move where it held nothing but marks.
    before, after = shown(markdown, strict=False), shown(keep_links(markdown, ()), strict=True)
    assert after.replace("*", "") == before.replace("*", "")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="&"), max_size=80))
@settings(max_examples=300, deadline=None)
def test_every_word_is_still_there(text: str) -> None:
    words = [word for word in re.findall(r"\w+", text) if word.isascii()]
    written = keep_links(text, ()).replace("\u200b", "")

    at = 0
    for word in words:
        if word.isdigit() or word == "_" * len(word) or "_" in word:
            continue  # List numbers count on, and underscores may be marks.
        assert word in written[at:]
        at = written.index(word, at)


@pytest.mark.parametrize(
    "deep",
    [
        "\n".join(f"{'  ' * depth}- x{depth}x" for depth in range(200)),
        "\n\n".join(f"{'>' * depth} x{depth}x" for depth in range(200)),
        "- " * 199 + "x199x",
    ],
    ids=["items", "quotes", "one line"],
)
def test_what_is_nested_too_deep_is_flatter_but_there(deep: str) -> None:
    assert re.findall(r"x\d+x", keep_links(deep, ())) == re.findall(r"x\d+x", deep)


@pytest.mark.parametrize("mark", ["[", "*", "`", "<", "\\", "@", "|", "**a", "[a](", "_", "a_"])
def test_forty_thousand_of_any_mark_come_through(mark: str) -> None:
    flood = "x" + mark * (40_000 // len(mark))

    assert shown(keep_links(flood, ()), strict=True) == shown(flood, strict=False)


# Blocks


def test_structure_stays() -> None:
    markdown = (
        "## Steps\n\n1. one\n2. two\n   - *deep* and **bold**\n\n"
        "> quoted\n>\n> twice\n\n~~old~~ a\\*b 2 * 3 snake_case"
    )

    assert kept(markdown) == markdown


def test_code_in_a_list_stands_at_the_margin_and_the_list_counts_on() -> None:
    written = kept("1. one\n\n   ```py title=x\n   if a:\n       b\n   ```\n\n2. two")

    assert written == "1. one\n\n```py\nif a:\n    b\n```\n\n2. two"


def test_code_cannot_end_its_own_fence() -> None:
    written = kept("````\n```\n@here\n````")

    assert written.count("```") == 2
    assert written.replace("\u200b", "") == "```\n```\n@here\n```"


def test_a_fence_left_open_is_closed() -> None:
    assert kept("```py\nx = 1") == "```py\nx = 1\n```"


def test_html_is_text() -> None:
    assert kept("<b>no</b> <!-- hidden -->") == "\\<b>no\\</b> \\<!-- hidden -->"


def test_an_indented_paragraph_is_a_paragraph() -> None:
    assert kept("One.\n\n    Two.") == "One.\n\nTwo."


# Tables


def test_a_table_is_aligned_text() -> None:
    written = kept("| Plan | Price |\n|:--|--:|\n| **Basic** | 9 |\n| 企業 | 1,200 |\n")

    assert written == (
        "```\n"
        "Plan   Price\n"
        "─────  ─────\n"
        "Basic      9\n"
        "企業   1,200\n"
        "```"
    )  # fmt: skip


def test_a_table_too_wide_for_a_window_becomes_records() -> None:
    wide = "word " * 20
    written = kept(f"| Plan | About |\n|--|--|\n| Basic | {wide}|\n| Pro | |\n")

    assert written == (
        f"- **Plan**: Basic\n  - **About**: {wide.strip()}\n- **Plan**: Pro\n  - **About**: –"
    )


def test_a_table_with_links_becomes_records_so_that_they_work() -> None:
    written = kept(f"| Page |\n|--|\n| [Pay]({CITED}) |")

    assert written == f"- **Page**: [Pay]({CITED})"


def test_a_wide_header_alone_is_a_list() -> None:
    header = "a" * TABLE_WIDTH

    assert kept(f"| {header} | b |\n|--|--|") == f"- {header}\n- b"


CELLS = st.lists(
    st.lists(st.text("ab 日é́", max_size=9), min_size=3, max_size=3), min_size=1, max_size=6
)


@given(CELLS)
def test_columns_start_at_the_same_place(rows: list[list[str]]) -> None:
    lines = align([["x", *row] for row in rows], [""] * 4).split("\n")

    assert {line[:1] for line in lines} == {"x", "─"}
    assert len(lines) == len(rows) + 1
    assert "".join(lines[2:]).replace(" ", "") == "".join(
        "".join(["x", *row]) for row in rows[1:]
    ).replace(" ", "")
