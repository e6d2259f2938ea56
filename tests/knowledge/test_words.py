"""Words of questions and passages meet: accents, apostrophes, endings and chat padding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.text.words import stems, surface_words, telling


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Per diem, Lyon?", ["per", "diem", "lyon"]),
        ("Don't / don’t", ["dont", "dont"]),
        ("Crème brûlée", ["creme", "brulee"]),
        ("cre\u0300me", ["creme"]),
        ("GRÜSSE Straße", ["grusse", "straße"]),
        ("snake_case-v2.0", ["snake", "case", "v2", "0"]),
        ("ﬁre №5", ["fire", "no5"]),
        ("休日 2026", ["休日", "2026"]),
        ("?!… €", []),
        ("", []),
    ],
)
def test_surface_words(text: str, words: list[str]) -> None:
    assert surface_words(text) == words


def test_telling_words_come_in_order_each_with_its_stem() -> None:
    assert list(telling("How are holiday allowances calculated in Bristol?").items()) == [
        ("holiday", "holiday"),
        ("allow", "allowances"),
        ("calcul", "calculated"),
        ("bristol", "bristol"),
    ]


def test_of_words_with_one_stem_the_first_is_told() -> None:
    assert telling("refunds or refunding a refund") == {"refund": "refunds"}


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("hey team, quick question: when is payday please??", {"payday"}),
        ("Does anybody know if I could bring my dog?", {"bring", "dog"}),
        ("what's the wifi password, thanks!", {"wifi", "password"}),
        ("I don't understand the invoice", {"understand", "invoice"}),
    ],
)
def test_chat_padding_says_nothing(question: str, told: set[str]) -> None:
    assert set(telling(question).values()) >= told
    assert not set(telling(question).values()) & {"hey", "please", "thanks", "dont", "whats"}


@pytest.mark.parametrize("text", ["who are you", "hello", "how are you?"])
def test_where_there_is_only_padding_it_is_kept(text: str) -> None:
    assert set(telling(text).values()) == set(surface_words(text))


@pytest.mark.parametrize("text", ["", "?!", "…"])
def test_no_words_tell_nothing(text: str) -> None:
    assert telling(text) == {}


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("refunds", "We refund you."),
        ("travelling allowance", "Travel allowances"),
        ("cafe", "The Café is open."),
        ("approved claims", "who approves the claim"),
    ],
)
def test_a_question_meets_its_passage_by_stem(question: str, passage: str) -> None:
    assert telling(question).keys() <= stems(passage)


@given(st.text(max_size=80))
def test_telling_words_are_words_of_the_text(text: str) -> None:
    assert set(telling(text).values()) <= set(surface_words(text))
    assert telling(text).keys() <= stems(text)
    assert bool(telling(text)) == bool(surface_words(text))


@given(st.text(max_size=80))
def test_case_does_not_matter_to_plain_words(text: str) -> None:
    plain = "".join(c for c in text if c.isascii())
    assert surface_words(plain.upper()) == surface_words(plain.lower())
