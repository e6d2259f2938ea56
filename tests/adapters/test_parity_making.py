"""Parity of making voices: described in a form, given examples, prepared, where people talk."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.voice.voice import Voice
from tests.adapters.stages.lacks import LACKS
from tests.adapters.stages.playing import PLATFORMS, form, needs, own_voices, played_on, says, shown
from tests.adapters.stages.stage import Shown, Stage, opened
from tests.adapters.stages.stages import STAGES

NEEDS = ("commands",)

FILLED = {
    "about": "Warm and brief.",
    "lines": "Greeting: Right then!\nClosing: Shout if you are stuck.",
    "words": "Say help, not assist\nNever say: synergy",
    "sentence": "18",
    "examples": '{"plain": "We will assist you today.", "voiced": "We will help you today."}',
}


@pytest_asyncio.fixture(params=PLATFORMS)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    voices = own_voices(tmp_path)
    async with opened(STAGES[played_on(request)], tmp_path, voices=voices) as stage:
        yield stage


def filled(stage: Stage, **changed: str) -> dict[str, str]:
    """What is filled in; where a line ends at Enter, the first line of each."""
    one_line = "lines" in LACKS[stage.name]
    values = {**FILLED, **changed}
    return {name: value.split("\n")[0] if one_line else value for name, value in values.items()}


async def made(stage: Stage) -> Shown:
    asked = form(await stage.command("ida", "general", "/voice create acme"))
    return shown(await stage.fill_in("ida", asked, filled(stage)))


async def test_a_voice_is_described_and_can_speak(stage: Stage, tmp_path: Path) -> None:
    one_line = "lines" in LACKS[stage.name]
    told = (await made(stage)).text
    assert f"Made acme: 1 words swapped, {0 if one_line else 1} never said" in told
    guide = Voice.load(tmp_path / "voices", "acme").guide
    cheerful = [guide.suited(lines, None) for lines in (guide.greetings, guide.closings)]
    assert (guide.about, *cheerful) == (
        "Warm and brief.",
        ("Right then!",),
        ("Just ask if you want more.",) if one_line else ("Shout if you are stuck.",),
    )
    assert guide.suited(guide.greetings, "bad_news") == ("Hello.",)
    assert guide.markers.swaps == {"assist": "help"}
    assert guide.markers.max_sentence_words == 18
    assert "acme" in (await says(stage, "/voice list")).text
    assert "a voice 'acme' already" in (await made(stage)).text
    assert [(each.what, each.outcome) for each in await stage.bench.audit.newest(9)][-1] == (
        "made voice",
        "done",
    )


async def test_what_cannot_be_is_said_and_leaves_nothing(stage: Stage, tmp_path: Path) -> None:
    asked = form(await stage.command("ida", "general", "/voice create Acme"))
    told = shown(await stage.fill_in("ida", asked, filled(stage)))
    assert "lower-case letters" in told.text
    for name, wrong, said in (
        ("sentence", "two", "whole number from 5 on"),
        ("lines", "Hail: fellow", "Begin each line with Greeting:"),
    ):
        asked = form(await stage.command("ida", "general", "/voice create acme"))
        told = shown(await stage.fill_in("ida", asked, filled(stage, **{name: wrong})))
        assert said in told.text
    assert not (tmp_path / "voices" / "acme").exists()


async def test_examples_are_pasted_and_prepared(stage: Stage) -> None:
    await made(stage)
    asked = form(await stage.command("ida", "general", "/voice add acme"))
    pasted = "plain,voiced\nPlease assist them.,Please help them."
    if stage.name == "console":  # a line ends where Enter is pressed
        pasted = '{"plain": "Please assist them.", "voiced": "Please help them."}'
    assert "Added" in shown(await stage.fill_in("ida", asked, {"examples": pasted})).text
    told = (await says(stage, "/voice prepare voice=acme")).text
    assert "2 pairs on" in told
    assert "Missing: 28 more usable pairs" in told


async def test_a_file_of_examples_is_taken(stage: Stage, tmp_path: Path) -> None:
    await made(stage)
    if "typed_lines" not in LACKS[stage.name]:  # Discord's client asks for the file itself
        assert "JSONL, CSV or Markdown" in (await says(stage, "/voice upload voice=acme")).text
    if stage.name == "console":  # the stages of the others hand no file over with a command
        file = tmp_path / "more.csv"
        file.write_text("plain,voiced\nPlease assist them.,Please help them.\n", "utf-8")
        assert "Added" in (await says(stage, f"/voice upload file={file} voice=acme")).text
        assert "2 pairs on" in (await says(stage, "/voice prepare voice=acme")).text


@needs("others")
async def test_only_admins_may(stage: Stage, tmp_path: Path) -> None:
    for line in ("/voice create acme", "/voice prepare", "/voice train", "/voice add fernhill"):
        assert "is for admins" in (await says(stage, line, "ann")).text
    assert not (tmp_path / "voices" / "acme").exists()


async def test_training_is_begun_and_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "true")
    assert "is being trained" in (await says(stage, "/voice train")).text
    assert "Training: it begins" in (await says(stage, "/voice status")).text
