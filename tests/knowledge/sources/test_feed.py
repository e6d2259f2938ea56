"""A feed as a source: its entries, the pages that they link to, and what it no longer lists."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from knowledge.errors import SourceError
from knowledge.sources.registry import Kinds
from tests.kit.sources import Given, opened, read
from tests.kit.web_site import Answer, Request, Site, running_site

ATOM = 'xmlns="http://www.w3.org/2005/Atom"'
RSS = 'version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


async def fed(site: Site, feed: str, known: Given | None = None, **options: object) -> Given:
    site.serve("/feed.xml", feed)
    return await read(site.url("/feed.xml"), None, known.known if known else None, **options)


def rss(*items: str) -> str:
    return f"<rss {RSS}><channel><title>News</title>{''.join(items)}</channel></rss>"


def item(name: str, whole: str = "", link: str = "", summary: str = "") -> str:
    return (
        f"<item><title>{name}</title><guid>{name}</guid>"
        + (f"<link>{link}</link>" if link else "")
        + (f"<description>{summary}</description>" if summary else "")
        + (f"<content:encoded><![CDATA[{whole}]]></content:encoded>" if whole else "")
        + "</item>"
    )


class TestEntries:
    async def test_of_rss_with_their_whole_text_are_read_from_the_feed(self, site: Site) -> None:
        given = await fed(
            site, rss(item("one", "<p>All of it.</p>", "/1"), item("two", "<p>Two</p>"))
        )
        assert list(given.documents) == ["one", "two"]
        one = given.documents["one"]
        assert (
            one.content and b"<h1>one</h1>" in one.content and b"<p>All of it.</p>" in one.content
        )
        assert one.url == site.url("/1") and given.documents["two"].url == site.url("/feed.xml")
        assert [each.target for each in site.requests] == ["/feed.xml"]

    async def test_of_atom_too_in_each_way_of_writing_them(self, site: Site) -> None:
        given = await fed(
            site,
            f"""<feed {ATOM}><title>News</title>
            <entry><id>a</id><title type="html">A &amp;lt;b&amp;gt; &lt;i&gt;c&lt;/i&gt;</title>
              <link rel="self" href="/self"/><link href="/a"/>
              <content type="html">&lt;p&gt;Escaped&lt;/p&gt;</content></entry>
            <entry><id>b</id><title>B</title><link rel="alternate" href="/b"/>
              <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>As it is</p></div>
              </content></entry>
            <entry><id>c</id><title>C</title><content>Less &lt; more</content></entry></feed>""",
        )
        texts = {name: (each.content or b"").decode() for name, each in given.documents.items()}
        assert "<h1>A &lt;b&gt; c</h1>" in texts["a"] and "<p>Escaped</p>" in texts["a"]
        assert "As it is" in texts["b"] and "Less &lt; more" in texts["c"]
        assert [each.url for each in given.documents.values()] == [
            site.url("/a"), site.url("/b"), site.url("/feed.xml")
        ]  # fmt: skip

    async def test_of_rss_1_are_read(self, site: Site) -> None:
        feed = (
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
            'xmlns="http://purl.org/rss/1.0/"><channel/><item><title>Old</title>'
            "<description>Still here.</description></item></rdf:RDF>"
        )
        given = await fed(site, feed.replace("<title>Old", "<link>/x</link><title>Old"))
        assert [each.url for each in given.documents.values()] == [site.url("/x")]

    async def test_with_a_summary_are_read_from_their_page(self, site: Site) -> None:
        site.serve("/1", "<p>The whole.</p>", Content_Type="text/html")
        given = await fed(site, rss(item("one", link="/1", summary="The beginning")))
        assert given.documents["one"].content == b"<p>The whole.</p>"
        assert given.documents["one"].url == site.url("/1")

    async def test_with_a_summary_whose_page_is_gone_are_read_as_far_as_it_goes(
        self, site: Site
    ) -> None:
        given = await fed(site, rss(item("one", link="/1", summary="The beginning")))
        assert b"The beginning" in (given.documents["one"].content or b"")

    async def test_are_read_from_their_page_if_that_is_wanted(self, site: Site) -> None:
        site.serve("/1", "<p>The page.</p>", Content_Type="text/html")
        given = await fed(site, rss(item("one", "<p>Feed.</p>", "/1")), linked=True)
        assert given.documents["one"].content == b"<p>The page.</p>"

    async def test_without_text_or_link_are_counted(self, site: Site) -> None:
        assert (await fed(site, rss(item("one")))).counted() == {"items without text": 1}

    async def test_listed_twice_are_one(self, site: Site) -> None:
        given = await fed(site, rss(item("one", "<p>New</p>"), item("one", "<p>Old</p>")))
        assert b"New" in (given.documents["one"].content or b"")

    async def test_titles_of_modules_are_not_theirs(self, site: Site) -> None:
        feed = rss(item("one", "<p>x</p>")).replace(
            "<item>",
            '<item><media:title xmlns:media="http://search.yahoo.com/mrss/">Pic</media:title>',
        )
        assert b"<h1>one</h1>" in ((await fed(site, feed)).documents["one"].content or b"")


class TestPages:
    async def test_that_robots_are_kept_from_are_not_asked_for(self, site: Site) -> None:
        site.serve("/robots.txt", "User-agent: *\nDisallow: /1")
        given = await fed(site, rss(item("one", link="/1")))
        assert given.counted() == {"pages closed to robots": 1}
        assert "/1" not in [each.target for each in site.requests]

    async def test_of_a_site_that_is_down_stop_no_others(self, site: Site) -> None:
        async with running_site() as gone:
            away = gone.url("/x")
        feed = rss(item("one", link=away), item("two", "<p>Two</p>"))
        given = await fed(site, feed)
        assert list(given.documents) == ["two"]
        assert given.skipped["one"].is_kept

    async def test_of_another_site_do_not_get_the_token(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FEED_TOKEN", "open-sesame")
        async with running_site() as other:
            other.serve("/x", "<p>x</p>", Content_Type="text/html")
            site.serve("/y", "<p>y</p>", Content_Type="text/html")
            feed = rss(item("one", link=other.url("/x")), item("two", link="/y"))
            given = await fed(site, feed, token="env:FEED_TOKEN")
            assert len(given.documents) == 2
            assert not [each for each in other.requests if "authorization" in each.headers]
        signed = [e.target for e in site.requests if e.headers.get("authorization")]
        assert signed == ["/feed.xml", "/y"]


class TestTheNextRun:
    async def test_reads_nothing_of_what_has_not_changed(self, site: Site) -> None:
        def page(request: Request) -> Answer:
            known = request.headers.get("if-none-match") == '"1"'
            kind = {"Content-Type": "text/html", "ETag": '"1"'}
            return Answer(b"<p>Page</p>", 304 if known else 200, kind)

        site.pages["/1"] = page
        feed = rss(item("one", link="/1"), item("two", "<p>Two</p>"))
        first = await fed(site, feed)
        again = await fed(site, feed, first)
        assert (first.read, again.read) == (["one", "two"], [])
        assert again.known == first.known
        changed = await fed(site, feed.replace("Two", "Zwei"), first)
        assert changed.read == ["two"]

    async def test_keeps_what_the_feed_no_longer_lists(self, site: Site) -> None:
        site.serve("/1", "<p>Page</p>", Content_Type="text/html")
        first = await fed(site, rss(item("one", link="/1"), item("two", "<p>Two</p>")))
        again = await fed(site, rss(item("three", "<p>3</p>")), first)
        assert list(again.documents) == ["three", "one", "two"]
        assert again.documents["two"].content is None

    async def test_but_not_if_its_page_is_gone(self, site: Site) -> None:
        site.serve("/1", "<p>Page</p>", Content_Type="text/html")
        first = await fed(site, rss(item("one", link="/1"), item("two", "<p>Two</p>")))
        del site.pages["/1"]
        assert list((await fed(site, rss(), first)).documents) == ["two"]

    async def test_nor_if_only_what_is_listed_is_wanted(self, site: Site) -> None:
        first = await fed(site, rss(item("one", "<p>1</p>")), listed_only=True)
        assert (await fed(site, rss(), first, listed_only=True)).documents == {}


class TestWhatIsNoFeed:
    @pytest.mark.parametrize("content", ["<html><p>hi</p></html>", "words", "", "{}", "<urlset/>"])
    async def test_is_told_before_it_is_kept(self, site: Site, content: str) -> None:
        site.serve("/feed", content)
        async with opened(site.url("/feed")) as source:
            with pytest.raises(SourceError, match="no feed"):
                await source.check()

    async def test_is_told_by_its_status(self, site: Site) -> None:
        async with opened(site.url("/feed")) as source:
            with pytest.raises(SourceError, match="There is no feed"):
                await source.check()
        site.serve("/feed", status=500)
        with pytest.raises(SourceError, match="next run"):
            await read(site.url("/feed"))

    async def test_entities_of_files_are_not_resolved(self, site: Site) -> None:
        feed = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + rss(
            item("one").replace("</title>", "&e;</title><description>a&e;b</description>")
        )
        given = await fed(site, feed)
        assert b"root:" not in b"".join(each.content or b"" for each in given.documents.values())


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/feed", "feed"), ("/blog/feed/", "feed"), ("/news.rss", "feed"), ("/atom.xml", "feed"),
        ("/rss", "feed"), ("/feedback", "web"), ("/a/feed/b", "web"), ("/rss-readers", "web"),
    ],
)  # fmt: skip
def test_it_is_told_by_its_name(path: str, kind: str) -> None:
    assert Kinds().describe(f"https://a.example{path}").kind == kind
