"""A follow-up becomes a question that stands by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.condense import standalone

LEAVE = "How much annual leave do I get?"


class TestAFollowUp:
    @pytest.mark.parametrize(
        "question",
        [
            "And contractors?",
            "What about part-timers?",
            "how about Berlin",
            "Same for apprentices?",
            "Can I carry it over?",
            "Who approves that?",
            "Why?",
        ],
    )
    def test_is_put_after_what_it_leans_on(self, question: str) -> None:
        assert standalone(question, [LEAVE]) == f"{LEAVE} {question}"

    def test_of_a_follow_up_goes_back_to_what_both_lean_on(self) -> None:
        assert standalone("And in Berlin?", [LEAVE, "What about contractors?"]) == (
            f"{LEAVE} What about contractors? And in Berlin?"
        )

    def test_goes_back_two_questions_at_most(self) -> None:
        earlier = [LEAVE, "And contractors?", "And in Berlin?"]
        assert standalone("And in May?", earlier) == "And contractors? And in Berlin? And in May?"

    def test_goes_no_further_back_than_a_question_that_stands_by_itself(self) -> None:
        earlier = [LEAVE, "When is payday?"]
        assert standalone("And in May?", earlier) == "When is payday? And in May?"

    def test_without_anything_before_it_is_left_alone(self) -> None:
        assert standalone("And contractors?", []) == "And contractors?"


class TestAQuestionOfItsOwn:
    @pytest.mark.parametrize(
        "question",
        [
            "When is payday?",
            "Where do I park my bike?",
            "How do I reset my VPN password?",
            "Which laptop do new designers in the Berlin workshop get on their first day?",
            "Is there parking at the office?",
            "Are there showers at the office?",
            "Is it allowed to bring my dog?",
        ],
    )
    def test_is_left_alone(self, question: str) -> None:
        assert standalone(question, [LEAVE]) == question


@given(st.text(max_size=60), st.lists(st.text(max_size=30), max_size=4))
def test_the_question_itself_always_comes_last_and_whole(question: str, earlier: list[str]) -> None:
    assert standalone(question, earlier).endswith(question)


@given(st.text(max_size=60), st.lists(st.text(max_size=30), max_size=4))
def test_nothing_is_said_that_nobody_asked(question: str, earlier: list[str]) -> None:
    said = [*earlier, question]
    whole = standalone(question, earlier)
    assert whole in [" ".join(said[start:]) for start in range(len(said))]
