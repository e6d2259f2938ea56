"""Chunking: sections stay apart, nothing is lost, and what must stay whole stays whole."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.documents.chunking import MIN_TEXT_TOKENS, Chunk, chunk
from knowledge.parsing import ParsedDocument


def words(text: str) -> int:
    """A token counter that anybody can follow: one token a word."""
    return len(text.split())


def document(markdown: str, title: str = "Handbook") -> ParsedDocument:
    return ParsedDocument(title, markdown, access=None, valid_until=None, language=None)


def chunks(markdown: str, max_tokens: int = 256, title: str = "Handbook") -> list[Chunk]:
    return chunk(document(markdown, title), words, max_tokens)


class TestSections:
    def test_each_section_with_a_body_is_one_chunk_under_its_heading_path(self) -> None:
        found = chunks("Intro.\n\n# Leave\n\n## Sick\n\nCall in.\n\n## Parental\n\nAsk HR.\n")
        assert found == [
            Chunk((), "", "Intro."),
            Chunk(("Leave", "Sick"), "sick", "Call in."),
            Chunk(("Leave", "Parental"), "parental", "Ask HR."),
        ]

    def test_the_first_h1_is_left_out_of_the_path_if_it_is_the_title(self) -> None:
        found = chunks("# The *Handbook*\n\nHi.\n\n## Pets\n\nYes.\n", title="The handbook")
        assert [c.headings for c in found] == [(), ("Pets",)]
        assert [c.anchor for c in found] == ["the-handbook", "pets"]

    def test_setext_headings_count_and_a_rule_under_a_paragraph_does_not(self) -> None:
        found = chunks("Pets\n====\n\nYes.\n\nOne line\nand another\n---\nMore.\n")
        assert [c.headings for c in found] == [("Pets",)]
        assert "and another" in found[0].text

    def test_headings_in_code_are_code(self) -> None:
        found = chunks("# Setup\n\n```sh\n# install\nmake\n```\n")
        assert len(found) == 1
        assert "# install" in found[0].text

    def test_a_fence_that_is_never_closed_does_not_swallow_the_rest(self) -> None:
        found = chunks("# A\n\n```\ncode\n\n# B\n\ntext\n")
        assert [c.headings for c in found] == [("A",), ("B",)]

    def test_heading_text_is_plain(self) -> None:
        found = chunks("# See [the **wiki**](http://x/y) & `make` {#wiki}\n\nText.\n")
        assert found[0].headings == ("See the wiki & make",)

    def test_comments_go_and_images_become_their_alternative_text(self) -> None:
        found = chunks("A <!-- secret\n\n# no --> b ![a cat](cat.png) c <img src=x alt='a dog'>\n")
        assert found[0].text.split() == ["A", "b", "a", "cat", "c", "a", "dog"]

    def test_comments_and_images_in_code_stay(self) -> None:
        text = "Use `<!-- x -->` and\n\n```\n![a](b) <!-- y -->\n```"
        assert chunks(text)[0].text == text


class TestAnchors:
    def test_repeated_headings_are_numbered_as_on_github(self) -> None:
        found = chunks("# Q\n\n1\n\n# Q\n\n2\n\n# Q-1\n\n3\n\n# Q\n\n4\n")
        assert [c.anchor for c in found] == ["q", "q-1", "q-1-1", "q-2"]

    @pytest.mark.parametrize(
        ("heading", "anchor"),
        [
            ("What's new? (v2.0)", "whats-new-v20"),
            ("Über uns & Café", "über-uns--café"),
            ("snake_case `code`", "snake_case-code"),
            ("Kept {#own-id}", "own-id"),
            ("Kept {: #own-id .big}", "own-id"),
            ('<a name="old"></a>Kept', "old"),
        ],
    )
    def test_anchor_of(self, heading: str, anchor: str) -> None:
        assert chunks(f"## {heading}\n\nText.\n")[0].anchor == anchor

    def test_an_anchor_line_before_a_heading_names_it(self) -> None:
        assert chunks('<a name="old"></a>\n\n## New\n\nText.\n')[0].anchor == "old"

    def test_pages_of_a_pdf_are_the_anchors_whatever_the_headings(self) -> None:
        found = chunks(
            '<a name="page=1"></a>\n\n# One\n\na\n\n<a name="page=2"></a>\n\nb\n\n## Two\n\nc\n'
        )
        assert [(c.headings, c.anchor, c.text) for c in found] == [
            (("One",), "page=1", "a"),
            (("One",), "page=2", "b"),
            (("One", "Two"), "page=2", "c"),
        ]


class TestLongSections:
    def test_they_split_at_paragraphs_into_near_equal_pieces(self) -> None:
        paragraphs = [f"p{i} " + "word " * 19 for i in range(9)]
        sizes = [words(c.text) for c in chunks("\n\n".join(paragraphs), 81)]
        assert sizes == [60, 60, 60]

    def test_a_long_paragraph_splits_between_sentences(self) -> None:
        sentences = [f"Sentence {i} has exactly seven words here." for i in range(30)]
        found = chunks(" ".join(sentences), 80)
        assert all(c.text.startswith("Sentence") and c.text.endswith("here.") for c in found)

    def test_a_lead_in_line_stays_with_the_first_item(self) -> None:
        filler = "Filler words stand here. " * 15
        items = "\n".join(f"- item {i} " + "x " * 12 for i in range(10))
        found = chunks(f"{filler}\n\nYou can bring:\n\n{items}\n", 65)
        with_lead_in = next(c.text for c in found if "You can bring:" in c.text)
        assert "- item 0" in with_lead_in

    def test_the_last_sentence_leads_in_when_its_paragraph_is_too_long_to_stay(self) -> None:
        paragraph = "Filler words stand here. " * 15 + "You can bring:"
        items = "\n".join(f"- item {i} " + "x " * 12 for i in range(10))
        found = chunks(f"{paragraph}\n\n{items}\n", 65)
        assert "- item 0" in next(c.text for c in found if "You can bring:" in c.text)

    def test_links_are_never_cut_even_in_an_endless_sentence(self) -> None:
        text = "word " * 70 + "[a link of many words](http://x/y) " + "word " * 70
        assert sum("[a link of many words](http://x/y)" in c.text for c in chunks(text, 65)) == 1

    def test_a_fence_stays_whole_however_long_it_is(self) -> None:
        code = "\n".join(f"Line {i} says. So it is." for i in range(300))
        found = chunks(f"Before.\n\n```\n{code}\n```\n\nAfter.\n", 50)
        assert [c.text for c in found] == ["Before.", f"```\n{code}\n```", "After."]

    def test_title_and_headings_are_part_of_the_budget_but_leave_room_for_text(self) -> None:
        text = " ".join(f"Sentence {i} is short." for i in range(100))
        roomy = chunks(f"# H\n\n{text}\n", 100)
        cramped = chunks(f"# H\n\n{text}\n", 100, title="title " * 90)
        assert max(words(c.text) for c in roomy) <= 97
        assert 40 < max(words(c.text) for c in cramped) <= MIN_TEXT_TOKENS

    def test_a_table_cut_for_size_repeats_its_header(self) -> None:
        rows = "\n".join(f"| item {i} | {i} euros |" for i in range(40))
        found = chunks(f"Prices:\n\n| Item | Price |\n|---|---|\n{rows}\n", 80)
        assert len(found) > 2
        assert all("| Item | Price |\n|---|---|\n| item" in c.text for c in found)
        assert sum(c.text.count("euros") for c in found) == 40

    def test_a_list_cut_for_size_repeats_the_sentence_that_introduces_it(self) -> None:
        items = "\n".join(f"* case {i} " + "x " * 12 + f"\n  - more of {i}" for i in range(9))
        text = f"Some leave. You repay us if you leave:\n\n{items}\n\nAll pay.\n\n* not this"
        found = [c.text for c in chunks(text, 65)]
        assert len(found) > 2 and found[0].startswith("Some leave. You repay us if you leave:\n")
        assert all(each.startswith("You repay us if you leave:\n\n* case") for each in found[1:])
        assert sum(each.count("more of") for each in found) == 9
        assert found[-1].endswith("All pay.\n\n* not this")

    def test_what_introduces_a_list_is_not_repeated_where_that_takes_much_room(self) -> None:
        items = "\n".join(f"* case {i} " + "x " * 12 for i in range(9))
        found = chunks(f"These are {'very ' * 20}many:\n\n{items}", 65)
        assert sum("many:" in c.text for c in found) == 1

    def test_max_tokens_must_be_positive(self) -> None:
        with pytest.raises(ValueError, match="positive"):
            chunks("a", 0)


# --- properties -------------------------------------------------------------------------------

WORD = st.text(alphabet="abcdefgäß", min_size=1, max_size=8)
SENTENCE = st.lists(WORD, min_size=1, max_size=25).map(lambda ws: " ".join(ws).capitalize() + ".")
PARAGRAPH = st.lists(SENTENCE, min_size=1, max_size=8).map(" ".join)
ITEMS = st.lists(
    st.tuples(st.sampled_from(["- ", "  - ", "1. "]), SENTENCE), min_size=1, max_size=9
)
LIST = ITEMS.map(lambda items: "\n".join(mark + text for mark, text in items))
LEAD_IN_LIST = st.tuples(SENTENCE, LIST).map(lambda both: f"{both[0][:-1]}:\n\n{both[1]}")
FENCE = st.lists(SENTENCE, max_size=9).map(
    lambda ls: "\n".join(["```py", *ls, "# no heading", "```"])
)
TABLE = st.lists(st.tuples(WORD, SENTENCE), min_size=1, max_size=12).map(
    lambda rows: "\n".join(["| Key | Value |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)])
)
HEADING = st.tuples(st.integers(1, 4), WORD).map(lambda both: f"{'#' * both[0]} {both[1]}")
BLOCK = st.one_of(PARAGRAPH, LIST, LEAD_IN_LIST, FENCE, TABLE, HEADING, st.just("---"))
DOCUMENT = st.lists(BLOCK, min_size=1, max_size=12).map("\n\n".join)
MAX_TOKENS = st.integers(10, 120)


def body_words(markdown: str) -> list[str]:
    """The words of everything but headings and rules, in order; marks and table headers aside."""
    kept: list[str] = []
    in_fence = False
    for line in markdown.split("\n"):
        if line.startswith("```"):
            in_fence = not in_fence
        is_heading = line.startswith("#") and not in_fence
        if not is_heading and line not in ("| Key | Value |", "|---|---|", "---"):
            kept += re.findall(r"\w+", line)
    return kept


@given(DOCUMENT, MAX_TOKENS)
@settings(max_examples=150, deadline=None)
def test_no_word_is_lost_doubled_or_moved(markdown: str, max_tokens: int) -> None:
    expected = body_words(markdown)
    reached = {0}  # words that the pieces so far may account for
    for each in chunks(markdown, max_tokens):
        first, _, rest = each.text.partition("\n\n")
        readings = [body_words(each.text)]
        if first.endswith(":"):  # it may be repeated from an earlier piece
            readings.append(body_words(rest))
        reached = {
            at + len(words)
            for at in reached
            for words in readings
            if expected[at : at + len(words)] == words
        }
    assert len(expected) in reached


@given(DOCUMENT, MAX_TOKENS)
@settings(max_examples=100, deadline=None)
def test_fences_are_whole_and_every_table_part_has_its_header(
    markdown: str, max_tokens: int
) -> None:
    for piece in chunks(markdown, max_tokens):
        assert piece.text.count("```") % 2 == 0
        prose = re.sub(r"```.*?```", "", piece.text, flags=re.S)
        for part in re.split(r"\n\s*\n", prose):
            if re.search(r"^\| ", part, re.M):
                assert part.lstrip().startswith("| Key | Value |\n|---|---|\n| ")


@given(DOCUMENT, MAX_TOKENS)
@settings(max_examples=100, deadline=None)
def test_only_code_rows_and_words_exceed_the_bound(markdown: str, max_tokens: int) -> None:
    for piece in chunks(markdown, max_tokens):
        budget = max(
            min(MIN_TEXT_TOKENS, max_tokens),
            max_tokens - words(" \u203a ".join(("Handbook", *piece.headings))),
        )
        if words(piece.text) > budget:
            is_code = "```" in piece.text
            # header, delimiter and one row
            is_row = piece.text.startswith("| Key") and len(piece.text.split("\n")) == 3
            assert is_code or is_row


@given(st.text(max_size=400), MAX_TOKENS)
@settings(max_examples=150, deadline=None)
def test_any_text_is_chunked_the_same_way_every_time(text: str, max_tokens: int) -> None:
    assert chunks(text, max_tokens) == chunks(text, max_tokens)


MARKUP = st.lists(st.sampled_from([*"#-*_`[]()|<>!:~\n\n ab1.", "```\n", "| a | b |\n|-|-|\n"]))


@given(MARKUP.map("".join), MAX_TOKENS)
@settings(max_examples=200, deadline=None)
def test_broken_markup_is_no_error(text: str, max_tokens: int) -> None:
    assert all(c.text.strip() for c in chunks(text, max_tokens))


def test_tokens_are_counted_in_linear_time() -> None:
    counted = 0

    def counting(text: str) -> int:
        nonlocal counted
        counted += len(text)
        return words(text)

    markdown = "\n\n".join(f"## H{i}\n\n" + "Some sentence stands here. " * 200 for i in range(20))
    chunk(document(markdown), counting, 128)
    assert counted < 4 * len(markdown)
