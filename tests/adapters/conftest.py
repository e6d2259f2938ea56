"""What the tests of the adapters share: the real core on a temporary database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.desk.desk import Desk
from tests.adapters.desk_bench import Bench, open_bench
from tests.adapters.stages.library import Scene, scene
from tests.adapters.stages.playing import PLATFORMS, played_on


@pytest_asyncio.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """The core with all its parts in reach."""
    async with open_bench(tmp_path) as opened:
        yield opened


@pytest.fixture
def desk(bench: Bench) -> Desk:
    """The core as an adapter sees it."""
    return bench.desk


@pytest.fixture(params=PLATFORMS)
async def real(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    """A stage before a real library, on each platform that has what the scenario needs."""
    async with scene(played_on(request), tmp_path, "127.0.0.0/8") as real:
        yield real
