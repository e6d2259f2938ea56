"""Training a voice's LoRA: how pairs are split, a real tiny training, and what is left on disk."""

from __future__ import annotations

import asyncio
import json
import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from bot.errors import ConfigurationError
from bot.voice.model import LocalModel
from bot.voice.model_weights import PACKAGED, base_weights
from bot.voice.template import example_request, prompt
from bot.voice.versions.manifest import read_manifest
from bot.voice.versions.registry import Registry
from bot.voice.voice import Example, Voice
from bot.voice.writer import Choose, Say, Step
from jobs.training.voice.artifacts import base_digest
from jobs.training.voice.card import model_card
from jobs.training.voice.checkpoint import Checkpoint
from jobs.training.voice.curve import curve
from jobs.training.voice.data import Method, TrainingSettings, split
from jobs.training.voice.finetune import train
from tests.kit.loras import put_version

ROOT = Path(__file__).resolve().parents[2]
QUICK = TrainingSettings(rank=4, learning_rate=2e-2, epochs=2, batch=16, seed=3)


def pair(topic: str, n: int = 0) -> Example:
    return Example(
        kind="answer" if n % 2 else "rewrite",
        topic=topic,
        question=f"What is {topic} {n}?" if n % 2 else "",
        plain=f"It is {topic} number {n}.",
        voiced=f"Fair question! Here it is. It is {topic} number {n}. Just ask if you want more.",
    )


def pairs(topics: int, each: int) -> list[Example]:
    return [pair(f"topic{topic}", n) for topic in range(topics) for n in range(each)]


def topics(examples: list[Example]) -> set[str]:
    return {example.topic for example in examples}


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


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> str:
    """A two-layer model that knows nothing, with the packaged model's tokenizer."""
    folder = tmp_path_factory.mktemp("base") / "tiny-llama"
    tokenizer = AutoTokenizer.from_pretrained(base_weights(PACKAGED, weights))
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return str(folder)


def brand(root: Path, examples: list[Example]) -> Voice:
    """A voice of its own with these examples, not trained yet."""
    folder = root / "acme"
    folder.mkdir(parents=True)
    guide = (ROOT / "voices" / "fernhill" / "guide.toml").read_text("utf-8")
    (folder / "guide.toml").write_text(guide, "utf-8")
    lines = "\n".join(example.model_dump_json() for example in examples)
    (folder / "examples.jsonl").write_text(f"{lines}\n", "utf-8")
    return Voice.load(root, "acme")


def again(voice: Voice) -> Voice:
    """The same voice with the first version that was trained."""
    return Voice.load(voice.folder.parent, voice.name, "v1")


