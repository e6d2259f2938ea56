"""Quotes are cut to what is asked for: the sentences that answer, of one passage or several."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.answers.quoting import conflict, quote, quotes
from knowledge.text.sentences import split_units
from tests.bot.answers.test_quoting import MARKDOWN, shown
from tests.kit.fakes import evidence


class TestOneFact:
    def test_is_the_sentence_with_what_is_counted(self) -> None:
        text = "Leave is for all 300 of us.\n\nEveryone gets 25 days of leave."
        shares = {"300": 0.5, "25 days": 0.4}
        assert shown("How many days do I get?", text, shares) == "Everyone gets 25 days of leave."

    @pytest.mark.parametrize(
        ("question", "answer"),
        [
            ("How much is lunch?", "Lunch is 4 euros."),
            ("When is lunch?", "Lunch starts at noon."),
            ("Who cooks lunch?", "The cook is Ann Berg."),
            ("Can I bring guests?", "You may bring one guest."),
        ],
    )
    def test_is_the_kind_of_thing_asked_for(self, question: str, answer: str) -> None:
        text = f"Eating is fun.\n\n{answer}"
        assert shown(question, text, {"fun": 0.55, answer[-9:]: 0.4}) == answer

    def test_is_the_rule_where_something_else_of_it_looks_likelier(self) -> None:
        text = "The server is saved at night.\n\nNever restart the server before three."
        shares = {"saved": 0.67, "Never": 0.32}
        assert shown("May I restart the server at two?", text, shares) == text.split("\n\n")[1]

    def test_is_the_likelier_where_the_other_is_much_less_likely(self) -> None:
        text = "Lunch is a matter of taste.\n\nThe yard has 40 trees."
        assert "taste" in shown("How much is lunch?", text, {"taste": 0.9, "trees": 0.05})


class TestWhatMayNotHoldTheAnswer:
    """Then the likeliest sentence or item elsewhere is quoted with it."""

    TEXT = (
        "Report a lost card to the desk. It is blocked at once.\n\n"
        "## Costs\n\nEverybody pays for the first one.\n\n## Delivery\n\n"
        "- A new card comes by mail.\n- The old card stays blocked.\n"
    )

    @pytest.mark.parametrize(
        "also", ["Everybody pays for the first one.", "- The old card stays blocked."]
    )
    def test_has_what_else_may_hold_it(self, also: str) -> None:
        said = shown("What if I lose my card?", self.TEXT, {"Report": 0.6, also[2:]: 0.3})
        assert said == f"Report a lost card to the desk. It is blocked at once.\n\n{also}"

    def test_stands_alone_where_it_surely_does(self) -> None:
        said = shown("What if I lose my card?", self.TEXT, {"blocked at once": 0.95, "mail": 0.05})
        assert "mail" not in said

    def test_has_nothing_that_lacks_the_kind_of_thing_asked_for(self) -> None:
        text = "A card costs 4 euros.\n\n## More\n\nCards are blue."
        assert (
            shown("How much is a card?", text, {"4": 0.6, "blue": 0.4}) == "A card costs 4 euros."
        )

    def test_has_nothing_for_which_there_is_no_room(self) -> None:
        text = f"Report a lost card.\n\n## More\n\n{'Cards are blue and ' * 40}square."
        assert (
            shown("What if I lose it?", text, {"Report": 0.6, "blue": 0.4}) == "Report a lost card."
        )


class TestWhomToTurnTo:
    TEXT = "We never ask for your bank details.\n\n{}\n\nThe shed was built by Han."

    @pytest.mark.parametrize(
        "contact",
        [
            "Write to payroll@acme.example with the line that looks wrong.",
            "Questions are welcome in #payroll.",
            "The desk is on extension 4120.",
            "Tell your team lead first.",
        ],
    )
    @pytest.mark.parametrize(
        "question",
        ["who do I ask about my payslip?", "whom to tell?", "who must be told of a wrong payslip"],
    )
    def test_is_told_however_likely_another_sentence_is(self, question: str, contact: str) -> None:
        said = shown(question, self.TEXT.format(contact), {"bank": 0.99})
        assert contact in said
        assert "shed" not in said

    def test_is_told_for_every_case_rather_than_for_one(self) -> None:
        text = "We like order.\n\nIf you smell gas, ring 112.\n\nCall the desk on extension 41."
        said = shown("who do I call about a wrong bill?", text, {"order": 0.98, "gas": 0.01})
        assert "extension 41" in said
        assert "gas" not in said

    def test_is_not_told_to_whom_asks_who_did_something(self) -> None:
        said = shown("who built the shed?", self.TEXT.format("Ask Ida."), {"Han": 0.99})
        assert said == "The shed was built by Han."


class TestReasonsAndComparisons:
    def test_a_rule_is_told_with_what_stands_around_it_to_whom_asks_why(self) -> None:
        text = (
            "Take your passport along. Rangers have held people without one. Drive slowly.\n\nBye."
        )
        why = shown("why should i take my passport", text, {"passport": 0.97})
        assert why == text.split("\n\n")[0]
        assert shown("what should i take", text, {"passport": 0.97}) == "Take your passport along."

    def test_a_comparison_has_both_sides_however_likely_one_is(self) -> None:
        text = "Workers are WG.\n\n**WS**\n\nSupervisors are WS.\n\n**WL**\n\nLeaders are WL."
        both = shown("what's the difference between WG and WS", text, {"Supervisors": 0.97})
        assert both == "Workers are WG.\n\nSupervisors are WS."
        assert shown("what is WS", text, {"Supervisors": 0.97}) == "Supervisors are WS."
        assert shown("WG and WS, isn't that the same?", text, {"Supervisors": 0.97}) == both


class TestSeveralPassages:
    def test_a_second_quote_that_adds_something_is_kept(self) -> None:
        one = evidence("Salaries are paid on the 25th.", answers=0.7)
        two = evidence("Slips come by post.", answers=0.7)
        assert [each.shown for each in quotes("pay", [one, two], 900)] == [
            "Salaries are paid on the 25th.",
            "Slips come by post.",
        ]

    def test_none_is_added_to_one_that_is_very_likely_to_answer(self) -> None:
        one, two = evidence("Salaries are paid on the 25th."), evidence("Slips come by post.")
        (alone,) = quotes("pay", [one, two], 900)
        assert alone.shown == "Salaries are paid on the 25th."

    def test_a_second_quote_that_says_the_same_is_left_out(self) -> None:
        one = evidence("Salaries are paid on the 25th of each month.")
        two = evidence("All salaries are paid on the 25th of each month.", title="Other")
        assert len(quotes("pay", [one, two], 900)) == 1

    def test_a_second_quote_for_which_there_is_no_room_is_left_out(self) -> None:
        one, two = evidence("Salaries are paid on the 25th."), evidence("Slips come by post.")
        assert len(quotes("pay", [one, two], 40)) == 1

    def test_two_that_contradict_each_other_are_told_with_their_titles(self) -> None:
        one = evidence("The hotel limit is 120 euros.", title="Travel")
        two = evidence("The hotel limit is 95 euros.", title="Travel 2023")
        assert [each.shown for each in quotes("What is the hotel limit?", [one, two], 10)] == [
            "Travel: The hotel limit is 120 euros.",
            "Travel 2023: The hotel limit is 95 euros.",
        ]

    @pytest.mark.parametrize(
        ("one", "other", "conflicts"),
        [
            ("You get 25 days.", "You get 26 days.", True),
            ("You get 25 days.", "You get 25 days of leave.", False),
            ("You get 25 days.", "Ask within 2 weeks.", False),
            ("People in Ghent get 26 days.", "People in Lyon get 27 days.", False),
            ("It costs €12.", "The price is €15.", True),
        ],
    )
    def test_a_conflict_is_other_numbers_of_the_same(
        self, one: str, other: str, conflicts: bool
    ) -> None:
        first, second = (quote("what", evidence(text)) for text in (one, other))
        assert conflict(first, second) is conflicts


@settings(deadline=None)
@given(MARKDOWN, st.sampled_from(["How do I pay?", "How many?", "step 2", "What is there?"]))
def test_any_passage_is_quoted_word_for_word_whatever_is_asked(markdown: str, asked: str) -> None:
    assume(split_units(markdown))
    quoted = quote(asked, evidence(markdown))
    assert quoted.is_verbatim
    assert quoted.shown


class TestBriefSentences:
    TEXT = (
        "We recommend a passport. People without one have been held at the border for hours.\n\n"
        "Bring two litres of water each.\n"
    )

    def test_one_that_may_not_answer_alone_is_quoted_with_its_neighbour(self) -> None:
        quoted = shown("Why should I take a passport?", self.TEXT, {"passport": 0.8})
        assert quoted.endswith("for hours.")

    def test_one_that_surely_answers_stands_alone(self) -> None:
        assert (
            shown("What is advised?", self.TEXT, {"passport": 0.95}) == "We recommend a passport."
        )

    def test_the_neighbour_is_of_the_same_paragraph(self) -> None:
        assert shown("is it dry", self.TEXT, {"water": 0.8}) == "Bring two litres of water each."


def test_a_question_at_the_end_opens_what_is_not_quoted_and_is_left_out() -> None:
    text = "Staff use ten days of leave for this. Short of days? Ask your lead for unpaid ones."
    quoted = shown("how many days does it take", text, {"ten days": 0.5, "Short of": 0.3})
    assert quoted == "Staff use ten days of leave for this."


def test_what_begins_with_a_condition_about_something_named_before_is_told_with_that() -> None:
    text = "The team reads every form. If they have queries, they ask. We pay on Fridays."
    said = shown("who asks about my form", text, {"queries": 0.97})
    assert said == "The team reads every form. If they have queries, they ask."
