"""The beginning of a passage in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answers.excerpt import excerpt


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("Plain *words* that\nonly wrap.", "Plain words that only wrap."),
        ("# Fees\n\nThey are [low](https://fees.example).", "Fees They are low."),
        ("| Zone | Price |\n|---|:-:|\n| EU | `9` |", "Zone, Price; EU, 9"),
        ("|a|\n|-|\n|b \\| c|", "a; b | c"),
        ("Bring:\n\n1. a pen\n2. paper", "Bring: a pen; paper"),
        ("- [x] done\n- open", "done; open"),
        ("> Said\n> twice", "Said; twice"),
        ("```sh\nmake setup\n```", "make setup"),
        ("One.\n\n---\n\nTwo.", "One. Two."),
        ("", ""),
    ],
)
def test_markup_becomes_words(markdown: str, words: str) -> None:
    assert excerpt(markdown, 300) == words


@given(st.text(alphabet=st.sampled_from("ab |-:#>*`\n1.")), st.integers(5, 40))
def test_is_one_line_and_no_longer_than_told(markdown: str, most: int) -> None:
    said = excerpt(markdown, most)
    assert len(said) <= most and "\n" not in said
