"""The judge of whether the evidence answers the question."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.judge import CONSIDERED, confidence, features, judge
from knowledge.types import Evidence
from tests.fakes import evidence, far_evidence

QUESTION = "Is the shed warm?"
SHARE = st.floats(0, 1)
COSINE = st.floats(-1, 1)


def found(text: str = "The shed is heated.", **of: Any) -> Evidence:
    return replace(evidence(f"{text}\n"), **of)


def misses(question: str, text: str) -> bool:
    """Whether the judge misses the kind of thing that was asked for."""
    return features(question, found(text)).kind_missing == 1


class TestJudging:
    def test_nothing_is_not_an_answer(self) -> None:
        verdict = judge(QUESTION, [], 0.0)
        assert (verdict.support, verdict.confidence, verdict.answers) == ((), 0.0, False)

    def test_takes_the_likeliest_of_the_best(self) -> None:
        likely, unlikely = found(), far_evidence("Other.\n")
        assert judge(QUESTION, [unlikely, likely], 0.5).support == (likely,)

    def test_takes_a_second_one_that_is_about_as_likely(self) -> None:
        one, other = found(), found("The shed has a stove.")
        assert set(judge(QUESTION, [one, far_evidence("No.\n"), other], 0.5).support) == {
            one,
            other,
        }

    def test_takes_no_second_one_where_the_heading_is_the_question(self) -> None:
        one, other = found(heading_cosine=0.95), found("The shed has a stove.")
        assert judge(QUESTION, [one, other], 0.5).support == (one,)

    def test_looks_no_further_than_the_best(self) -> None:
        buried = [far_evidence("Other.\n")] * CONSIDERED + [found()]
        verdict = judge(QUESTION, buried, 0.5)
        assert buried[-1] not in verdict.support
        assert not verdict.answers

    def test_answers_from_the_threshold_on(self) -> None:
        sure = confidence(QUESTION, found())
        assert judge(QUESTION, [found()], sure).answers
        assert not judge(QUESTION, [found()], math.nextafter(sure, 1)).answers

    def test_answers_what_stands_there_and_not_what_does_not(self) -> None:
        assert judge(QUESTION, [found()], 0.5).answers
        assert not judge(QUESTION, [far_evidence("Other.\n")], 0.5).answers


class TestConfidence:
    @given(COSINE, COSINE, SHARE, st.floats(0, 20))
    def test_is_a_share(self, near: float, heading: float, beside: float, rare: float) -> None:
        one = found(
            cosine=near,
            heading_cosine=heading,
            unit_coverage=beside,
            rarest_missing=rare,
        )
        assert 0 <= confidence(QUESTION, one) <= 1

    @pytest.mark.parametrize("of", ["cosine", "heading_cosine", "unit_coverage"])
    @given(low=SHARE, high=SHARE)
    def test_never_falls_when_the_passage_is_nearer(self, of: str, low: float, high: float) -> None:
        low, high = sorted((low, high))
        nearer, further = replace(found(), **{of: high}), replace(found(), **{of: low})  # type: ignore[arg-type]
        assert confidence(QUESTION, nearer) >= confidence(QUESTION, further)

    @given(st.floats(0, 10), st.floats(0, 10))
    def test_never_rises_when_the_word_that_is_lacking_is_rarer(
        self, one: float, other: float
    ) -> None:
        low, high = sorted((one, other))
        rarer, commoner = found(rarest_missing=high), found(rarest_missing=low)
        assert confidence(QUESTION, rarer) <= confidence(QUESTION, commoner)

    @given(st.integers(1, 15), st.data())
    def test_never_rises_when_one_more_word_of_the_question_is_lacking(
        self, words: int, data: st.DataObject
    ) -> None:
        lacks = data.draw(st.integers(0, words - 1))

        def lacking(missing: int) -> Evidence:
            share = 1 - missing / words  # all words of the question equally rare
            return found(
                unit_coverage=share,
                rarest_missing=4.0 if missing else 0.0,
            )

        assert confidence(QUESTION, lacking(lacks + 1)) <= confidence(QUESTION, lacking(lacks))

    def test_is_lower_when_the_kind_of_thing_asked_for_is_not_there(self) -> None:
        question = "How much does the shed cost?"
        assert confidence(question, found("The shed is large.")) < confidence(
            question, found("The shed is £5.")
        )


class TestTheKindOfThing:
    @pytest.mark.parametrize(
        ("question", "text"),
        [
            ("How much is it?", "The price is fair."),
            ("When is payday?", "Salaries are paid by bank transfer."),
            ("Who looks after pay?", "pay is handled with care."),
        ],
    )
    def test_is_missed(self, question: str, text: str) -> None:
        assert misses(question, text)

    @pytest.mark.parametrize(
        ("question", "text"),
        [
            ("How much is it?", "The price is £5."),
            ("When is payday?", "Salaries are paid every Friday."),
            ("Who looks after pay?", "Ask the finance team."),
            ("Who looks after pay?", "It is done by Anna."),
            ("Is the shed warm?", "The shed is heated."),
        ],
    )
    def test_is_there_or_was_not_asked_for(self, question: str, text: str) -> None:
        assert not misses(question, text)

    @pytest.mark.parametrize(("text", "missed"), [("5 keys.", True), ("Take 5 days.", False)])
    def test_is_what_is_counted_where_that_was_asked(self, text: str, missed: bool) -> None:
        assert misses("How many days do I get?", text) is missed

    def test_counts_only_beside_what_is_near(self) -> None:
        text = "Salaries are paid by bank. The slip comes by mail. Lunch is at 12."
        one = evidence(text, {"Salaries": 0.9, "slip": 0.8, "Lunch": 0.1})
        assert features("When is payday?", one).kind_missing == 1
