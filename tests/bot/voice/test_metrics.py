"""How much a text sounds like a voice, and how near two texts are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.voice.metrics import has_phrase, markers, rouge_l
from bot.voice.voice import Guide, Voice

TEXTS = st.text(alphabet="ab c.!'é\n", max_size=60)
SAID = "Hello there! Here is payday. Salaries are paid on the 25th. Worth a note in your diary."


@pytest.fixture
def guide(fernhill: Voice) -> Guide:
    return fernhill.guide


def broken(text: str, guide: Guide, *quoted: str) -> set[str]:
    """The habits that a text does not keep."""
    return {habit for habit, kept in markers(text, guide, quoted).items() if not kept}


class TestMarkers:
    def test_are_all_kept_by_what_the_voice_would_say(self, guide: Guide) -> None:
        assert broken(SAID, guide) == set()

    @pytest.mark.parametrize(
        ("old", "new", "habit"),
        [
            ("Hello there!", "Greetings.", "greeting"),
            ("Worth a note in your diary.", "Bye.", "closing"),
            ("Here is", "Going forward, here is", "no_forbidden_words"),
            ("Here is", "PLEASE NOTE THAT here is", "no_forbidden_words"),
            ("are paid", "commence", "own_words"),
            ("25th", f"25th {'and so on ' * 8}", "short_sentences"),
            ("payday", "payday 🎉", "emoji"),
            ("payday", "payday ✅", "emoji"),
            ("25th.", "25th!", "exclamations"),
        ],
    )
    def test_tell_which_habit_is_broken(self, guide: Guide, old: str, new: str, habit: str) -> None:
        assert old in SAID
        assert broken(SAID.replace(old, new), guide) == {habit}

    def test_leave_out_what_is_quoted(self, guide: Guide) -> None:
        quote = "Going forward, employees receive and retain remuneration! " * 4 + "🎉"
        text = SAID.replace("Salaries are paid on the 25th.", quote)
        assert broken(text, guide, quote) == set()
        assert broken(text, guide) == {
            "no_forbidden_words",
            "own_words",
            "short_sentences",
            "emoji",
            "exclamations",
        } - {"short_sentences"}

    def test_see_words_in_what_is_left_beside_a_quotation_of_nothing(self, guide: Guide) -> None:
        text = SAID.replace("Here is", "Going forward, here is")
        assert broken(text, guide, "") == {"no_forbidden_words"}

    @pytest.mark.parametrize(
        ("text", "phrase", "found"),
        [
            ("we leverage it", "leverage", True),
            ("we leveraged it", "leverage", False),
            ("leverage", "leverage", True),
            ("(as per usual)", "as per", True),
            ("as  per usual", "as per", False),
            ("has perhaps", "as per", False),
        ],
    )
    def test_count_whole_words_only(self, text: str, phrase: str, found: bool) -> None:
        assert has_phrase(text, phrase) is found


class TestRougeL:
    @given(TEXTS, TEXTS)
    def test_is_a_share_and_the_same_both_ways(self, one: str, other: str) -> None:
        assert 0 <= rouge_l(one, other) <= 1
        assert rouge_l(one, other) == pytest.approx(rouge_l(other, one))

    @given(TEXTS)
    def test_of_a_text_and_itself_is_one(self, text: str) -> None:
        assert rouge_l(f"a {text}", f"a {text}") == 1

    @pytest.mark.parametrize(
        ("reference", "candidate", "score"),
        [
            # The example of Lin 2004, section 3.1, as F1.
            ("police killed the gunman", "police kill the gunman", 0.75),
            ("police killed the gunman", "the gunman kill police", 0.5),
            ("one two three", "four five", 0.0),
            ("one two three four", "two four", 2 / 3),
            ("Pay Day", "pay day", 1.0),
            ("", "", 0.0),
        ],
    )
    def test_is_the_share_of_the_longest_common_subsequence(
        self, reference: str, candidate: str, score: float
    ) -> None:
        assert rouge_l(reference, candidate) == pytest.approx(score)
