"""The packaged model behind a real HTTP server, with a voice's LoRA as ``voice export`` lays it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.errors import ConfigurationError, ModelError
from bot.shell.cli import cli
from bot.shell.models import Writers
from bot.shell.settings import Settings
from bot.voice.model_weights import PACKAGED, base_weights
from bot.voice.template import answer_request, prompt
from bot.voice.versions.vllm import command, lay_out
from bot.voice.voice import Lora, Voice
from bot.voice.writer import Choose, Free, Say, Step, Writer
from tests.kit.loras import toy_weights
from tests.stand_ins.model_server import Loaded, ModelServer

QUESTION = "How do I get a library card?"
QUOTE = "Bring one photo ID and proof of your address to any branch desk."
GENERIC = "Here is what I found."


@pytest.fixture(scope="module")
def loaded(weights: Path, fernhill: Voice, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """The base model with the exported LoRA."""
    folder = lay_out(fernhill, tmp_path_factory.mktemp("loras") / "fernhill")
    return Loaded(base_weights(PACKAGED, weights), "fernhill", folder)


@pytest.fixture
def server(loaded: Loaded) -> Iterator[ModelServer]:
    with ModelServer(loaded) as opened:
        yield opened


def settings(weights: Path, url: str, **changed: Any) -> Settings:
    given = {"writer_model": "endpoint", "writer_url": url, "writer_retries": 0, **changed}
    return Settings(data=weights.parent, **given)


async def answer(writer: Writer, voice: Voice) -> list[str]:
    guide = voice.guide
    script: list[Step] = [
        Choose(guide.greetings),
        Free(24, bool, GENERIC),
        Say(QUOTE, " [1]"),
        Choose(guide.closings),
    ]
    asked = prompt(voice, answer_request(QUESTION, QUOTE), tuned=writer.tuned)
    return [text async for text in writer.compose(asked, script)]


class TestAServedVoice:
    async def test_answers_in_its_own_words_around_the_quote(
        self, server: ModelServer, weights: Path, fernhill: Voice
    ) -> None:
        writer = await Writers(settings(weights, server.url))(fernhill)
        greeting, lead, quote, closing = await answer(writer, fernhill)
        assert greeting in fernhill.guide.greetings
        assert lead
        assert quote == f"{QUOTE} [1]"
        assert closing in fernhill.guide.closings
        [asked] = server.asked
        assert asked["model"] == "fernhill"

    async def test_writes_freely_piece_by_piece(
        self, server: ModelServer, weights: Path, fernhill: Voice
    ) -> None:
        writer = await Writers(settings(weights, server.url))(fernhill)
        asked = prompt(fernhill, answer_request(QUESTION, QUOTE), tuned=True)
        pieces = [piece async for piece in writer.write(asked, 24)]
        assert len(pieces) > 1
        assert server.asked[0]["max_completion_tokens"] == 24

    async def test_that_the_server_does_not_have_is_told(
        self, server: ModelServer, weights: Path, fernhill: Voice
    ) -> None:
        writer = await Writers(settings(weights, server.url))(replace(fernhill, name="acme"))
        with pytest.raises(ModelError, match="NotFoundError"):
            await answer(writer, fernhill)

    async def test_goes_on_by_the_packaged_model_when_its_server_dies_and_comes_back(
        self, loaded: Loaded, weights: Path, fernhill: Voice
    ) -> None:
        with ModelServer(loaded) as first:
            held = Writers(settings(weights, first.url, writer_fallback="packaged"))
            writer = await held(fernhill)
            assert (await answer(writer, fernhill))[2] == f"{QUOTE} [1]"
            port = first.port
        assert (await answer(writer, fernhill))[2] == f"{QUOTE} [1]"
        assert len(first.asked) == 1
        with ModelServer(loaded, port) as again:
            assert (await answer(writer, fernhill))[2] == f"{QUOTE} [1]"
            assert len(again.asked) == 1
        held.close()


class TestAnExport:
    def test_prints_the_command_that_serves_it(
        self, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOUSEVOICE_DATA", str(weights.parent))
        folder = tmp_path / "fernhill"
        done = CliRunner().invoke(cli, ["voice", "export", "fernhill", str(folder)])
        assert done.exit_code == 0, done.output
        assert shlex.split(done.stdout) == [
            *("vllm", "serve", base_weights(PACKAGED, weights), "--enable-lora"),
            *("--max-lora-rank", "16", "--lora-modules", f"fernhill={folder}"),
        ]
        assert {path.name for path in folder.iterdir()} == {
            "adapter_config.json",
            "adapter_model.safetensors",
        }

    def test_does_not_write_over_what_is_there(self, fernhill: Voice, tmp_path: Path) -> None:
        (tmp_path / "kept.txt").write_text("x")
        with pytest.raises(ConfigurationError, match="is not empty: name a new folder"):
            lay_out(fernhill, tmp_path)

    def test_allows_the_next_rank_that_can_be_set(self, fernhill: Voice, tmp_path: Path) -> None:
        voice = replace(fernhill, lora=lora(r=20))
        assert "--max-lora-rank 32 " in command(voice, tmp_path, "base")

    @pytest.mark.parametrize(
        ("told", "fault"),
        [
            ({"peft_type": "PREFIX_TUNING"}, "trained as PREFIX_TUNING"),
            ({"peft_type": "OWN_WEIGHTS"}, "trained as OWN_WEIGHTS"),
            ({"use_dora": True}, "it is a DoRA"),
            ({"bias": "all"}, "more than a LoRA's matrices"),
            ({"modules_to_save": ["lm_head"]}, "more than a LoRA's matrices"),
            ({"rank_pattern": {"q_proj": 4}}, "different ranks"),
            ({"r": 1024}, "rank is not one of 1 to 512"),
        ],
    )
    def test_tells_what_vllm_could_not_load(
        self, fernhill: Voice, tmp_path: Path, told: dict[str, Any], fault: str
    ) -> None:
        with pytest.raises(ConfigurationError, match=f"vLLM cannot load .*{fault}"):
            lay_out(replace(fernhill, lora=lora(**told)), tmp_path / "new")
        assert not (tmp_path / "new").exists()

    def test_needs_a_lora(self, fernhill: Voice, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="'voice train fernhill' makes one"):
            lay_out(replace(fernhill, lora=None), tmp_path / "new")


def lora(**told: Any) -> Lora:
    config = {"peft_type": "LORA", "base_model_name_or_path": "tiny", "r": 16, **told}
    return Lora(Path("loras/acme"), toy_weights(), json.dumps(config).encode())
