"""A site map as a source: what it lists, and what its dates spare."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from knowledge.errors import SourceError
from knowledge.sources.registry import Kinds
from tests.kit.sources import Given, opened, read
from tests.kit.web_site import Site, running_site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        for path in ("/a", "/b", "/c"):
            running.serve(path, f"<p>{path}</p>", Content_Type="text/html")
        yield running


def urlset(site: Site, *entries: str, kind: str = "urlset", entry: str = "url") -> str:
    """Entries are ``/path`` or ``/path 2026-01-01``."""
    told = ""
    for each in entries:
        path, _, changed = each.partition(" ")
        url = path if "://" in path else site.url(path)
        told += f"<{entry}><loc>\n {url} </loc>"
        told += f"<lastmod>{changed}</lastmod>" if changed else ""
        told += f"</{entry}>"
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{kind} xmlns="{space}">{told}</{kind}>'


def paths(site: Site, given: Given) -> list[str]:
    return [name.removeprefix(site.url("")) for name in given.documents]


async def mapped(site: Site, *entries: str, known: Given | None = None, **options: object) -> Given:
    site.serve("/sitemap.xml", urlset(site, *entries))
    return await read(site.url("/sitemap.xml"), None, known.known if known else None, **options)


class TestWhatItLists:
    async def test_is_read_in_its_order(self, site: Site) -> None:
        given = await mapped(site, "/b", "/a", "/b")
        assert paths(site, given) == ["/b", "/a"]
        assert given.documents[site.url("/a")].content == b"<p>/a</p>"

    async def test_may_be_further_site_maps_packed_or_not(self, site: Site) -> None:
        site.serve("/one.xml.gz", gzip.compress(urlset(site, "/a").encode()))
        site.serve("/two.txt", f"{site.url('/b')}\n{site.url('/c')}\n", Content_Type="text/plain")
        index = urlset(
            site, "/one.xml.gz", "/two.txt", "/sitemap.xml", kind="sitemapindex", entry="sitemap"
        )
        site.serve("/sitemap.xml", index)
        given = await read(site.url("/sitemap.xml"))
        assert paths(site, given) == ["/a", "/b", "/c"]

    async def test_without_a_part_of_it_nothing_has_vanished(self, site: Site) -> None:
        site.serve("/sitemap.xml", urlset(site, "/gone.xml", kind="sitemapindex", entry="sitemap"))
        with pytest.raises(SourceError, match=r"gone\.xml cannot be read \(404\)"):
            await read(site.url("/sitemap.xml"))

    async def test_without_end_is_told(self, site: Site) -> None:
        for number in range(9):
            site.serve(
                f"/s{number}.xml",
                urlset(site, f"/s{number + 1}.xml", kind="sitemapindex", entry="sitemap"),
            )
        with pytest.raises(SourceError, match="more site maps than are read"):
            await read(site.url("/s0.xml"), "sitemap")

    async def test_of_other_sites_is_only_counted(self, site: Site) -> None:
        given = await mapped(site, "https://other.example/x", "/a")
        assert paths(site, given) == ["/a"]
        assert given.counted() == {"pages of other sites": 1}

    async def test_of_other_sites_only_is_told(self, site: Site) -> None:
        with pytest.raises(SourceError, match="another site only"):
            await mapped(site, "https://other.example/x")

    async def test_can_be_narrowed_down(self, site: Site) -> None:
        site.serve("/docs/x", "<p>x</p>", Content_Type="text/html")
        given = await mapped(site, "/docs/x", "/a", "/b", include=["docs", "b"], exclude=["b"])
        assert paths(site, given) == ["/docs/x"]

    async def test_beyond_the_maximum_is_told(self, site: Site) -> None:
        given = await mapped(site, "/a", "/b", "/c", max_pages=1)
        assert paths(site, given) == ["/a"]
        assert "2 further addresses" in next(iter(given.reasons().values()))

    async def test_and_robots_txt_forbids_is_not_asked_for(self, site: Site) -> None:
        site.serve("/robots.txt", "User-agent: *\nDisallow: /b")
        given = await mapped(site, "/a", "/b")
        assert paths(site, given) == ["/a"]
        assert given.counted() == {"pages closed to robots": 1}
        assert "/b" not in [each.target for each in site.requests]

    async def test_and_is_not_there_is_counted(self, site: Site) -> None:
        given = await mapped(site, "/a", "/nope")
        assert given.counted() == {"pages listed but not there": 1}


class TestWhatIsNoSiteMap:
    @pytest.mark.parametrize(
        "content",
        [
            b"<html><body>hi</body></html>",
            b"just words",
            b"",
            b"\x1f\x8bnot packed",
            b"<urlset",
            b"{}",
            b"<rss><channel/></rss>",
        ],
    )
    async def test_is_told_before_it_is_kept(self, site: Site, content: bytes) -> None:
        site.serve("/sitemap.xml", content)
        async with opened(site.url("/sitemap.xml")) as source:
            if content == b"<urlset":  # an unfinished one: what can be read of it is nothing
                assert [each async for each in source.documents({})] == []
                return
            with pytest.raises(SourceError, match="no site map"):
                await source.check()

    async def test_is_told_by_its_status(self, site: Site) -> None:
        async with opened(site.url("/sitemap_index.xml")) as source:
            with pytest.raises(SourceError, match="There is no site map"):
                await source.check()

    async def test_a_bomb_is_not_unpacked(self, site: Site) -> None:
        site.serve("/sitemap.xml.gz", gzip.compress(bytes(60 * 2**20)))
        with pytest.raises(SourceError, match="unpacks to more than 50 MB"):
            await read(site.url("/sitemap.xml.gz"))

    async def test_entities_of_files_are_not_resolved(self, site: Site) -> None:
        doctype = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
        site.serve(
            "/sitemap.xml",
            urlset(site, "/a", "/&e;").replace("\n<urlset", f"\n{doctype}<urlset"),
        )
        await read(site.url("/sitemap.xml"))
        assert {each.target for each in site.requests} <= {"/robots.txt", "/sitemap.xml", "/a", "/"}


class TestDates:
    async def test_a_page_whose_date_is_as_it_was_is_not_asked_for(self, site: Site) -> None:
        first = await mapped(site, "/a 2026-01-01", "/b 2026-01-02T10:00:00+00:00", "/c")
        assert first.read == [site.url(path) for path in ("/a", "/b", "/c")]
        site.requests.clear()
        again = await mapped(
            site, "/a 2026-01-01", "/b 2026-01-03T10:00:00+00:00", "/c", known=first
        )
        assert {each.target for each in site.requests} == {
            "/robots.txt",
            "/sitemap.xml",
            "/b",
            "/c",
        }
        assert again.read == [site.url("/b"), site.url("/c")]
        assert len(again.documents) == 3

    async def test_unless_every_page_is_to_be_asked_for(self, site: Site) -> None:
        first = await mapped(site, "/a 2026-01-01", every_page=True)
        again = await mapped(site, "/a 2026-01-01", known=first, every_page=True)
        assert again.read == [site.url("/a")]

    @pytest.mark.parametrize(
        ("changed", "trusted"),
        [
            ("2026-03-10", False),
            ("2026-03-09", False),
            ("2026-03-08", True),
            ("2026-03-10T08:00:00Z", True),
            ("2026-13-40", False),
        ],
    )
    async def test_a_day_that_is_not_over_everywhere_is_not_relied_on(
        self, site: Site, changed: str, trusted: bool
    ) -> None:
        site.serve("/sitemap.xml", urlset(site, f"/a {changed}"))
        async with opened(site.url("/sitemap.xml")) as source:
            source._now = lambda: datetime(2026, 3, 10, 9, tzinfo=UTC)  # type: ignore[attr-defined]
            first = Given([each async for each in source.documents({})])
            again = Given([each async for each in source.documents(first.known)])
        assert (again.read == []) == trusted


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/sitemap.xml", "sitemap"),
        ("/docs/sitemap_index.xml", "sitemap"),
        ("/wp-sitemap-posts-1.xml.gz", "sitemap"),
        ("/sitemap.html", "web"),
        ("/sitemap", "web"),
        ("/sitemap.xml/about", "web"),
    ],
)
def test_it_is_told_by_its_name(path: str, kind: str) -> None:
    assert Kinds().describe(f"https://a.example{path}").kind == kind
