"""A brand's voice as data, and whether the shipped one keeps its own rules."""

from __future__ import annotations

import json
import shutil
from errno import EACCES
from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.voice.lines.occasions import bears
from bot.voice.metrics import markers
from bot.voice.plain_lines import PLAIN_REPLIES
from bot.voice.voice import Voice, names
from tests.bot.conftest import ROOT
from tests.kit.loras import toy_weights

GUIDE = (ROOT / "voices" / "fernhill" / "guide.toml").read_text("utf-8")
PAIR = {"kind": "answer", "topic": "t", "question": "q", "plain": "p", "voiced": "Hi p Bye"}


def voice(root: Path, guide: str = GUIDE, examples: str | bytes | None = None) -> Voice:
    """The voice ``acme`` with this guide, read anew."""
    folder = root / "acme"
    folder.mkdir(exist_ok=True)
    (folder / "guide.toml").write_text(guide, "utf-8")
    if examples is not None:
        content = examples.encode() if isinstance(examples, str) else examples
        (folder / "examples.jsonl").write_bytes(content)
    return Voice.load(root, "acme")


class TestAVoice:
    def test_is_its_guide_and_examples(self, tmp_path: Path) -> None:
        one = voice(tmp_path, examples=f"{json.dumps(PAIR)}\n\n{json.dumps(PAIR)}\n")
        assert one.name == "acme"
        assert one.guide.name == "Fernhill"
        assert [example.voiced for example in one.examples] == ["Hi p Bye", "Hi p Bye"]

    def test_needs_neither_examples_nor_a_lora(self, tmp_path: Path) -> None:
        one = voice(tmp_path)
        assert (one.examples, one.lora) == ((), None)

    def test_has_a_lora_once_its_weights_are_there(self, tmp_path: Path) -> None:
        one = voice(tmp_path)
        (one.folder / "lora").mkdir()
        assert voice(tmp_path).lora is None
        shutil.copy(ROOT / "voices/fernhill/lora/adapter_config.json", one.folder / "lora")
        (one.folder / "lora" / "adapter_model.safetensors").write_bytes(toy_weights())
        lora = voice(tmp_path).lora
        assert lora is not None
        assert (lora.folder, lora.base) == (one.folder / "lora", "smollm2-135m-instruct")

    def test_has_a_version_that_changes_with_its_guide_and_its_lora_alone(
        self, tmp_path: Path
    ) -> None:
        one = voice(tmp_path)
        (one.folder / "lora").mkdir()
        weights = one.folder / "lora" / "adapter_model.safetensors"
        versions = [
            one.version,
            voice(tmp_path, examples=json.dumps(PAIR)).version,
            voice(tmp_path, f"{GUIDE}\n# another look\n").version,
        ]
        for content in (toy_weights(1), toy_weights(2)):
            weights.write_bytes(content)
            versions.append(voice(tmp_path).version)
        assert versions[0] == versions[1]
        assert len(set(versions)) == 4
        assert all(len(each) == 8 for each in versions)

    @pytest.mark.parametrize("config", [b"{", b"[1]", b"\xff"])
    def test_says_so_when_its_lora_tells_no_base(self, tmp_path: Path, config: bytes) -> None:
        one = voice(tmp_path)
        (one.folder / "lora").mkdir()
        (one.folder / "lora" / "adapter_model.safetensors").write_bytes(toy_weights())
        (one.folder / "lora" / "adapter_config.json").write_bytes(config)
        lora = voice(tmp_path).lora
        assert lora is not None
        with pytest.raises(ConfigurationError, match=r"adapter_config\.json"):
            _ = lora.base

    def test_stays_what_was_loaded_whatever_is_put_in_its_folder(self, tmp_path: Path) -> None:
        folder = voice(tmp_path).folder
        (folder / "lora").mkdir()
        weights = folder / "lora" / "adapter_model.safetensors"
        weights.write_bytes(toy_weights(1))
        first = voice(tmp_path)
        version = first.version
        weights.write_bytes(toy_weights(2))
        second = voice(tmp_path, f"{GUIDE}\n# another look\n")
        assert first.lora is not None and second.lora is not None
        assert (first.lora.weights, second.lora.weights) == (toy_weights(1), toy_weights(2))
        assert first.version == version != second.version

    def test_that_may_not_be_read_says_so(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        voice(tmp_path)

        def refuse(_: Path) -> bytes:
            raise PermissionError(EACCES, "Permission denied")

        monkeypatch.setattr(Path, "read_bytes", refuse)
        with pytest.raises(ConfigurationError, match="The voice 'acme' cannot be read"):
            Voice.load(tmp_path, "acme")

    def test_may_have_no_markers(self, tmp_path: Path) -> None:
        one = voice(tmp_path, GUIDE[: GUIDE.index("[markers]")])
        assert one.guide.markers.forbidden == ()


def test_a_guide_that_the_first_version_was_made_for_speaks_with_plain_lines_beside_its_own(
    tmp_path: Path,
) -> None:
    first = (ROOT / "tests" / "data" / "guide_first.toml").read_text("utf-8")
    guide = voice(tmp_path, first).guide
    assert guide.leads == ("Here is what I found.",)
    assert guide.replies.hello[0] == "Hello there! What are you after?"
    assert guide.replies.unsure == tuple(PLAIN_REPLIES["unsure"])
    assert "{files}" in guide.replies.unread_files


class TestAGuideThatIsWrong:
    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            pytest.param('name = "Fernhill"', 'name = "Fernhill', "not valid TOML", id="TOML"),
            pytest.param('name = "Fernhill"', "", "name", id="missing key"),
            pytest.param('name = "Fernhill"', "name = 7", "name", id="wrong type"),
            pytest.param("hello = [", "hola = [", "replies.hello", id="missing reply"),
            pytest.param("[replies]", 'colour = "red"\n[replies]', "colour", id="unknown key"),
            pytest.param('emoji = "none"', 'emoji = "some"', "markers.emoji", id="unknown choice"),
            pytest.param("{limit}", "{length}", "too_long", id="unknown mark"),
            pytest.param("{error_id}", "{id}", "apology", id="unknown mark in the apology"),
            pytest.param("{error_id}", "unknown", "apology", id="apology without its mark"),
            pytest.param("{limit}", "{limit", "too_long", id="half a mark"),
            pytest.param("{files}", "files", "_files", id="files without their mark"),
            pytest.param("{files}", "{names}", "_files", id="unknown mark for files"),
            pytest.param("Any time.", "Any time, {name}.", "thanks", id="mark where none may be"),
            pytest.param("“{heading}”", "it", "heading_lead", id="lead without its heading"),
            pytest.param("“{heading}”", "{it} {heading}", "heading_lead", id="unknown mark in it"),
            pytest.param('= ["money"]', '= ["cash"]', "when", id="unknown occasion"),
            pytest.param(
                '"Worth a note in your diary." =', '"Note it." =', "Note it.", id="unknown line"
            ),
        ],
    )
    def test_is_refused_with_what_is_wrong_and_where(
        self, tmp_path: Path, old: str, new: str, told: str
    ) -> None:
        assert old in GUIDE
        with pytest.raises(ConfigurationError) as failure:
            voice(tmp_path, GUIDE.replace(old, new, 1))
        assert told in str(failure.value)
        assert "guide.toml" in str(failure.value)

    def test_is_refused_when_it_has_no_greeting(self, tmp_path: Path) -> None:
        start, end = GUIDE.index("greetings = ["), GUIDE.index("closings = [")
        with pytest.raises(ConfigurationError, match="greetings"):
            voice(tmp_path, f"{GUIDE[:start]}greetings = []\n{GUIDE[end:]}")

    def test_is_refused_when_it_is_no_text(self, tmp_path: Path) -> None:
        one = voice(tmp_path)
        (one.folder / "guide.toml").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(ConfigurationError, match=r"guide\.toml"):
            Voice.load(tmp_path, "acme")

    @pytest.mark.parametrize(
        "line",
        [
            "{",
            "[]",
            json.dumps(PAIR | {"kind": "poem"}),
            json.dumps(PAIR | {"mood": "dark"}),
            json.dumps({"kind": "answer"}),
        ],
    )
    def test_names_the_line_of_a_wrong_example(self, tmp_path: Path, line: str) -> None:
        one = voice(tmp_path, examples=f"{json.dumps(PAIR)}\n{line}\n")
        with pytest.raises(ConfigurationError, match=r"examples\.jsonl, line 2"):
            _ = one.examples

    def test_names_the_examples_that_are_no_text(self, tmp_path: Path) -> None:
        one = voice(tmp_path, examples=b"\xff\xfe\x00")
        with pytest.raises(ConfigurationError, match=r"examples\.jsonl"):
            _ = one.examples


