"""What every embedder does, whatever model it runs."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from knowledge.embedding.local import PACKAGED, open_embedder
from knowledge.embedding.port import Embedder
from tests.kit.word_embedder import WordEmbedder

TEXTS = ["Pay day is on the 28th.", "The lathe needs two people.", "Trains are booked by Ann."]


Make = Callable[[], Embedder]
EMBEDDERS: dict[str, Callable[[Path], Make]] = {
    "packaged": lambda weights: lambda: open_embedder(PACKAGED, weights),
    "words": lambda _: WordEmbedder,
}


@pytest.fixture(scope="module", params=EMBEDDERS)
def make(request: pytest.FixtureRequest, weights: Path) -> Make:
    return EMBEDDERS[request.param](weights)


@pytest.fixture(scope="module")
def embedder(make: Make) -> Embedder:
    return make()


async def test_passages_become_unit_vectors_of_the_stated_length(embedder: Embedder) -> None:
    vectors = await embedder.embed_passages(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-3)


async def test_a_question_lies_nearest_to_the_passage_that_answers_it(embedder: Embedder) -> None:
    vectors = await embedder.embed_passages(TEXTS)
    question = await embedder.embed_question("When is pay day?")
    assert question.shape == (embedder.dimension,)
    assert float(np.linalg.norm(question)) == pytest.approx(1, abs=1e-3)
    assert int(np.argmax(vectors @ question)) == 0


async def test_no_passages_are_no_vectors(embedder: Embedder) -> None:
    assert (await embedder.embed_passages([])).shape == (0, embedder.dimension)


def test_its_counter_can_go_to_another_process(embedder: Embedder) -> None:
    counter = pickle.loads(pickle.dumps(embedder.counter))  # noqa: S301 - our own
    assert counter.max_tokens == embedder.counter.max_tokens > 2
    assert counter("one two three") == embedder.counter("one two three") == 3


def test_it_has_a_name_and_the_same_one_each_time(embedder: Embedder, make: Make) -> None:
    assert embedder.name
    assert make().name == embedder.name
