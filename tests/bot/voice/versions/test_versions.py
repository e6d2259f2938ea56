"""Versions of a voice: which may speak, which does, and files that are refused."""

from __future__ import annotations

import asyncio
import json
import pickle
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.errors import ConfigurationError, UsageError
from bot.shell.models import voices, writers
from bot.shell.settings import Settings
from bot.voice.versions.registry import Registry
from bot.voice.voice import Voice
from tests.bot.conftest import ROOT
from tests.kit.loras import put_version, toy_weights

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a voice with two versions that passed and one that did not."""
    folder = tmp_path / "acme"
    folder.mkdir()
    shutil.copy(ROOT / "voices" / "fernhill" / "guide.toml", folder)
    for n, passed in enumerate((True, True, False), start=1):
        put_version(folder, f"v{n}", n, passed=passed)
    return folder


@pytest.fixture
def registry(folder: Path) -> Registry:
    return Registry(folder.parent, lambda: NOW)


def speaks(folder: Path) -> bytes | None:
    """The weights that a bot started now would speak with."""
    lora = Voice.load(folder.parent, folder.name).lora
    return lora.weights if lora else None


class TestWhatSpeaks:
    def test_is_nothing_trained_until_something_is_promoted(
        self, folder: Path, registry: Registry
    ) -> None:
        assert speaks(folder) is None
        registry.promote("acme", "v1", "ida")
        assert speaks(folder) == toy_weights(1)

    def test_goes_back_step_by_step(self, folder: Path, registry: Registry) -> None:
        registry.promote("acme", "v1", "ida")
        registry.promote("acme", "v2", "ida")
        assert registry.rollback("acme", "bo").live == "v1"
        assert speaks(folder) == toy_weights(1)
        registry.rollback("acme", "bo")
        assert speaks(folder) is None
        with pytest.raises(UsageError, match="Nothing spoke before"):
            registry.rollback("acme", "bo")
        changes = registry.served("acme").changes
        assert [(each.who, each.what, each.version) for each in changes] == [
            ("ida", "promoted", "v1"),
            ("ida", "promoted", "v2"),
            ("bo", "rolled back", "v1"),
            ("bo", "rolled back", "original"),
        ]

    def test_changes_in_a_running_bot_with_the_next_answer(
        self, folder: Path, registry: Registry
    ) -> None:
        voice_for = voices(Settings(voices=folder.parent, voice="acme"))
        before = voice_for(None)
        assert voice_for(None) is before
        registry.promote("acme", "v2", "ida")
        after = voice_for(None)
        assert after.lora is not None and after.lora.weights == toy_weights(2)
        assert after.version != before.version
        registry.rollback("acme", "ida")
        assert voice_for(None).version == before.version

    def test_goes_on_in_a_running_bot_when_its_files_break(
        self, folder: Path, registry: Registry
    ) -> None:
        registry.promote("acme", "v1", "ida")
        voice_for = voices(Settings(voices=folder.parent))
        assert voice_for("acme").lora is not None
        (folder / "served.json").write_text("{")
        with capture_logs() as logged:
            told = voice_for("acme")
            assert voice_for("acme") is told
        assert told.lora is not None and told.lora.weights == toy_weights(1)
        assert [each["event"] for each in logged] == ["voice_unreadable"]

    def test_holds_no_more_models_than_two_of_a_voice(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loaded: list[str] = []

        def load(_: object, voice: Voice) -> object:
            loaded.append(voice.version)
            return object()

        monkeypatch.setattr("bot.shell.models.load_writer", load)
        writer_for = writers(Settings())
        one, two, three = (Voice.load(folder.parent, "acme", f"v{n}") for n in (1, 2, 3))

        async def ask() -> None:
            for voice in (one, two, one, three, one, two):
                await writer_for(voice)

        asyncio.run(ask())
        names = {one.version: 1, two.version: 2, three.version: 3}
        assert [names[each] for each in loaded] == [1, 2, 3, 2]


class TestTheGate:
    def test_keeps_back_what_did_not_pass_and_says_why(
        self, folder: Path, registry: Registry
    ) -> None:
        with pytest.raises(UsageError, match=r"v3 stays a candidate: .* refusals: 0.10"):
            registry.promote("acme", "v3", "ida")
        assert speaks(folder) is None

    def test_keeps_back_what_was_not_judged(self, folder: Path, registry: Registry) -> None:
        put_version(folder, "v4", 4)
        with pytest.raises(UsageError, match="voice evaluate acme --version v4"):
            registry.promote("acme", "v4", "ida")

    def test_keeps_back_what_was_judged_with_another_guide(
        self, folder: Path, registry: Registry
    ) -> None:
        with (folder / "guide.toml").open("a") as guide:
            guide.write("\n# another look\n")
        with pytest.raises(UsageError, match="guide has changed"):
            registry.promote("acme", "v1", "ida")

    def test_can_be_passed_by_with_a_reason_that_is_kept(
        self, folder: Path, registry: Registry
    ) -> None:
        registry.promote("acme", "v3", "ida", anyway="the fair is tomorrow")
        assert speaks(folder) == toy_weights(3)
        assert registry.served("acme").changes[-1].why == "the fair is tomorrow"

    @pytest.mark.parametrize(
        ("ask", "why"),
        [
            (lambda r: r.promote("acme", "v9", "ida"), r"no version 'v9' \(there: v1, v2, v3\)"),
            (lambda r: r.promote("acme", "../v1", "ida"), "no version"),
            (lambda r: r.canary("acme", "v1", "ida"), "a share such as"),
            (lambda r: r.canary("acme", "v1", "ida", share=3), "from 0 to 1"),
        ],
    )
    def test_changes_nothing_for_what_is_not_understood(
        self, folder: Path, registry: Registry, ask: Callable[[Registry], object], why: str
    ) -> None:
        with pytest.raises(UsageError, match=why):
            ask(registry)
        assert not (folder / "served.json").exists()

    def test_leaves_what_speaks_when_the_disk_is_full(
        self, folder: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        registry.promote("acme", "v1", "ida")

        def full(*_: object, **__: object) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "write_text", full)
        with pytest.raises(ConfigurationError, match="No space left"):
            registry.promote("acme", "v2", "ida")
        assert speaks(folder) == toy_weights(1)
        assert not list(folder.glob(".*"))


class TestACanary:
    def test_gets_its_share_of_the_conversations_and_each_keeps_its_version(
        self, folder: Path, registry: Registry
    ) -> None:
        registry.promote("acme", "v1", "ida")
        registry.canary("acme", "v2", "ida", share=0.25)
        voice = Voice.load(folder.parent, "acme")
        talks = [f"slack:T1:C1:{n}" for n in range(2000)]
        drawn = [voice.spoken_in(each).version for each in talks]
        assert drawn == [voice.spoken_in(each).version for each in talks]
        trial = Voice.load(folder.parent, "acme", "v2").version
        assert 0.22 < drawn.count(trial) / len(drawn) < 0.28
        assert set(drawn) == {voice.version, trial}

    def test_gets_all_of_a_channel_and_nothing_of_its_neighbours(
        self, folder: Path, registry: Registry
    ) -> None:
        registry.canary("acme", "v2", "ida", channels=["slack:T1:C1"])
        voice = Voice.load(folder.parent, "acme")
        for talk in ("slack:T1:C1", "slack:T1:C1:17.3", "slack:T1:C1:17.3:U5"):
            assert voice.spoken_in(talk) is not voice
        for talk in ("slack:T1:C12", "slack:T1:C2:C1", "slack:T2:C1"):
            assert voice.spoken_in(talk) is voice

    def test_ends_with_a_rollback_and_what_is_live_stays(
        self, folder: Path, registry: Registry
    ) -> None:
        registry.promote("acme", "v1", "ida")
        registry.canary("acme", "v3", "ida", share=1)
        assert registry.rollback("acme", "ida").live == "v1"
        assert Voice.load(folder.parent, "acme").canary is None

    def test_that_is_promoted_is_no_trial_any_more(self, registry: Registry) -> None:
        registry.canary("acme", "v2", "ida", share=0.5)
        assert registry.promote("acme", "v2", "ida").canary is None

    def test_that_breaks_leaves_its_conversations_to_the_live_one(
        self, folder: Path, registry: Registry
    ) -> None:
        registry.promote("acme", "v1", "ida")
        registry.canary("acme", "v2", "ida", share=1)
        (folder / "versions" / "v2" / "adapter_model.safetensors").write_bytes(toy_weights(9))
        with capture_logs() as logged:
            voice = Voice.load(folder.parent, "acme")
        assert voice.spoken_in("slack:T1:C1") is voice
        assert [each["event"] for each in logged] == ["canary_unreadable"]


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit",)


class TestAnUnsafeFile:
    @pytest.mark.parametrize("name", ["adapter_model.bin", "optimizer.pt", "x.pkl", "model.py"])
    def test_is_refused_wherever_it_lies(self, folder: Path, registry: Registry, name: str) -> None:
        (folder / "versions" / "v1" / name).write_bytes(pickle.dumps(Evil()))
        with pytest.raises(UsageError, match="is refused"):
            registry.promote("acme", "v1", "ida")
        with pytest.raises(ConfigurationError, match="is refused"):
            Voice.load(folder.parent, "acme", "v1")
        assert registry.promote("acme", "v2", "ida").live == "v2"

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            pickle.dumps(Evil()),
            toy_weights()[:-1],
            toy_weights() + b"!",
            (2**60).to_bytes(8, "little") + b"{}",
            (2).to_bytes(8, "little") + b"{}",
        ],
    )
    def test_is_refused_under_a_good_name(self, folder: Path, content: bytes) -> None:
        (folder / "lora").mkdir()
        (folder / "lora" / "adapter_model.safetensors").write_bytes(content)
        with pytest.raises(ConfigurationError, match="no safetensors"):
            Voice.load(folder.parent, "acme", "original")

    def test_is_refused_when_it_is_not_what_was_trained(
        self, folder: Path, registry: Registry
    ) -> None:
        (folder / "versions" / "v1" / "adapter_model.safetensors").write_bytes(toy_weights(7))
        with pytest.raises(UsageError, match="not the file that was trained"):
            registry.promote("acme", "v1", "ida")
        assert "not the file" in registry.version("acme", "v1").fault

    def test_is_refused_when_its_configuration_names_code(self, folder: Path) -> None:
        place = folder / "versions" / "v1"
        (place / "version.json").unlink()
        config = {"peft_type": "LORA", "auto_mapping": {"parent_library": "evil"}}
        (place / "adapter_config.json").write_text(json.dumps(config))
        with pytest.raises(ConfigurationError, match="auto_mapping"):
            Voice.load(folder.parent, "acme", "v1")

    def test_is_not_the_shipped_one(self) -> None:
        lora = Voice.load(ROOT / "voices", "fernhill").lora
        assert lora is not None and lora.base == "smollm2-135m-instruct"
