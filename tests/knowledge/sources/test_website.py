"""A website as a source: where its links lead, what it asks of robots, and what has changed."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import pytest

from knowledge.errors import SourceError
from knowledge.sources.port import Means
from knowledge.sources.registry import Kinds
from knowledge.sources.site.asking import Asking
from knowledge.web.client import GuardedClient
from tests.kit.sources import LOOPBACK, Given, opened, read
from tests.kit.web_site import Answer, Request, Site, running_site


class Wiki:
    """Pages of HTML with ETags, which link to each other."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def page(self, path: str, *links: str, head: str = "", text: str = "", **headers: str) -> None:
        anchors = " ".join(link if "<" in link else f'<a href="{link}">x</a>' for link in links)
        body = f"<html><head>{head}</head><body><p>{text or path}</p>{anchors}</body></html>"
        tag = f'"{hashlib.sha256(body.encode()).hexdigest()[:8]}"'
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        def serve(request: Request) -> Answer:
            if request.headers.get("if-none-match") == tag:
                return Answer(status=304, headers={"ETag": tag})
            return Answer(
                body.encode(), headers={"Content-Type": "text/html", "ETag": tag, **named}
            )

        self.site.pages[path] = serve

    def paths(self, given: Given) -> list[str]:
        """The documents by path, in order."""
        return [name.removeprefix(self.site.url("")) for name in given.documents]

    def asked(self) -> list[str]:
        """What was asked for since, robots.txt left out; sorted, as several are asked at once."""
        found = [each.target for each in self.site.requests if each.target != "/robots.txt"]
        self.site.requests.clear()
        return sorted(found)

    async def read(self, start: str = "/", known: Given | None = None, **options: object) -> Given:
        return await read(
            self.site.url(start), "website", known.known if known else None, **options
        )


@pytest.fixture
async def wiki() -> AsyncIterator[Wiki]:
    async with running_site() as site:
        yield Wiki(site)


class TestLinks:
    async def test_are_followed_in_the_order_in_which_they_stand(self, wiki: Wiki) -> None:
        wiki.page("/", "/b", "a", "/b#part")
        wiki.page("/a", "/deep/c")
        wiki.page("/b", "/", "/a")
        wiki.page("/deep/c", "../a", "./d")
        wiki.page("/deep/d")
        assert wiki.paths(await wiki.read()) == ["/", "/b", "/a", "/deep/c", "/deep/d"]

    async def test_to_other_sites_ports_and_schemes_are_not(self, wiki: Wiki) -> None:
        wiki.page(
            "/",
            "http://elsewhere.example/",
            "mailto:ann@x.example",
            "javascript:go()",
            f"http://localhost:{wiki.site.port}/a",
            f"https://127.0.0.1:{wiki.site.port}/a",
            f"http://u:p@127.0.0.1:{wiki.site.port}/a",
            "http://[broken",
        )
        wiki.page("/a")
        assert wiki.paths(await wiki.read()) == ["/"]
        assert wiki.asked() == ["/"]

    async def test_from_a_page_with_a_base_count_from_there(self, wiki: Wiki) -> None:
        wiki.page("/", "a", head='<base href="/docs/">')
        wiki.page("/docs/a")
        assert wiki.paths(await wiki.read()) == ["/", "/docs/a"]

    async def test_marked_nofollow_are_not_followed(self, wiki: Wiki) -> None:
        wiki.page("/", '<a rel="external nofollow" href="/no">x</a>', "/shy", "/told")
        wiki.page("/shy", "/no", head='<meta name="robots" content="index, nofollow">')
        wiki.page("/told", "/no", X_Robots_Tag="nofollow")
        wiki.page("/no")
        assert wiki.paths(await wiki.read()) == ["/", "/shy", "/told"]

    async def test_to_pictures_and_scripts_are_not_asked_for(self, wiki: Wiki) -> None:
        wiki.page("/", "/a.PNG", "/b.css", "/c.js", "/d.zip", "/e.mp4", "/f.php?x=1")
        wiki.page("/f.php")
        await wiki.read()
        assert wiki.asked() == ["/", "/f.php?x=1"]

    async def test_that_differ_by_where_a_visitor_came_from_are_one_page(self, wiki: Wiki) -> None:
        wiki.page("/", "/a?utm_source=mail&x=1", "/a?x=1", "/a?x=1&fbclid=abc")
        wiki.page("/a")
        assert wiki.paths(await wiki.read()) == ["/", "/a?x=1"]

    async def test_with_a_secret_in_them_are_left_alone(self, wiki: Wiki) -> None:
        wiki.page("/", "/a?token=hunter2", "/b;jsessionid=hunter2")
        assert wiki.paths(await wiki.read()) == ["/"]
        assert wiki.asked() == ["/"]


