"""What the tests of the adapters share: the real core on a temporary database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.desk.desk import Desk
from tests.adapters.desk_bench import Bench, open_bench


@pytest_asyncio.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """The core with all its parts in reach."""
    async with open_bench(tmp_path) as opened:
        yield opened


@pytest.fixture
def desk(bench: Bench) -> Desk:
    """The core as an adapter sees it."""
    return bench.desk
