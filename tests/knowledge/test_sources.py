"""Sources: what is listed, what is skipped and why, and when a whole scan has failed."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from knowledge.errors import SourceError
from knowledge.sources.globs import matches
from knowledge.sources.port import Means, RawDocument, SkippedDocument, SourceSpec
from knowledge.sources.registry import Kinds
from knowledge.types import Validators
from knowledge.web.client import GuardedClient
from tests.kit.library import spec_for
from tests.kit.web_site import Answer, Request, Site, running_site

is_root = hasattr(os, "geteuid") and os.geteuid() == 0


async def listed(
    spec: SourceSpec, *, known: Mapping[str, Validators] | None = None, max_bytes: int = 10**6
) -> list[RawDocument | SkippedDocument]:
    async with GuardedClient(allow=("127.0.0.0/8",)) as client:
        source = Kinds().open(spec, Means(client, max_bytes))
        return [found async for found in source.documents(known or {})]


async def names(folder: Path, **options: Sequence[str]) -> list[str]:
    return [found.document for found in await listed(spec_for(str(folder), **options))]


def write(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(f"about {path}")


class TestRecognising:
    def test_urls_folders_and_files(self, tmp_path: Path) -> None:
        write(tmp_path, "a.md")
        assert spec_for("https://x.example/a").kind == "web"
        assert spec_for(str(tmp_path)).kind == "folder"
        assert spec_for(str(tmp_path / "a.md")).kind == "file"

    @pytest.mark.parametrize(
        ("typed", "normal"),
        [
            ("HTTPS://Wiki.Example:443/A?b=C#part", "https://wiki.example/A?b=C"),
            ("http://wiki.example", "http://wiki.example/"),
            (" http://[::1]:8080/x ", "http://[::1]:8080/x"),
        ],
    )
    def test_urls_are_normalised(self, typed: str, normal: str) -> None:
        assert spec_for(typed).location == normal

    def test_the_id_is_the_same_for_the_same_place(self, tmp_path: Path) -> None:
        assert spec_for(str(tmp_path)).id == spec_for(f"{tmp_path}/x/..").id
        assert len(spec_for("https://x.example/").id) == 12
        assert spec_for("https://x.example/").id != spec_for("https://x.example/a").id

    @pytest.mark.parametrize(
        ("typed", "says"),
        [
            ("", "Give the URL"),
            ("ftp://x/y", "cannot be read"),
            ("/no/such/place", "does not exist"),
            ("https://user:pass@x.example/", "password"),
            ("https://", "not valid"),
            ("https://x.example:port/", "not a valid"),
            ("https://x.example/a b", "not valid"),
            ("bad\0path", "not a path"),
            ("slack-channel C0123", "There is no kind of source 'slack-channel' here"),
        ],
    )
    def test_what_is_none_of_them_says_what_to_do(self, typed: str, says: str) -> None:
        with pytest.raises(SourceError, match=says) as refused:
            spec_for(typed)
        assert "pass@" not in str(refused.value)

    def test_a_source_that_nobody_may_read_is_a_mistake(self) -> None:
        with pytest.raises(SourceError, match="Nobody"):
            spec_for("https://x.example/", access=frozenset())


class TestFolder:
    async def test_documents_are_sorted_posix_paths_with_their_content(
        self, tmp_path: Path
    ) -> None:
        write(tmp_path, "b.md", "a/z ä.txt", "a/b/c.md")
        found = await listed(spec_for(str(tmp_path)))
        assert [d.document for d in found] == ["a/b/c.md", "a/z ä.txt", "b.md"]
        first = found[0]
        assert isinstance(first, RawDocument)
        assert first == RawDocument(
            "a/b/c.md",
            (tmp_path / "a/b/c.md").as_uri(),
            "c.md",
            b"about a/b/c.md",
            None,
            Validators(),
        )

    async def test_a_base_url_makes_links_to_where_it_is_published(self, tmp_path: Path) -> None:
        write(tmp_path, "a/z ä.md")
        spec = spec_for(str(tmp_path), base_url="https://wiki.example/docs/")
        found = (await listed(spec))[0]
        assert isinstance(found, RawDocument)
        assert found.url == "https://wiki.example/docs/a/z%20%C3%A4.md"

    async def test_include_and_exclude(self, tmp_path: Path) -> None:
        write(tmp_path, "a.md", "b.txt", "docs/c.md", "docs/old/d.md", "drafts/e.md")
        assert await names(tmp_path, include=("*.md",), exclude=("drafts",)) == [
            "a.md",
            "docs/c.md",
            "docs/old/d.md",
        ]
        assert await names(tmp_path, include=("docs/**/*.md",), exclude=("**/old/**",)) == [
            "docs/c.md"
        ]

    async def test_hidden_files_and_folders_of_tools_are_left_out(self, tmp_path: Path) -> None:
        write(tmp_path, "a.md", ".b.md", ".github/c.md", "node_modules/d.md", ".git/e.md")
        assert await names(tmp_path) == ["a.md"]
        assert await names(tmp_path, include=("a.md", ".github/**")) == [".github/c.md", "a.md"]

    async def test_links_that_leave_the_folder_are_not_followed(self, tmp_path: Path) -> None:
        write(tmp_path, "inside/a.md", "outside/secret.md")
        inside = tmp_path / "inside"
        (inside / "out.md").symlink_to(tmp_path / "outside/secret.md")
        (inside / "folder").symlink_to(tmp_path / "outside")
        (inside / "circle").symlink_to(inside)
        (inside / "loop.md").symlink_to(inside / "loop.md")
        (inside / "same.md").symlink_to(inside / "a.md")
        assert await names(inside) == ["a.md", "loop.md", "same.md"]

    async def test_a_link_that_leads_nowhere_is_told_and_the_rest_is_read(
        self, tmp_path: Path
    ) -> None:
        write(tmp_path, "a.md")
        (tmp_path / "gone.md").symlink_to(tmp_path.parent / "elsewhere.md")
        (tmp_path / "loop.md").symlink_to(tmp_path / "loop.md")
        read, *told = await listed(spec_for(str(tmp_path)))
        assert read.document == "a.md"
        assert [(each.document, each.reason.split(".")[0]) for each in told] == [  # type: ignore[union-attr]
            (name, "It is a link that leads nowhere") for name in ("gone.md", "loop.md")
        ]

    async def test_other_types_and_large_files_are_reported_unread(self, tmp_path: Path) -> None:
        write(tmp_path, "a.png", "b.md")
        reasons = {
            found.document: found.reason
            for found in await listed(spec_for(str(tmp_path)), max_bytes=3)
            if isinstance(found, SkippedDocument)
        }
        assert "type" in reasons["a.png"]
        assert "Split it" in reasons["b.md"]

    async def test_a_pipe_is_not_waited_on(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "a.md")
        assert isinstance((await listed(spec_for(str(tmp_path))))[0], SkippedDocument)

    @pytest.mark.skipif(is_root, reason="root may read everything")
    async def test_an_unreadable_file_is_skipped_and_a_folder_fails(self, tmp_path: Path) -> None:
        write(tmp_path, "a.md", "b/c.md")
        (tmp_path / "a.md").chmod(0)
        assert isinstance((await listed(spec_for(str(tmp_path))))[0], SkippedDocument)
        (tmp_path / "b").chmod(0)
        with pytest.raises(SourceError, match="right to read"):
            await listed(spec_for(str(tmp_path)))
        (tmp_path / "b").chmod(0o700)

    async def test_a_folder_that_cannot_be_listed_fails_the_scan(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(tmp_path, "a.md", "b/c.md")
        scan = os.scandir

        def refusing(path: Any) -> Any:
            if str(path).endswith("/b"):
                raise PermissionError(13, "Permission denied", str(path))
            return scan(path)

        monkeypatch.setattr(os, "scandir", refusing)
        with pytest.raises(SourceError, match="right to read"):
            await listed(spec_for(str(tmp_path)))
        assert await names(tmp_path, exclude=("b",)) == ["a.md"]

    async def test_a_vanished_folder_fails_the_scan(self, tmp_path: Path) -> None:
        spec = spec_for(str(tmp_path))
        os.rmdir(tmp_path)
        with pytest.raises(SourceError, match="not there"):
            await listed(spec)


class TestGlobs:
    @pytest.mark.parametrize(
        ("glob", "path", "does"),
        [
            ("*.md", "a.md", True),
            ("*.md", "x/y/a.md", True),
            ("/*.md", "x/a.md", False),
            ("x/*.md", "x/a.md", True),
            ("x/*.md", "x/y/a.md", False),
            ("x/**/*.md", "x/a.md", True),
            ("x/**/*.md", "x/y/z/a.md", True),
            ("x/**", "x/y/a.md", True),
            ("drafts/", "x/drafts/a.md", True),
            ("**/old/*", "old/a.md", True),
            ("a?.md", "ab.md", True),
            ("a?.md", "a/.md", False),
            ("[ab].md", "b.md", True),
            ("[!ab].md", "b.md", False),
            ("a.md", "aXmd", False),
            ("[z-a].md", "[z-a].md", True),
        ],
    )
    def test_matches(self, glob: str, path: str, does: bool) -> None:
        assert matches(path, (glob,)) is does


class TestFile:
    async def test_one_file_under_its_name(self, tmp_path: Path) -> None:
        write(tmp_path, "a.md")
        found = await listed(spec_for(str(tmp_path / "a.md")))
        assert [type(d) for d in found] == [RawDocument]
        assert found[0].document == "a.md"

    async def test_a_deleted_file_has_vanished_but_a_missing_drive_fails(
        self, tmp_path: Path
    ) -> None:
        write(tmp_path, "drive/a.md")
        spec = spec_for(str(tmp_path / "drive/a.md"))
        (tmp_path / "drive/a.md").unlink()
        assert await listed(spec) == []
        (tmp_path / "drive").rmdir()
        with pytest.raises(SourceError, match="drive"):
            await listed(spec)


class TestWeb:
    @pytest.fixture
    async def site(self) -> AsyncIterator[Site]:
        async with running_site() as running:
            yield running

    async def test_a_page_is_a_document_under_the_url_given(self, site: Site) -> None:
        site.serve("/a", status=302, Location="/b.html")
        site.serve(
            "/b.html", "Gr\u00fc\u00dfe", Content_Type="text/html; charset=utf-8", ETag='"1"'
        )
        assert await listed(spec_for(site.url("/a"))) == [
            RawDocument(
                site.url("/a"),
                site.url("/b.html"),
                site.url("/b.html"),
                "Grüße".encode(),
                "text/html; charset=utf-8",
                Validators('"1"', None),
            )
        ]

    async def test_an_unchanged_page_has_no_content(self, site: Site) -> None:
        def page(request: Request) -> Answer:
            assert request.headers["if-none-match"] == '"1"'
            return Answer(status=304)

        site.pages["/a"] = page
        known = {site.url("/a"): Validators('"1"', "yesterday")}
        found = (await listed(spec_for(site.url("/a")), known=known))[0]
        assert isinstance(found, RawDocument)
        assert (found.content, found.validators) == (None, known[site.url("/a")])

    async def test_a_page_that_leads_on_by_itself_is_followed(self, site: Site) -> None:
        leads_on = '<meta http-equiv="refresh" content="0; url=b.html?x=1&amp;y=2">'
        site.serve("/a", leads_on, Content_Type="text/html", ETag='"1"')
        site.serve("/b.html", "Text.", Content_Type="text/html", ETag='"2"')
        (found,) = await listed(spec_for(site.url("/a")))
        assert isinstance(found, RawDocument)
        assert (found.url, found.content) == (site.url("/b.html?x=1&y=2"), b"Text.")
        assert found.validators == Validators()

    @pytest.mark.parametrize("content", ["60; url=/b.html", "0", "0; url=mailto:bea@x.example"])
    async def test_one_that_only_shows_itself_anew_is_not(self, site: Site, content: str) -> None:
        page = f'<meta http-equiv="refresh" content="{content}">'
        site.serve("/a", page, Content_Type="text/html")
        (found,) = await listed(spec_for(site.url("/a")))
        assert isinstance(found, RawDocument)
        assert found.url == site.url("/a")

    async def test_pages_that_lead_to_each_other_come_to_an_end(self, site: Site) -> None:
        for here, there in (("a", "b"), ("b", "a")):
            leads_on = f'<meta http-equiv="refresh" content="0; url=/{there}">'
            site.serve(f"/{here}", leads_on, Content_Type="text/html")
        assert len(await listed(spec_for(site.url("/a")))) == 1

    @pytest.mark.parametrize("status", [404, 410])
    async def test_a_page_that_is_gone_has_vanished(self, site: Site, status: int) -> None:
        site.serve("/a", status=status)
        assert await listed(spec_for(site.url("/a"))) == []

    @pytest.mark.parametrize(
        ("status", "says"), [(500, "error"), (403, "signing in"), (204, "error")]
    )
    async def test_any_other_answer_fails_the_scan(
        self, site: Site, status: int, says: str
    ) -> None:
        site.serve("/a", status=status)
        with pytest.raises(SourceError, match=says):
            await listed(spec_for(site.url("/a")))

    async def test_a_huge_page_is_skipped(self, site: Site) -> None:
        site.serve("/a", b"x" * 2000)
        found = await listed(spec_for(site.url("/a")), max_bytes=1000)
        assert [type(d) for d in found] == [SkippedDocument]

    async def test_robots_txt_is_obeyed_and_fetched_once(self, site: Site) -> None:
        site.serve("/robots.txt", "\ufeffUser-agent: Housevoice\nDisallow: /private\n")
        site.serve("/public", "open")
        site.serve("/private", "closed")
        with pytest.raises(SourceError, match=r"robots\.txt forbids"):
            await listed(spec_for(site.url("/private")))
        assert [request.target for request in site.requests] == ["/robots.txt"]
        async with GuardedClient(allow=("127.0.0.0/8",)) as client:
            source = Kinds().open(spec_for(site.url("/public")), Means(client, 10**6))
            for _ in range(2):
                assert [found async for found in source.documents({})]
        assert [request.target for request in site.requests].count("/robots.txt") == 2

    async def test_an_unreachable_robots_txt_forbids(self, site: Site) -> None:
        site.serve("/robots.txt", status=500)
        site.serve("/a", "text")
        with pytest.raises(SourceError, match="next run"):
            await listed(spec_for(site.url("/a")))
