"""What becomes of a site in the library: what is found, what is told, what the next run spares."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.desk.kb.words import typed
from knowledge.sources.registry import Kinds
from tests.kit.library import Library, opened_library
from tests.kit.source_places import Page
from tests.kit.web_site import Answer, Request, Site, running_site

SIGN_IN = "<title>Sign in</title><form><input type=password></form>"


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    async with opened_library(tmp_path / "data", tmp_path / "docs") as opened:
        yield opened


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        running.serve(
            "/", '<a href="/page">a</a> <a href="/b">b</a> welcome', Content_Type="text/html"
        )
        Page(running).write("<p>Salaries are paid on Friday.</p>")
        running.serve("/b", "<p>Bicycles are lent for free.</p>", Content_Type="text/html")
        yield running


async def test_its_pages_are_found(library: Library, site: Site) -> None:
    spec = Kinds().describe(f"website {site.url('/')}")
    report = await library.read(spec)
    assert (report.added, report.error) == (3, None)
    assert await library.found("bicycles") == [site.url("/b")]


async def test_a_page_that_fails_stays_and_is_told(library: Library, site: Site) -> None:
    spec = Kinds().describe(f"website {site.url('/')}")
    await library.read(spec)
    site.serve("/b", status=500)
    report = await library.read(spec)
    assert list(report.skipped) == [site.url("/b")] and report.removed == 0
    assert await library.found("bicycles") == [site.url("/b")]
    del site.pages["/b"]
    assert (await library.read(spec)).removed == 1
    assert await library.found("bicycles") == []


async def test_a_page_that_asks_to_sign_in_or_is_not_there_stays_as_it_was_and_is_told(
    library: Library, site: Site
) -> None:
    spec = Kinds().describe(f"website {site.url('/')}")
    await library.read(spec)
    site.serve("/b", SIGN_IN, Content_Type="text/html")
    site.serve("/page", "<title>404</title><h1>Page not found</h1>", Content_Type="text/html")
    report = await library.read(spec)
    assert "asks to sign in" in report.quarantined[site.url("/b")]
    assert "not found" in report.quarantined[site.url("/page")]
    assert await library.found("bicycles") == [site.url("/b")]


async def test_a_page_that_failed_at_first_is_asked_for_again(library: Library, site: Site) -> None:
    tagged = {"ETag": '"1"', "Content-Type": "text/html"}

    def start(request: Request) -> Answer:
        is_known = request.headers.get("if-none-match") == '"1"'
        return Answer(b'<a href="/b">b</a> hi', 304 if is_known else 200, tagged)

    site.pages["/"] = start
    site.serve("/b", status=500)
    spec = Kinds().describe(f"website {site.url('/')}")
    assert list((await library.read(spec)).skipped) == [site.url("/b")]
    assert list((await library.read(spec)).skipped) == [site.url("/b")]
    site.serve("/b", "<p>Bicycles are lent for free.</p>", Content_Type="text/html")
    assert (await library.read(spec)).added == 1
    assert await library.found("bicycles") == [site.url("/b")]


async def test_what_has_not_changed_is_neither_sent_nor_embedded(
    library: Library, site: Site
) -> None:
    spec = Kinds().describe(f"website {site.url('/')}")
    await library.read(spec)
    library.embedder.embedded.clear()
    report = await library.read(spec)
    assert (report.unchanged, report.added, report.changed) == (3, 0, 0)
    assert library.embedder.embedded == []


async def test_another_access_list_reads_all_again(library: Library, site: Site) -> None:
    place = site.url("/")
    await library.read(Kinds().describe(f"website {place}"))
    board = Kinds().describe(f"website {place}", access=frozenset({"role:board"}))
    await library.read(board)
    assert await library.found("salaries") == []
    assert await library.found("salaries", "role:board") == [site.url("/page")]


@pytest.mark.parametrize(
    "written",
    [
        "website <https://a.example/b?x=1&amp;y=2>",
        "website: <https://a.example/b?x=1&amp;y=2|a.example>",
        " website https://a.example/b?x=1&y=2 ",
    ],
)
def test_a_chat_may_name_the_kind_before_the_address(written: str) -> None:
    spec = Kinds().describe(typed(written), remote=True)
    assert (spec.kind, spec.location) == ("website", "https://a.example/b?x=1&y=2")
