"""Sources are read again when they are due, paused and removed."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.errors import SourceError
from knowledge.library.library import Library
from tests.kit.web_site import running_site
from tests.knowledge.library.opening import MANAGERS, Shelf, opened


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
