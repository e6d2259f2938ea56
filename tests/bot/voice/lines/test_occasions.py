"""On which occasion a line of the voice may stand: somebody asked, and the quote bears it out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.voice.lines.occasions import bears
from bot.voice.lines.occasions import occasions as asked
from bot.voice.voice import Occasion


def occasions(question: str, told: str) -> frozenset[Occasion]:
    """Those that are asked about and that the text bears out."""
    return frozenset(each for each in asked(question) if bears(told, each))


@pytest.mark.parametrize(
    ("question", "told", "about"),
    [
        ("How much is a pass?", "A pass costs £25 a month.", {"money"}),
        ("What is the hotel budget?", "Up to 180 EUR a night.", {"money"}),
        ("When are we paid?", "On the 25th of each month.", {"date"}),
        ("what time does the canteen open", "It opens at 11:30.", {"date"}),
        ("How do I book a desk?", "Open the app and choose a desk.", {"steps"}),
        ("How do I book a desk?", "Open the app. Then choose a desk.", {"steps"}),
        ("how to claim", "1. Fill in the form.\n2. Send it to Ann.", {"steps"}),
        ("Can I bring my dog?", "Dogs are not allowed.", {"permission"}),
        ("Do I have to wear boots?", "Boots must be worn.", {"permission"}),
        ("Who runs payroll?", "Payroll is run by Anna Reed.", {"place"}),
        ("where is the first aid kit", "It hangs in the kitchen.", {"place"}),
        ("My laptop was stolen", "Ring the desk at once.", {"trouble"}),
        ("I can't sign in", "Wait for 20 minutes.", {"trouble"}),
        ("The printer stopped working", "Turn it off and wait.", {"trouble"}),
    ],
)
def test_is_what_is_asked_about_and_told(question: str, told: str, about: set[str]) -> None:
    assert occasions(question, told) == about


@pytest.mark.parametrize(
    ("question", "told"),
    [
        pytest.param("How much is a pass?", "Ask the desk about passes.", id="no amount"),
        pytest.param("Where is the wifi password?", "it is changed yearly", id="no place"),
        pytest.param("When are we paid?", "It depends on the contract.", id="no date"),
        pytest.param("How do I book a desk?", "Desks are booked by your lead.", id="no steps"),
        pytest.param("How do I log in?", "Ask your lead.", id="one step alone"),
        pytest.param("How do I log in?", "To log in, contact your lead.", id="one after its aim"),
        pytest.param("How do I ask?", "If in need, ask. It has name, start and end.", id="nouns"),
        pytest.param("Where may I eat?", "Never eat at your desk.", id="where not"),
        pytest.param("When do I have to ask?", "You must ask.", id="a duty in a question of time"),
        pytest.param("Who can log in?", "Anna Reed and her team can.", id="nobody to turn to"),
        pytest.param("When do we call an emergency contact?", "Call if in doubt.", id="a noun"),
        pytest.param("How do I report sick?", "Stay at home and get better.", id="one step in two"),
        pytest.param("Can I bring my dog?", "Pets live on floor two.", id="no ruling"),
        pytest.param("My laptop was stolen", "Laptops are grey.", id="no help"),
    ],
)
def test_is_none_where_the_quote_does_not_bear_it_out(question: str, told: str) -> None:
    assert occasions(question, told) == frozenset()


@pytest.mark.parametrize(
    "told", ["A pass costs £25.", "On the 25th at 11:30.", "Open the app and choose a desk."]
)
def test_is_none_where_nobody_asked_about_it(told: str) -> None:
    assert occasions("What is Fridge?", told) == frozenset()


def test_may_be_several() -> None:
    told = "It costs £36, due on 5 January."
    assert occasions("How much is it and when is it due?", told) == {"money", "date"}


@given(st.text(max_size=200), st.text(max_size=200))
def test_of_any_text_can_be_told(question: str, told: str) -> None:
    occasions(question, told)


def test_of_a_long_text_is_told_quickly() -> None:
    occasions("how do I " * 300, "if it is so " * 2000)
