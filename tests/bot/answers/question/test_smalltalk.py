"""Greetings, thanks and "what can you do?" are told apart from questions."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answers.question.smalltalk import SmallTalk, small_talk


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
        ("good bot", "thanks"),
        ("that's great!", "thanks"),
        ("You're the best", "thanks"),
        ("Perfect, thank you", "thanks"),
        ("that helped a lot", "thanks"),
        ("Never mind", "never_mind"),
        ("nvm", "never_mind"),
        ("oh forget it", "never_mind"),
        ("Ignore that, sorry", "never_mind"),
        ("scrap that.", "never_mind"),
        ("Never mind, I found it!", "never_mind"),
        ("ok", "noted"),
        ("Yes!", "noted"),
        ("no", "noted"),
        ("lol", "noted"),
        ("hahaha", "noted"),
        ("Ok, makes sense", "noted"),
        ("👍", "noted"),
        ("👍🏽 ❤️", "noted"),
        (":+1::skin-tone-3:", "noted"),
        (":thumbsup: :tada:", "noted"),
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
        "never mind the deadline, who signs?",
        "how do I cancel that booking?",
        "cancel my leave",
        "no pay",
        "good laptop",
        "right to work",
        "best bike for children",
        "nice to have list",
        "stop the line",
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
    assert small_talk(text) in (None, *get_args(SmallTalk))


def test_a_long_run_of_greetings_is_read_quickly() -> None:
    assert small_talk("hi " + "there " * 20_000 + "x") is None
    assert small_talk("haha" * 20_000 + "x") is None
    assert small_talk("ok " * 20_000 + "x") is None
