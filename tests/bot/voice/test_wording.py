"""The voice's rules of style: what they change, and what they leave alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.voice.grounding import same_facts
from bot.voice.voice import Voice
from bot.voice.wording import calmed, capitalised, copied, disliked, no_names, worded

KEPT = [
    "`purchase --require`",
    "```sh\nassist --obtain  # kindly!!!\n```",
    "> We require assistance! 🎉",
    "| purchase | require |\n|---|---|\n| obtain | £3 |",
    "    purchase = require(obtain)",
    "[Purchase history](https://x.example/purchase/require)",
    "https://x.example/purchase?require=obtain",
    "assist@purchase.example",
    '"Purchase" and “Require”',
    "**Purchase history**",
    "{require}",
    "<require>",
]
SENTENCES = [
    "Unfortunately, order 4471 is 3 days late.",
    "Please be advised that Anna Reed will not call before 10:15!",
    "Do not hesitate to call 0117 496 0123!!!",
    "However, we require a deposit of £50.",
    "Kindly obtain a crime number; however, nobody needs it prior to 3 May.",
    "- Select the tube",
    "Never purchase two. 🎉",
    "PLEASE STOP!!!",
    "iPhone users require no PIN?!",
    *KEPT,
]


class TestWhatIsReplaced:
    @pytest.mark.parametrize(
        ("plain", "voiced"),
        [
            ("You require a pump prior to the ride.", "You need a pump before the ride."),
            ("Assistance is free.", "Help is free."),
            ("SELECT A TUBE.", "CHOOSE A TUBE."),
            ("- Select a tube", "- Choose a tube"),
            ("In the event that it rains, stop.", "If it rains, stop."),
            ("However, it rains.", "But it rains."),
            ("It rains; however, we ride.", "It rains, but we ride."),
            ("As per your request, we wait.", "In line with your request, we wait."),
            ("Unfortunately, it rains.", "It rains."),
            ("We are unfortunately late.", "We are late."),
            ("Kindly wait.", "Please wait."),
            ("If you can, kindly wait.", "If you can, wait."),
            ("Please be advised that it rains.", "It rains."),
            ("Rest assured that it rains.", "It rains."),
            ("We regret to inform you that it rains.", "It rains."),
            ("Members are hereby informed that it rains.", "It rains."),
            ("Please note that iPhone apps differ.", "iPhone apps differ."),
            ("Please do not hesitate to call us.", "Please call us."),
            ("Do not hesitate to call us.", "Call us."),
            ("We apologise for any inconvenience.", "We are sorry for the trouble."),
            ("It is ready! 🎉", "It is ready!"),
            ("🚀 It is ready.", "It is ready."),
        ],
    )
    def test_is_what_the_guide_does_not_want(
        self, fernhill: Voice, plain: str, voiced: str
    ) -> None:
        assert worded(plain, fernhill).text == voiced

    @pytest.mark.parametrize(
        "sentence",
        [
            "Keep your proof of purchase.",  # a noun, where the voice's verb cannot stand
            "This is your second attempt.",
            "An additional charge applies.",
            "It comes at no additional cost.",
            "We will provide you with a label.",
            "We can, however, wait.",
            "It is therefore not suitable.",
            "Open the Purchase page.",
            "The light is 🔴 and ⚠️ means stop.",
            "Tickets purchased online were obtained there.",  # other words than the guide's
        ],
    )
    def test_is_not_what_would_read_wrongly(self, fernhill: Voice, sentence: str) -> None:
        assert worded(sentence, fernhill).text == sentence

    @pytest.mark.parametrize("kept", KEPT)
    def test_is_never_what_is_copied(self, fernhill: Voice, kept: str) -> None:
        text = f"You require this:\n\n{kept}\n\nSelect it."
        assert worded(text, fernhill).text == f"You need this:\n\n{kept}\n\nChoose it."
        assert calmed(kept, 0) == kept
        assert all(stretch in kept for stretch in copied(kept))
        assert not disliked(kept, fernhill.guide)

    def test_says_whom_an_announcement_is_for_if_not_everybody(self, fernhill: Voice) -> None:
        text = worded("We wish to inform customers in Bristol that it rains.", fernhill).text
        assert text == "We wish to tell customers in Bristol that it rains."

    def test_is_up_to_the_guide(self, tmp_path: Path, fernhill: Voice) -> None:
        markers = fernhill.guide.markers.model_copy(
            update={"forbidden": (), "swaps": {"wait": "not wait"}, "emoji": "any"}
        )
        guide = fernhill.guide.model_copy(update={"markers": markers})
        lax = Voice("lax", tmp_path, guide)
        told = worded("Unfortunately, we utilise emoji 🎉. Please wait.", lax)
        assert told.text == "Unfortunately, we utilise emoji 🎉. Please wait."
        assert told.refused == ("Please wait.",)  # such a swap would negate it


class TestEveryText:
    @given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=6), st.sampled_from(" \n"))
    def test_keeps_its_facts(self, fernhill: Voice, sentences: list[str], between: str) -> None:
        text = (between * 2).join(sentences)
        told = worded(text, fernhill).text
        assert all(same_facts(text, told, no_names(fernhill)).values())

    @given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=6))
    def test_is_changed_once(self, fernhill: Voice, sentences: list[str]) -> None:
        told = worded("\n\n".join(sentences), fernhill).text
        assert worded(told, fernhill).text == told

    @given(st.text(max_size=200))
    def test_may_be_anything(self, fernhill: Voice, text: str) -> None:
        told = worded(text, fernhill).text
        assert all(same_facts(text, told, no_names(fernhill)).values())

    @given(st.lists(st.sampled_from(SENTENCES), max_size=6), st.integers(0, 3))
    def test_has_no_more_exclamation_marks_than_it_may(
        self, sentences: list[str], most: int
    ) -> None:
        text = calmed("\n".join(sentences), most)
        for stretch in copied(text):
            text = text.replace(stretch, " ")
        assert text.count("!") <= most


@pytest.mark.parametrize(
    ("text", "capital"),
    [
        ("thx for waiting", "Thx for waiting"),
        ("off-peak fares", "Off-peak fares"),
        ("élan, always", "Élan, always"),
        ("iPhone", "iPhone"),
        ("kit@x.example", "kit@x.example"),
        ("https://x.example", "https://x.example"),
        ("- a", "- a"),
        ("", ""),
    ],
)
def test_a_capital_begins_a_sentence_unless_it_begins_with_a_name(text: str, capital: str) -> None:
    assert capitalised(text) == capital
