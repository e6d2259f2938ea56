"""Sources that an earlier version kept are the same after the upgrade."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from knowledge.library.catalog import Catalog
from knowledge.sources.port import SourceSpec
from knowledge.state.database import open_database
from tests.bot.conftest import ROOT

ADDED = datetime(2026, 3, 2, 9, tzinfo=UTC)
MANAGERS = frozenset({"role:managers"})
BEFORE = [
    {
        "id": "aaaaaaaaaaaa",
        "kind": "folder",
        "location": "/srv/wiki",
        "include": ["*.md"],
        "exclude": [],
        "access": ["role:managers"],
        "base_url": "https://wiki.example/",
    },
    {
        "id": "bbbbbbbbbbbb",
        "kind": "web",
        "location": "https://x.example/",
        "include": [],
        "exclude": [],
        "access": ["public"],
        "base_url": "",
    },
]


async def test_their_options_go_to_their_kind(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(ROOT / "knowledge" / "state" / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        source = sa.Table("source", sa.MetaData(), autoload_with=connection)
        for row in BEFORE:
            connection.execute(sa.insert(source).values(added_at=ADDED, **row))
    engine.dispose()
    upgraded = await open_database(url)
    assert await Catalog(upgraded).sources() == [
        SourceSpec(
            "aaaaaaaaaaaa",
            "folder",
            "/srv/wiki",
            {"include": ["*.md"], "base_url": "https://wiki.example/"},
            MANAGERS,
        ),
        SourceSpec("bbbbbbbbbbbb", "web", "https://x.example/"),
    ]
    await upgraded.dispose()
