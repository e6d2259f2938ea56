"""Any text can be asked: something is found in it, nothing is made up, and it takes no time."""

from __future__ import annotations

import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answers.question.asking import MOST_QUESTIONS, understand


@given(st.text(max_size=300))
def test_any_text_is_asked_something_of_unless_it_is_blank(text: str) -> None:
    asked = understand(text)
    assert 1 <= len(asked.questions) <= MOST_QUESTIONS
    assert all(question.strip() for question in asked.questions) or not text.strip()


@given(
    st.lists(
        st.sampled_from(
            "hi thanks and what when is the how do I ? . , ! > : \n @ann #it <@U1> :x: best".split(
                " "
            )
        ),
        max_size=40,
    )
)
def test_nothing_is_asked_that_was_not_said(words: list[str]) -> None:
    text = " ".join(words)
    said = set(re.findall(r"\w+", text.lower())) | {"u1"}
    for question in understand(text).questions:
        assert set(re.findall(r"\w+", question.lower())) <= said


@pytest.mark.parametrize(
    "text",
    [
        "hi " * 5_000,
        "sorry if " * 3_000,
        "please please " * 3_000,
        "and what is " * 2_000,
        "thanks so much " * 2_000,
        "a" * 20_000,
        "\n" * 20_000,
        "> " * 9_000,
        "<@" * 9_000,
        ":a" * 9_000,
        "what is it? " * 1_000,
        "^ " * 9_000,
    ],
)
def test_the_longest_message_is_understood_in_a_moment(text: str) -> None:
    before = process_time()
    understand(text)
    assert process_time() - before < 2
