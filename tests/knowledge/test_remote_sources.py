"""What somebody may add who need not have a right to the machine, such as an admin of a chat."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from knowledge.errors import SourceError
from knowledge.library.library import Library
from knowledge.sources.port import Kind, Means
from knowledge.sources.registry import Kinds
from knowledge.state.database import open_database
from knowledge.stores.embedded import EmbeddedStore
from knowledge.types import PUBLIC
from knowledge.web.client import GuardedClient
from tests.kit.library import file_reader
from tests.kit.web_site import Request, Site, running_site
from tests.kit.word_embedder import WordEmbedder

ON_THE_MACHINE = "add it on the machine with 'housevoice source add'"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as site:
        site.serve("/robots.txt", status=404)
        site.serve("/help", "<h1>Help</h1><p>Ring twice.</p>", Content_Type="text/html")
        yield site


@pytest_asyncio.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
    store = await EmbeddedStore.open(tmp_path / "passages.db")
    async with GuardedClient(allow=("127.0.0.0/8",)) as client:
        yield Library(engine, store, WordEmbedder(), file_reader(), Means(client, 10**6))
    await store.close()
    await engine.dispose()


@pytest.mark.parametrize(
    "typed",
    [
        "/etc",
        "/etc/passwd",
        "  /etc/passwd ",
        "/nowhere/at/all",
        "~/.ssh",
        "~root",
        ".",
        "..",
        "handbook",
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "file:/etc/passwd",
        "file://localhost/etc/passwd",
        "ftp://127.0.0.1/x",
        "gopher://127.0.0.1",
        "\\\\server\\share",
        "C:\\Windows",
        "/proc/self/environ",
        "/dev/zero",
        "https:/etc/passwd",
    ],
)
async def test_what_is_not_on_the_web_is_added_on_the_machine_only(
    library: Library, typed: str
) -> None:
    with pytest.raises(SourceError) as refused:
        await library.add(typed, remote=True)
    assert ON_THE_MACHINE in str(refused.value)
    assert await library.sources() == []


async def test_what_is_there_on_the_disk_is_told_by_nothing(library: Library) -> None:
    told = []
    for typed in ("/etc/passwd", "/etc/nobody"):
        with pytest.raises(SourceError) as refused:
            await library.add(typed, remote=True)
        told.append(str(refused.value).replace(typed, "…"))
    assert told[0] == told[1]


async def test_a_kind_that_says_nothing_of_the_disk_is_not_for_remote_use() -> None:
    def recognise(typed: str) -> str | None:
        raise AssertionError("it was asked")

    shelf: Any = Kind("a shelf", recognise, lambda spec, means: NotImplemented)
    with pytest.raises(SourceError, match="on the machine"):
        Kinds({"shelf": shelf}).describe("shelf://a", remote=True)
    with pytest.raises(SourceError, match="on the machine"):
        Kinds({"shelf": shelf}).describe("shelf://a", kind="shelf", remote=True)


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_kind_of_the_disk_cannot_be_asked_for_by_name(kind: str) -> None:
    with pytest.raises(SourceError, match=ON_THE_MACHINE):
        Kinds().describe("/etc/passwd", kind=kind, remote=True)


@pytest.mark.parametrize("reference", ["env:SLACK_BOT_TOKEN", "file:/etc/shadow", "xoxb-1"])
async def test_a_secret_of_the_machine_is_sent_nowhere(
    library: Library, site: Site, reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    with pytest.raises(SourceError, match="where a secret of the machine is"):
        await library.add(site.url("/help"), options={"token": reference}, remote=True)
    assert site.requests == [] and await library.sources() == []


async def test_a_page_on_the_web_is_added(library: Library, site: Site) -> None:
    spec, report = await library.add(site.url("/help"), remote=True)
    assert report.added == 1 and report.error is None
    assert spec.access == frozenset({PUBLIC})


async def test_adding_again_keeps_the_token_and_the_access_it_was_added_with(
    library: Library, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIKI_TOKEN", "open-sesame")
    board = frozenset({"role:board"})
    await library.add(site.url("/help"), options={"token": "env:WIKI_TOKEN"}, access=board)
    site.requests.clear()
    spec, _ = await library.add(site.url("/help"), remote=True)
    assert spec.access == board and spec.options == {"token": "env:WIKI_TOKEN"}
    assert all("authorization" in each.headers for each in _asked_for(site, "/help"))
    assert _asked_for(site, "/help")


async def test_an_address_with_a_secret_in_it_is_refused(library: Library) -> None:
    with pytest.raises(SourceError, match="secret in it"):
        await library.add("https://ann:pw@intra.example/help", remote=True)


def _asked_for(site: Site, path: str) -> list[Request]:
    return [each for each in site.requests if each.target == path]