class TestScope:
    async def test_is_the_folder_of_the_first_page(self, wiki: Wiki) -> None:
        wiki.page("/docs/index.html", "/docs/a", "/blog/b", "/docs2/c")
        for path in ("/docs/a", "/blog/b", "/docs2/c"):
            wiki.page(path)
        given = await wiki.read("/docs/index.html")
        assert wiki.paths(given) == ["/docs/index.html", "/docs/a"]

    async def test_is_what_the_globs_say(self, wiki: Wiki) -> None:
        wiki.page("/start", "/help/a", "/help/old/b", "/blog/c", "/help/d?print=1")
        for path in ("/help/a", "/help/old/b", "/blog/c", "/help/d"):
            wiki.page(path)
        given = await wiki.read("/start", include=["help"], exclude=["old", "*[?]print=*"])
        assert wiki.paths(given) == ["/start", "/help/a"]

    async def test_ends_at_the_depth(self, wiki: Wiki) -> None:
        for number in range(5):
            wiki.page(f"/{number or ''}", f"/{number + 1}")
        assert wiki.paths(await wiki.read(depth=2)) == ["/", "/1", "/2"]

    async def test_ends_at_the_maximum_and_says_so(self, wiki: Wiki) -> None:
        wiki.page("/", *(f"/{number}" for number in range(1, 8)))
        for number in range(1, 8):
            wiki.page(f"/{number}")
        given = await wiki.read(max_pages=3)
        assert wiki.paths(given) == ["/", "/1", "/2"]
        (told,) = given.reasons().values()
        assert "5 further addresses" in told and "--max-pages" in told
        assert len(wiki.asked()) == 3

    @pytest.mark.parametrize(("option", "value"), [("max_pages", 0), ("depth", -1), ("pause", -1)])
    async def test_a_bound_that_is_none_is_refused(self, option: str, value: int) -> None:
        with pytest.raises(SourceError, match="must be at least"):
            await read("http://127.0.0.1:9/", "website", None, **{option: value})

    @pytest.mark.parametrize("kind", ["website", "sitemap"])
    async def test_a_pause_with_which_no_run_would_end_is_refused(self, kind: str) -> None:
        with pytest.raises(SourceError, match="pause must be at most 60000"):
            await read("http://127.0.0.1:9/sitemap.xml", kind, None, pause=60_001)


class TestRobots:
    async def test_what_robots_txt_forbids_is_not_asked_for(self, wiki: Wiki) -> None:
        wiki.site.serve(
            "/robots.txt",
            "User-agent: *\nDisallow: /private\nAllow: /private/but\nDisallow: /*.cgi$",
        )
        wiki.page("/", "/private/a", "/private/but", "/x.cgi", "/x.cgi?y")
        wiki.page("/private/but")
        wiki.page("/x.cgi")
        given = await wiki.read()
        assert wiki.paths(given) == ["/", "/private/but", "/x.cgi?y"]
        assert given.counted() == {"pages closed to robots": 2}
        assert wiki.asked() == ["/", "/private/but", "/x.cgi?y"]

    async def test_the_first_page_forbidden_is_told(self, wiki: Wiki) -> None:
        wiki.site.serve("/robots.txt", "User-agent: Housevoice\nDisallow: /")
        wiki.page("/")
        with pytest.raises(SourceError, match=r"robots\.txt forbids"):
            await wiki.read()

    async def test_rules_that_cannot_be_had_forbid_all(self, wiki: Wiki) -> None:
        wiki.site.serve("/robots.txt", status=503)
        wiki.page("/")
        async with GuardedClient(allow=LOOPBACK, sleep=_no_sleep) as client:
            spec = Kinds().describe(wiki.site.url("/"), kind="website")
            source = Kinds().open(spec, Means(client, 10**6))
            with pytest.raises(SourceError, match="next run"):
                await anext(aiter(source.documents({})))

    @pytest.mark.parametrize(
        "head",
        [
            '<meta name="robots" content="noindex">',
            '<meta name="ROBOTS" content="NONE">',
            '<meta name="housevoice" content="noindex">',
        ],
    )
    async def test_a_page_not_to_be_kept_is_not_but_its_links_are(
        self, wiki: Wiki, head: str
    ) -> None:
        wiki.page("/", "/a", "/b")
        wiki.page("/a", "/c", head=head)
        wiki.page("/b", X_Robots_Tag="housevoice: noindex")
        wiki.page("/c")
        given = await wiki.read()
        left = [] if "NONE" in head else ["/c"]
        assert wiki.paths(given) == ["/", *left]
        assert given.counted() == {"pages closed to robots": 2}

    async def test_the_delay_that_is_asked_for_is_kept_one_page_at_a_time(self) -> None:
        now, begun = 100.0, []

        async def sleep(seconds: float) -> None:
            nonlocal now
            now += seconds

        async with running_site() as site, GuardedClient(allow=LOOPBACK) as client:

            def page(_request: Request) -> Answer:
                begun.append(now)
                return Answer(b"x")

            site.pages["/"] = page
            asking = Asking(client, 1000, pause=2.5, sleep=sleep, clock=lambda: now)
            for _ in range(3):
                await asking.page(site.url("/"), None)
        assert begun == [100.0, 102.5, 105.0]

    async def test_a_crawl_delay_is_taken_from_robots_txt(self, wiki: Wiki) -> None:
        waited: list[float] = []

        async def sleep(seconds: float) -> None:
            waited.append(seconds)

        wiki.site.serve("/robots.txt", "User-agent: *\nCrawl-delay: 7")
        wiki.page("/", "/a")
        wiki.page("/a")
        async with opened(wiki.site.url("/"), "website", pause=100) as source:
            source._sleep = sleep  # type: ignore[attr-defined]
            assert len([each async for each in source.documents({})]) == 2
        assert len(waited) == 1 and 6 < waited[0] <= 7

    async def test_a_delay_with_which_no_run_would_end_is_told(self, wiki: Wiki) -> None:
        wiki.site.serve("/robots.txt", "User-agent: *\nCrawl-delay: 86400")
        wiki.page("/", "/a")
        with pytest.raises(SourceError, match="asks for 86400 seconds between two pages"):
            await wiki.read()


