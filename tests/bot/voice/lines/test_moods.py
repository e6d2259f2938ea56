"""Where nobody wants to be cheered up, and what suits there."""

from __future__ import annotations

import pytest

from bot.voice.lines.moods import fits_mood, mood_of, mood_of_pair
from bot.voice.metrics import markers
from bot.voice.voice import Mood, Voice


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("My laptop was stolen on the train", "security"),
        ("I think I clicked on a phishing link", "security"),
        ("Somebody is harassing me at work", "security"),
        ("There is a fire in the workshop!", "security"),
        ("I hurt my back lifting a frame", "health"),
        ("How many days of sick leave do I get?", "health"),
        ("I feel burnt out", "health"),
        ("My father died, how much leave can I take?", "bad_news"),
        ("Your order of 3 May is late.", "bad_news"),
        ("Your position will be terminated on 30 June.", "bad_news"),
        ("I was charged twice for one helmet", "money"),
        ("My salary is two days late", "money"),
        ("I can't pay the invoice on time", "money"),
        ("How do I complain about my manager?", "complaint"),
        ("We are sorry for the mix-up.", "complaint"),
        ("A thief hurt my hand and I am furious", "security"),
    ],
)
def test_is_heard_and_the_gravest_counts(text: str, mood: Mood) -> None:
    assert mood_of(text) == mood


@pytest.mark.parametrize(
    "text",
    [
        "How much is a bike pass?",
        "When are we paid?",
        "How do I paint a frame?",
        "What is the deadline for the form?",
        "I forgot my password",
        "The printer does not print",
        "When is the fire drill?",
        "Thank you for your kind words about our team!",
        "Which skills do I need?",
    ],
)
def test_is_not_heard_in_an_ordinary_exchange(text: str) -> None:
    assert mood_of(text) is None


@pytest.mark.parametrize(
    ("said", "suits"),
    [
        ("Hello. Your order is late. Ask me if anything is unclear.", True),
        ("Hello, Ms Okafor. Your order is late.", True),
        ("Your order is late.", True),
        ("Let's sort this, Ms Okafor! Your order is late.", False),
        ("Hello there. Your order is late.", False),
        ("Hello. Your order is late! Ask me if anything is unclear.", False),
        ("Hello. It is late. Go gently, and shout if you are stuck.", False),
    ],
)
def test_suits_a_reply_without_cheer(said: str, suits: bool, fernhill: Voice) -> None:
    assert fits_mood(said, fernhill.guide, "bad_news") is suits
    assert markers(said, fernhill.guide, mood="bad_news")["mood"] is suits
    assert fits_mood(said, fernhill.guide, None)


def test_is_no_marker_where_there_is_none(fernhill: Voice) -> None:
    assert "mood" not in markers("Hello there! It is ready.", fernhill.guide)
    plain = fernhill.guide.model_copy(update={"mood": {}})
    assert "mood" not in markers("Hello there! It is late.", plain, mood="bad_news")


def test_has_an_example_in_the_sample_guide_that_keeps_all_of_its_habits(fernhill: Voice) -> None:
    guide = fernhill.guide
    assert {*guide.sober} == {"security", "health", "bad_news", "money", "complaint"}
    for mood, text in guide.sober.items():
        assert mood_of(text) == mood
        assert all(markers(text, guide, mood=mood).values()), text


def test_of_a_pair_is_that_of_its_question_or_its_draft(fernhill: Voice) -> None:
    pairs = {pair.question or pair.plain: mood_of_pair(pair) for pair in fernhill.examples}
    assert pairs["late return fees for books"] is None
    [ferry] = [mood for text, mood in pairs.items() if "14:30 sailing to Skerra" in text]
    assert ferry == "bad_news"