@pytest.fixture(scope="module", autouse=True)
def _short_replies() -> Any:
    """A model that knows nothing never ends a reply by itself; measuring would take a minute."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("jobs.training.voice.loop._LONGEST_REPLY", 4)
        yield


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory, tiny: str
) -> tuple[Voice, dict[str, Any], list[str]]:
    """A voice after a training, its card, and what was reported."""
    voice = brand(tmp_path_factory.mktemp("voices"), pairs(20, 2))
    reports: list[str] = []
    card = train(voice, tiny, QUICK, reports.append)
    return again(voice), card, reports


Trained = tuple[Voice, dict[str, Any], list[str]]


class TestATraining:
    def test_leaves_a_whole_version_and_nothing_else(self, trained: Trained) -> None:
        voice, _, _ = trained
        assert sorted(path.name for path in voice.folder.iterdir()) == [
            "examples.jsonl",
            "guide.toml",
            "versions",
        ]
        assert [path.name for path in (voice.folder / "versions").iterdir()] == ["v1"]
        assert voice.lora is not None
        assert {path.name for path in voice.lora.folder.iterdir()} == {
            "README.md",
            "adapter_config.json",
            "adapter_model.safetensors",
            "card.json",
            "loss.svg",
            "version.json",
        }

    def test_saves_fp16_weights_for_every_layer_it_names(self, trained: Trained) -> None:
        voice, card, _ = trained
        assert voice.lora is not None
        weights = load_file(voice.lora.folder / "adapter_model.safetensors")
        assert {tensor.dtype for tensor in weights.values()} == {torch.float16}
        layers = card["settings"]["layers"]
        assert len(weights) == 2 * 2 * len(layers)  # A and B, in two layers of the model
        assert all(any(layer in name for name in weights) for layer in layers)
        assert any(tensor.abs().max() > 0 for name, tensor in weights.items() if "lora_B" in name)

    def test_names_its_base_without_the_path_of_this_machine(
        self, trained: Trained, tiny: str
    ) -> None:
        voice, card, _ = trained
        assert voice.lora is not None
        assert voice.lora.base == card["base"] == "tiny-llama"
        for path in voice.lora.folder.glob("*.*"):
            assert str(Path(tiny).parent).encode() not in path.read_bytes()

    def test_learns(self, trained: Trained) -> None:
        held_out = trained[1]["held_out"]
        assert held_out["tuned"]["perplexity"] < 0.9 * held_out["base"]["perplexity"]

    def test_tells_all_about_itself_in_the_card(self, trained: Trained) -> None:
        voice, card, _ = trained
        assert voice.lora is not None
        told = json.loads((voice.lora.folder / "card.json").read_text("utf-8"))
        assert told | {"version": "v1"} == card
        assert (voice.lora.folder / "README.md").read_text("utf-8") == model_card(card)
        parts = split(voice.examples, QUICK)
        assert card["pairs"] == {
            "train": len(parts.train),
            "validation": len(parts.validation),
            "test": len(parts.test),
        }
        assert card["test_topics"] == sorted(topics(parts.test))
        assert card["steps"] == 2 * -(-len(parts.train) // 16)
        assert card["settings"]["seed"] == 3

    def test_reports_as_it_goes(self, trained: Trained) -> None:
        reports = trained[2]
        assert [text for text in reports if text.startswith("epoch")] == [
            text for text in reports if "/2: loss " in text and "perplexity" in text
        ]
        assert sum(text.startswith("epoch") for text in reports) == 2

    def test_gives_a_lora_that_the_bot_can_speak_with(self, trained: Trained, tiny: str) -> None:
        voice, _, _ = trained
        model = LocalModel.load(tiny, voice.lora, int8=False)

        async def spoken() -> list[str]:
            asked = prompt(voice, "Draft: Hello.", tuned=model.tuned)
            script: list[Step] = [Say("It is so."), Choose(voice.guide.closings)]
            return [text async for text in model.compose(asked, script)]

        said, closing = asyncio.run(spoken())
        assert said == "It is so."
        assert closing in voice.guide.closings


class TestAVersion:
    def test_knows_where_it_comes_from(self, trained: Trained, tiny: str) -> None:
        voice, card, _ = trained
        made = read_manifest(voice.folder / "versions" / "v1")
        assert made is not None
        pairs_read = (voice.folder / "examples.jsonl").read_bytes()
        assert made.data_sha256 == sha256(pairs_read).hexdigest()
        assert made.guide_sha256 == sha256((voice.folder / "guide.toml").read_bytes()).hexdigest()
        assert made.base_sha256 == base_digest(tiny) != ""
        assert made.settings["seed"] == 3
        assert made.metrics["tuned"]["perplexity"] == card["held_out"]["tuned"]["perplexity"]

    def test_is_a_candidate_and_does_not_speak_by_itself(self, trained: Trained) -> None:
        voice = trained[0]
        assert Voice.load(voice.folder.parent, voice.name).lora is None


class TestATrainingThatFails:
    def test_leaves_what_is_there_as_it_was(self, tmp_path: Path, tiny: str) -> None:
        voice = brand(tmp_path, pairs(20, 2))
        old = put_version(voice.folder, "v1", 1)
        before = {path: path.read_bytes() for path in old.rglob("*")}
        with pytest.raises(KeyboardInterrupt):
            train(voice, tiny, QUICK, stopped_at("epoch 1"))
        assert {path: path.read_bytes() for path in old.rglob("*")} == before
        assert [path.name for path in old.parent.iterdir()] == ["v1"]

    def test_in_the_very_saving_is_cleared_up_by_the_next_which_makes_another_version(
        self, tmp_path: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        voice = brand(tmp_path, pairs(20, 2))
        put_version(voice.folder, "v1", 1)

        def full(_: object) -> str:
            raise OSError("no space left on device")

        with monkeypatch.context() as patched:
            patched.setattr("jobs.training.voice.artifacts.model_card", full)
            with pytest.raises(OSError, match="no space"):
                train(voice, tiny, QUICK, lambda _: None)
        assert [each.id for each in Registry(tmp_path, clock).versions("acme")] == ["v1"]
        assert train(voice, tiny, QUICK, lambda _: None)["version"] == "v2"
        assert sorted(path.name for path in (voice.folder / "versions").iterdir()) == ["v1", "v2"]

    @pytest.mark.parametrize(
        "examples",
        [
            pytest.param([], id="none"),
            pytest.param(pairs(9, 3), id="too few"),
            pytest.param(pairs(1, 60), id="one topic"),
            pytest.param(pairs(2, 30), id="two topics"),
        ],
    )
    def test_for_want_of_pairs_says_so_before_it_begins(
        self, tmp_path: Path, tiny: str, examples: list[Example]
    ) -> None:
        reports: list[str] = []
        with pytest.raises(ConfigurationError, match=r"examples\.jsonl"):
            train(brand(tmp_path, examples), tiny, QUICK, reports.append)
        assert reports == []


def lora_of(voice: Voice) -> bytes:
    lora = again(voice).lora
    assert lora is not None
    return lora.weights


class TestAMethod:
    @pytest.mark.parametrize("method", ["dora", "rslora", "ia3", "prefix", "top", "full"])
    def test_gives_a_version_that_the_bot_can_speak_with(
        self, tmp_path: Path, tiny: str, method: Method
    ) -> None:
        voice = brand(tmp_path, pairs(20, 2))
        settings = replace(QUICK, method=method, top_layers=1, virtual_tokens=4)
        card = train(voice, tiny, settings, lambda _: None)
        held_out = card["held_out"]
        assert held_out["tuned"]["perplexity"] < held_out["base"]["perplexity"]
        assert card["settings"]["method"] == method
        model = LocalModel.load(tiny, again(voice).lora, int8=False)

        async def spoken() -> list[str]:
            asked = prompt(voice, "Draft: Hello.", tuned=model.tuned)
            return [text async for text in model.compose(asked, [Say("It is so.")])]

        assert asyncio.run(spoken()) == ["It is so."]

        async def surprise() -> float:
            nats, tokens = 0.0, 0
            for each in split(voice.examples, settings).test:
                asked = prompt(voice, example_request(each), tuned=True)
                one, number = await model.surprise(asked, each.voiced)
                nats, tokens = nats + one, tokens + number
            return math.exp(nats / tokens)

        # What speaks is what was trained: the same text is as likely, but for bf16 and fp16.
        assert asyncio.run(surprise()) == pytest.approx(held_out["tuned"]["perplexity"], rel=0.05)

    def test_in_parts_and_with_checkpointing_learns_the_same(
        self, tmp_path: Path, tiny: str
    ) -> None:
        told = []
        ways: list[dict[str, Any]] = [{}, {"accumulate": 4, "gradient_checkpointing": True}]
        for n, changed in enumerate(ways):
            root = tmp_path / str(n)
            root.mkdir()
            settings = replace(QUICK, dropout=0.0, **changed)
            told.append(train(brand(root, pairs(20, 2)), tiny, settings, lambda _: None))
        one, other = (each["held_out"]["tuned"]["perplexity"] for each in told)
        assert one == pytest.approx(other, rel=0.02)


class TestAKilledRun:
    def test_goes_on_where_it_was_and_ends_with_the_same_weights(
        self, tmp_path: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("jobs.training.voice.loop._KEPT_EVERY", 1)
        whole, broken = (
            brand(root, pairs(20, 2)) for root in (tmp_path / "whole", tmp_path / "broken")
        )
        train(whole, tiny, QUICK, lambda _: None)
        saves = 0
        save = Checkpoint.save

        def killed(self: Checkpoint, *args: Any) -> None:
            nonlocal saves
            save(self, *args)
            saves += 1
            if saves == 4:
                raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(Checkpoint, "save", killed)
            with pytest.raises(KeyboardInterrupt):
                train(broken, tiny, QUICK, lambda _: None)
        reports: list[str] = []
        train(broken, tiny, QUICK, reports.append)
        assert "going on at step 3 of 4" in reports
        assert lora_of(broken) == lora_of(whole)
        assert not (broken.folder / "training").exists()

    def test_is_begun_anew_with_other_settings(self, tmp_path: Path, tiny: str) -> None:
        voice = brand(tmp_path, pairs(20, 2))
        with pytest.raises(KeyboardInterrupt):
            train(voice, tiny, QUICK, stopped_at("epoch 1"))
        reports: list[str] = []
        train(voice, tiny, replace(QUICK, schedule="linear"), reports.append)
        assert not [each for each in reports if each.startswith("going on")]

    def test_is_begun_anew_when_what_was_kept_is_broken(self, tmp_path: Path, tiny: str) -> None:
        voice = brand(tmp_path, pairs(20, 2))
        (voice.folder / "training").mkdir()
        (voice.folder / "training" / "checkpoint.safetensors").write_bytes(b"half")
        assert train(voice, tiny, QUICK, lambda _: None)["version"] == "v1"


class TestAnEarlyStop:
    def test_keeps_the_best_weights(self, tmp_path: Path, tiny: str) -> None:
        wild = replace(QUICK, learning_rate=3.0, schedule="constant", epochs=30, patience=1)
        reports: list[str] = []
        card = train(brand(tmp_path, pairs(20, 2)), tiny, wild, reports.append)
        assert "stopped: no better for 1 epochs" in reports
        assert card["steps"] < 30 * 2


class TestMemory:
    def test_is_told_before_the_training_starts(self, trained: Trained) -> None:
        reports = trained[2]
        (at,) = [n for n, each in enumerate(reports) if each.startswith("memory: about")]
        assert at < next(n for n, each in enumerate(reports) if each.startswith("epoch 1"))

    def test_that_is_not_there_stops_it_with_what_to_do(self, tmp_path: Path, tiny: str) -> None:
        voice = brand(tmp_path, pairs(20, 2))
        with pytest.raises(ConfigurationError, match="--accumulate 4"):
            train(voice, tiny, QUICK, lambda _: None, free=lambda: 1e6)
        assert not (voice.folder / "versions").exists()


def test_the_loss_is_drawn_step_by_step_with_the_validation() -> None:
    drawn = curve([4.0, 2.0, 1.0], [(3, 2.718281828)])
    picture = ElementTree.fromstring(drawn)  # noqa: S314 - our own
    lines = [each for each in picture.iter() if each.tag.endswith("polyline")]
    heights = [float(point.split(",")[1]) for point in lines[0].attrib["points"].split()]
    assert heights == sorted(heights) and len(heights) == 3
    (dot,) = [each for each in picture.iter() if each.tag.endswith("circle")]
    assert float(dot.attrib["cy"]) == pytest.approx(heights[-1], abs=0.2)


def clock() -> datetime:
    return datetime(2026, 3, 2, 9, tzinfo=UTC)


def stopped_at(report: str) -> Callable[[str], None]:
    """A report callback with which somebody presses Ctrl-C at a certain moment."""

    def stop(text: str) -> None:
        if text.startswith(report):
            raise KeyboardInterrupt

    return stop


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
