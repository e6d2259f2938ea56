"""Which stretch of a passage is quoted, and how it is shown to a reader."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.answers.quoting import quote
from knowledge.parsing.inline import without_links
from knowledge.text.sentences import split_units
from tests.kit.fakes import NEAR, evidence

MasksOf = Callable[[str], list[str]]

# Pieces that Markdown is made of; in any order they make text that no author would write.
_WORDS = st.sampled_from(["Leave", "Pay", "pay. Ask.", "a\\]b", "a[b]", "`x`", "**b**", "<b>c</b>"])
_TARGETS = st.sampled_from(
    ["/x", "/a_(b)", "<https://e.example/a b>", " /x ", "/x 't'", '/x "t"', "/x (t)"]
)
_LINKS = st.builds("{}[{}]({})".format, st.sampled_from(["", "!"]), _WORDS, _TARGETS)
_NESTED = st.builds("[{}]({})".format, _LINKS, _TARGETS)
_MARKS = st.sampled_from(
    """<https://e.example> <b> `code` `a <b> [c](d)` \\[ ] [ ( ) : * ** _ # - 1. > | ``` ~~~ ? !
    https://e.example/y & &amp; <!-- -->""".split()
)
_BLOCKS = st.sampled_from(
    ["\n", "\n\n", " ", "\n| a | b |\n|---|---|\n| c | d |\n", "\n- one\n- two\n", "    x"]
)
MARKDOWN = st.lists(_WORDS | _LINKS | _NESTED | _MARKS | _BLOCKS, min_size=1, max_size=12).map(
    "".join
)


def shown(question: str, markdown: str, cosines: dict[str, float] | None = None) -> str:
    return quote(question, evidence(markdown, cosines)).shown


class TestAnyPassage:
    @settings(deadline=None)
    @given(MARKDOWN, st.integers(0, 20))
    def test_is_quoted_word_for_word(self, markdown: str, best: int) -> None:
        units = split_units(markdown)
        assume(units)
        found = evidence(markdown, {units[best % len(units)].text: NEAR})
        assert quote("pay", found).is_verbatim

    @settings(deadline=None)
    @given(MARKDOWN)
    def test_is_shown_without_links_behind_words(
        self, masked_links: MasksOf, markdown: str
    ) -> None:
        assume(split_units(markdown))
        assert masked_links(shown("pay", markdown)) == []


