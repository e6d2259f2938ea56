"""A state in PostgreSQL is backed up with all the rest, and goes from either kind to either."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.engine import make_url
from typer.testing import CliRunner, Result

from bot.shell.app import open_app
from bot.shell.cli import cli
from bot.shell.settings import Settings
from knowledge.state.database import open_database
from knowledge.state.tables import metadata
from knowledge.types import Attachment
from tests.bot.conftest import NO_SERVER, SERVER, execute_on_server
from tests.bot.shell.test_backup import PAY, ask
from tests.kit.fakes import FakeWriter

pytestmark = pytest.mark.postgres
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
Kind = str
Housevoice = Callable[..., Result]


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Callable[[], Any]]:
    """Makes a new and empty database on the server; its URL."""
    if SERVER is None:
        pytest.skip(NO_SERVER)
    made: list[str] = []

    async def new() -> str:
        name = f"housevoice_test_{uuid4().hex}"
        await execute_on_server(f"CREATE DATABASE {name}")
        made.append(name)
        return str(make_url(SERVER).set(database=name).render_as_string(hide_password=False))

    yield new
    for name in made:
        await execute_on_server(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def housevoice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Housevoice:
    """The command line with these settings; in a folder without an ``.env``."""
    monkeypatch.chdir(tmp_path)

    def do(settings: Settings, *words: str | Path) -> Result:
        monkeypatch.setenv("HOUSEVOICE_DATA", str(settings.data))
        monkeypatch.delenv("DATABASE_URL", raising=False)
        if settings.database_url is not None:
            monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
        return CliRunner().invoke(cli, [str(each) for each in words])

    return do


async def place(kind: Kind, data: Path, server: Callable[[], Any]) -> Settings:
    if kind == "sqlite":
        return Settings(data=data)
    return Settings(data=data, database_url=SecretStr(await server()))


async def rows(settings: Settings) -> dict[str, list[Any]]:
    """All that is kept, by table."""
    url = settings.database_url
    engine = await open_database(
        url.get_secret_value() if url else f"sqlite:///{settings.data / 'state.db'}"
    )
    async with engine.connect() as db:
        kept = {
            name: sorted(map(repr, (await db.execute(sa.select(table))).mappings()))
            for name, table in metadata.tables.items()
        }
    await engine.dispose()
    return kept


@pytest.mark.parametrize(
    ("before", "after"),
    [("postgresql", "postgresql"), ("postgresql", "sqlite"), ("sqlite", "postgresql")],
)
async def test_what_is_restored_answers_the_same_and_has_every_row(
    housevoice: Housevoice, server: Callable[[], Any], tmp_path: Path, before: Kind, after: Kind
) -> None:
    old, new = (
        await place(before, tmp_path / "old", server),
        await place(after, tmp_path / "new", server),
    )
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "pay.md").write_text(PAY)
    async with open_app(old, FakeWriter().for_voice) as app:
        await app.library.add(str(tmp_path / "docs"))
        upload = await app.sources.upload(
            Attachment("trains.md", "", content=b"# Trains\n\nTrains are booked by Ida.\n")
        )
        await app.library.add(upload)
        said = await ask(app, "When are salaries paid?")
        kept = await rows(old)
        done = housevoice(old, "backup", tmp_path / "kept")  # while it is being used
        assert done.exit_code == 0, done.output
        await ask(app, "Asked after the backup?")
    done = housevoice(new, "restore", tmp_path / "kept")
    assert done.exit_code == 0, done.output
    there = await rows(new)
    assert {name for name in kept if kept[name]} >= {"source", "document", "trace", "run", "turn"}
    assert there.pop("source") != kept.pop("source")  # an upload lies elsewhere now
    assert there == kept
    async with open_app(new, FakeWriter().for_voice) as app:
        again = await ask(app, "When are salaries paid?")
        assert (again.answer, again.citations, said.tier) == (said.answer, said.citations, "sure")
        places = {each.spec.location for each in await app.library.states()}
        assert places == {str(tmp_path / "docs"), upload.replace(str(old.data), str(new.data))}
        (tmp_path / "docs" / "pay.md").write_text(PAY.replace("25th", "26th"))
        for each in await app.library.states():  # numbers that the server gives go on
            await app.library.refresh(each.spec.id)


async def test_it_is_not_brought_back_over_something(
    housevoice: Housevoice, server: Callable[[], Any], tmp_path: Path
) -> None:
    old = Settings(data=tmp_path / "old")
    async with open_app(old, FakeWriter().for_voice) as app:
        await ask(app, "Hello?")
    assert housevoice(old, "backup", tmp_path / "kept").exit_code == 0
    new = await place("postgresql", tmp_path / "new", server)
    engine = await open_database(str(new.database_url and new.database_url.get_secret_value()))
    async with engine.begin() as db:
        await db.execute(sa.insert(metadata.tables["quiet"]).values(conversation="x", since=NOW))
    await engine.dispose()
    done = housevoice(new, "restore", tmp_path / "kept")
    assert done.exit_code == 1 and "name an empty one" in done.output
    assert not (tmp_path / "new" / "passages.db").exists()
    assert sum(map(len, (await rows(new)).values())) == 1
