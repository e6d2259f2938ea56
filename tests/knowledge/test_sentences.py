"""Quotable units: sentence borders, list items with their lead-in, table rows with their header."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.text.sentences import LONG_ITEM, Unit, sentence_spans, split_units


def texts(markdown: str) -> list[str]:
    return [unit.text for unit in split_units(markdown)]


class TestSentenceBorders:
    @pytest.mark.parametrize(
        "sentence",
        [
            "Bring food, e.g. Fruit or i.e. Bread.",
            "Ask Mr. Smith or Dr. Jones.",
            "The U.S. Government pays.",
            "We close at 5 p.m. ET on Fridays.",
            "It costs 3.50 or 4.5 euros.",
            "See https://example.org/a.b?c=d. for more.",
            "Install v1.2.3 of it.",
            "Wait... then go on.",
            "Read No. 5 and Fig. 3.",
            "Write to J. Doe at 230 S. Main St. Suite 4.",
            "Acme Inc. Chicago makes it.",
            "Click [here. Now.](http://x.y/z) to go.",
            "Run `a. B. c` first.",
            "Some (See above. Really.) brackets.",
            "Das gilt z.B. Montags, bzw. Dienstags, ab dem 5. Mai.",
            "He asked: really? no.",
        ],
    )
    def test_one_sentence_stays_one(self, sentence: str) -> None:
        assert len(sentence_spans(sentence)) == 1

    @pytest.mark.parametrize(
        ("text", "count"),
        [
            ("It is open. It is free.", 2),
            ("Is it? Yes! Good.", 3),
            ("We close at 5 p.m. The doors lock.", 2),
            ("We live in the U.S. It is big.", 2),
            ("The answer is no. Ask again.", 2),
            ("Buy fruit etc. The shop is near.", 2),
            ("Use version 2.0. Then stop.", 2),
            ('He said "no." She left.', 2),
            ("**Note.** This matters.", 2),
            ("One (see above). Two.", 2),
            ("Wrapped line.\nNext line.", 2),
            ("Offices are in San Francisco, CA. They are large.", 2),
            ("今日は休みです。明日は開きます。", 2),
            ("Read https://example.org/a. Then go.", 2),
        ],
    )
    def test_sentences_part(self, text: str, count: int) -> None:
        assert len(sentence_spans(text)) == count

    @given(st.text(alphabet="aB .!?…。()[]`\n1", max_size=80))
    def test_spans_cover_the_text_without_gaps(self, text: str) -> None:
        assert "".join(text[start:end] for start, end in sentence_spans(text)) == text


class TestUnits:
    def test_markup_is_reduced_in_text_and_kept_in_raw(self) -> None:
        markdown = "Ask **[Ann](http://x/y)** for the `--fast` flag &amp; _more_ about snake_case."
        assert split_units(markdown) == [
            Unit("Ask Ann for the --fast flag & more about snake_case.", markdown, "sentence")
        ]

    def test_emphasis_over_several_sentences_leaves_no_marks(self) -> None:
        assert texts("**Never share it. Not even once.**") == ["Never share it.", "Not even once."]

    def test_items_carry_the_line_that_leads_into_the_list(self) -> None:
        units = split_units("Rules. You can bring:\n\n- a dog\n- a cat\n\nNothing else.\n")
        assert [(u.text, u.kind, u.lead) for u in units] == [
            ("Rules.", "sentence", ""),
            ("You can bring:", "sentence", ""),
            ("a dog", "item", "You can bring:"),
            ("a cat", "item", "You can bring:"),
            ("Nothing else.", "sentence", ""),
        ]

    def test_nested_items_carry_the_item_around_them(self) -> None:
        units = split_units("- pets\n  - dogs\n  - cats\n- plants\n")
        assert [(u.text, u.lead) for u in units] == [
            ("pets", ""),
            ("dogs", "pets"),
            ("cats", "pets"),
            ("plants", ""),
        ]

    def test_an_item_is_whole_unless_it_is_long(self) -> None:
        short = "- One thing. Another thing."
        long = "- " + "One thing that is said at length. " * (LONG_ITEM // 30 + 1)
        assert len(split_units(short)) == 1
        assert {u.text for u in split_units(long)} == {"One thing that is said at length."}
        assert {u.kind for u in split_units(long)} == {"item"}

    def test_rows_carry_their_header(self) -> None:
        units = split_units(
            "| Item | Price |\n|---|---:|\n| [Tea](http://x) | 3 |\n| a \\| b | |\n"
        )
        assert [(u.text, u.raw, u.kind, u.lead) for u in units] == [
            ("Tea | 3", "| [Tea](http://x) | 3 |", "row", "Item | Price"),
            ("a | b", "| a \\| b | |", "row", "Item | Price"),
        ]

    def test_cells_are_read_after_their_headings_or_after_the_first_of_them(self) -> None:
        rows = "|---|---|---|\n| Payroll | ext 214 | Hugo |\n| Canteen | | |\n"
        headed = split_units("| Desk | Phone | |\n" + rows)
        bare = split_units("| | | |\n" + rows)
        assert [u.labelled for u in headed] == [
            "Desk: Payroll; Phone: ext 214; Hugo",
            "Desk: Canteen",
        ]
        assert [u.labelled for u in bare] == ["Payroll: ext: 214, Hugo.", "Canteen"]

    def test_code_is_one_unit_with_its_lines(self) -> None:
        markdown = "Run:\n\n```sh\nmake all. Now.\nmake test\n```\n"
        assert split_units(markdown)[1] == Unit(
            "make all. Now.\nmake test", "```sh\nmake all. Now.\nmake test\n```", "code"
        )

    def test_headings_rules_and_link_definitions(self) -> None:
        markdown = "## The *Rules* {#r}\n\n---\n\n[1]: http://x/y\n\nText.\n"
        assert [(u.text, u.kind) for u in split_units(markdown)] == [
            ("The Rules", "heading"),
            ("Text.", "sentence"),
        ]

    def test_quotes_lose_their_marks(self) -> None:
        assert texts("> Be kind. Always\n> and everywhere.\n") == [
            "Be kind.",
            "Always and everywhere.",
        ]


LINES = st.sampled_from(
    [
        "Plain words here. And more.",
        "- item *one*",
        "  - nested [link](http://a/b_c)",
        "| a | b |",
        "|---|---|",
        "```",
        "# Heading",
        "> quoted. Twice.",
        "",
        "**bold. Over. Sentences.**",
        "You can:",
        "<br> &amp; \\* `x`",
    ]
)


@given(st.lists(LINES, max_size=14).map("\n".join) | st.text(max_size=200))
@settings(max_examples=250, deadline=None)
def test_raw_is_an_exact_substring_and_the_units_stand_in_order(markdown: str) -> None:
    at = 0
    for unit in split_units(markdown):
        assert unit.text.strip()
        found = markdown.find(unit.raw, at)
        assert found >= at
        at = found + len(unit.raw)
