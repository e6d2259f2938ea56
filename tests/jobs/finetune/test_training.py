"""A real tiny training: what it leaves, tells and gives the bot to speak with."""

from __future__ import annotations

import asyncio
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from bot.errors import ConfigurationError
from bot.voice.model import LocalModel
from bot.voice.template import prompt
from bot.voice.versions.manifest import read_manifest
from bot.voice.voice import Voice
from bot.voice.writer import Choose, Say, Step
from jobs.training.voice.artifacts import base_digest
from jobs.training.voice.card import model_card
from jobs.training.voice.data import split
from jobs.training.voice.finetune import train
from tests.jobs.finetune.brand import QUICK, again, brand, pairs, topics


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
