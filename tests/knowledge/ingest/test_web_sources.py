"""Pages of the web are read in, and again only if they changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest_asyncio

from tests.kit.library import Library, spec_for
from tests.kit.web_site import Answer, Request, Site, running_site


class TestWeb:
    @pytest_asyncio.fixture
    async def site(self) -> AsyncIterator[Site]:
        async with running_site() as site:
            yield site

    async def test_a_page_that_did_not_change_is_neither_sent_nor_embedded_again(
        self, library: Library, site: Site
    ) -> None:
        statuses = serve_with_etag(site, "Bikes are built in Ghent.")
        spec = spec_for(site.url("/page"))
        await library.read(spec)
        library.embedder.embedded.clear()

        report = await library.read(spec)

        assert statuses == [200, 304]
        assert (report.unchanged, report.removed) == (1, 0)
        assert library.embedder.embedded == []
        assert await library.found("bikes") == [site.url("/page")]

    async def test_a_changed_page_is_read_and_a_gone_one_removed(
        self, library: Library, site: Site
    ) -> None:
        spec = spec_for(site.url("/page"))
        serve_with_etag(site, "Bikes are built in Ghent.")
        await library.read(spec)
        serve_with_etag(site, "Trikes are built in Lyon.")
        assert (await library.read(spec)).changed == 1
        assert await library.found("bikes") == []
        assert await library.found("trikes") == [site.url("/page")]

        site.serve("/page", status=404)
        assert (await library.read(spec)).removed == 1
        assert await library.found("trikes") == []

    async def test_a_new_etag_of_the_same_text_is_remembered(
        self, library: Library, site: Site
    ) -> None:
        spec = spec_for(site.url("/page"))
        site.serve("/page", "Bikes.", Content_Type="text/plain", ETag='"1"')
        await library.read(spec)
        site.serve("/page", "Bikes.", Content_Type="text/plain", ETag='"2"')
        assert (await library.read(spec)).unchanged == 1
        (known,) = (await library.catalog.documents(spec.id)).values()
        assert known.validators.etag == '"2"'

    async def test_an_unchanged_page_expires(self, library: Library, site: Site) -> None:
        serve_with_etag(site, "---\nvalid_until: 2026-03-02\n---\nBikes are cheaper.")
        spec = spec_for(site.url("/page"))
        await library.read(spec)
        library.now += timedelta(days=1)
        assert list((await library.read(spec)).skipped) == [site.url("/page")]
        assert await library.found("bikes") == []

    async def test_a_change_of_access_reaches_a_page_that_did_not_change(
        self, library: Library, site: Site
    ) -> None:
        serve_with_etag(site, "Bikes are built in Ghent.")
        spec = spec_for(site.url("/page"))
        await library.read(spec)
        await library.read(replace(spec, access=frozenset({"role:managers"})))
        assert await library.found("bikes") == []
        assert await library.found("bikes", "role:managers") == [site.url("/page")]


def serve_with_etag(site: Site, text: str) -> list[int]:
    """Serve a page that honours If-None-Match; returns the statuses as they are sent."""
    etag = f'"{hash(text)}"'
    sent: list[int] = []

    def page(request: Request) -> Answer:
        known = request.headers.get("if-none-match") == etag
        sent.append(304 if known else 200)
        body = b"" if known else text.encode()
        return Answer(body, sent[-1], {"ETag": etag, "Content-Type": "text/markdown"})

    site.pages["/page"] = page
    return sent
