"""The library: adding, re-reading, pausing and removing sources, by one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.errors import SourceBusy, SourceError
from knowledge.library.leases import LEASE, Leases
from knowledge.library.library import Library
from knowledge.sources.port import Kind, Means, RawDocument, SkippedDocument, SourceSpec
from knowledge.sources.registry import Kinds
from knowledge.state.database import open_database
from knowledge.stores.embedded import EmbeddedStore
from knowledge.types import PUBLIC, Validators
from knowledge.web.client import GuardedClient
from tests.kit.library import file_reader
from tests.kit.web_site import Answer, Request, running_site
from tests.kit.word_embedder import WordEmbedder

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
MANAGERS = frozenset({"role:managers"})


class Clock:
    """A clock that is put forward by hand; whoever sleeps by it is woken."""

    def __init__(self) -> None:
        self.now = START
        self._moved = asyncio.Condition()
        self._sleepers = 0

    def __call__(self) -> datetime:
        return self.now

    async def forward(self, by: timedelta) -> None:
        """Put it forward as soon as somebody sleeps."""
        async with self._moved:
            await self._moved.wait_for(lambda: self._sleepers > 0)
            self.now += by
            self._sleepers = 0
            self._moved.notify_all()

    async def sleep(self, seconds: float) -> None:
        until = self.now + timedelta(seconds=seconds)
        async with self._moved:
            self._sleepers += 1
            self._moved.notify_all()
            await self._moved.wait_for(lambda: self.now >= until)


class Shelf:
    """A source that lists its document when it is told to."""

    def __init__(self) -> None:
        self.asked, self.may_go_on = asyncio.Event(), asyncio.Event()

    async def check(self) -> None: ...

    async def documents(
        self, known: Mapping[str, Validators]
    ) -> AsyncIterator[RawDocument | SkippedDocument]:
        self.asked.set()
        await self.may_go_on.wait()
        yield RawDocument("a.md", "", "a.md", b"Apples.", None, Validators())


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
    yield engine
    await engine.dispose()


@asynccontextmanager
async def opened(
    engine: AsyncEngine,
    folder: Path,
    shelf: Shelf | None,
    embedder: WordEmbedder | None = None,
) -> AsyncIterator[Library]:
    """A library that knows one further kind, ``shelf://``, if it is given a shelf."""
    further = {}
    if shelf is not None:
        further["shelf"] = Kind(
            "a shelf",
            lambda typed: typed if typed.startswith("shelf://") else None,
            lambda spec, means: shelf,
        )
    store = await EmbeddedStore.open(folder / "passages.db")
    async with GuardedClient(allow=("127.0.0.0/8",)) as client:
        yield Library(
            engine,
            store,
            embedder or WordEmbedder(),
            file_reader(),
            Means(client, 10**6),
            kinds=Kinds(further),
            clock=lambda: START,
        )
    await store.close()


@pytest_asyncio.fixture
async def library(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Library]:
    async with opened(engine, tmp_path, None) as library:
        yield library


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "pay.md").write_text("Salaries arrive monthly.")
    return folder


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


