"""The company's other words are searched too."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answers.question.glossary import load_glossary, widened
from bot.errors import ConfigurationError

GLOSSARY = {"holiday": ("annual leave",), "sick note": ("medical certificate", "fit note")}


def written(folder: Path, text: str) -> Path:
    path = folder / "glossary.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_glossary_has_one_or_several_words_for_a_word(tmp_path: Path) -> None:
    path = written(
        tmp_path, 'holiday = "annual leave"\n"sick note" = ["medical certificate", "fit note"]\n'
    )
    assert load_glossary(path) == GLOSSARY


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("holiday", "such as"),
        ("holiday = 5", "'holiday'"),
        ("holiday = []", "'holiday'"),
        ('holiday = ["annual leave", 2]', "'holiday'"),
        ('holiday = "?!"', "'holiday'"),
        ('"" = "annual leave"', "without a word"),
        ('[holiday]\nis = "annual leave"', "'holiday'"),
        ('holiday = "a"\nholiday = "b"', "such as"),
    ],
)
def test_what_is_wrong_with_a_glossary_is_said(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=r"glossary\.toml") as error:
        load_glossary(written(tmp_path, text))
    assert says in str(error.value)


def test_a_glossary_that_is_not_there_or_no_text_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_glossary(tmp_path / "none.toml")
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load_glossary(tmp_path / "odd.toml")


@pytest.mark.parametrize(
    ("question", "searched"),
    [
        ("How much holiday?", "How much holiday? annual leave"),
        ("HOLIDAYS in Ghent", "HOLIDAYS in Ghent annual leave"),
        ("Who gets my sick notes?", "Who gets my sick notes? medical certificate fit note"),
        ("sick note or fit note", "sick note or fit note medical certificate"),
        ("Is holiday annual leave?", "Is holiday annual leave?"),
        ("How much annual leave?", "How much annual leave?"),
        ("I'm sick, note it", "I'm sick, note it medical certificate fit note"),
        ("a note when I am sick", "a note when I am sick"),
        ("holidaymaker's bike", "holidaymaker's bike"),
    ],
)
def test_whole_words_are_widened_in_one_direction(question: str, searched: str) -> None:
    assert widened(question, GLOSSARY) == searched


@given(st.text(max_size=80))
def test_a_question_is_never_changed_itself(question: str) -> None:
    assert widened(question, GLOSSARY).startswith(question)
    assert widened(question, {}) == question