class TestOnePageUnderSeveralAddresses:
    async def test_is_read_under_its_canonical_one(self, wiki: Wiki) -> None:
        for path in ("/a", "/a?sort=1", "/a?sort=2"):
            wiki.page(path.partition("?")[0], head='<link rel="canonical" href="/a">')
        wiki.page("/", "/a?sort=1", "/a?sort=2")
        given = await wiki.read()
        assert wiki.paths(given) == ["/", "/a"]
        assert given.counted() == {"duplicates": 2}

    async def test_is_read_though_its_canonical_one_is_of_another_site(self, wiki: Wiki) -> None:
        wiki.page("/", head='<link rel="canonical" href="https://live.example/">')
        assert wiki.paths(await wiki.read()) == ["/"]

    async def test_is_read_though_its_canonical_one_is_not_there(self, wiki: Wiki) -> None:
        wiki.page("/", "/a")
        wiki.page("/a", head='<link rel="canonical" href="/gone">')
        assert wiki.paths(await wiki.read()) == ["/", "/a"]

    async def test_is_read_once_though_each_calls_the_other_canonical(self, wiki: Wiki) -> None:
        wiki.page("/", "/a", "/b")
        wiki.page("/a", head='<link rel="canonical" href="/b">')
        wiki.page("/b", head='<link rel="canonical" href="/a">')
        assert wiki.paths(await wiki.read()) == ["/", "/b"]

    async def test_is_read_though_its_canonical_one_leads_back(self, wiki: Wiki) -> None:
        wiki.page("/", "/a/")
        wiki.page("/a/", head='<link rel="canonical" href="/a">')
        wiki.site.serve("/a", status=301, Location="/a/")
        assert wiki.paths(await wiki.read()) == ["/", "/a/"]

    async def test_a_redirect_is_its_target(self, wiki: Wiki) -> None:
        wiki.page("/", "/old", "/older", "/away")
        wiki.site.serve("/old", status=301, Location="/new")
        wiki.site.serve("/older", status=301, Location="/new")
        wiki.site.serve("/away", status=302, Location=wiki.site.url("/new", host="localhost"))
        wiki.page("/new")
        async with GuardedClient(allow=(*LOOPBACK, "localhost")) as client:
            spec = Kinds().describe(wiki.site.url("/"), kind="website")
            source = Kinds().open(spec, Means(client, 10**6))
            given = Given([each async for each in source.documents({})])
        assert wiki.paths(given) == ["/", "/new"]
        assert given.counted() == {"redirects to elsewhere": 1}


