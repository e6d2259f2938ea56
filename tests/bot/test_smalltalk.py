"""Greetings, thanks and "what can you do?" are told apart from questions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.smalltalk import small_talk


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("hi", "hello"),
        ("Hello!", "hello"),
        ("Good morning everyone :)", "hello"),
        ("Hey there, how are you today?", "hello"),
        ("thanks", "thanks"),
        ("Thank you so much!", "thanks"),
        ("ok great, thanks for the help", "thanks"),
        ("cheers mate 🎉", "thanks"),
        ("thanks, that’s great", "thanks"),
        ("What can you do?", "capabilities"),
        ("help", "capabilities"),
        ("how do I use this?", "capabilities"),
    ],
)
def test_small_talk_is_known(text: str, kind: str) -> None:
    assert small_talk(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "thanks, and when is payday?",
        "Hi, where do I park?",
        "hello world is printed by which script?",
        "Good morning, is the canteen open?",
        "what can you do about late pay?",
        "help me reset my password",
        "who are the owners?",
        "how do I use this printer?",
        "thankfully the shed is open",
        "this",
        "",
        "?!",
    ],
)
def test_a_question_is_no_small_talk_however_politely_it_begins(text: str) -> None:
    assert small_talk(text) is None


@given(
    st.sampled_from(["Hi", "hello", "Thanks", "thank you", "cheers", "good morning"]),
    st.sampled_from(["when is payday", "where is the shed", "how much leave do I get"]),
    st.sampled_from([", ", " - ", "! ", ". ", "\n", " "]),
)
def test_a_question_behind_any_greeting_is_a_question(hello: str, asked: str, between: str) -> None:
    assert small_talk(f"{hello}{between}{asked}?") is None


@given(st.text(max_size=200))
def test_any_text_can_be_asked(text: str) -> None:
    assert small_talk(text) in (None, "hello", "thanks", "capabilities")


def test_a_long_run_of_greetings_is_read_quickly() -> None:
    assert small_talk("hi " + "there " * 20_000 + "x") is None
