"""The catalog keeps what it is told: sources, documents and runs, each under its source."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest_asyncio

from knowledge.library.catalog import Catalog, DocumentRecord, RunReport
from knowledge.sources.port import SourceSpec
from knowledge.state.database import open_database
from knowledge.types import Validators
from tests.kit.library import last_report

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)

WIKI = SourceSpec(
    "aaaaaaaaaaaa",
    "folder",
    "/srv/wiki",
    {"include": ["**/*.md", "ä b"], "base_url": "https://wiki.example/"},
    access=frozenset({"role:managers", "channel:C 9"}),
)
PAGE = SourceSpec("bbbbbbbbbbbb", "web", "https://x.example/a?b=ü")
LEAVE = DocumentRecord(
    "people/leave ü.md",
    "f" * 64,
    Validators('W/"1"', "Mon, 02 Mar 2026"),
    date(2026, 4, 1),
    "de",
    3,
)
PAY = DocumentRecord("pay.md", "0" * 64, Validators(), None, None, 1)
DONE = RunReport(WIKI.id, 2, 1, 4, 7, {"scan.pdf": "It holds no text.", "ü.md": "Empty."})


@pytest_asyncio.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
    yield Catalog(engine)
    await engine.dispose()


async def test_a_new_catalog_is_empty(catalog: Catalog) -> None:
    assert await catalog.sources() == []
    assert await catalog.documents(WIKI.id) == {}
    assert await catalog.last_run(WIKI.id) is None


async def test_sources_come_back_as_they_were_in_the_order_of_their_adding(
    catalog: Catalog,
) -> None:
    await catalog.save_source(PAGE, NOW)
    await catalog.save_source(WIKI, LATER)
    assert await catalog.sources() == [PAGE, WIKI]


async def test_saving_a_source_again_changes_it_in_its_place(catalog: Catalog) -> None:
    await catalog.save_source(PAGE, NOW)
    await catalog.save_source(WIKI, LATER)
    closed = replace(PAGE, access=frozenset({"role:managers"}), options={"token": "env:X"})
    await catalog.save_source(closed, LATER + timedelta(hours=1))
    assert await catalog.sources() == [closed, WIKI]


async def test_documents_come_back_as_they_were(catalog: Catalog) -> None:
    await catalog.save_documents(WIKI.id, [LEAVE, PAY], NOW)
    assert await catalog.documents(WIKI.id) == {LEAVE.path: LEAVE, PAY.path: PAY}


async def test_a_document_is_replaced_by_what_is_known_of_it_now(catalog: Catalog) -> None:
    await catalog.save_documents(WIKI.id, [LEAVE, PAY], NOW)
    newer = replace(LEAVE, fingerprint="1" * 64, valid_until=None, passages=9)
    await catalog.save_documents(WIKI.id, [newer], LATER)
    assert await catalog.documents(WIKI.id) == {LEAVE.path: newer, PAY.path: PAY}


async def test_saving_or_forgetting_nothing_is_fine(catalog: Catalog) -> None:
    await catalog.save_documents(WIKI.id, [PAY], NOW)
    await catalog.save_documents(WIKI.id, [], NOW)
    await catalog.forget_documents(WIKI.id, [])
    await catalog.forget_documents(WIKI.id, ["never-seen.md"])
    assert await catalog.documents(WIKI.id) == {PAY.path: PAY}


async def test_the_same_path_in_two_sources_is_two_documents(catalog: Catalog) -> None:
    await catalog.save_documents(WIKI.id, [PAY], NOW)
    await catalog.save_documents(PAGE.id, [replace(PAY, passages=5)], NOW)
    await catalog.forget_documents(WIKI.id, [PAY.path])
    assert await catalog.documents(WIKI.id) == {}
    assert (await catalog.documents(PAGE.id))[PAY.path].passages == 5


async def test_thousands_of_documents_are_saved_and_forgotten_at_once(catalog: Catalog) -> None:
    many = [replace(PAY, path=f"{n}.md") for n in range(3000)]
    await catalog.save_documents(WIKI.id, many, NOW)
    await catalog.save_documents(WIKI.id, many, LATER)
    assert len(await catalog.documents(WIKI.id)) == 3000
    await catalog.forget_documents(WIKI.id, [each.path for each in many[1:]])
    assert list(await catalog.documents(WIKI.id)) == ["0.md"]


async def test_the_last_run_is_the_newest_that_came_to_its_end(catalog: Catalog) -> None:
    first = await catalog.begin_run(WIKI.id, NOW)
    assert await catalog.last_run(WIKI.id) is None
    await catalog.end_run(first, DONE, NOW)
    await catalog.begin_run(WIKI.id, LATER)  # and it dies
    assert await last_report(catalog, WIKI.id) == DONE

    failed = replace(DONE, added=0, skipped={}, error="The drive is not mounted.")
    third = await catalog.begin_run(WIKI.id, LATER)
    await catalog.end_run(third, failed, LATER)
    assert await last_report(catalog, WIKI.id) == failed
    assert await catalog.last_run(PAGE.id) is None


async def test_a_removed_source_takes_its_documents_and_runs_along(catalog: Catalog) -> None:
    for spec in (WIKI, PAGE):
        await catalog.save_source(spec, NOW)
        await catalog.save_documents(spec.id, [PAY], NOW)
        run = await catalog.begin_run(spec.id, NOW)
        await catalog.end_run(run, replace(DONE, source=spec.id), NOW)

    await catalog.remove_source(WIKI.id)

    assert await catalog.sources() == [PAGE]
    assert await catalog.documents(WIKI.id) == {}
    assert await catalog.last_run(WIKI.id) is None
    assert await catalog.documents(PAGE.id) == {PAY.path: PAY}
    assert await catalog.last_run(PAGE.id) is not None


async def test_what_was_kept_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    engine = await open_database(url)
    await Catalog(engine).save_source(WIKI, NOW)
    await engine.dispose()

    engine = await open_database(url)
    assert await Catalog(engine).sources() == [WIKI]
    await engine.dispose()