class TestFailures:
    async def test_a_page_that_fails_is_kept_and_stops_no_other(self, wiki: Wiki) -> None:
        wiki.page("/", "/a", "/b", "/c", "/d", "/e")
        wiki.site.serve("/a", "oops", status=500)
        wiki.site.pages["/b"] = lambda _request: Answer(b"half", length=100)
        wiki.site.serve("/c", status=403)
        wiki.page("/e")
        given = await wiki.read()
        assert wiki.paths(given) == ["/", "/e"]
        kept = {name.rpartition("/")[2]: each.is_kept for name, each in given.skipped.items()}
        assert kept == {"a": True, "b": True, "c": False}
        assert "error (500)" in given.reasons()[wiki.site.url("/a")]
        assert "without signing in (403)" in given.reasons()[wiki.site.url("/c")]

    async def test_a_page_that_is_too_large_is_told(self, wiki: Wiki) -> None:
        wiki.page("/", "/a")
        wiki.page("/a", text="x" * 1_100_000)
        (reason,) = (await wiki.read()).reasons().values()
        assert "are read" in reason

    async def test_a_site_that_breaks_down_is_left_for_the_next_run(self, wiki: Wiki) -> None:
        wiki.page("/", *(f"/{number}" for number in range(50)))
        for number in range(50):
            wiki.site.serve(f"/{number}", status=500)
        with pytest.raises(SourceError, match="10 pages in a row"):
            await wiki.read()
        assert len(wiki.asked()) < 20

    async def test_without_its_first_page_nothing_has_vanished(self, wiki: Wiki) -> None:
        with pytest.raises(SourceError, match="not there any more"):
            await wiki.read()
        wiki.site.serve("/", status=500)
        with pytest.raises(SourceError, match="error"):
            await wiki.read()

    async def test_a_first_page_that_leads_to_a_sign_in_page_is_told(self, wiki: Wiki) -> None:
        wiki.site.serve("/docs/", status=302, Location="/login?next=/docs/")
        wiki.page("/login")
        with pytest.raises(SourceError, match=r"leads to .*/login"):
            await wiki.read("/docs/")
        async with opened(wiki.site.url("/docs/"), "website") as source:
            with pytest.raises(SourceError, match="leads to"):
                await source.check()

    async def test_a_first_page_that_is_not_there_is_not_added(self, wiki: Wiki) -> None:
        async with opened(wiki.site.url("/nope"), "website") as source:
            with pytest.raises(SourceError, match="There is no page"):
                await source.check()

    async def test_data_and_feeds_are_only_counted(self, wiki: Wiki) -> None:
        wiki.page("/", "/feed", "/api", "/calendar")
        wiki.site.serve("/feed", "<rss/>", Content_Type="application/rss+xml")
        wiki.site.serve("/api", "{}", Content_Type="application/json")
        wiki.site.serve("/calendar", "x", Content_Type="text/calendar")
        assert (await wiki.read()).counted() == {"files for programs": 3}


class TestTheNextRun:
    async def test_reads_nothing_of_what_has_not_changed(self, wiki: Wiki) -> None:
        wiki.page("/", "/a", "/b")
        wiki.page("/a", "/c")
        wiki.page("/b")
        wiki.page("/c")
        first = await wiki.read()
        again = await wiki.read(known=first)
        assert again.read == []
        assert sorted(again.documents) == sorted(first.documents)
        assert again.known == first.known

    async def test_finds_what_is_new_and_what_is_gone(self, wiki: Wiki) -> None:
        wiki.page("/", "/a", "/b")
        wiki.page("/a")
        wiki.page("/b")
        first = await wiki.read()
        wiki.page("/a", "/new")
        wiki.page("/new")
        del wiki.site.pages["/b"]
        again = await wiki.read(known=first)
        assert [wiki.site.url(path) for path in ("/a", "/new")] == again.read
        assert sorted(wiki.paths(again)) == ["/", "/a", "/new"]

    async def test_keeps_to_the_depth_below_pages_known_from_before(self, wiki: Wiki) -> None:
        wiki.page("/", "/1")
        wiki.page("/1", "/2")
        wiki.page("/2")
        first = await wiki.read(depth=2)
        wiki.page("/2", "/3")
        wiki.page("/3")
        assert wiki.site.url("/3") not in (await wiki.read(known=first, depth=2)).documents

    async def test_a_page_that_moved_is_read_where_it_is(self, wiki: Wiki) -> None:
        wiki.page("/", "/a")
        wiki.page("/a")
        first = await wiki.read()
        wiki.site.pages["/b"] = wiki.site.pages["/a"]
        wiki.site.serve("/a", status=301, Location="/b")
        again = await wiki.read(known=first)
        assert again.read == [wiki.site.url("/b")]
        assert wiki.site.url("/a") not in again.documents


async def _no_sleep(_seconds: float) -> None:
    return None
