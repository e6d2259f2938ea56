"""How pairs are split, the curve of the loss, and the model's card."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.training.voice.card import model_card
from jobs.training.voice.curve import curve
from jobs.training.voice.data import TrainingSettings, split
from tests.jobs.finetune.brand import pairs, topics


class TestTheSplit:
    @given(st.integers(3, 40), st.integers(1, 5), st.integers(0, 99))
    def test_puts_every_pair_to_one_use_and_no_topic_to_two(
        self, many: int, each: int, seed: int
    ) -> None:
        examples = pairs(many, each)
        parts = split(examples, TrainingSettings(seed=seed))
        used = [*parts.train, *parts.validation, *parts.test]
        assert sorted(map(repr, used)) == sorted(map(repr, examples))
        assert len(topics(parts.train) | topics(parts.validation) | topics(parts.test)) == sum(
            len(topics(part)) for part in (parts.train, parts.validation, parts.test)
        )
        assert parts.train
        assert parts.validation
        assert parts.test

    def test_is_the_same_for_the_same_seed_however_the_pairs_are_ordered(self) -> None:
        examples = pairs(20, 3)
        one = split(examples, TrainingSettings(seed=1))
        other = split(examples[::-1], TrainingSettings(seed=1))
        assert topics(one.test) == topics(other.test)
        assert topics(one.validation) == topics(other.validation)

    def test_is_another_one_for_another_seed(self) -> None:
        examples = pairs(20, 3)
        tests = [topics(split(examples, TrainingSettings(seed=n)).test) for n in range(5)]
        assert any(each != tests[0] for each in tests)


def test_the_loss_is_drawn_step_by_step_with_the_validation() -> None:
    drawn = curve([4.0, 2.0, 1.0], [(3, 2.718281828)])
    picture = ElementTree.fromstring(drawn)  # noqa: S314 - our own
    lines = [each for each in picture.iter() if each.tag.endswith("polyline")]
    heights = [float(point.split(",")[1]) for point in lines[0].attrib["points"].split()]
    assert heights == sorted(heights) and len(heights) == 3
    (dot,) = [each for each in picture.iter() if each.tag.endswith("circle")]
    assert float(dot.attrib["cy"]) == pytest.approx(heights[-1], abs=0.2)


def test_the_model_card_has_every_figure() -> None:
    def measures(base: int) -> dict[str, Any]:
        numbers = {"perplexity": base + 0.11, "bleu": base + 0.2, "chrf": base + 0.3}
        shares = {"greeting": (base + 4) / 100, "own_words": (base + 5) / 100}
        return numbers | {
            "rouge_l": base + 0.4,
            "markers": shares,
            "all_markers": (base + 6) / 100,
        }

    def lines(share: float) -> dict[str, float]:
        return {"greeting": share, "lead": share + 0.01, "closing": share + 0.02}

    text = model_card(
        {
            "voice": "acme",
            "base": "tiny-llama",
            "pairs": {"train": 267, "validation": 31, "test": 52},
            "test_topics": ["library", "printing shop"],
            "settings": {"rank": 16, "epochs": 3, "layers": ["q_proj"]},
            "steps": 102,
            "training_seconds": 732,
            "threads": 2,
            "versions": {"torch": "2.13.0", "peft": "0.21.2"},
            "held_out": {"base": measures(20), "tuned": measures(70)},
            "frames": {
                "base": {"every_line": lines(0.11), "fitting_lines": lines(0.41)},
                "first_line": lines(0.31),
                "tuned": {"every_line": lines(0.51), "fitting_lines": lines(0.61)},
            },
        }
    )
    for figure in (
        *("acme", "tiny-llama", "267", "31", "52", "library, printing shop", "rank 16"),
        *("epochs 3", "102 steps", "732 s", "2 CPU", "torch 2.13.0", "peft 0.21.2"),
        *("| 20.11 | 70.11 |", "| 20.2 | 70.2 |", "| 20.3 | 70.3 |", "| 20.4 | 70.4 |"),
        *("greeting | 24% | 74% |", "own words | 25% | 75% |", "kept | 26% | 76% |"),
        *("among all | 11% | 12% | 13% |", "first of those that fit | 31% | 32% | 33% |"),
        ".venv/bin/housevoice voice train acme",
    ):
        assert figure in " ".join(text.split())
