"""The packaged embedder: unit vectors that depend on their own text only, cut where it says."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from knowledge.embedding.local import PACKAGED, LocalEmbedder, open_embedder
from knowledge.embedding.packaged import packaged_embedder
from knowledge.errors import KnowledgeError

TEXTS = [
    "Per diem in Copenhagen",
    "The daily allowance covers meals and small costs.",
    "?",
    "",
    "How to ask for leave: open Perch, choose the days and send it to your team lead. " * 6,
    "Grüße aus Gent 🚲",
]


@pytest.fixture(scope="module")
def embedder(weights: Path) -> LocalEmbedder:
    return LocalEmbedder(packaged_embedder(weights), threads=1)


async def test_vectors_have_unit_length(embedder: LocalEmbedder) -> None:
    vectors = await embedder.embed_passages(TEXTS)
    assert vectors.shape == (len(TEXTS), 768)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


async def test_a_text_has_the_same_vector_alone_and_in_any_batch(embedder: LocalEmbedder) -> None:
    together = await embedder.embed_passages(TEXTS)
    backwards = (await embedder.embed_passages(TEXTS[::-1]))[::-1]
    for text, one, other in zip(TEXTS, together, backwards, strict=True):
        alone = await embedder.embed_question(text)
        assert alone.shape == (768,)
        assert float(alone @ one) == pytest.approx(1, abs=1e-2), text
        assert float(alone @ other) == pytest.approx(1, abs=1e-2), text


async def test_more_texts_than_a_batch_holds_come_back_in_their_order(
    embedder: LocalEmbedder,
) -> None:
    texts = [f"{'word ' * (n * 7 % 11)}number {n}" for n in range(70)]
    vectors = await embedder.embed_passages(texts)
    for n in (0, 31, 32, 69):
        alone = await embedder.embed_question(texts[n])
        assert int(np.argmax(vectors @ alone)) == n


async def test_what_means_the_same_lies_nearer_than_what_does_not(embedder: LocalEmbedder) -> None:
    question, answer, other = await embedder.embed_passages(
        ["when do I get my salary?", "Pay day is on the 28th.", "The lathe needs two people."]
    )
    assert question @ answer > question @ other + 0.2


async def test_a_long_text_is_cut_as_the_tokenizer_itself_would(embedder: LocalEmbedder) -> None:
    # One word is one token, so that what is left after the cut can be written down.
    word = "bike "
    assert embedder.count_tokens(word * 300) == 300
    beginning = word * (embedder.counter.max_tokens - 2)  # the other two are [CLS] and [SEP]
    cut, whole, other = await embedder.embed_passages(
        [beginning + "salary " * 300, beginning, "salary " * 300]
    )
    assert float(cut @ whole) == pytest.approx(1, abs=1e-2)
    assert float(cut @ other) < 0.9


async def test_the_last_token_before_the_cut_is_read(embedder: LocalEmbedder) -> None:
    beginning = "a " * (embedder.counter.max_tokens - 3)
    with_last, without = await embedder.embed_passages([beginning + "salary", beginning + "trains"])
    assert not np.allclose(with_last, without, atol=1e-3)


async def test_nothing_to_embed_needs_no_model(weights: Path) -> None:
    nothing = await open_embedder(PACKAGED, weights).embed_passages([])
    assert nothing.shape == (0, 768)


async def test_callers_at_once_get_their_own_vectors(embedder: LocalEmbedder) -> None:
    alone = await embedder.embed_passages(TEXTS[:3])
    at_once = await asyncio.gather(*[embedder.embed_question(text) for text in TEXTS[:3]])
    for one, other in zip(alone, at_once, strict=True):
        assert float(one @ other) == pytest.approx(1, abs=1e-2)


def test_tokens_are_counted_without_the_special_ones(embedder: LocalEmbedder) -> None:
    assert embedder.count_tokens("") == 0
    assert embedder.count_tokens("hello world") == 2
    assert embedder.count_tokens("word " * 1000) == 1000
    assert embedder.count_tokens("bike " * 100_000) == pytest.approx(100_000, rel=1e-3)


def test_a_special_token_that_is_spelled_out_is_text(embedder: LocalEmbedder) -> None:
    assert embedder.count_tokens("[MASK]") == embedder.count_tokens("( MASK )") == 3
    assert embedder.count_tokens("[SEP]") > 1


async def test_a_question_waits_for_no_more_than_a_batch_of_a_large_source(
    embedder: LocalEmbedder,
) -> None:
    source = asyncio.create_task(
        embedder.embed_passages([f"Page {number}." for number in range(200)])
    )
    await asyncio.sleep(0)  # its first batch is on its way
    await embedder.embed_question("Which page?")
    assert not source.done()
    assert (await source).shape[0] == 200


def test_the_packaged_one_is_named_as_its_model(embedder: LocalEmbedder) -> None:
    assert embedder.name == "all-mpnet-base-v2"


def test_the_name_tells_embedders_apart(tmp_path: Path) -> None:
    for name in ("e5-small", "bge-small"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tokenizer.json").write_text("{}")
    names = {LocalEmbedder(tmp_path / name).name for name in ("e5-small", "bge-small")}
    assert names == {"e5-small", "bge-small"}


@pytest.mark.parametrize("given", ["/nowhere", "", "sentence-transformers/all-MiniLM-L6-v2"])
def test_what_is_no_folder_with_a_model_is_refused_by_name(given: str, tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match=f"'{given}' is not a folder"):
        open_embedder(given, tmp_path)


async def test_a_folder_with_a_broken_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    broken = open_embedder(str(tmp_path), tmp_path)
    with pytest.raises(KnowledgeError, match=str(tmp_path)):
        broken.count_tokens("How long is this?")
    with pytest.raises(KnowledgeError, match=str(tmp_path)):
        await broken.embed_question("Is anybody there?")
