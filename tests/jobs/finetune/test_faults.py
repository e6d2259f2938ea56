"""A training that fails, is killed or stops early leaves what is whole, and goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.errors import ConfigurationError
from bot.voice.versions.registry import Registry
from bot.voice.voice import Example, Voice
from jobs.training.voice.checkpoint import Checkpoint
from jobs.training.voice.finetune import train
from tests.jobs.finetune.brand import QUICK, again, brand, pairs
from tests.kit.loras import put_version


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


def clock() -> datetime:
    return datetime(2026, 3, 2, 9, tzinfo=UTC)


def stopped_at(report: str) -> Callable[[str], None]:
    """A report callback with which somebody presses Ctrl-C at a certain moment."""

    def stop(text: str) -> None:
        if text.startswith(report):
            raise KeyboardInterrupt

    return stop
