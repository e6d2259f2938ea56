"""The check between the model and the reader: do a draft's facts stand in its source?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.voice.grounding import facts, marks_are_valid, same_facts
from knowledge.text.words import stems

SOURCE = (
    "Holiday is 25 days, or 12.5 for part-timers; ask Anna Reed (leave@e.example) by 1 May 2026. "
    "Never book flights early. Run `leave --ask` or see https://intra.example/leave?y=2026."
)


def changed(source: str, draft: str) -> set[str]:
    """The kinds of facts that are not the same."""
    return {kind for kind, same in same_facts(source, draft).items() if not same}


class TestFacts:
    def test_are_told_by_their_form(self) -> None:
        found = facts(SOURCE)
        assert set(found["numbers"]) == {"25", "12.5", "1", "2026"}
        assert set(found["links"]) == {"leave@e.example", "https://intra.example/leave?y=2026"}
        assert set(found["code"]) == {"`leave --ask`"}
        assert "Anna Reed" in found["names"]
        assert found["negations"]["negation"] == 1

    @pytest.mark.parametrize(
        ("text", "numbers"),
        [
            ("It costs £1,250.50 or 3 %.", {"£1,250.50", "3%"}),
            ("On 2026-05-01 at 10:15.", {"2026-05-01", "10:15"}),
            ("Twice, or one hundred times.", {"twice", "one", "hundred"}),
            ("Room B12 and version v2 are names.", set()),
        ],
    )
    def test_of_numbers_have_their_signs_and_words(self, text: str, numbers: set[str]) -> None:
        assert set(facts(text)["numbers"]) == numbers

    @pytest.mark.parametrize(
        "negated", ["We do not pay.", "We don't pay.", "We don’t pay.", "We cannot pay.", "No pay."]
    )
    def test_of_negation_are_one_however_written(self, negated: str) -> None:
        assert facts(negated)["negations"]["negation"] == 1


class TestTheSameFacts:
    @given(st.text(alphabet="aA1. ,£%`'\nnot-@:/[]()", max_size=80))
    def test_stand_in_a_text_and_itself(self, text: str) -> None:
        assert changed(text, text) == set()

    @given(st.permutations(SOURCE.removesuffix(".").split(". ")))
    def test_stand_in_another_order(self, sentences: list[str]) -> None:
        assert changed(SOURCE, ". ".join(sentences) + ".") == set()

    @given(st.integers(0, 10_000), st.integers(0, 10_000))
    def test_are_other_ones_whenever_a_number_is(self, one: int, other: int) -> None:
        kinds = changed(f"Leave is {one} days.", f"You get {other} days.")
        assert kinds == (set() if one == other else {"numbers"})

    @pytest.mark.parametrize(
        ("old", "new", "kind"),
        [
            ("25 days", "28 days", "numbers"),
            ("25 days", "25 to 30 days", "numbers"),
            ("25 days, or 12.5", "12.5", "numbers"),
            ("1 May", "one May", "numbers"),
            ("Never book", "Book", "negations"),
            ("Holiday is", "Holiday isn't", "negations"),
            ("intra.example", "evil.example", "links"),
            ("leave@e.example", "leave@evil.example", "links"),
            ("leave@e.example", "by mail", "links"),
            ("leave --ask", "leave --all", "code"),
            ("`leave --ask`", "it", "code"),
            ("Anna Reed", "Ben Reed", "names"),
            ("Anna Reed", "your manager", "names"),
            ("by 1 May", "by 1 June", "names"),
        ],
    )
    def test_tell_what_was_changed(self, old: str, new: str, kind: str) -> None:
        assert old in SOURCE
        assert kind in changed(SOURCE, SOURCE.replace(old, new))

    @pytest.mark.parametrize(
        ("source", "draft"),
        [
            ("Anna handles pay.", "Ben handles pay."),
            ("Ask early. Anna handles pay.", "Ask early. Ben handles pay."),
            ("Pay is with Anna.", "Ben has the pay."),
            ("Pay is with Anna.", "Pay is with Annabel."),
            ("Pay is with Annabel.", "Pay is with Anna."),
        ],
    )
    def test_are_other_ones_with_another_name_wherever_it_stands(
        self, source: str, draft: str
    ) -> None:
        assert "names" in changed(source, draft)

    def test_are_the_same_with_a_name_at_the_start(self) -> None:
        assert changed("Pay is with Anna Reed.", "Anna Reed looks after pay.") == set()


class TestMarks:
    @pytest.mark.parametrize(
        ("answer", "citations", "valid"),
        [
            ("Pay is on the 25th. [1]", 1, True),
            ("Pay is on the 25th.", 1, False),
            ("Pay is on the 25th.", 0, True),
            ("One [1], two [2].", 2, True),
            ("One [1], two [1].", 2, False),
            ("A source may have its own [7]. [1]", 1, True),
        ],
    )
    def test_are_valid_when_each_citation_has_one(
        self, answer: str, citations: int, valid: bool
    ) -> None:
        assert marks_are_valid(answer, range(1, citations + 1)) is valid


class TestFormulas:
    def test_that_ask_for_a_call_negate_nothing(self) -> None:
        assert changed("Please do not hesitate to call Anna.", "Please call Anna.") == set()
        assert changed("Please do not call Anna.", "Please call Anna.") == {"negations"}

    def test_whose_words_are_known_hold_no_names(self) -> None:
        source, draft = "Select a tube, Madam.", "Choose a tube."
        assert changed(source, draft) == {"names"}
        known = stems("select choose madam")
        assert all(same_facts(source, draft, known).values())
        assert not same_facts("Ask Anna, Madam.", draft, known)["names"]