class TestWhatIsQuoted:
    def test_is_the_sentence_nearest_to_the_question(self) -> None:
        long = (
            "Salaries are paid on the 25th of each month" + ", or else on the next day" * 10 + "."
        )
        text = f"The canteen opens at eight. {long} Bikes belong in the shed."
        assert shown("When is payday?", text, {"25th": 0.9}) == long

    def test_is_one_sentence_where_one_answers(self) -> None:
        text = "Pay is monthly. Salaries come on the 25th. The slip is in your postbox."
        assert shown("When is payday?", text, {"25th": 0.9}) == "Salaries come on the 25th."

    @pytest.mark.parametrize("second", ["It comes", "This happens", "However, that is"])
    def test_has_the_sentence_before_one_that_leans_back(self, second: str) -> None:
        text = f"The slip is blue. Pay is monthly. {second} on the 25th. Bikes go in the shed."
        assert shown("When is payday?", text, {"25th": 0.9}) == (
            f"Pay is monthly. {second} on the 25th."
        )

    def test_has_the_sentence_that_restricts_it(self) -> None:
        text = "You may bring a dog. However, never two at once. The canteen is open."
        assert shown("May I bring a dog?", text, {"bring": 0.9}) == (
            "You may bring a dog. However, never two at once."
        )

    def test_is_the_neighbours_that_hold_it_together(self) -> None:
        text = "The shed is old. Turn left at the gate. Then cross the yard. Bring a key."
        shares = {"left": 0.4, "cross": 0.4, "shed": 0.1, "key": 0.1}
        assert shown("Which way to the shed?", text, shares) == (
            "Turn left at the gate. Then cross the yard."
        )

    def test_is_never_a_question_of_the_page_itself(self) -> None:
        text = "When is payday? Salaries are paid on the 25th."
        assert "25th" in shown("When is payday?", text, {"When is": 0.95, "25th": 0.6})

    @pytest.mark.parametrize(
        "asked",
        [
            "## May I bring a chair?\n\n",
            "**May I bring a chair?**\n\n",
            "**Chairs**\n\n",
            "Q: May I bring a chair?\nA: ",
            "May I bring a chair? ",
        ],
    )
    def test_is_what_comes_after_a_heading_or_a_question(self, asked: str) -> None:
        text = f"The desk is grey.\n\n{asked}Yes, if it was checked.\n"
        found = evidence(text, {"hair": 0.8, "checked": 0.1, "desk": 0.1}, document="faq.txt")
        assert quote("Can I bring my own chair?", found).shown == "Yes, if it was checked."

    def test_keeps_a_condition_that_only_looks_like_a_question(self) -> None:
        text = "Leave is 25 days. Short of days? Ask the People team."
        assert shown("What if I have too few days?", text, {"Ask": 0.9}) == (
            "Short of days? Ask the People team."
        )

    def test_is_a_list_from_its_lead_in_to_its_last_item(self) -> None:
        text = "# Arriving\n\nBring these:\n\n1. a badge\n2. a key\n3. a mug\n\n# Leaving\n\nBye."
        assert shown("What should I bring?", text, {"key": 0.9}) == (
            "Bring these:\n\n1. a badge\n2. a key\n3. a mug"
        )

    def test_is_the_list_that_a_sentence_leads_into(self) -> None:
        text = "Bring these:\n\n- a badge\n- a key\n\n# Leaving\n\nBye."
        assert shown("What to bring?", text, {"Bring": 0.9}) == "Bring these:\n\n- a badge\n- a key"

    def test_is_the_row_of_a_large_table_under_its_header(self) -> None:
        head = "| Room | Seats |\n|---|---|"
        rows = [f"| R{n:02} | {n} |" for n in range(20)]
        table = "\n".join([head, *rows])
        quoted = quote("How large is it?", evidence(f"{table}\n", {"R07": 0.9}))
        assert quoted.raw == "| R07 | 7 |"
        assert quoted.shown == f"{head}\n| R07 | 7 |"

    def test_is_the_row_itself_even_where_the_header_reads_the_same(self) -> None:
        rows = "\n".join(f"| R{n} | {n} |" for n in range(9))
        table = f"| Day | Opens |\n|---|---|\n{rows}\n| Day | Opens |\n"
        assert quote("hours", evidence(table, {"Day": 0.9})).shown == (
            "| Day | Opens |\n|---|---|\n| Day | Opens |"
        )

    def test_is_code_under_the_sentence_before_it(self) -> None:
        text = "# VPN\n\nRun this:\n\n```sh\nvpn up\nvpn status\n```\n\n# Else\n"
        assert shown("How do I start it?", text, {"vpn": 0.9}) == (
            "Run this:\n\n```sh\nvpn up\nvpn status\n```"
        )

    def test_is_code_that_a_sentence_leads_into_with_its_lines_and_marks(self) -> None:
        text = "Run this:\n\n```sh\ngit clone <address>\ncd repo\necho [a](b)\n```\n\n# Else\n"
        assert shown("clone", text, {"Run": 0.9}) == (
            "Run this:\n\n```sh\ngit clone <address>\ncd repo\necho [a](b)\n```"
        )

    def test_is_something_even_if_the_passage_is_only_a_heading(self) -> None:
        assert shown("pay", "## Pay dates\n") == "Pay dates"


