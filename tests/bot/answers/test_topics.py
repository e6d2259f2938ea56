"""The heading that a lead-in may name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answers.topics import topic
from knowledge.types import Passage, recognised_heading
from tests.kit.fakes import evidence

LONG = "How we share out the budget for our training"


def passage(title: str, *headings: str) -> Passage:
    return evidence("Text.\n", title=title, headings=headings).passage


@pytest.mark.parametrize(
    ("headings", "told"),
    [
        (("Leave", "Annual leave"), "Annual leave"),
        (("Leave", "**Annual** leave:"), "Annual leave"),
        (("Leave", "3. Annual leave"), "Annual leave"),
        (("Leave", "Step 2: Send the form"), "Send the form"),
        (("Leave", "Semi-annual retreat 🌴🍹"), "Semi-annual retreat"),
        (("Leave", "[Annual leave](https://e.example/x)"), "Annual leave"),
        (("Leave", "GST/HST (RT)"), "GST/HST (RT)"),
        (("Training budget", "The amount"), "Training budget › The amount"),
        (("How we share out the budget for our training", "The amount in all"), LONG),
        (("Leave", "How to track vacation time"), "How to track vacation time"),
    ],
)
def test_is_the_nearest_heading_cleaned(headings: tuple[str, ...], told: str) -> None:
    assert topic(passage(*headings)) == told


@pytest.mark.parametrize(
    "heading",
    [
        "How do I book leave?",
        "What is annual leave",
        "Can I take leave in May",
        "Overview",
        "3.",
        "Step 2",
        "Additional resources",
        "https://evil.example",
        "leave_policy_v2",
        "index.md",
        "Leave that was not taken by the end of March and is carried over",
        "{{ page.title }}",
        "",
    ],
)
def test_is_the_one_above_where_a_heading_asks_or_says_nothing(heading: str) -> None:
    assert topic(passage("Annual leave", heading)) == "Annual leave"


def test_is_nothing_where_none_names_a_topic() -> None:
    assert topic(passage("FAQ", "Overview", "How do I book leave?")) == ""


@given(st.text(max_size=120))
def test_is_short_and_on_one_line_whatever_the_heading(heading: str) -> None:
    told = topic(passage("", heading))
    assert len(told) <= 60
    assert "\n" not in told


def test_is_never_how_surely_a_text_was_recognised() -> None:
    assert topic(passage("Lease", "Notice period", recognised_heading(93))) == "Notice period"
