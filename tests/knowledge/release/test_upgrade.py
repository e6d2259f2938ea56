"""A data folder of an earlier version becomes one of this version, and its sources go on."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from tests.bot.conftest import ROOT
from tests.kit.releases import SHELF, opened_releases

BEFORE = "0025"


def _to(revision: str, data: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{data / 'state.db'}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(ROOT / "knowledge" / "state" / "migrations"))
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
        columns = {each["name"] for each in sa.inspect(connection).get_columns("document")}
        assert "characters" not in columns and "fingerprint" in columns
    engine.dispose()


async def test_what_was_read_is_answered_from_and_not_read_again(tmp_path: Path) -> None:
    async with opened_releases(tmp_path) as releases:
        releases.put("pears", "plums", "quinces", "cherries")
        await releases.library.add(SHELF)
    _to(BEFORE, tmp_path)
    async with opened_releases(tmp_path) as releases:
        releases.put("pears", "plums", "quinces", "cherries")
        [spec] = await releases.library.sources()
        [run] = await releases.library.runs(spec.id)
        assert (run.state, run.report.added, run.report.held) == ("done", 4, ())
        assert len(await releases.held()) == 4
        report = await releases.library.refresh(spec.id)
        assert report.unchanged == 4 and releases.embedder.embedded == ["anything"]

        # What is not known of documents of then: they change as ever, and can be brought back.
        releases.put("pears", text=lambda _: "Pears are green.")
        assert (await releases.library.refresh(spec.id)).changed == 1
        await releases.library.restore(spec.id)
        assert (await releases.held())["pears.md"] == "All about pears."
