"""What every reader keeps to, whichever model it runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.shell.settings import Settings
from knowledge.embedding.local import open_embedder
from knowledge.errors import KnowledgeError
from knowledge.retrieval.cross_encoder import (
    PACKAGED,
    CrossEncoderReader,
    PackagedReader,
    open_reader,
)
from knowledge.retrieval.reader import ReadableText, Reader, readable_text
from knowledge.text.sentences import split_units
from tests.kit.fakes import FakeReader

QUESTION = "When are salaries paid?"
SETTINGS = Settings()
PAY = (
    "Salaries are paid on the 25th of each month. The canteen is closed on Mondays. "
    "Bikes stand in the shed."
)
BIKES = "Bikes stand in the shed. Its code is on the back of your badge."


def readable(markdown: str, context: str = "Handbook") -> ReadableText:
    return readable_text(context, split_units(markdown))


def files(folder: Path) -> list[tuple[str, int]]:
    """Each with the time of its last change."""
    return [(each.name, each.stat().st_mtime_ns) for each in folder.iterdir()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-encoder of two tiny layers that learnt nothing, as transformers saves one."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import BertProcessing
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    path = tmp_path_factory.mktemp("models") / "tiny-cross-encoder"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *sorted(set(f"{QUESTION} {PAY} {BIKES}".split()))]
    tokenizer = Tokenizer(WordLevel({word: at for at, word in enumerate(words)}, "[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    fast: Any = PreTrainedTokenizerFast
    fast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=64,
    ).save_pretrained(path)
    one_label: dict[str, Any] = {"num_labels": 1}
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        **one_label,
        max_position_embeddings=128,
    )
    BertForSequenceClassification(config).save_pretrained(path)
    return path


@pytest.fixture(scope="module", params=["packaged", "a folder's", "the fake"])
def reader(request: pytest.FixtureRequest, weights: Path, folder: Path) -> Reader:
    if request.param == "packaged":
        return PackagedReader(weights)
    return CrossEncoderReader(folder) if request.param == "a folder's" else FakeReader()


class TestEveryReader:
    async def test_says_something_of_each_passage_in_order(self, reader: Reader) -> None:
        texts = [readable(PAY), readable(BIKES), readable("Nothing.")]
        readings = await reader.read(QUESTION, texts)
        assert [len(each.units) for each in readings] == [3, 2, 1]
        again = await reader.read(QUESTION, texts[::-1])
        assert [each.answers for each in again[::-1]] == pytest.approx(
            [each.answers for each in readings], abs=0.02
        )

    async def test_speaks_in_probabilities(self, reader: Reader) -> None:
        for each in await reader.read(QUESTION, [readable(PAY), readable(BIKES)]):
            assert 0 <= each.answers <= 1
            assert 0 <= each.relevance <= 1
            assert sum(each.units) == pytest.approx(1, abs=1e-3)

    async def test_reads_nothing_where_there_is_nothing(self, reader: Reader) -> None:
        assert await reader.read(QUESTION, []) == []

    @pytest.mark.parametrize("question", ["", "?", "🚲", "when " * 2000])
    async def test_bears_any_question(self, reader: Reader, question: str) -> None:
        (reading,) = await reader.read(question, [readable(PAY)])
        assert len(reading.units) == 3

    async def test_bears_a_passage_that_is_too_long_to_read_whole(self, reader: Reader) -> None:
        long = readable(" ".join(f"Rule {n} is that bikes stand in shed {n}." for n in range(300)))
        (reading,) = await reader.read(QUESTION, [long])
        assert len(reading.units) == 300
        assert sum(reading.units) == pytest.approx(1, abs=1e-3)

    async def test_can_be_loaded_ahead(self, reader: Reader) -> None:
        await reader.warm_up()
        assert reader.name


@pytest.fixture(scope="module")
def packaged(weights: Path) -> PackagedReader:
    return PackagedReader(weights)


class TestThePackagedReader:
    async def test_prefers_what_answers_and_points_at_it(self, packaged: PackagedReader) -> None:
        pay, bikes = await packaged.read(QUESTION, [readable(PAY), readable(BIKES)])
        assert pay.answers > SETTINGS.sure > SETTINGS.unsure > bikes.answers
        assert pay.relevance > bikes.relevance
        assert pay.units.index(max(pay.units)) == 0

    async def test_shows_at_least_what_answers_in_other_words(
        self, packaged: PackagedReader, weights: Path
    ) -> None:
        asked = "when do i get my money"
        found = [readable(PAY), readable(BIKES)]
        # As search would: it tells how near each lies, and in other words that counts.
        embedder = open_embedder(PACKAGED, weights)
        near = await embedder.embed_passages([each.text for each in found])
        cosines = map(float, near @ await embedder.embed_question(asked))
        pay, bikes = await packaged.read(
            asked, [replace(one, cosine=each) for one, each in zip(found, cosines, strict=True)]
        )
        assert pay.answers > SETTINGS.unsure > bikes.answers
        assert pay.units.index(max(pay.units)) == 0

    async def test_tells_the_passage_from_the_same_without_its_answer(
        self, packaged: PackagedReader
    ) -> None:
        without = PAY.replace("Salaries are paid on the 25th of each month. ", "")
        whole, cut = await packaged.read(QUESTION, [readable(PAY), readable(without)])
        assert whole.answers > cut.answers + 0.3

    @pytest.mark.parametrize(
        ("asked", "passage", "likely"),
        [
            ("when do we get paid?", PAY, 0.74),
            ("where can i leave my bike", BIKES, 0.1),
            ("what does lunch cost in the canteen", PAY, 0.02),
            ("how do i get the code for the shed", BIKES, 0.33),
        ],
    )
    async def test_is_as_sure_on_every_processor(
        self, packaged: PackagedReader, asked: str, passage: str, likely: float
    ) -> None:
        """As in fp32, whatever precision this processor is quick in."""
        (reading,) = await packaged.read(asked, [readable(passage)])
        assert reading.answers == pytest.approx(likely, abs=0.08)

    async def test_finds_the_row_of_a_table(self, packaged: PackagedReader) -> None:
        table = "| Site | Days of leave |\n|---|---|\n| Bristol | 25 |\n| Ghent | 26 |"

        (reading,) = await packaged.read("how many days off do i get in ghent", [readable(table)])
        assert reading.units.index(max(reading.units)) == 1

    async def test_puts_its_weights_together_once(self, tmp_path: Path) -> None:
        await PackagedReader(tmp_path).warm_up()
        before = files(tmp_path)
        await PackagedReader(tmp_path).warm_up()
        assert files(tmp_path) == before
        assert sorted(name.partition("-")[0] for name, _ in before) == ["judge", "reader"]


class TestAFolderOfOnesOwn:
    def test_is_named_by_the_setting(self, folder: Path, tmp_path: Path) -> None:
        assert open_reader(str(folder), tmp_path).name == "tiny-cross-encoder"

    def test_that_holds_no_model_is_told_at_once(self, tmp_path: Path) -> None:
        with pytest.raises(KnowledgeError, match=r"config\.json is missing"):
            open_reader(str(tmp_path), tmp_path)

    async def test_with_a_broken_model_is_told_when_it_is_loaded(self, tmp_path: Path) -> None:
        (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
        with pytest.raises(KnowledgeError, match="cannot be loaded"):
            await open_reader(str(tmp_path), tmp_path).warm_up()
