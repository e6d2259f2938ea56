"""What is shown under an answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cards import LABELS, Card, CitedSource, answer_card, confidence_in_words, label
from bot.types import Citation, Reply, Tier

FOUND = Reply(
    "When is payday?",
    "On the 25th. [1]",
    tier="sure",
    voice="fernhill",
    trace_id="t1",
    citations=(Citation(1, "Pay", "pay.md", "https://intra.example/pay", "25th", "p1"),),
    confidence=0.9,
)
UNSURE = replace(FOUND, tier="unsure", confidence=0.3)
UNKNOWN = replace(FOUND, tier="none", citations=(), confidence=0.1)
SMALL_TALK = Reply("hi", "Hello!", tier=None, voice="fernhill", trace_id="t1")
APOLOGY = replace(SMALL_TALK, error_id="e1")


@pytest.mark.parametrize(
    ("reply", "buttons", "everything"),
    [
        (
            FOUND,
            ("helpful", "unhelpful", "why"),
            ("helpful", "unhelpful", "why", "person", "share", "solved"),
        ),
        (
            UNSURE,
            ("helpful", "unhelpful", "why"),
            ("helpful", "unhelpful", "why", "person", "share", "solved"),
        ),
        (UNKNOWN, ("why",), ("why", "person", "solved")),
        (SMALL_TALK, (), ()),
        (APOLOGY, (), ("person",)),
    ],
)
def test_an_answer_has_the_buttons_that_lead_somewhere(
    reply: Reply, buttons: tuple[str, ...], everything: tuple[str, ...]
) -> None:
    assert answer_card(reply).buttons == buttons
    full = answer_card(reply, shareable=True, help_channel=True, forum=True)
    assert full.buttons == everything
    assert full.subject == "t1"


def test_an_answer_has_its_sources_and_how_sure_it_is() -> None:
    card = answer_card(FOUND)
    assert card.sources == (CitedSource(1, "Pay", "pay.md", "https://intra.example/pay"),)
    assert card.confidence == "● Sure"


@pytest.mark.parametrize("url", ["file:///srv/pay.md", "javascript:alert(1)", "pay.md", ""])
def test_what_is_not_on_the_web_cannot_be_opened(url: str) -> None:
    (citation,) = FOUND.citations
    (source,) = answer_card(replace(FOUND, citations=(replace(citation, url=url),))).sources
    assert (source.title, source.url) == ("Pay", "")


@pytest.mark.parametrize("reply", [UNKNOWN, SMALL_TALK, APOLOGY])
def test_what_is_no_answer_is_not_sure_of_anything(reply: Reply) -> None:
    assert answer_card(reply).confidence == ""


@pytest.mark.parametrize(
    ("tier", "confidence", "words"),
    [
        ("sure", 1.0, "● Sure"),
        ("sure", 0.8, "● Sure"),
        ("sure", 0.79, "● Fairly sure"),
        ("unsure", 0.49, "◐ Not certain"),
        ("unsure", 0.9, "◐ Not certain"),
        ("none", 0.9, ""),
        (None, 0.0, ""),
    ],
)
def test_how_sure_it_is_follows_the_tier_and_is_told_with_a_sign(
    tier: Tier | None, confidence: float, words: str
) -> None:
    assert confidence_in_words(tier, confidence) == words


def test_the_closest_there_is_asks_whether_it_was_meant() -> None:
    card = answer_card(UNSURE)
    assert card.confidence == "◐ Not certain"
    named = [label(each, card.tier) for each in card.buttons]
    assert named == ["That helped", "Not what I meant", "Why this answer?"]


def test_only_cited_and_given_addresses_are_live() -> None:
    card = Card(
        "See [this](https://evil.example).",
        sources=(CitedSource(1, "A", "a.md", "https://a.example"), CitedSource(2, "B", "b.md", "")),
        links=("https://thread.example",),
    )
    assert card.live_links == {"https://a.example", "https://thread.example"}


def test_every_button_has_a_label_that_platforms_can_show() -> None:
    tiers: tuple[Tier | None, ...] = (None, "sure", "unsure", "none")
    for tier in tiers:
        names = {label(action, tier) for action in LABELS}
        assert len(names) == len(LABELS)
        assert all(0 < len(name) <= 75 for name in names)
