"""What the tests of the assistant share: the bot on a temporary history."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.shell.watching.log import configure_log
from bot.voice.voice import Voice
from knowledge.state.database import open_database
from tests.bot.answers.assistant.talk import Bot


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
    yield engine
    await engine.dispose()


@pytest.fixture
def bot(engine: AsyncEngine, fernhill: Voice) -> Bot:
    configure_log("CRITICAL")  # nothing, unless a test looks at it
    return Bot(engine, fernhill)
