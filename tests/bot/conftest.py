"""What the tests of the conversation share: the shipped voice, the core, a platform, an oracle."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
import sqlalchemy as sa
from markdown_it import MarkdownIt
from markdown_it.token import Token
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.voice.voice import Voice
from knowledge.state.database import open_database
from tests.adapters.desk_bench import Bench, open_bench
from tests.adapters.fake_platform import FakePlatform

ROOT = Path(__file__).resolve().parents[2]
SERVER = os.environ.get("TEST_DATABASE_URL")
NO_SERVER = "needs a PostgreSQL database whose user may create databases, at TEST_DATABASE_URL"
BACKENDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest_asyncio.fixture(params=BACKENDS)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Where a new and empty database is; it is gone afterwards."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'state.db'}"
        return
    if SERVER is None:
        pytest.skip(NO_SERVER)
    name = f"housevoice_test_{uuid4().hex}"
    await execute_on_server(f"CREATE DATABASE {name}")
    yield make_url(SERVER).set(database=name).render_as_string(hide_password=False)
    await execute_on_server(f"DROP DATABASE {name} WITH (FORCE)")


async def execute_on_server(statement: str) -> None:
    assert SERVER is not None
    server = create_async_engine(
        make_url(SERVER).set(drivername="postgresql+asyncpg"), isolation_level="AUTOCOMMIT"
    )
    async with server.connect() as db:
        await db.execute(sa.text(statement))
    await server.dispose()


@pytest_asyncio.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    """A database with the newest schema, on every backend in turn."""
    engine = await open_database(url)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
def fernhill() -> Voice:
    return Voice.load(ROOT / "voices", "fernhill")


@pytest_asyncio.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """The core on a temporary database."""
    async with open_bench(tmp_path) as opened:
        yield opened


@pytest.fixture
def office() -> FakePlatform:
    """A platform of no make."""
    return FakePlatform()


@pytest.fixture(scope="session")
def masked_links() -> Callable[[str], list[str]]:
    """Where a reader of some Markdown would land by clicking on words, by another's parser."""
    parser = MarkdownIt("commonmark")

    def targets(markdown: str) -> list[str]:
        inline = [child for token in parser.parse(markdown) for child in token.children or ()]
        return [str(one.attrs.get("href", one.attrs.get("src"))) for one in inline if hides(one)]

    def hides(token: Token) -> bool:
        return token.type == "image" or (token.type == "link_open" and token.markup != "autolink")

    return targets
