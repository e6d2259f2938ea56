"""What is shown under an answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cards import LABELS, Card, Source, answer_card, confidence_in_words
from bot.types import Citation, Reply

FOUND = Reply(
    "When is payday?",
    "On the 25th. [1]",
    tier="sure",
    voice="fernhill",
    trace_id="t1",
    citations=(Citation(1, "Pay", "pay.md", "https://intra.example/pay", "25th", "p1"),),
    checks={"confidence": 0.9},
)
UNKNOWN = replace(FOUND, tier="none", citations=(), checks={"confidence": 0.1})
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
    assert card.sources == (Source(1, "Pay", "pay.md", "https://intra.example/pay"),)
    assert card.confidence == "Confident"


@pytest.mark.parametrize("url", ["file:///srv/pay.md", "javascript:alert(1)", "pay.md", ""])
def test_what_is_not_on_the_web_cannot_be_opened(url: str) -> None:
    (citation,) = FOUND.citations
    (source,) = answer_card(replace(FOUND, citations=(replace(citation, url=url),))).sources
    assert (source.title, source.url) == ("Pay", "")


@pytest.mark.parametrize("reply", [UNKNOWN, SMALL_TALK, APOLOGY])
def test_what_is_no_answer_is_not_sure_of_anything(reply: Reply) -> None:
    assert answer_card(reply).confidence == ""


@pytest.mark.parametrize(
    ("confidence", "words"),
    [
        (1.0, "Confident"),
        (0.85, "Confident"),
        (0.84, "Fairly sure"),
        (0.65, "Fairly sure"),
        (0.64, "Worth checking"),
        (0.0, "Worth checking"),
    ],
)
def test_confidence_is_told_in_words(confidence: float, words: str) -> None:
    assert confidence_in_words(confidence) == words


def test_only_cited_and_given_addresses_are_live() -> None:
    card = Card(
        "See [this](https://evil.example).",
        sources=(Source(1, "A", "a.md", "https://a.example"), Source(2, "B", "b.md", "")),
        links=("https://thread.example",),
    )
    assert card.live_links == {"https://a.example", "https://thread.example"}


def test_every_button_has_a_label_that_platforms_can_show() -> None:
    assert all(0 < len(label) <= 75 for label in LABELS.values())
    assert len(set(LABELS.values())) == len(LABELS)
