"""A Git repository as a source: real ones over HTTP, and hosts that do not behave."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from knowledge.errors import SourceError
from knowledge.sources.git.hosts import page_of
from knowledge.sources.port import Means
from knowledge.sources.registry import Kinds
from knowledge.web.client import GuardedClient
from tests.kit.git_host import GitHost, Repository, running_git_host
from tests.kit.sources import Given, opened, read


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[GitHost]:
    async with running_git_host(tmp_path) as running:
        yield running


@pytest.fixture
def docs(host: GitHost) -> Repository:
    return Repository(host)


async def branch(docs: Repository, known: Given | None = None, **options: object) -> Given:
    return await read(docs.url, None, known.known if known else None, **options)


class TestDocuments:
    async def test_are_those_of_the_branch_that_the_host_shows(self, docs: Repository) -> None:
        docs.write("pay.md", "Friday.")
        docs.write("guide/leave.md", "Five days.")
        docs.commit()
        docs.write("secret.md", "Not yet.")
        docs.commit("draft")
        given = await branch(docs)
        assert {name: each.content for name, each in given.documents.items()} == {
            "guide/leave.md": b"Five days.",
            "pay.md": b"Friday.",
        }
        assert given.documents["guide/leave.md"].name == "leave.md"
        assert given.documents["pay.md"].url.endswith("/docs/blob/main/pay.md")

    async def test_may_be_those_of_another_branch_and_a_folder(self, docs: Repository) -> None:
        docs.write("a.md", "A")
        docs.write("guide/deep/b.md", "B")
        docs.commit("release/2.0")
        docs.commit()
        given = await branch(docs, branch="release/2.0", subfolder="/guide/")
        assert list(given.documents) == ["deep/b.md"]
        shown = given.documents["deep/b.md"].url
        assert shown.endswith("/docs/blob/release/2.0/guide/deep/b.md")

    async def test_are_chosen_by_globs_and_linked_where_they_are_published(
        self, docs: Repository
    ) -> None:
        for path in ("a.md", "old/b.md", "c.txt", ".github/d.md", "node_modules/e.md"):
            docs.write(path, path)
        docs.commit()
        given = await branch(
            docs, include=["*.md"], exclude=["old"], base_url="https://docs.example/"
        )
        assert [each.url for each in given.documents.values()] == ["https://docs.example/a.md"]

    async def test_of_other_types_are_counted_and_not_fetched(self, docs: Repository) -> None:
        docs.write("a.md", "A")
        docs.write("b.png", b"\x89PNG" + bytes(range(256)) * 400)
        docs.write("c.odd", "?")
        docs.commit()
        given = await branch(docs)
        assert given.counted() == {"pictures": 1}
        assert "cannot be read" in given.reasons()["c.odd"]
        assert list(given.documents) == ["a.md"]
        assert list((await branch(docs, ocr=True)).documents) == ["a.md", "b.png"]

    async def test_too_large_or_kept_elsewhere_are_told(self, docs: Repository) -> None:
        docs.write("big.txt", "x" * 1_100_000)
        docs.write("lfs.pdf", "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n")
        docs.write("a.md", "A")
        docs.commit()
        given = await branch(docs)
        assert list(given.documents) == ["a.md"]
        assert "Split it" in given.reasons()["big.txt"]
        assert "Git LFS" in given.reasons()["lfs.pdf"]

    async def test_that_are_links_or_other_repositories_are_not_followed(
        self, docs: Repository
    ) -> None:
        docs.write("a.md", "A")
        (docs.work / "passwords.md").symlink_to("/etc/passwd")
        docs.commit()
        entry = f"160000,{docs.git('rev-parse', 'HEAD')},vendored"
        docs.git("update-index", "--add", "--cacheinfo", entry)
        docs.git("commit", "--quiet", "-m", "Submodule")
        docs.git("push", "--quiet", "origin", "main")
        given = await branch(docs)
        assert list(given.documents) == ["a.md"]
        assert given.counted() == {"submodules": 1}

    async def test_with_names_that_are_no_text_are_told(self, docs: Repository) -> None:
        docs.write("ü b.md", "A")
        (docs.work / "\udcff.md").write_text("B")
        docs.commit()
        given = await branch(docs)
        assert list(given.documents) == ["ü b.md"]
        assert given.documents["ü b.md"].url.endswith("/%C3%BC%20b.md")
        assert list(given.reasons()) == ["\\xff.md"]


class TestTheNextRun:
    async def test_fetches_nothing_of_what_has_not_changed(
        self, host: GitHost, docs: Repository
    ) -> None:
        docs.write("a.md", "A")
        docs.write("b.md", "B")
        docs.commit()
        first = await branch(docs)
        host.requests.clear()
        again = await branch(docs, first)
        assert again.read == [] and again.known == first.known
        fetched = [path for path, _ in host.requests if path.endswith("/git-upload-pack")]
        docs.write("b.md", "B2")
        docs.write("c.md", "C")
        (docs.work / "a.md").unlink()
        docs.commit()
        host.requests.clear()
        third = await branch(docs, first)
        assert third.read == ["b.md", "c.md"] and list(third.documents) == ["b.md", "c.md"]
        more = [path for path, _ in host.requests if path.endswith("/git-upload-pack")]
        assert len(more) > len(fetched)  # the blobs are asked for by themselves

    async def test_reads_all_the_same_from_a_host_that_cannot_leave_files_out(
        self, docs: Repository
    ) -> None:
        docs.git("config", "uploadpack.allowFilter", "false", at=docs.bare)
        docs.write("a.md", "A")
        docs.commit()
        first = await branch(docs)
        assert first.read == ["a.md"]
        assert (await branch(docs, first)).read == []


class TestTheWayOut:
    async def test_leads_to_the_checked_address_only(self, docs: Repository) -> None:
        docs.write("a.md", "A")
        docs.commit()

        async def resolve(host: str, _port: int) -> list[str]:
            return ["127.0.0.1"] if host == "git.example" else ["10.0.0.1"]

        async with GuardedClient(allow=["127.0.0.1"], resolve=resolve) as client:
            url = docs.url.replace("127.0.0.1", "git.example")
            source = Kinds().open(Kinds().describe(url), Means(client, 10**6))
            given = Given([each async for each in source.documents({})])
            assert given.read == ["a.md"]
            inner = docs.url.replace("127.0.0.1", "inner.example")
            source = Kinds().open(Kinds().describe(inner), Means(client, 10**6))
            with pytest.raises(SourceError, match="inside the network"):
                await anext(aiter(source.documents({})))

    async def test_does_not_lead_into_the_network(self, docs: Repository) -> None:
        async with GuardedClient() as client:
            source = Kinds().open(Kinds().describe(docs.url), Means(client, 10**6))
            with pytest.raises(SourceError, match="inside the network"):
                await anext(aiter(source.documents({})))

    async def test_follows_no_redirect(self, host: GitHost, docs: Repository) -> None:
        docs.write("a.md", "A")
        docs.commit()
        away = f"{host.url('docs.git')}/info/refs?service=git-upload-pack"
        host.answer = lambda path, _headers: (
            f"HTTP/1.1 302 Found\r\nLocation: {away}"
            "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
            if path.startswith("/moved.git")
            else None
        )
        with pytest.raises(SourceError):
            await read(host.url("moved.git"))
        assert not [path for path, _ in host.requests if path.startswith("/docs.git")]

    async def test_takes_the_token_to_its_host(
        self, host: GitHost, docs: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        docs.write("a.md", "A")
        docs.commit()
        refused = b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
        signed = base64.b64encode(b"x-access-token:open-sesame").decode()
        host.answer = lambda _path, headers: (
            None if headers.get("authorization") == f"Basic {signed}" else refused
        )
        with pytest.raises(SourceError, match="takes a token"):
            await branch(docs)
        monkeypatch.setenv("GIT_TOKEN", "open-sesame")
        assert (await branch(docs, token="env:GIT_TOKEN")).read == ["a.md"]

    @pytest.mark.parametrize(
        "typed",
        ["git@github.com:a/b.git", "ssh://x.example/a.git", "file:///srv/a.git", "/srv/a.git",
         "ext::sh -c touch% /tmp/x", "--upload-pack=touch /tmp/x", "git://x.example/a.git"],
    )  # fmt: skip
    async def test_is_the_web(self, typed: str) -> None:
        with pytest.raises(SourceError, match="https://"):
            Kinds().describe(typed, kind="git")


class TestWhatIsNotThere:
    async def test_a_repository_or_branch_is_not_added(
        self, host: GitHost, docs: Repository
    ) -> None:
        docs.write("a.md", "A")
        docs.commit()
        for url, options, told in (
            (host.url("nope.git"), {}, "There is no repository"),
            (docs.url, {"branch": "nope"}, "has no branch nope"),
        ):
            async with opened(url, None, **options) as source:
                with pytest.raises(SourceError, match=told):
                    await source.check()

    async def test_an_empty_one_is_told(self, docs: Repository) -> None:
        with pytest.raises(SourceError, match="is empty"):
            await branch(docs)

    async def test_a_folder_is_told_and_nothing_has_vanished(self, docs: Repository) -> None:
        docs.write("a.md", "A")
        docs.commit()
        with pytest.raises(SourceError, match="has no folder guide"):
            await branch(docs, subfolder="guide")

    @pytest.mark.parametrize("name", ["--upload-pack=x", "-b", "a..b", "a b", "x@{1}", "a:b", "^a"])
    async def test_what_can_be_no_branch_is_refused(self, docs: Repository, name: str) -> None:
        with pytest.raises(SourceError, match="not the name of a branch"):
            await branch(docs, branch=name)

    async def test_a_host_that_breaks_off_is_told(self, host: GitHost, docs: Repository) -> None:
        docs.write("a.md", "A")
        docs.commit()
        host.answer = lambda path, _headers: (
            b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nhalf" if "upload-pack" in path else None
        )
        with pytest.raises(SourceError, match="next run"):
            await branch(docs)


async def test_one_that_is_too_large_is_given_up(docs: Repository) -> None:
    import random

    docs.write("a.txt", random.Random(1).randbytes(1_500_000).hex())
    docs.commit()
    with pytest.raises(SourceError, match="more than the 1 MB"):
        await branch(docs, max_mb=1)


@pytest.mark.parametrize(
    ("repository", "page"),
    [
        ("https://github.com/a/b.git", "https://github.com/a/b/blob/main/x/y%20z.md"),
        ("https://gitlab.example/a/b.git", "https://gitlab.example/a/b/-/blob/main/x/y%20z.md"),
        ("https://bitbucket.org/a/b", "https://bitbucket.org/a/b/src/main/x/y%20z.md"),
        ("https://codeberg.org/a/b/", "https://codeberg.org/a/b/src/branch/main/x/y%20z.md"),
    ],
)
def test_a_file_is_shown_where_its_host_shows_it(repository: str, page: str) -> None:
    assert page_of(repository, "main", "x/y z.md") == page
