"""Voices' files for those in a chat: a training in a process of its own, and a person forgotten."""

from __future__ import annotations

import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.answers.voices.wordings import Wordings
from bot.errors import UsageError
from bot.shell.voicing.files import VoiceFiles
from bot.shell.voicing.work import VoiceWork
from bot.voice.versions.withdrawn import read_from_use, read_withdrawn
from bot.voice.voice import Voice
from knowledge.state.database import open_database
from knowledge.types import Attachment
from tests.bot.conftest import ROOT
from tests.kit.fakes import FixedClock

ZOE = "office:user:zoe"


@pytest_asyncio.fixture
async def wordings(tmp_path: Path) -> AsyncIterator[Wordings]:
    engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
    yield Wordings(engine, FixedClock())
    await engine.dispose()


@pytest_asyncio.fixture
async def files(wordings: Wordings, tmp_path: Path) -> VoiceFiles:
    """Over a folder with the shipped voice."""

    async def content(file: Attachment) -> bytes:
        return file.content or b""

    folder = tmp_path / "voices" / "fernhill"
    folder.mkdir(parents=True)
    for name in ("guide.toml", "examples.jsonl"):
        shutil.copy(ROOT / "voices" / "fernhill" / name, folder)
    return VoiceFiles(tmp_path / "voices", wordings, content, FixedClock())


@pytest_asyncio.fixture
async def work(tmp_path: Path) -> AsyncIterator[VoiceWork]:
    opened = VoiceWork(tmp_path / "voices")
    yield opened
    await opened.aclose()


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    """What runs in place of Python."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(path))


async def test_a_training_tells_how_far_it_is_and_comes_to_its_end(
    work: VoiceWork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, 'echo "$@" >&2; echo "epoch 1/3" >&2; echo "$@" > ran')
    monkeypatch.chdir(tmp_path)
    assert await work.begin("train", "fernhill")
    assert work.progress("fernhill") == "Training: epoch 1/3"
    assert (tmp_path / "ran").read_text() == "-m bot voice train fernhill\n"
    assert work.progress("acme") == "" and not work.is_busy


async def test_who_waits_for_the_end_is_told_how_it_was(
    work: VoiceWork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[bool] = []

    async def ended(went_well: bool) -> None:
        told.append(went_well)

    for does in ("exit 0", "exit 3"):
        program(tmp_path, monkeypatch, does)
        await work.begin("evaluate", "fernhill", "--version", "v1", ended=ended)
    assert told == [True, False]


async def test_one_is_trained_after_the_other_and_none_outlives_the_bot(
    work: VoiceWork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, "exec sleep 60")
    work.begin("train", "fernhill")
    with pytest.raises(UsageError, match="one after the other"):
        work.begin("evaluate", "fernhill")
    await work.aclose()
    assert not work.is_busy


async def test_forgetting_a_person_takes_their_wordings_out_of_the_pairs(
    files: VoiceFiles, wordings: Wordings, tmp_path: Path
) -> None:
    for owner, day in ((ZOE, "Monday"), ("office:user:bob", "Friday")):
        id = await wordings.propose(
            "fernhill",
            f"You will receive the bicycle on {day}.",
            f"You get the bicycle on {day}, and it is polished.",
            owner,
        )
        await wordings.approve(id, "office:user:ida")
    await files.prepare("fernhill")
    folder = tmp_path / "voices" / "fernhill"
    assert "Monday, and it is polished" in (folder / "examples.jsonl").read_text("utf-8")
    before = len(Voice.load(folder.parent, "fernhill", "none").examples)
    await files.forget_person(ZOE)
    kept = (folder / "examples.jsonl").read_text("utf-8")
    assert "Monday, and it is polished" not in kept and "Friday, and it is polished" in kept
    assert len(Voice.load(folder.parent, "fernhill", "none").examples) == before - 1
    assert len(read_withdrawn(folder)) == 1 and len(read_from_use(folder)) == 1
    await files.forget_person(ZOE)
    assert len(read_withdrawn(folder)) == 1
