"""Cards and forms as blocks that Slack takes, and what comes back from forms."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack.showing.blocks import (
    card_view,
    closing,
    form_context,
    form_view,
    home_view,
    postings,
    values,
)
from bot.cards import Card, Choice, CitedSource, Field, Form
from bot.desk.desk import Desk
from bot.errors import UsageError
from bot.types import Place
from tests.stand_ins.slack_server import live_mentions, visible_text, visible_view
from tests.stand_ins.slack_server.blocks import check_blocks, check_view
from tests.stand_ins.slack_server.interactions import form_state

PLACE = Place("slack", "T1", "C1", "1.2")
LEAVE = CitedSource(1, "Annual leave", "leave.md", "https://intra.example/leave?a=1&b=2")
FULL = Card(
    "You have **25 days** [1].",
    sources=(LEAVE, CitedSource(2, "Glossary", "glossary.txt", "")),
    confidence="● Sure",
    buttons=("helpful", "unhelpful", "why", "person", "share"),
    subject="trace-1",
)


def read(blocks: list[dict[str, Any]]) -> str:
    return visible_text({"blocks": blocks}, {})


def test_a_card_reads_as_answer_sources_confidence_and_buttons() -> None:
    (posting,) = postings(FULL)
    assert check_blocks(posting.blocks) == []
    assert posting.text.startswith("You have *25 days*")
    lines = [line for line in read(posting.blocks).split("\n") if line]
    assert lines == [
        "You have 25 days [1].",
        "[1] Annual leave (https://intra.example/leave?a=1&b=2)",
        "[2] Glossary",
        "● Sure",
        "[Helpful]  [Not helpful]  [Why this answer?]  [Ask a person]  [Share with channel]",
    ]


def test_buttons_carry_what_they_act_on() -> None:
    *_, actions = closing(FULL)
    assert {each["value"] for each in actions["elements"]} == {"trace-1"}
    assert actions["elements"][0]["action_id"] == "housevoice:helpful"


def test_a_long_answer_takes_several_messages_and_ends_with_its_buttons() -> None:
    text = "\n\n".join(f"Paragraph {n}: " + "word " * 150 for n in range(50))
    parts = postings(Card(text, sources=(LEAVE,), buttons=("why",), subject="t"))
    assert len(parts) > 2
    assert all(check_blocks(part.blocks) == [] for part in parts)
    assert [any(b["type"] == "actions" for b in part.blocks) for part in parts] == [
        *[False] * (len(parts) - 1),
        True,
    ]
    shown = " ".join(b["text"] for part in parts for b in part.blocks if b["type"] == "markdown")
    assert shown.split() == text.split()


def test_sources_that_do_not_fit_stand_alone() -> None:
    many = tuple(CitedSource(n, f"Page {n} " + "x" * 300, "d", "") for n in range(1, 11))
    parts = postings(Card("word " * 2300, sources=many, buttons=("why",), subject="t"))
    assert len(parts) == 2 and parts[1].blocks[0]["type"] == "context"


def test_an_empty_card_is_still_a_message() -> None:
    (posting,) = postings(Card(""))
    assert posting.text and check_blocks(posting.blocks) == []


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", ""])
def test_only_web_addresses_are_links(url: str) -> None:
    (block,) = closing(Card("x", sources=(CitedSource(1, "T", "d", url),)))
    assert block["elements"][0]["text"] == "[1] T"


def test_a_title_calls_nobody_and_breaks_no_link() -> None:
    source = CitedSource(1, "<!channel> | <@U1> > @here", "d", "https://e.example/a|b>c")
    (block,) = closing(Card("x", sources=(source,)))
    assert live_mentions({"blocks": [block]}) == []
    assert block["elements"][0]["text"].count("|") == 1


@given(
    st.text(max_size=400),
    st.lists(st.tuples(st.text(max_size=80), st.text(max_size=40)), max_size=4),
)
@settings(max_examples=60, deadline=None)
def test_whatever_stands_in_a_card_slack_takes_it_and_nobody_is_called(
    text: str, sources: list[tuple[str, str]]
) -> None:
    card = Card(
        text + "<!here> <@U1>",
        sources=tuple(
            CitedSource(n, title, "doc", f"https://e.example/{path}")
            for n, (title, path) in enumerate(sources, start=1)
        ),
        buttons=("why",),
        subject="t",
    )
    for part in postings(card):
        assert check_blocks(part.blocks) == [] and len(part.text) <= 4000
        assert live_mentions({"text": part.text, "blocks": part.blocks}) == []
    assert check_view(card_view(card, "Why?", PLACE)) == []


FORM = Form(
    "channel",
    "This channel",
    (
        Field("mode", "When", "one_of", "b", (Choice("a", "A"), Choice("b", "B")), required=True),
        Field("bar", "How sure", "number", "0.8", help="From 0 to 1."),
        Field("sources", "Only these", "some_of", ("s2",), (Choice("s1", "1"), Choice("s2", "2"))),
        Field("help", "Where", "channel"),
        Field("text", "Text", "long_text", "Dear all", required=True),
    ),
    context={"draft": "d1"},
)


def test_a_form_is_a_modal_that_slack_takes_and_people_can_read() -> None:
    view = form_view(FORM, PLACE)
    assert check_view(view) == []
    assert "How sure" in visible_view(view, {})


def test_an_untouched_form_comes_back_as_it_was() -> None:
    view = form_view(FORM, PLACE)
    state = {"values": form_state(view["blocks"], {})}
    assert values(state) == {
        "mode": "b",
        "bar": "0.8",
        "sources": ("s2",),
        "help": "",
        "text": "Dear all",
    }


def test_what_was_filled_in_comes_back_by_name() -> None:
    blocks = form_view(FORM, PLACE)["blocks"]
    filled = {"mode.value": "a", "sources.value": ["s1", "s2"], "help.value": "C9"}
    found = values({"values": form_state(blocks, filled)})
    assert (found["mode"], found["sources"], found["help"]) == ("a", ("s1", "s2"), "C9")


def test_a_form_remembers_what_it_is_and_where() -> None:
    assert form_context(form_view(FORM, PLACE)) == ("channel", {"draft": "d1"}, PLACE)


def test_a_text_longer_than_slacks_fields_is_refused_not_cut() -> None:
    form = Form("draft", "Edit", (Field("text", "Your text", "long_text", "x" * 3001),))
    with pytest.raises(UsageError, match="3,000 characters"):
        form_view(form, PLACE)


def test_a_card_in_a_modal_has_no_more_blocks_than_slack_takes() -> None:
    card = Card("\n\n".join("word " * 550 for _ in range(120)), buttons=("copy",), subject="d")
    view = card_view(card, "A title that is longer than Slack allows", PLACE)
    assert check_view(view) == [] and len(view["title"]["text"]) <= 24


def test_the_home_tab_tells_admins_more(desk: Desk) -> None:
    plain = home_view(desk.commands.all, ("When is <!here> payday?",), admin=False)
    full = home_view(desk.commands.all, (), admin=True)
    everybodys, admins = visible_view(full, {}).split("For admins")
    assert "/kb" not in everybodys and "/kb list" in admins and "/ask" not in admins
    assert check_view(plain) == [] and check_view(full) == []
    assert "/kb" not in json.dumps(plain) and "/ask" in json.dumps(plain)
    assert "/kb workspace" in visible_view(full, {})
    assert live_mentions(plain) == []
