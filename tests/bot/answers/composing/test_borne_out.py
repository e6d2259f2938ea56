"""Which sentences a passage bears out, and where sentences end."""

from __future__ import annotations

import pytest

from bot.answers.claims import borne_out, first_sentence
from bot.voice.voice import Voice
from tests.kit.fakes import evidence

# --- what is borne out ------------------------------------------------------------------------


RULES = evidence(
    "Full-time employees get 25 days of annual leave a year, plus bank holidays. Part-time "
    "employees get 12 days. You get 10 days of sick pay. Up to 5 days may be carried over until "
    "31 March. Leave is booked in the HR portal and approved by your manager. Contractors who work "
    "fewer than three days a week are not entitled to sick pay. Dogs are allowed in the office on "
    "Fridays. Dogs aren't allowed in the kitchen. Do not open the red box. The spare key is in the "
    "red box. Please do not run, and do not enter without a badge.\n\n```sh\nleave --book\n```\n"
)


@pytest.mark.parametrize(
    "sentence",
    [
        "You get 25 days of annual leave a year, if you work full-time.",
        "Book your leave in the HR portal, and your manager will approve it.",
        "You may carry over up to 5 days until 31 March.",
        "Use `leave --book`.",
        "For sick pay, you get 10 days.",
        "Bank holidays come on top of your 25 days.",
        "If you are a contractor and work fewer than three days a week, you are not entitled to "
        "sick pay.",
        "Dogs may come to the office on Fridays.",
        "The spare key is in the red box.",
        "Never open the red box.",
        "Don't enter without a badge.",
    ],
)
def test_a_sentence_in_other_words_is_borne_out(fernhill: Voice, sentence: str) -> None:
    assert set(borne_out(sentence, [RULES], fernhill).values()) == {True}


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("You get 10 days of annual leave a year.", "numbers"),
        ("Part-time employees get 25 days.", "numbers"),
        ("You get 25 weeks of annual leave.", "numbers"),
        ("Carry days over after 31 March.", "numbers"),
        ("You may carry over up to 5 days until 31 May.", "names"),
        ("Grace approves your leave.", "names"),
        ("Leave is not approved by your manager.", "negations"),
        ("Contractors are entitled to sick pay.", "negations"),
        ("Dogs are allowed in the kitchen.", "negations"),
        ("Open the red box.", "negations"),
        ("The spare key isn't in the red box.", "negations"),
        ("Please run.", "negations"),
        ("You may enter without a badge.", "negations"),
        ("Dogs are not allowed in the office on Fridays.", "negations"),
        ("Run `rm -rf`.", "code"),
        ("Ask hr@evil.example for leave.", "links"),
    ],
)
def test_a_sentence_with_another_fact_is_not(fernhill: Voice, sentence: str, kind: str) -> None:
    assert borne_out(sentence, [RULES], fernhill)[kind] is False


# --- where sentences end ----------------------------------------------------------------------


LINES = ("Fair question!", "Fair question! Really.", "Worth a note.")


@pytest.mark.parametrize(
    ("draft", "sentences"),
    [
        ("A b [1]. C d. [2] E f.[3]", ["A b [1].", " C d. [2]", " E f.[3]"]),
        ("Ask Dr. Reed, e.g. by phone. Or go.", ["Ask Dr. Reed, e.g. by phone.", " Or go."]),
        ("It is 3.5 days. So", ["It is 3.5 days.", " So"]),
        ("You need:\n- one [1]\n- two [2]", ["You need:\n- one [1]", "\n- two [2]"]),
        ("1. Do a [1].\n2. Do b [1].", ["1. Do a [1].", "\n2. Do b [1]."]),
        ("Run `a. B` now. Then", ["Run `a. B` now.", " Then"]),
        ("Run:\n```\na. B\n\nC\n```\n[1]\nThen", ["Run:\n```\na. B\n\nC\n```\n[1]", "\nThen"]),
        ("Fair question! Yes [1].", ["Fair question!", " Yes [1]."]),
        ("Fair question! Really. Yes.", ["Fair question! Really.", " Yes."]),
        ("Yes [1]. Worth a note.", ["Yes [1].", " Worth a note."]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_a_draft_has_the_same_sentences_however_it_arrives(
    draft: str, sentences: list[str], size: int
) -> None:
    found, begun = [], ""
    for start in range(0, len(draft), size):
        begun += draft[start : start + size]
        while end := first_sentence(begun, LINES, ended=False):
            found.append(begun[:end])
            begun = begun[end:]
    while end := first_sentence(begun, LINES, ended=True):
        found.append(begun[:end])
        begun = begun[end:]
    assert found == sentences
