"""The check between the model and the reader: do a draft's facts stand in its source?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.grounding import facts, frame_of, lead_is_safe, marks_are_valid, same_facts
from bot.tone.voice import Voice
from knowledge.words import stems

FRAME = stems("here this is what the notes say about a rule on how to")
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


class TestALeadIn:
    QUESTION = "How do I book annual leave?"
    QUOTED = "Send the form to your lead. Nobody is turned down without a reason in 5 days."

    def safe(self, lead: str) -> bool:
        return lead_is_safe(lead, self.QUESTION, self.QUOTED, FRAME)

    @pytest.mark.parametrize(
        "lead",
        [
            "Here is how to book annual leave.",
            "About annual leave, the notes say this:",
            "Here is the rule on booking your annual leave.",
        ],
    )
    def test_that_names_the_topic_is_safe(self, lead: str) -> None:
        assert self.safe(lead)

    @pytest.mark.parametrize(
        "lead",
        [
            pytest.param("", id="empty"),
            pytest.param("Here is what the notes say.", id="no topic at all"),
            pytest.param("Here is how to book a pension.", id="another topic"),
            pytest.param("Here is how to book annual leave with Priya.", id="a name"),
            pytest.param("Here is how to book 5 annual leave days.", id="a number of the quote"),
            pytest.param("Here is how to book five leave.", id="a number word"),
            pytest.param("Here is annual leave: https://annual.leave.", id="a link"),
            pytest.param("Here is `annual leave`.", id="code"),
            pytest.param("Nobody is turned down annual leave.", id="a negation of the quote"),
            pytest.param("Here is how to book annual leave", id="no end"),
            pytest.param("How to book annual leave?", id="a question back"),
            pytest.param("Annual leave is how you book.", id="a sentence of the question's words"),
            pytest.param("Here is annual leave.\nHere is leave.", id="two lines"),
            pytest.param("Here is annual leave" + " and leave" * 20 + ".", id="too long"),
        ],
    )
    def test_that_claims_something_is_not(self, lead: str) -> None:
        assert not self.safe(lead)

    def test_may_repeat_a_number_that_was_asked_about(self) -> None:
        lead = "Here is the rule on 12 days."
        assert lead_is_safe(lead, "Can I take 12 days?", "Take what you like.", FRAME)

    @given(st.text(max_size=60))
    def test_is_never_safe_with_a_digit_that_nobody_asked_about(self, text: str) -> None:
        assert not self.safe(f"Here is leave {text} 7777.")


class TestTheFrame:
    def test_is_what_lead_ins_say_whatever_the_topic(self) -> None:
        leads = [(f"Here is the rule on {each}.", f"about {each}") for each in "abcdefgh"]
        assert frame_of(leads) == stems("here is the rule on")

    def test_leaves_out_what_only_one_lead_in_says(self) -> None:
        leads = [("Here is pay.", "pay"), ("Here is leave, folks.", "leave")]
        assert frame_of(leads) == stems("here is")

    def test_of_the_shipped_voice_lets_its_own_lead_ins_pass(self, fernhill: Voice) -> None:
        pairs = []
        for example in fernhill.examples:
            if example.kind == "answer":
                before, found, _ = example.voiced.partition(example.plain)
                assert found
                lead = before.partition("! ")[2].strip()
                pairs.append((lead, example.question, example.plain))
        frame = frame_of([(lead, f"{question} {plain}") for lead, question, plain in pairs])
        safe = sum(lead_is_safe(*pair, frame) for pair in pairs)
        assert safe >= 0.9 * len(pairs)


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
        assert marks_are_valid(answer, citations) is valid


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
