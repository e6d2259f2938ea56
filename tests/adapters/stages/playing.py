"""What scenarios share: what is known, on which platforms one can be played, what came of it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from knowledge.types import Evidence
from tests.adapters.desk_bench import VOICES
from tests.adapters.stages.lacks import LACKS, Ability
from tests.adapters.stages.stage import OpenForm, Person, Shown, Stage, opened
from tests.adapters.stages.stages import STAGES
from tests.kit.fakes import evidence
from tests.kit.loras import put_version

PAY = evidence(
    "Salaries arrive on the 28th.", title="Pay", document="pay.md", url="https://intra.example/pay"
)
QUESTION = "When do salaries arrive?"
ANSWER = "Salaries arrive on the 28th."

_Test = TypeVar("_Test", bound=Callable[..., Any])


def needs(*abilities: Ability) -> Callable[[_Test], _Test]:
    """The scenario makes no sense where a platform has not these by its nature."""

    def marked(test: _Test) -> _Test:
        test.needs = abilities  # type: ignore[attr-defined]
        return test

    return marked


def bench(**options: Any) -> Callable[[_Test], _Test]:
    """Options of the core that the scenario is played with."""

    def marked(test: _Test) -> _Test:
        test.options = options  # type: ignore[attr-defined]
        return test

    return marked


PLATFORMS = sorted(STAGES)


def needed(test: Callable[..., Any]) -> tuple[Ability, ...]:
    """What a scenario needs, and what all of its file do (``NEEDS``)."""
    own: tuple[Ability, ...] = getattr(test, "needs", ())
    return (*own, *getattr(sys.modules[test.__module__], "NEEDS", ()))


def played_on(request: pytest.FixtureRequest) -> str:
    """The platform of the request; skipped where it lacks what the scenario needs."""
    name: str = request.param
    for ability in needed(request.function):
        if ability in LACKS[name]:
            pytest.skip(LACKS[name][ability])
    return name


@asynccontextmanager
async def played(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Stage]:
    """The stage for a scenario; skipped where the platform lacks what it needs."""
    platform = played_on(request)
    options = getattr(request.function, "options", {})
    async with opened(STAGES[platform], folder, **options) as stage:
        stage.bench.knows("salaries", PAY)
        yield stage


def own_voices(folder: Path, **passed: bool) -> Path:
    """A folder with a copy of the sample voice, and versions of it, each judged to pass or not."""
    voice = folder / "voices" / "fernhill"
    voice.mkdir(parents=True)
    for name in ("guide.toml", "examples.jsonl"):
        shutil.copy(VOICES / "fernhill" / name, voice)
    for mark, (version, good) in enumerate(passed.items(), 1):
        put_version(voice, version, mark, passed=good)
    return voice.parent


async def says(stage: Stage, line: str, who: Person = "ida") -> Shown:
    """The reply to a command."""
    return shown(await stage.command(who, "general", line))


def limited(stage: Stage, to: Any, words: str = "bonus") -> Evidence:
    """Something that only ``to`` may read is known."""
    held = evidence(
        "The bonus is 3%.",
        title="Bonus",
        document="bonus.md",
        source="board",
        url="https://intra.example/bonus",
        access=frozenset({stage.principal(to)}),
    )
    stage.bench.knows(words, held)
    return held


def shown(given: Shown | OpenForm | None) -> Shown:
    """It was a message."""
    assert isinstance(given, Shown), f"no message: {given}"
    return given


def form(given: Shown | OpenForm | None) -> OpenForm:
    """It was a form."""
    assert isinstance(given, OpenForm), f"no form: {given}"
    return given
