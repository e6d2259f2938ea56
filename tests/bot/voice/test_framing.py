"""Which lines of a voice go around a draft, which has no question that would tell."""

from __future__ import annotations

import pytest

from bot.voice.framing import likely_frames
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
    voice = Voice("acme", fernhill.folder, fernhill.guide)
    voice.__dict__["examples"] = ()
    guide = fernhill.guide
    assert len(likely_frames("It is so.", voice)) == len(guide.greetings) * len(guide.closings)