class TestWhatIsShown:
    @pytest.mark.parametrize(
        ("markdown", "reads"),
        [
            ("See [the page](https://e.example/p).", "See the page."),
            ('See [the page](https://e.example/p "Title").', "See the page."),
            ("See [the page](https://e.example/p 'Title').", "See the page."),
            ("See [the page](https://e.example/p (Title)).", "See the page."),
            ("See [the page]( https://e.example/p ).", "See the page."),
            ("See [the page](<https://e.example/p q>).", "See the page."),
            ("See [the page](https://e.example/p_(q)).", "See the page."),
            ("See [the \\] page](https://e.example/p).", "See the \\] page."),
            ("See [the [page]](https://e.example/p).", "See the [page]."),
            ("See [[the page](https://e.example/p)](https://x.example).", "See the page."),
            ("See ![a plan](https://e.example/p.png).", "See a plan."),
            ("See [![a plan](p.png)](https://e.example).", "See a plan."),
            ('See <a href="https://e.example">the page</a>.', "See the page."),
            ("Pay is [1] fine.", "Pay is [1] fine."),
            ("See https://e.example/p for pay.", "See https://e.example/p for pay."),
            ("See <https://e.example/p> for pay.", "See https://e.example/p for pay."),
            ("Write to <pay@e.example> about pay.", "Write to pay@e.example about pay."),
            ("Run `git clone <address>` now.", "Run `git clone <address>` now."),
            ("It is a `List<String>` here.", "It is a `List<String>` here."),
            ("Write `[words](address)` for a link.", "Write `[words](address)` for a link."),
        ],
    )
    def test_has_words_and_addresses_but_nothing_masked(self, markdown: str, reads: str) -> None:
        assert without_links(markdown) == reads

    def test_keeps_the_lines_of_an_address(self) -> None:
        text = "4 The Quay  \nLeeds  \nLS10 1PZ"
        assert shown("Where?", text, {"Quay": 0.97}) == "4 The Quay\nLeeds\nLS10 1PZ"

    def test_joins_lines_that_only_wrap(self) -> None:
        assert shown("pay", "Salaries are paid\non the 25th of\neach month.\n") == (
            "Salaries are paid on the 25th of each month."
        )

    def test_keeps_short_lines_of_a_format_where_they_end_on_purpose(self) -> None:
        address = "Fernhill Cycles\n2 Mill Lane\nOakden"
        assert quote("address", evidence(f"{address}\n", document="office.pdf")).shown == address

    def test_joins_long_lines_even_there(self) -> None:
        start = "Salaries of everyone in the workshop are paid on the"
        found = evidence(f"{start}\n25th of each month.\n", document="pay.pdf")
        assert quote("pay", found).shown == f"{start} 25th of each month."

    def test_masks_no_link_in_the_sentence_above_code(self, masked_links: MasksOf) -> None:
        text = "Run [this](https://evil.example):\n\n```sh\nvpn up\n```\n"
        text = shown("vpn", text, {"vpn": 0.9})
        assert masked_links(text) == []
        assert text == "Run this:\n\n```sh\nvpn up\n```"

    def test_has_no_mark_whose_other_end_is_not_quoted(self) -> None:
        text = "**Leave is short. It is 25 days.**\n\nBye."
        assert shown("How many days?", text, {"25": 0.9, "short": 0.6}).count("**") % 2 == 0
        assert shown("How many days?", "**It is on. Leave is 25 days.**", {"25": 0.9}) == (
            "Leave is 25 days."
        )

    @pytest.mark.parametrize(
        ("text", "readable"),
        [
            ("She is **on it for now. Later** not.", "She is on it for now."),
            ("They are **on** and** off.", "They are **on** and off."),
            ("2 ** 3 is eight.", "2 ** 3 is eight."),
        ],
    )
    def test_has_no_mark_that_is_alone(self, text: str, readable: str) -> None:
        assert shown("Which?", text, {text[:5]: 0.97}) == readable

    def test_has_no_box_to_tick(self) -> None:
        text = "Before you go:\n\n- [ ] Tell your lead.\n- [x] Book it.\n"
        assert shown("What do I do?", text, {"Tell": 0.9}) == (
            "Before you go:\n\n- Tell your lead.\n- Book it."
        )

    def test_keeps_a_nested_item_further_in_where_others_between_are_left_out(self) -> None:
        text = "- Pictures\n  - any colour that you like\n  - a size of 500 KB at most\n- Words\n"
        said = shown("How large?", text, {"500": 0.95})
        assert said == "- Pictures\n  - a size of 500 KB at most"

    def test_leaves_facts_alone(self) -> None:
        raw = "Leave is **25 days**, _never_ less; ask [Ann](mailto:a@e.example) by 1 May."
        words = re.sub(r"[*_]", "", shown("leave", raw))
        assert words == "Leave is 25 days, never less; ask Ann by 1 May."
