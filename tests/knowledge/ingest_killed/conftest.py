"""What these tests share: a library with a folder of documents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.kit.library import Library, opened_library


@pytest_asyncio.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    async with opened_library(tmp_path / "data", tmp_path / "docs") as opened:
        yield opened
