"""Which lines of a voice go around a draft, which has no question that would tell."""

from __future__ import annotations

import pytest

from bot.voice.lines.framing import Around, around, likely_frames
from bot.voice.voice import Example, Voice


def closings(draft: str, voice: Voice) -> set[str]:
    return {closing for _, closing in likely_frames(draft, voice)}


@pytest.mark.parametrize("draft", ["The bike is ready.", "Your password has been reset."])
def test_a_closing_about_a_date_or_money_needs_one_in_the_draft(
    draft: str, fernhill: Voice
) -> None:
    dated = "Worth a note in your diary."
    assert not closings(draft, fernhill) & {dated, "Every penny counts, so keep this handy."}
    assert dated in closings("The museum will not be open on Monday 6 May.", fernhill)


def test_a_frame_of_one_pair_alone_is_not_the_likeliest(fernhill: Voice) -> None:
    rare = fernhill.guide.greetings[0], fernhill.guide.closings[-2]
    pair = Example(
        kind="answer",
        topic="t",
        question="q",
        plain="Zebras.",
        voiced=f"{rare[0]} Zebras. {rare[1]}",
    )
    voice = Voice("acme", fernhill.folder, fernhill.guide)
    voice.__dict__["examples"] = (*fernhill.examples, pair)
    for draft in ("The ferry is cancelled due to a fault.", "The invoice of £300 is due."):
        assert rare not in likely_frames(draft, voice)


def test_a_voice_without_pairs_leaves_every_choice_open(fernhill: Voice) -> None:
    guide = fernhill.guide.model_copy(update={"when": {}, "mood": {}, "to_questions": ()})
    voice = Voice("acme", fernhill.folder, guide)
    voice.__dict__["examples"] = ()
    assert len(likely_frames("It is so.", voice)) == len(guide.greetings) * len(guide.closings)


@pytest.mark.parametrize(
    "draft",
    [
        "Your laptop was stolen from the workshop on Monday. Please change your password.",
        "Your order of 3 May is late. It arrives on 12 May.",
        "Your refund of £40 was declined because the return came after 30 days.",
        "You hurt your hand on the saw. See the first aider in the kitchen.",
        "You have been overcharged by £25. We send it back within 3 working days.",
        "Thank you for your complaint about our mechanic. We answer by 9 May.",
    ],
)
def test_a_draft_that_brings_no_joy_gets_no_cheerful_line(draft: str, fernhill: Voice) -> None:
    [(greeting, closing)] = likely_frames(draft, fernhill)
    assert {greeting, closing} <= {"", *fernhill.guide.mood}


def test_no_draft_is_greeted_as_if_it_had_asked(fernhill: Voice) -> None:
    for draft in (pair.plain for pair in fernhill.examples if pair.kind == "rewrite"):
        greetings = {greeting for greeting, _ in likely_frames(draft, fernhill)}
        assert not greetings & {*fernhill.guide.to_questions}


def test_an_answer_in_a_grave_mood_has_the_moods_own_lines(fernhill: Voice) -> None:
    quote = "Ring the desk on 0300 555 0142. Then change your password."

    def lines(question: str) -> Around:
        return around(question, quote, fernhill.guide, "full", first=True, topic="")

    assert lines("My laptop was stolen!").greetings == ()
    assert lines("My laptop was stolen!").closings == ()
    assert lines("My father died. Who do I tell?").greetings == ("Hello.",)
    assert lines("I can't sign in, what now?").greetings == ("Let's sort this!",)
    assert "Hello." not in lines("Who runs the desk?").greetings


def test_a_guide_without_moods_has_its_lines_in_any(fernhill: Voice) -> None:
    guide = fernhill.guide.model_copy(update={"mood": {}})
    said = around("My laptop was stolen!", "Ring the desk.", guide, "full", first=True, topic="")
    assert said.greetings == ("Let's sort this!",)
