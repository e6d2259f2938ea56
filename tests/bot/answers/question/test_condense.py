"""A follow-up becomes a question that stands by itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answers.question.condense import standalone
from knowledge.text.words import stems

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
            "How many per year?",
            "Until when?",
            "For part-timers too?",
            "Is it paid?",
            "What is the deadline?",
            "How do I apply?",
            "Any exceptions?",
            "I'm on the support desk.",
            "What if I'm part-time?",
            "What if it rains?",
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

    @pytest.mark.parametrize(
        ("before", "follow_up", "whole"),
        [
            ("When is pay day in Ghent?", "And in Lyon?", "When is pay day in Lyon?"),
            ("When is pay day in Ghent?", "and for Lyon", "When is pay day in Lyon?"),
            ("When is pay day in Ghent?", "What about Lyon?", "When is pay day in Lyon?"),
            ("when is pay day in ghent", "and in lyon?", "when is pay day in lyon"),
            ("What is the budget for sales?", "and for tech?", "What is the budget for tech?"),
            ("Who works on Fridays?", "And on Sundays?", "Who works on Sundays?"),
            ("How much leave after 5 years?", "And after 10?", "How much leave after 10 years?"),
            ("How many days do I get in Ghent?", "how many days in Lyon?",
             "How many days do I get in Lyon?"),
        ],
    )  # fmt: skip
    def test_with_a_new_value_is_asked_in_place_of_the_old_one(
        self, before: str, follow_up: str, whole: str
    ) -> None:
        assert standalone(follow_up, [before]) == whole

    @pytest.mark.parametrize(
        ("before", "follow_up"),
        [
            ("When is pay day in Lyon?", "And in December?"),
            ("How much leave do I get in Ghent?", "and for contractors?"),
            ("How much leave after 5 years?", "And for 10 hours?"),
            ("Is Lyon or Ghent closed on Monday?", "And Bristol?"),
        ],
    )
    def test_with_a_value_of_another_kind_takes_nothing_away(
        self, before: str, follow_up: str
    ) -> None:
        assert standalone(follow_up, [before]) == f"{before} {follow_up}"

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
            "And what is the hotel limit in Paris?",
            "What causes back pain?",
            "what if i lose my laptop",
            "And what if someone breaks a window?",
            "what if my bike breaks down",
            "what if we are asked to work overtime",
            "I need a new laptop",
        ],
    )
    def test_is_left_alone(self, question: str) -> None:
        assert standalone(question, [LEAVE]) == question


@given(st.text(max_size=60), st.lists(st.text(max_size=30), max_size=4))
def test_nothing_is_said_that_nobody_asked(question: str, earlier: list[str]) -> None:
    said = " ".join([*earlier, question])
    assert set(standalone(question, earlier)) <= {*said, " "}


@given(
    st.sampled_from(["And in {}?", "what about {}?", "And {}?", "for {}?", "{}"]),
    st.text("abcL 15?.,", max_size=30),
    st.lists(st.text("in Lyon for 5?", max_size=30), max_size=3),
)
def test_a_follow_ups_own_words_are_kept(form: str, value: str, earlier: list[str]) -> None:
    question = form.format(value)
    kept = standalone(question, earlier)
    assert all(word in kept for word in re.findall(r"\w+", value))


def pairs() -> list[dict[str, Any]]:
    lines = (
        (Path(__file__).parents[3] / "data" / "follow_ups.jsonl").read_text("utf-8").splitlines()
    )
    return [json.loads(line) for line in lines]


def test_follow_ups_about_the_handbook_have_the_words_that_they_need_and_no_others() -> None:
    wrong = [
        line
        for line in pairs()
        for found in [stems(standalone(line["question"], line["earlier"]))]
        if not stems(" ".join(line["needs"])) <= found or stems(" ".join(line["lost"])) & found
    ]
    # "Is it allowed to use it …": which "it" is meant is past a rule.
    assert [line["question"] for line in wrong] == [
        "Is it allowed to use it on a private computer?"
    ]
