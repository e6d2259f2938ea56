"""Parity of voices: versions are promoted, tried, compared and rolled back wherever people talk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.cards import Card
from tests.adapters.stages import playing
from tests.adapters.stages.playing import (
    PAY,
    PLATFORMS,
    QUESTION,
    needs,
    own_voices,
    played_on,
    shown,
)
from tests.adapters.stages.stage import Person, Stage, opened
from tests.adapters.stages.stages import STAGES
from tests.kit.loras import put_version

NEEDS = ("commands",)


@pytest_asyncio.fixture(params=PLATFORMS)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage whose voice has a version that passed and one that did not."""
    voices = own_voices(tmp_path, v1=True, v2=False)
    async with opened(STAGES[played_on(request)], tmp_path, voices=voices) as stage:
        stage.bench.knows("salaries", PAY)
        yield stage


async def says(stage: Stage, line: str, who: Person = "ida") -> str:
    return (await playing.says(stage, line, who)).text.replace("`", "")


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


@needs("others")
async def test_a_button_lets_nothing_speak_that_did_not_pass(stage: Stage, tmp_path: Path) -> None:
    asked = Card("Shall v2 speak?", buttons=("promote",), subject="fernhill-v2")
    await stage.bench.errands.outbox.enter("training:1", stage.place("help"), asked)
    await stage.bench.errands.run(stage.adapter)
    (question,) = stage.everyone_sees("help")
    assert "Only admins" in shown(await stage.press("bob", question, "promote")).text
    assert "stays a candidate" in shown(await stage.press("ida", question, "promote")).text
    await stage.bench.errands.run(stage.adapter)
    (still,) = stage.everyone_sees("help")
    assert still.buttons == ("Let it speak",)
    put_version(tmp_path / "voices" / "fernhill", "v3", 3)
    await stage.bench.errands.run(stage.adapter)
    (over,) = stage.everyone_sees("help")
    assert "It made way for v3" in over.text and not over.buttons


@needs("others")
async def test_the_newest_version_is_let_speak_by_a_button(stage: Stage, tmp_path: Path) -> None:
    put_version(tmp_path / "voices" / "fernhill", "v3", 3, passed=True)
    asked = Card("v3 passed. Shall it speak?", buttons=("promote",), subject="fernhill-v3")
    await stage.bench.errands.outbox.enter("training:1", stage.place("help"), asked)
    await stage.bench.errands.run(stage.adapter)
    (question,) = stage.everyone_sees("help")
    assert "speaks with v3 from" in shown(await stage.press("ida", question, "promote")).text
    await stage.bench.errands.run(stage.adapter)
    (after,) = stage.everyone_sees("help")
    assert "It was let speak" in after.text and "ida" in after.text.lower() and not after.buttons
