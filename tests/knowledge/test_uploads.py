"""Files that admins hand over: fetched with bounds, laid aside, and gone with their source."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from knowledge.errors import SourceError
from knowledge.library.uploads import Uploads
from knowledge.sources.port import Means
from knowledge.types import Attachment
from knowledge.web.client import GuardedClient
from tests.kit.web_site import Site, running_site


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as site:
        site.serve("/prices", "bike,900", Content_Type="text/csv")
        yield site


@pytest_asyncio.fixture
async def uploads(tmp_path: Path) -> AsyncIterator[Uploads]:
    async with GuardedClient(allow=("127.0.0.0/8",)) as client:
        yield Uploads(tmp_path / "uploads", Means(client, 1000))


async def test_a_file_is_fetched_and_the_same_is_laid_aside_once(
    uploads: Uploads, site: Site
) -> None:
    file = Attachment("../../prices.csv", site.url("/prices"))
    path = await uploads.save(file)
    assert path.name == "prices.csv" and path.read_text() == "bike,900"
    assert await uploads.save(file) == path
    assert uploads.holds(str(path)) and not uploads.holds("/etc/passwd")


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (Attachment("a.csv", "http://10.0.0.1/a.csv"), "could not be fetched"),
        (Attachment("a.csv", "", content=b"x" * 1001), "is larger than"),
        (Attachment("a.csv", "https://a.example/", size=1001), "larger than"),
        (Attachment("a.mp4", "https://a.example/", content_type="video/mp4"), "not read"),
    ],
)
async def test_what_cannot_be_taken_is_told(uploads: Uploads, file: Attachment, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        await uploads.save(file)


async def test_what_no_source_has_is_dropped(uploads: Uploads) -> None:
    kept = await uploads.save(Attachment("a.md", "", content=b"Apples."))
    gone = await uploads.save(Attachment("b.md", "", content=b"Pears."))
    assert await uploads.tidy([str(kept)]) == 1
    assert kept.exists() and not gone.exists() and not gone.parent.exists()


async def test_dropping_one_leaves_the_same_file_under_another_name(uploads: Uploads) -> None:
    gone = await uploads.save(Attachment("a.md", "", content=b"Apples."))
    kept = await uploads.save(Attachment("b.md", "", content=b"Apples."))
    await uploads.drop(str(gone))
    assert kept.exists() and not gone.exists()
    await uploads.drop(str(kept))
    assert not kept.parent.exists()


async def test_a_list_names_it_without_the_place_on_the_machine(
    uploads: Uploads, tmp_path: Path
) -> None:
    path = str(await uploads.save(Attachment("a.md", "", content=b"Apples.")))
    named = uploads.named(path)
    assert named.startswith("upload:") and named.endswith("/a.md") and str(tmp_path) not in named
    assert uploads.located(named) == path
    assert uploads.named("/srv/a.md") == uploads.located("/srv/a.md") == "/srv/a.md"
