"""Tuning on questions: what is right, wrong and in doubt, and that passages' vectors stay."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from jobs.training.questions import QuestionEncoder, Recipe, measured, tune
from jobs.training.questions_card import card
from jobs.training.questions_data import Asked, asked_of, read_library

TEXTS = {
    "a:0": "Everybody has 25 days of leave a year.",
    "a:1": "The bike shed is open from six to ten.",
    "a:2": "A doctor's note is needed from the fourth day of sickness.",
    "b:0": "Invoices are paid within two weeks.",
}


def write(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def data(folder: Path) -> Path:
    write(
        folder / "natural_passages.jsonl.gz",
        [
            {"passage": id, "repo": id[0], "document": "d.md", "context": "Book", "text": text}
            for id, text in TEXTS.items()
        ],
    )
    write(
        folder / "natural_questions.jsonl.gz",
        [
            {"q": "how much holiday do i get", "passage": "a:0", "y": 1, "also": ["a:2"]},
            {"q": "is the shed locked at noon", "passage": "a:1", "y": 0},
            {"q": "who signs my note", "passage": "a:1", "y": 0, "also": ["a:2"]},
            {"q": "when do we pay", "passage": "b:0", "y": 1},
            {"q": "about nothing here", "passage": "c:9", "y": 1},
        ],
    )
    write(folder / "suspicious.jsonl.gz", [{"q": "how much holiday do i get", "id": "a:1"}])
    return folder


async def test_what_answers_is_right_and_what_may_answer_is_neither(tmp_path: Path) -> None:
    library = await read_library(data(tmp_path), tmp_path)
    holiday, shed, note, pay = asked_of(tmp_path, library)
    assert (holiday.right, holiday.doubtful, holiday.answerable) == ((0, 2), {1}, True)
    # A near miss is still best looked for where it comes nearest.
    assert (shed.right, shed.doubtful, shed.answerable) == ((1,), frozenset(), False)
    # Another passage answers it: the one that it was asked about is in doubt.
    assert (note.right, note.doubtful, note.answerable) == ((2,), {1}, True)
    assert (pay.right, pay.home) == ((3,), "b")


async def test_handbooks_that_are_held_out_are_no_negatives_either(tmp_path: Path) -> None:
    library = (await read_library(data(tmp_path), tmp_path)).without({"a"})
    assert (library.rows, library.homes, len(library.vectors)) == ({"b:0": 0}, ("b",), 1)
    assert [each.text for each in asked_of(tmp_path, library)] == ["when do we pay"]


async def test_vectors_of_passages_are_made_once(tmp_path: Path) -> None:
    first = await read_library(data(tmp_path), tmp_path)
    np.save(tmp_path / "passage_vectors.npy", -first.vectors)
    assert np.array_equal((await read_library(tmp_path, tmp_path)).vectors, -first.vectors)


async def test_tuning_moves_questions_to_what_answers_them(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    library = await read_library(data(tmp_path), tmp_path)
    # Words that have nothing in common: only learning brings them together.
    asked = [
        Asked("zebra crossing", "a", (0,), True, frozenset()),
        Asked("purple teapot", "a", (1,), True, frozenset()),
    ]
    encoder = QuestionEncoder(dropout=0.0)
    embeddings = encoder.network.embeddings.word_embeddings.weight.clone()
    tune(encoder, library, asked, Recipe(learning_rate=2e-4, epochs=12, batch=2), lambda _: None)
    assert measured(encoder, library, asked)["all_recall@1"] == 1.0
    assert torch.equal(encoder.network.embeddings.word_embeddings.weight, embeddings)


def test_the_card_tells_what_it_was_measured_at() -> None:
    measures: dict[str, Any] = {"questions": 7, "passages": 4}
    measures |= {"before": {"own_recall@5": 0.6}, "after": {"own_recall@5": 0.7}}
    told = card(
        {
            "measures": measures,
            "recipe": {"rank": 32},
            "trained_on": {"questions": 5, "passages": 3, "handbooks": ["x"], "held_out": ["y"]},
            "date": "2026-11-27",
        }
    )
    assert "| among the first 5 of its handbook's | 0.600 | 0.700 |" in told
