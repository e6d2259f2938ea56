"""What the tests of the index share: an installation with a store of either kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.state.database import open_database
from tests.kit.index import Installation
from tests.stand_ins.weaviate import StandIn


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
    yield engine
    await engine.dispose()


@pytest_asyncio.fixture
async def here(tmp_path: Path, engine: AsyncEngine, server: StandIn) -> AsyncIterator[Installation]:
    installation = Installation(tmp_path, engine, server)
    yield installation
    await installation.close()
