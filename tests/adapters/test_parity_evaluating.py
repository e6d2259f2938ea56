"""Parity of judging voices: questions kept, the work begun, its report told to who asked for it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.adapters.stages.playing import PLATFORMS, form, needs, own_voices, played_on, says, shown
from tests.adapters.stages.stage import Stage, opened
from tests.adapters.stages.stages import STAGES

NEEDS = ("commands",)

QUESTIONS = "\n".join(f'{{"question": "What is {n}?", "answer": "It is {n}."}}' for n in range(5))
JUDGES = """
echo "$@" > "$HOUSEVOICE_VOICES/ran"
echo "measuring perplexity" >&2
echo "**The version may speak.** It beat the other." > \
  "$HOUSEVOICE_VOICES/fernhill/versions/v2/evaluation/report.md"
"""


@pytest_asyncio.fixture(params=PLATFORMS)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    voices = own_voices(tmp_path, v1=True, v2=True)
    async with opened(STAGES[played_on(request)], tmp_path, voices=voices) as stage:
        yield stage


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    """What runs in place of Python."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(path))


async def told(stage: Stage) -> str:
    """What Ida is written alone once the work is over."""
    [work] = [each for each in asyncio.all_tasks() if each.get_name().startswith("voice ")]
    await work
    await stage.bench.errands.run(stage.adapter)
    await stage.settled()
    [entry] = await stage.bench.rows("outbox")
    assert entry["outcome"] == "posted" and stage.user("ida") in entry["place"]
    return "\n".join(each.text for each in stage.everyone_sees("direct"))


async def test_a_version_is_judged_on_the_questions_and_the_report_is_told(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, JUDGES)
    folder = tmp_path / "voices" / "fernhill"
    assert "/voice questions fernhill" in (await says(stage, "/voice evaluate fernhill")).text
    assert not await stage.bench.rows("outbox")
    (folder / "questions.jsonl").write_text(QUESTIONS, "utf-8")
    assert "v2 of fernhill is being judged" in (await says(stage, "/voice evaluate fernhill")).text
    report = await told(stage)
    assert "The version may speak." in report and "/voice promote v2" in report
    assert "Evaluation: measuring perplexity" in (await says(stage, "/voice status")).text
    ran = (folder.parent / "ran").read_text()
    assert ran == "-m bot voice evaluate fernhill --version v2\n"
    assert [each.what for each in await stage.bench.audit.newest(9, "voice:fernhill")] == [
        "judged voice",
        "judged voice",
    ]


async def test_what_cannot_be_judged_says_why(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "voices" / "fernhill" / "questions.jsonl").write_text(QUESTIONS, "utf-8")
    program(tmp_path, monkeypatch, 'echo "The pairs have changed since." >&2; exit 1')
    assert "has no version 'v9'" in (await says(stage, "/voice evaluate fernhill version=v9")).text
    await says(stage, "/voice evaluate fernhill version=v1")
    said = await told(stage)
    assert "v1 of fernhill could not be judged" in said and "The pairs have changed since." in said


async def test_questions_are_pasted_and_those_that_cannot_be_read_are_not_kept(
    stage: Stage, tmp_path: Path
) -> None:
    path = tmp_path / "voices" / "fernhill" / "questions.jsonl"
    if stage.name == "console":  # a line ends where Enter is pressed, and one question is too few
        path.write_text(QUESTIONS, "utf-8")
    asked = form(await stage.command("ida", "general", "/voice questions fernhill"))
    sent = shown(await stage.fill_in("ida", asked, {"questions": '{"question": "Why?"}'}))
    assert "give the 'answer'" in sent.text
    if stage.name == "console":
        assert path.read_text("utf-8") == QUESTIONS, "what was kept stays"
        return
    assert not path.exists()
    asked = form(await stage.command("ida", "general", "/voice questions fernhill"))
    sent = shown(await stage.fill_in("ida", asked, {"questions": QUESTIONS}))
    assert "5 questions" in sent.text
    again = form(await stage.command("ida", "general", "/voice questions fernhill"))
    assert again.values["questions"] == QUESTIONS


@needs("others")
async def test_only_admins_may(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "voices" / "fernhill" / "questions.jsonl").write_text(QUESTIONS, "utf-8")
    for line in ("/voice evaluate fernhill", "/voice questions fernhill"):
        assert "is for admins" in (await says(stage, line, "ann")).text
    assert not (tmp_path / "voices" / "ran").exists()