class TestRefreshing:
    @pytest.mark.parametrize("by", ["id", "path"])
    async def test_finds_it_by_its_id_or_its_path(
        self, library: Library, folder: Path, by: str
    ) -> None:
        spec, _ = await library.add(str(folder))
        (folder / "trains.md").write_text("Trains are booked.")
        report = await library.refresh(spec.id if by == "id" else f"{folder}/../docs")
        assert (report.added, report.unchanged) == (1, 1)

    async def test_what_is_not_there_is_said(self, library: Library) -> None:
        for act in (library.refresh, library.remove, library.pause, library.show):
            with pytest.raises(SourceError, match="no source 'nowhere'"):
                await act("nowhere")

    async def test_of_two_in_one_place_the_one_that_is_meant_has_to_be_named(
        self, library: Library
    ) -> None:
        async with running_site() as site:
            site.serve("/", "<p>Salaries.", Content_Type="text/html")
            page, _ = await library.add(site.url("/"))
            whole, _ = await library.add(site.url("/"), kind="website")
            with pytest.raises(SourceError, match="place of several sources; name") as told:
                await library.remove(site.url("/"))
            for named in (f"{page.id} (web)", f"{whole.id} (website)"):
                assert named in str(told.value)
            await library.remove(page.id)
            assert (await library.find(site.url("/"))).id == whole.id

    async def test_what_two_change_at_a_time_is_both_changed(
        self, library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spec, _ = await library.add(str(folder))
        change = library._catalog.change_source

        async def closed_in_between(id: str, **values: object) -> None:
            if "is_paused" in values:
                await library.set_access(id, MANAGERS)
            await change(id, **values)

        monkeypatch.setattr(library._catalog, "change_source", closed_in_between)
        paused = await library.pause(spec.id)
        assert (paused.is_paused, paused.access) == (True, MANAGERS)

    async def test_what_is_removed_meanwhile_does_not_come_back(
        self, library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spec, _ = await library.add(str(folder))
        change = library._catalog.change_source

        async def removed_in_between(id: str, **values: object) -> None:
            await library.remove(id)
            await change(id, **values)

        monkeypatch.setattr(library._catalog, "change_source", removed_in_between)
        with pytest.raises(SourceError, match="There is no source"):
            await library.set_schedule(spec.id, "hourly")
        assert await library.sources() == []

    async def test_one_that_is_paused_while_it_is_added_again_stays_paused(
        self, engine: AsyncEngine, tmp_path: Path
    ) -> None:
        class PausedMeanwhile(Shelf):
            async def check(self) -> None:
                if known := await ours.sources():
                    await ours.pause(known[0].id)

        shelf = PausedMeanwhile()
        shelf.may_go_on.set()
        async with opened(engine, tmp_path, shelf) as ours:
            await ours.add("shelf://1")
            await ours.add("shelf://1")
            assert [each.is_paused for each in await ours.sources()] == [True]

    async def test_a_paused_source_is_left_alone_until_it_is_resumed(
        self, library: Library, folder: Path
    ) -> None:
        spec, _ = await library.add(str(folder))
        assert (await library.pause(spec.id)).is_paused
        with pytest.raises(SourceError, match="is paused; resume it first"):
            await library.refresh(spec.id)
        (state,) = await library.states()
        assert state.passages == 1
        await library.pause(spec.id, is_paused=False)
        assert (await library.refresh(spec.id)).unchanged == 1

    async def test_a_kind_that_is_no_longer_there_is_told_in_its_run(
        self, engine: AsyncEngine, tmp_path: Path
    ) -> None:
        shelf = Shelf()
        shelf.may_go_on.set()
        async with opened(engine, tmp_path, shelf) as before:
            spec, _ = await before.add("shelf://fruit")
        async with opened(engine, tmp_path, None) as library:
            report = await library.refresh(spec.id)
            assert report.error is not None and "no kind of source 'shelf'" in report.error
            assert (await library.states())[0].passages == 1

    async def test_its_last_runs_are_shown_the_newest_first(
        self, library: Library, folder: Path
    ) -> None:
        spec, first = await library.add(str(folder))
        (folder / "scan.png").write_bytes(b"\x89PNG")
        second = await library.refresh(spec.id)
        state, runs = await library.show(spec.id)
        assert state.spec == spec
        assert [each.report for each in runs] == [second, first]
        assert second.others == {"pictures": 1}

    async def test_what_is_removed_is_gone(self, library: Library, folder: Path) -> None:
        spec, _ = await library.add(str(folder))
        assert await library.remove(spec.id) == 1
        assert await library.states() == []


class TestOneAtATime:
    async def test_whoever_comes_second_is_told_who_reads_and_since_when(
        self, engine: AsyncEngine, tmp_path: Path
    ) -> None:
        shelf = Shelf()
        async with opened(engine, tmp_path, shelf) as one, opened(engine, tmp_path, shelf) as two:
            reading = asyncio.create_task(one.add("shelf://fruit"))
            await shelf.asked.wait()
            (state,) = await two.states()
            assert state.reading is not None and state.reading.since == START
            for act in (two.add("shelf://fruit"), two.refresh(state.spec.id)):
                with pytest.raises(SourceBusy, match=r"by process \d+ on .* since 2026-03-02 09:0"):
                    await act
            with pytest.raises(SourceBusy):
                await two.remove("shelf://fruit")
            shelf.may_go_on.set()
            spec, report = await reading
            assert report.added == 1
            assert (await two.refresh(spec.id)).unchanged == 1
            assert [each.reading for each in await two.states()] == [None]

    async def test_of_many_that_begin_at_once_one_reads(
        self, engine: AsyncEngine, tmp_path: Path
    ) -> None:
        shelf = Shelf()
        async with opened(engine, tmp_path, shelf) as library:
            adding = [asyncio.create_task(library.add("shelf://fruit")) for _ in range(8)]
            await shelf.asked.wait()
            waiting = set(adding)
            while len(waiting) > 1:
                _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            shelf.may_go_on.set()
            outcomes = await asyncio.gather(*adding, return_exceptions=True)
            assert sum(isinstance(each, SourceBusy) for each in outcomes) == 7

    async def test_a_run_that_fails_or_is_cancelled_lets_go(
        self, engine: AsyncEngine, tmp_path: Path
    ) -> None:
        shelf = Shelf()
        async with opened(engine, tmp_path, shelf) as library:
            reading = asyncio.create_task(library.add("shelf://fruit"))
            await shelf.asked.wait()
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            shelf.may_go_on.set()
            _, report = await library.add("shelf://fruit")
            assert report.added == 1


class FlakyEngine:
    """An engine that cannot be reached now and then."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.faults: list[Exception] = []

    def begin(self) -> Any:
        if self.faults:
            raise self.faults.pop(0)
        return self._engine.begin()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


class TestLeases:
    async def test_are_renewed_for_as_long_as_they_are_held(self, engine: AsyncEngine) -> None:
        clock = Clock()
        leases = Leases(engine, clock, sleep=clock.sleep)
        async with leases.hold("s"):
            for _ in range(40):  # ten times its length
                await clock.forward(LEASE / 4)
            with pytest.raises(SourceBusy):
                async with Leases(engine, clock).hold("s"):
                    pass

    async def test_outlive_a_database_that_is_away_for_a_moment(self, engine: AsyncEngine) -> None:
        clock = Clock()
        flaky = FlakyEngine(engine)
        async with Leases(flaky, clock, sleep=clock.sleep).hold("s"):  # type: ignore[arg-type]
            flaky.faults = [ConnectionRefusedError("away"), OperationalError("", {}, Exception())]
            async with asyncio.timeout(30):  # nobody sleeps any more if it was given up
                for _ in range(12):  # three times its length
                    await clock.forward(LEASE / 4)
            assert flaky.faults == []
            with pytest.raises(SourceBusy):
                async with Leases(engine, clock).hold("s"):
                    pass

    async def test_stop_who_cannot_renew_them_and_say_why(self, engine: AsyncEngine) -> None:
        clock = Clock()
        flaky = FlakyEngine(engine)
        begun = asyncio.Event()

        async def reads() -> None:
            async with Leases(flaky, clock, sleep=clock.sleep).hold("s"):  # type: ignore[arg-type]
                begun.set()
                await asyncio.Event().wait()

        reading = asyncio.create_task(reads())
        await begun.wait()
        flaky.faults = [ConnectionRefusedError("away")] * 4
        for _ in range(4):
            await clock.forward(LEASE / 4)
        with pytest.raises(SourceBusy, match="the database stood still"):
            await reading

    async def test_of_one_that_died_run_out(self, engine: AsyncEngine) -> None:
        clock = Clock()
        held = Leases(engine, clock, sleep=clock.sleep).hold("s")
        await held.__aenter__()  # and never again seen
        clock.now += LEASE
        async with Leases(engine, clock, holder="the next").hold("s"):
            assert (await Leases(engine, clock).readings())["s"].holder == "the next"

    async def test_that_were_taken_over_stop_whoever_stood_still(self, engine: AsyncEngine) -> None:
        clock = Clock()
        begun, ended = asyncio.Event(), []

        async def stands_still() -> None:
            async with Leases(engine, clock, sleep=clock.sleep).hold("s"):
                begun.set()
                await asyncio.Event().wait()
                ended.append("wrote")

        first = asyncio.create_task(stands_still())
        await begun.wait()
        clock.now += LEASE  # the process was suspended
        async with Leases(engine, clock, holder="the next").hold("s"):
            await clock.forward(LEASE / 4)
            with pytest.raises(SourceBusy, match="by the next"):
                await first
        assert ended == []


def test_a_spec_says_what_may_be_shown_of_it() -> None:
    old = SourceSpec("a" * 12, "web", "https://u:p@x.example/?token=abc")
    assert old.shown == "https://x.example/?token=…"
    assert SourceSpec("a" * 12, "folder", "/srv/wiki").shown == "/srv/wiki"
