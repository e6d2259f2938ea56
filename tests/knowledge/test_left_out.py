"""Every run tells what of each document was not read, and counts what is no document."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from knowledge.types import LeftOut
from tests.kit.library import Library, opened_library

HIDDEN = (
    "<main><h1>Fees</h1><p>A visit costs 9 euros for everybody.</p><p hidden>Later more.</p></main>"
)


@pytest_asyncio.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    async with opened_library(tmp_path / "data", tmp_path / "docs") as opened:
        yield opened


async def test_a_run_tells_it_of_each_document_and_so_does_the_next(library: Library) -> None:
    (library.folder / "fees.html").write_text(HIDDEN)
    library.write(plain="Nothing is hidden here.")
    first = await library.read()
    second = await library.read()
    assert first.left_out == second.left_out == {"fees.html": (LeftOut("hidden parts", 1),)}
    assert (second.unchanged, second.skipped) == (2, {})


async def test_it_is_gone_once_the_document_has_nothing_left_out(library: Library) -> None:
    page = library.folder / "fees.html"
    page.write_text(HIDDEN)
    await library.read()
    page.write_text(HIDDEN.replace(" hidden", ""))
    assert (await library.read()).left_out == {}


async def test_the_catalog_keeps_it_for_later(library: Library) -> None:
    (library.folder / "fees.html").write_text(HIDDEN)
    (library.folder / "a.woff2").write_bytes(b"wOF2")
    report = await library.read()
    last = await library.catalog.last_run(library.spec().id)
    assert last is not None
    assert last.report == report
    assert last.report.others == {"fonts": 1}


async def test_files_that_are_no_documents_are_counted_and_others_are_named(
    library: Library,
) -> None:
    library.write(pay="Salaries arrive monthly.")
    for name in ("a.woff2", "b.TTF", "c.png", "run.sh", "LICENSE", "old.doc", "letter.odt"):
        (library.folder / name).write_bytes(b"x")
    report = await library.read()
    assert report.others == {
        "fonts": 2,
        "pictures": 1,
        "scripts": 1,
        "files without an extension": 1,
    }
    assert sorted(report.skipped) == ["letter.odt", "old.doc"]


async def test_beside_a_folder_that_cannot_be_listed_the_rest_is_read_and_nothing_vanishes(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.write(pay="Salaries arrive monthly.", hr__leave="Leave is 25 days.")
    await library.read()
    scan = os.scandir

    def refusing(path: Any) -> Any:
        if str(path).endswith("/hr"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    library.write(pay="Salaries arrive weekly.", rent="Rent is due on Friday.")
    report = await library.read()
    assert (report.added, report.changed, report.removed) == (1, 1, 0)
    assert report.error is not None and "/hr cannot be read (Permission denied)" in report.error
    assert [each.document for each in await library.passages()] == [
        "hr/leave.md",
        "pay.md",
        "rent.md",
    ]
