"""What is removed leaves nothing behind, in whatever table, and a query proves it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from jobs.reingest import reingest
from knowledge.errors import SourceAway
from knowledge.library.release.golden import GoldenQuestion
from knowledge.state.tables import metadata
from tests.kit.releases import SHELF, Releases, opened_releases

TABLES = (
    *("document", "golden_question", "kept_version", "notice"),
    *("reading_task", "run", "source_measure", "work_item"),
)


async def rows(releases: Releases, source: str) -> dict[str, int]:
    """How many rows of each table are about a source."""
    async with releases.engine.connect() as db:
        counts = {
            name: await db.scalar(
                sa.select(sa.func.count()).select_from(table).where(table.c.source_id == source)
            )
            for name, table in metadata.tables.items()
            if "source_id" in table.c
        }
    return {name: count for name, count in counts.items() if count}


async def test_nothing_is_left_of_a_source_that_was_read_changed_and_held_back(
    tmp_path: Path,
) -> None:
    async with opened_releases(tmp_path) as releases:
        library = releases.library
        releases.put(*(f"page{n}" for n in range(10)))
        spec, _ = await library.add(SHELF, by="office:user:ann")
        await library.golden.add(GoldenQuestion("What is page1 about?", spec.id))
        releases.next_day()
        releases.put("page0", text=lambda _: "Something else.")
        await library.refresh(spec.id)
        releases.take_away(*(f"page{n}" for n in range(1, 7)))  # too many: they wait
        releases.shelf.failure = SourceAway("It is down.")
        for _ in range(3):  # nights of four attempts each
            releases.next_day()
            night = releases.now
            for _ in range(4):
                await reingest(library, lambda _, night=night: night)  # type: ignore[misc]
                releases.now += timedelta(hours=1)
        releases.shelf.failure = None
        await library.refresh(spec.id)
        assert tuple(sorted(await rows(releases, spec.id))) == TABLES
        assert await library.left_of(spec.id) > sum((await rows(releases, spec.id)).values())
        await library.remove(spec.id)
        assert await library.left_of(spec.id) == 0
        assert await rows(releases, spec.id) == {}
        assert await releases.held() == {}


async def test_what_somebody_left_behind_is_told(tmp_path: Path) -> None:
    async with opened_releases(tmp_path) as releases:
        releases.put("pears")
        spec, _ = await releases.library.add(SHELF)
        await releases.library.remove(spec.id)
        await releases.library.golden.add(GoldenQuestion("Which pears?", spec.id))
        assert await releases.library.left_of(spec.id) == 1
