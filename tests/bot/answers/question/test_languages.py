"""The language of a short question is known, and English is not taken for another."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answers.question.languages import NEAREST_IN_ENGLISH, Language, language_of

ROOT = Path(__file__).parents[4]


def short_questions() -> list[tuple[str, str]]:
    """Language and question, 40 of each language and 60 of English, with typos and names."""
    lines = (Path(__file__).parents[3] / "data" / "languages.tsv").read_text("utf-8").splitlines()
    return [(language, question) for language, question in (line.split("\t") for line in lines)]


def test_english_is_never_taken_for_another_language() -> None:
    sample = (ROOT / "samples" / "questions.jsonl").read_text("utf-8").splitlines()
    english = [json.loads(line)["question"] for line in sample]
    english += [question for language, question in short_questions() if language == "en"]
    assert len(english) > 150
    assert [each for each in english if language_of(each) != "en"] == []


def test_nine_of_ten_short_questions_in_each_language_are_known() -> None:
    asked: Counter[str] = Counter()
    known: Counter[str] = Counter()
    for language, question in short_questions():
        asked[language] += 1
        known[language] += language_of(question) == language
    assert set(asked) == set(get_args(Language))
    assert {
        language: count for language, count in known.items() if count < 0.9 * asked[language]
    } == {}


@pytest.mark.parametrize(
    "text", ["Wi-Fi", "Bea Jansen", "VPN", "", "?!", "42", "日本語", "Müller?"]
)
def test_a_name_or_nothing_to_go_by_is_english(text: str) -> None:
    assert language_of(text) == "en"


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=100))
def test_any_text_has_a_language(text: str) -> None:
    assert language_of(text) in get_args(Language)


def test_each_language_has_its_sentence() -> None:
    assert set(NEAREST_IN_ENGLISH) == set(get_args(Language))
    assert {
        each for each in NEAREST_IN_ENGLISH if language_of(NEAREST_IN_ENGLISH[each]) != each
    } == set()
