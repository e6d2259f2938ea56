"""Sources are added to the library, each once, for those who may read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.errors import SourceError
from knowledge.library.library import Library
from knowledge.sources.port import SourceSpec
from knowledge.types import PUBLIC
from tests.kit.web_site import Answer, Request, running_site
from tests.knowledge.library.opening import MANAGERS, START


class TestAdding:
    async def test_a_source_is_kept_and_read(self, library: Library, folder: Path) -> None:
        spec, report = await library.add(str(folder))
        assert (report.added, report.error) == (1, None)
        (state,) = await library.states()
        assert (state.spec, state.documents, state.passages) == (spec, 1, 1)
        assert state.last_run is not None and state.last_run.finished_at == START

    async def test_adding_it_again_changes_it(self, library: Library, folder: Path) -> None:
        await library.add(str(folder))
        await library.add(str(folder), options={"exclude": ["*.md"]})
        (state,) = await library.states()
        assert state.spec.options == {"exclude": ["*.md"]}
        assert state.documents == 0

    async def test_adding_it_again_without_a_word_on_access_does_not_open_it(
        self, library: Library, folder: Path
    ) -> None:
        await library.add(str(folder), access=MANAGERS)
        spec, _ = await library.add(str(folder))
        assert spec.access == MANAGERS
        spec, _ = await library.add(str(folder), access=frozenset({PUBLIC}))
        assert spec.access == {PUBLIC}

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"depth": "3"}, "no option 'depth'.*base-url"),
            ({"base_url": 3}, "base-url cannot be 3"),
            ({"include": "*.md"}, "include cannot be"),
            ({"base_url": "https://x.example/?token=abc"}, "secret"),
            ({"base_url": "javascript:alert(1)"}, "base-url must be an address"),
            ({"base_url": "wiki"}, "base-url must be an address"),
            ({"include": [""]}, "include has an empty value"),
            ({"exclude": ["a.md", " "]}, "exclude has an empty value"),
        ],
    )
    async def test_wrong_options_are_named_and_nothing_is_kept(
        self, library: Library, folder: Path, options: dict[str, object], said: str
    ) -> None:
        with pytest.raises(SourceError, match=said):
            await library.add(str(folder), options=options)
        assert await library.sources() == []

    async def test_only_the_kind_that_was_named_is_tried(
        self, library: Library, folder: Path
    ) -> None:
        with pytest.raises(SourceError, match="not a web page"):
            await library.add(str(folder), kind="web")
        with pytest.raises(SourceError, match=r"no kind of source 'wiki'.*folder"):
            await library.add(str(folder), kind="wiki")
        spec, _ = await library.add(str(folder / "pay.md"), kind="file")
        assert spec.kind == "file"


def guarded(request: Request) -> Answer:
    if request.headers.get("authorization") != "Bearer s3cret":
        return Answer(status=401)
    return Answer(b"<p>Salaries arrive monthly.</p>", headers={"Content-Type": "text/html"})


class TestPages:
    async def test_that_are_not_there_are_not_kept(self, library: Library) -> None:
        async with running_site() as site:
            with pytest.raises(SourceError, match=r"no page .*/nowhere \(404\)"):
                await library.add(site.url("/nowhere"))
        assert await library.sources() == []

    async def test_that_are_away_for_the_moment_are_kept(self, library: Library) -> None:
        async with running_site() as site:
            site.serve("/page", status=500)
            _, report = await library.add(site.url("/page"))
        assert report.error is not None and "500" in report.error
        assert len(await library.sources()) == 1

    async def test_that_want_a_token_get_the_one_that_is_referred_to(
        self, library: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "token").write_text("s3cret\n")
        monkeypatch.setenv("WIKI_TOKEN", "s3cret")
        async with running_site() as site:
            site.pages["/page"] = guarded
            for reference in ("env:WIKI_TOKEN", f"file:{tmp_path / 'token'}"):
                spec, report = await library.add(site.url("/page"), options={"token": reference})
                assert report.error is None
                assert spec.options == {"token": reference}
            assert "s3cret" not in repr(await library.states())

    async def test_whose_secret_is_not_there_say_so_and_are_read_when_it_is(
        self, library: Library, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with running_site() as site:
            site.pages["/page"] = guarded
            options = {"token": "env:WIKI_TOKEN"}
            with pytest.raises(SourceError, match="Set the environment variable WIKI_TOKEN"):
                await library.add(site.url("/page"), options=options)
            monkeypatch.setenv("WIKI_TOKEN", "s3cret")
            spec, _ = await library.add(site.url("/page"), options=options)
            monkeypatch.delenv("WIKI_TOKEN")
            report = await library.refresh(spec.id)
            assert report.error is not None and "WIKI_TOKEN" in report.error
            assert (await library.states())[0].documents == 1

    async def test_a_secret_itself_is_not_taken(self, library: Library) -> None:
        with pytest.raises(SourceError, match="names where the secret is"):
            await library.add("https://wiki.example/", options={"token": "s3cret"})


class TestAccess:
    @pytest.mark.parametrize("typed", ["", " ", "managers", "Public", "role:", ":hr", "Role:hr"])
    async def test_what_nobody_can_be_is_refused(
        self, library: Library, folder: Path, typed: str
    ) -> None:
        with pytest.raises(SourceError, match=f"Nobody can be {typed!r}. Write public, or names"):
            await library.add(str(folder), access=frozenset({"role:hr", typed}))
        spec, _ = await library.add(str(folder), access=MANAGERS)
        with pytest.raises(SourceError, match="Nobody can be"):
            await library.set_access(spec.id, frozenset({typed}))
        assert (await library.find(spec.id)).access == MANAGERS


def test_a_spec_says_what_may_be_shown_of_it() -> None:
    old = SourceSpec("a" * 12, "web", "https://u:p@x.example/?token=abc")
    assert old.shown == "https://x.example/?token=…"
    assert SourceSpec("a" * 12, "folder", "/srv/wiki").shown == "/srv/wiki"
