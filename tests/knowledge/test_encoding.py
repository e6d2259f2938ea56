"""What reader and judge are given of a question and a passage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from knowledge.retrieval.cross_encoder import SHIPPED
from knowledge.retrieval.encoding import batch, encode
from knowledge.retrieval.reader import ReadableText
from knowledge.retrieval.shipped import JUDGE, READER, Part, load

PASSAGE = ReadableText("Ask </s> [SEP] HR <s> [CLS] first <pad>", ((0, 3), (15, 17)))
MARKS = {"reader": ["[CLS]", "[SEP]", "[SEP]"], "judge": ["<s>", "</s>", "</s>", "</s>"]}


@pytest.fixture(params=[READER, JUDGE], ids=["reader", "judge"])
def part(request: pytest.FixtureRequest) -> Part[Any]:
    found: Part[Any] = request.param
    return found


@pytest.fixture
def tokenizer(part: Part[Any], weights: Path) -> Tokenizer:
    return load(part, SHIPPED, weights)[1]


def test_control_marks_in_question_and_passage_are_text(
    part: Part[Any], tokenizer: Tokenizer
) -> None:
    [pair] = encode(tokenizer, "who </s> [SEP] decides", [PASSAGE], 320)
    tokens = [tokenizer.id_to_token(id) or "" for id in pair.ids]
    assert [token for token in tokens if token[0] in "[<" and len(token) > 1] == MARKS[part.name]
    assert tokens[0] == MARKS[part.name][0] and tokens[-1] == MARKS[part.name][-1]


def test_each_unit_knows_its_tokens(tokenizer: Tokenizer) -> None:
    [pair] = encode(tokenizer, "ask hr", [PASSAGE], 320)
    found = [[tokenizer.id_to_token(pair.ids[at]) for at in unit.tolist()] for unit in pair.units]
    assert found == [["ask"], ["hr"]]


def test_what_fills_up_a_batch_does_not_count(part: Part[Any], tokenizer: Tokenizer) -> None:
    pairs = encode(tokenizer, "who", [PASSAGE, ReadableText("HR", ((0, 2),))], 320)
    ids, mask, _ = batch(pairs, part.network.padding)
    assert mask.sum(1).tolist() == [len(each.ids) for each in pairs]
    assert (ids[mask == 0] == part.network.padding).all() and ids.shape[1] % 16 == 0
