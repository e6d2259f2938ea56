"""What the tests of the library share: its tables, the library, a folder to read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.library.library import Library
from knowledge.state.database import open_database
from tests.knowledge.library.opening import opened


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
    yield engine
    await engine.dispose()


@pytest_asyncio.fixture
async def library(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Library]:
    async with opened(engine, tmp_path, None) as library:
        yield library


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "pay.md").write_text("Salaries arrive monthly.")
    return folder