class TestAName:
    @pytest.mark.parametrize(
        "name", ["../fernhill", "/etc", "a/b", "..", ".", "", "Fernhill", "a b", "x" * 41, "a\n"]
    )
    def test_is_never_a_path(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(ConfigurationError, match="not a voice's name"):
            Voice.load(tmp_path, name)

    def test_that_is_not_there_is_told_with_those_that_are(self, tmp_path: Path) -> None:
        voice(tmp_path)
        with pytest.raises(ConfigurationError, match=r"no voice 'nobody'.*acme"):
            Voice.load(tmp_path, "nobody")

    def test_is_a_folder_with_a_guide(self, tmp_path: Path) -> None:
        voice(tmp_path)
        (tmp_path / "notes").mkdir()
        assert names(tmp_path) == ["acme"]


class TestTheShippedVoice:
    def test_keeps_its_own_habits_in_every_fixed_line(self, fernhill: Voice) -> None:
        guide = fernhill.guide
        replies = guide.replies
        lines = [
            *replies.hello,
            *replies.thanks,
            *replies.unknown,
            replies.capabilities,
            replies.unknown_sources,
            replies.empty_question,
            replies.too_long.format(limit=2000),
            replies.not_text,
            replies.apology.format(error_id="0a1b2c3d"),
            *guide.leads,
            guide.heading_lead.format(heading="Pay dates"),
            *replies.never_mind,
            *replies.unsure,
            *guide.greetings,
            *guide.closings,
        ]
        broken = {
            (line, habit)
            for line in lines
            for habit, kept in markers(line, guide).items()
            if not kept and habit not in ("greeting", "closing")
        }
        assert broken == set()

    def test_keeps_them_in_its_examples(self, fernhill: Voice) -> None:
        kept = [
            all(
                markers(
                    example.voiced,
                    fernhill.guide,
                    [example.plain] if example.kind == "answer" else [],
                ).values()
            )
            for example in fernhill.examples
        ]
        assert sum(kept) >= 0.95 * len(kept)

    def test_quotes_word_for_word_in_its_examples_of_answers(self, fernhill: Voice) -> None:
        answers = [example for example in fernhill.examples if example.kind == "answer"]
        assert all(example.plain in example.voiced for example in answers)

    def test_closes_no_example_of_an_answer_with_what_it_does_not_bear_out(
        self, fernhill: Voice
    ) -> None:
        guide = fernhill.guide
        for example in fernhill.examples:
            if example.kind == "answer":
                before, _, closing = example.voiced.partition(f" {example.plain} ")
                greeting = next(each for each in guide.greetings if before.startswith(each))
                assert before.removeprefix(f"{greeting} ") in guide.leads
                when = guide.when.get(closing, ())
                assert not when or any(bears(example.plain, each) for each in when)

    def test_has_a_lora_for_the_packaged_model(self, fernhill: Voice) -> None:
        assert fernhill.lora is not None
        assert fernhill.lora.base == "smollm2-135m-instruct"
