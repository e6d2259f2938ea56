"""Long texts in pieces: within the limit, whole where it matters, with nothing lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from adapters.markdown.splitting import MIN_LIMIT, split

LINK = "[the pay page](https://docs.example.com/pay)"
COUPLE = "\U0001f469\u200d\U0001f4bb"
"""Two pictures joined to one."""
WORDS = st.sampled_from(
    [
        *["Pay", "arrives.", "Monthly! [1]", "Also. [1][2]", LINK, "`code here`", "**in bold**"],
        *[
            "\\*",
            "&amp;",
            "日本語。",
            "e\u0301",
            "x" * 130,
            "<https://docs.example.com/pay>",
            COUPLE,
        ],
    ]
)
HEADER = "| Plan | Price |\n|---|---|"


def lines_of(line: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(line, min_size=1, max_size=9).map("\n".join)


LINE = st.lists(WORDS, min_size=1, max_size=25).map(" ".join)
CODE = lines_of(st.sampled_from(["    x = 1", "", "y" * 90, "a b c " * 25, "- x", "| a |", "# y"]))
BLOCK = st.one_of(
    lines_of(LINE),
    LINE.map("## {}".format),
    lines_of(LINE.map("> {}".format)),
    lines_of(st.tuples(st.sampled_from(["- ", "  - ", "1. "]), LINE).map("".join)),
    st.tuples(st.sampled_from(["", "py"]), CODE).map(lambda code: "```{}\n{}\n```".format(*code)),
    lines_of(LINE.map("| {} | 9 |".format)).map(lambda rows: f"{HEADER}\n{rows}"),
)
TEXT = st.lists(BLOCK, max_size=6).map("\n\n".join)
LIMITS = st.sampled_from([MIN_LIMIT, 80, 200, 700, 2000])


def without_repeats(text: str) -> str:
    """All but spaces and what a cut may repeat: fences, table headers, quote marks."""
    repeated = re.compile(rf"```\w*|{'|'.join(map(re.escape, HEADER.splitlines()))}")
    lines = [line for line in text.split("\n") if not repeated.fullmatch(line)]
    return re.sub(r"[\s>]", "", "".join(lines))


def ends_in_code(piece: str) -> bool:
    after = MarkdownIt().parse(f"{piece}\n\nAFTER")
    return any(token.type == "fence" and "AFTER" in token.content for token in after)


@given(TEXT, LIMITS)
@settings(max_examples=300, deadline=None)
def test_pieces_keep_the_limit_lose_nothing_and_close_their_fences(text: str, limit: int) -> None:
    pieces = split(text, limit)

    assert all(0 < len(piece) <= limit for piece in pieces)
    assert "".join(map(without_repeats, pieces)) == without_repeats(text)
    assert not [piece for piece in pieces if ends_in_code(piece)]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=500))
@settings(max_examples=300, deadline=None)
def test_any_text_keeps_the_limit(text: str) -> None:
    assert all(len(piece) <= MIN_LIMIT for piece in split(text, MIN_LIMIT))


@given(TEXT, LIMITS)
@settings(max_examples=150, deadline=None)
def test_links_code_escapes_and_characters_stay_whole(text: str, limit: int) -> None:
    if limit < 2 * len(LINK):
        limit = 2 * len(LINK)
    pieces = split(text, limit)

    for whole in [LINK, "`code here`", "**in bold**", "\\*", "&amp;", "e\u0301", COUPLE, "[1][2]"]:
        assert sum(piece.count(whole) for piece in pieces) == text.count(whole)


@given(TEXT, LIMITS)
@settings(max_examples=150, deadline=None)
def test_a_citation_mark_never_begins_a_piece(text: str, limit: int) -> None:
    assert not [piece for piece in split(text, limit) if re.match(r"\[\d", piece)]


def test_a_short_text_is_one_piece() -> None:
    assert split("# Pay\n\nOn the 28th. [1]\n", 100) == ["# Pay\n\nOn the 28th. [1]"]


@pytest.mark.parametrize("empty", ["", "\n\n", "   "])
def test_no_text_is_no_piece(empty: str) -> None:
    assert split(empty, 100) == []


def test_a_limit_that_holds_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        split("a", MIN_LIMIT - 1)


def test_paragraphs_that_fit_are_not_cut() -> None:
    first, second = "a " * 40 + "b", "c " * 40 + "d"

    assert split(f"{first}\n\n{second}", 100) == [first, second]


def test_what_must_be_cut_anyway_fills_the_piece_before_it() -> None:
    pieces = split("Short.\n\n" + "One more sentence. " * 20, 100)

    assert pieces[0].startswith("Short.\n\nOne more sentence.")
    assert all(len(piece) > 70 for piece in pieces[:-1])


def test_code_that_fits_a_piece_is_whole() -> None:
    code = "```py\n" + "x = 1\n" * 14 + "```"

    assert split(f"Before. {'word ' * 10}\n\n{code}\n\nAfter.", 110) == [
        f"Before. {'word ' * 10}".strip(),
        f"{code}\n\nAfter.",
    ]


def test_code_too_long_is_closed_and_opened_again_with_its_language() -> None:
    pieces = split("```py\n" + "x = 12345\n" * 12 + "```", 80)

    assert len(pieces) > 1
    assert all(piece.startswith("```py\nx = 12345\n") for piece in pieces)
    assert all(piece.endswith("\nx = 12345\n```") for piece in pieces)
    assert "".join(pieces).count("x = 12345") == 12


def test_long_code_is_cut_at_its_blank_lines() -> None:
    part = "a = 1\nb = 2\nc = 3"
    pieces = split("```\n" + "\n\n".join([part] * 8) + "\n```", 80)

    assert len(pieces) > 1
    assert all(piece.startswith("```\na") for piece in pieces)
    assert all(piece.rstrip("`").rstrip().endswith("c = 3") for piece in pieces)


def test_indented_code_keeps_its_indent_after_a_cut() -> None:
    pieces = split("```py\nif a:\n" + "    b = 12345\n" * 12 + "```", 80)

    assert all("\n    b" in piece and "\nb" not in piece for piece in pieces)


def test_a_fence_that_is_never_closed_is() -> None:
    assert split("Look:\n\n```\nx = 1", 100) == ["Look:\n\n```\nx = 1\n```"]
    assert all(piece.endswith("\n```") for piece in split("```\n" + "x = 1\n" * 50, 80))


def test_code_in_a_quote_stays_in_it() -> None:
    pieces = split("> ```py\n" + "> x = 12345\n" * 10 + "> ```", 80)

    assert len(pieces) > 1
    assert all(line.startswith("> ") for piece in pieces for line in piece.split("\n"))
    assert all(piece.startswith("> ```py\n") and piece.endswith("\n> ```") for piece in pieces)


def test_a_cut_table_repeats_its_header() -> None:
    rows = [f"| plan {number} | {number} |" for number in range(20)]
    pieces = split("\n".join([HEADER, *rows]), 100)

    assert len(pieces) > 1
    assert all(piece.startswith(f"{HEADER}\n| plan") for piece in pieces)
    assert re.findall(r"plan \d+", "".join(pieces)) == [f"plan {number}" for number in range(20)]


def test_a_list_is_cut_between_its_items() -> None:
    items = [f"- {number} {'word ' * 6}".strip() for number in range(10)]

    assert all(piece.startswith("- ") for piece in split("\n".join(items), 100))
    assert "\n".join(split("\n".join(items), 100)) == "\n".join(items)


def test_an_item_with_what_hangs_on_it_is_not_cut() -> None:
    items = [f"- {number} word\n  - {'more ' * 4}\n  - {'more ' * 4}" for number in range(6)]

    assert all(piece.startswith("- ") for piece in split("\n".join(items), 130))
    assert all(re.match(r"- \d", piece) for piece in split("\n".join(items), 130))


def test_a_piece_that_starts_in_a_nested_list_starts_at_the_margin() -> None:
    nested = "\n".join(f"    - {number} {'word ' * 5}".rstrip() for number in range(6))
    pieces = split(f"- top\n  - middle\n{nested}\n- last", 100)

    assert len(pieces) > 1
    assert all(piece.startswith("- ") for piece in pieces)
    assert pieces[-1].endswith("\n- last")


def test_a_cut_quote_is_still_a_quote() -> None:
    pieces = split("> " + "A short sentence. " * 12, 80)

    assert len(pieces) > 1
    assert all(piece.startswith("> A short") and piece.endswith(".") for piece in pieces)


def test_a_heading_goes_with_what_it_heads() -> None:
    pieces = split(f"{'word ' * 15}\n\n## Title\n\n{'more ' * 15}", 100)

    assert pieces[1].startswith("## Title\n\nmore")


def test_a_long_paragraph_is_cut_after_sentences_and_their_marks() -> None:
    pieces = split("Salaries arrive on the 28th [1]. It is so. [2] " * 10, 80)

    assert all(piece.endswith(("[1].", "[2]")) for piece in pieces)


def test_text_without_spaces_is_cut_where_it_must() -> None:
    assert split("x" * 100 + " y", 100) == ["x" * 100, "y"]
    assert split("字" * 250, 100) == ["字" * 100, "字" * 100, "字" * 50]


def test_forty_thousand_characters_fill_their_pieces() -> None:
    text = "\n\n".join(
        f"## Part {number}\n\n" + "Salaries arrive on the 28th. [1] " * 30 for number in range(40)
    )[:40_000]
    pieces = split(text, 2000)

    assert "".join(map(without_repeats, pieces)) == without_repeats(text)
    assert len(pieces) <= 2 * len(text) / 2000
