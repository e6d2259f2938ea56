"""Parity of voices: versions are promoted, tried, compared and rolled back wherever people talk."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.adapters.desk_bench import VOICES
from tests.adapters.stages.lacks import LACKS
from tests.adapters.stages.playing import PAY, PLATFORMS, QUESTION, needs, shown
from tests.adapters.stages.stage import Person, Stage, opened
from tests.adapters.stages.stages import STAGES
from tests.kit.loras import put_version


@pytest_asyncio.fixture(params=PLATFORMS)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage whose voice has a version that passed and one that did not."""
    for ability in getattr(request.function, "needs", ()):
        if ability in LACKS[request.param]:
            pytest.skip(LACKS[request.param][ability])
    folder = tmp_path / "voices" / "fernhill"
    folder.mkdir(parents=True)
    shutil.copy(VOICES / "fernhill" / "guide.toml", folder)
    put_version(folder, "v1", 1, passed=True)
    put_version(folder, "v2", 2, passed=False)
    async with opened(STAGES[request.param], tmp_path, voices=folder.parent) as stage:
        stage.bench.knows("salaries", PAY)
        yield stage


async def says(stage: Stage, line: str, who: Person = "ida") -> str:
    return shown(await stage.command(who, "general", line)).text.replace("`", "")


async def test_a_version_is_promoted_and_rolled_back(stage: Stage) -> None:
    assert "v1: 2026-03-02, on tiny. passed" in await says(stage, "/voice show")
    assert "speaks with v1 from the next answer on" in await says(stage, "/voice promote v1")
    assert "speaks with v1." in await says(stage, "/voice status")
    assert "v2 stays a candidate" in await says(stage, "/voice promote v2")
    assert "speaks with original everywhere" in await says(stage, "/voice rollback")
    lines = await stage.bench.audit.newest(10, "fernhill")
    assert [(each.what, each.outcome) for each in reversed(lines)] == [
        ("promoted voice", "done"),
        ("promoted voice", "refused"),
        ("rolled back voice", "done"),
    ]


async def test_a_trial_is_compared_with_what_speaks(stage: Stage) -> None:
    assert "none yet" in await says(stage, "/voice status")
    await stage.ask("ida", "general", QUESTION)
    assert "share goes from 0 to 1" in await says(stage, "/voice canary v2 share=lots")
    assert "v2 is on trial in 100%" in await says(stage, "/voice canary v2 share=1")
    answer = await stage.ask("ida", "general", QUESTION)
    await stage.press("ida", answer, "helpful")
    told = await says(stage, "/voice status")
    assert "On trial: v2, in 100% of conversations." in told
    assert "original (live): 1 answers, 100% sure; 0 found helpful, 0 not" in told
    assert "v2 (on trial): 1 answers, 100% sure; 1 found helpful, 0 not" in told


@needs("others")
async def test_only_admins_may(stage: Stage) -> None:
    for line in ("/voice promote v1", "/voice rollback", "/voice canary v1 here", "/voice status"):
        assert "is for admins" in await says(stage, line, "ann")
    assert "speaks with original." in await says(stage, "/voice status")
