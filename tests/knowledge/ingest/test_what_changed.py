"""Reading a source in again touches what changed and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from knowledge.library.ingest import Progress
from tests.kit.library import Library, last_report, spec_for


class TestWhatChanged:
    async def test_a_first_run_adds_every_document(self, library: Library) -> None:
        library.write(pay="Salaries arrive monthly.", travel__trains="Trains go first.")
        report = await library.read()
        assert (report.added, report.changed, report.removed, report.unchanged) == (2, 0, 0, 0)
        assert report.skipped == {} and report.error is None
        assert await library.found("salaries") == ["pay.md"]
        assert await library.found("trains") == ["travel/trains.md"]
        assert {path: known.passages for path, known in (await library.documents()).items()} == {
            "pay.md": 1,
            "travel/trains.md": 1,
        }

    async def test_a_run_without_changes_embeds_nothing_and_changes_nothing(
        self, library: Library
    ) -> None:
        library.write(pay="Salaries arrive monthly.", trains="Trains go first.")
        await library.read()
        before = (await library.passages(), await library.documents())
        library.embedder.embedded.clear()

        report = await library.read()

        assert library.embedder.embedded == []
        assert (report.added, report.changed, report.removed, report.unchanged) == (0, 0, 0, 2)
        assert (await library.passages(), await library.documents()) == before

    async def test_only_what_changed_is_embedded_and_its_old_passages_go(
        self, library: Library
    ) -> None:
        library.write(pay="# A\n\nOld salaries.\n\n# B\n\nOld bonus.", trains="Trains go first.")
        await library.read()
        library.embedder.embedded.clear()

        library.write(pay="# A\n\nNew salaries.")
        report = await library.read()

        assert (report.added, report.changed, report.unchanged) == (0, 1, 1)
        assert [text.splitlines()[-1] for text in library.embedder.embedded] == ["New salaries."]
        assert [p.text for p in await library.passages()] == ["New salaries.", "Trains go first."]

    async def test_the_embedder_reads_title_and_headings_above_the_text(
        self, library: Library
    ) -> None:
        library.write(pay="---\ntitle: Money\n---\n## Bonus\n\nPaid in May.")
        await library.read()
        assert library.embedder.embedded == ["Money › Bonus\nPaid in May."]

    async def test_what_vanished_cannot_be_found_any_more(self, library: Library) -> None:
        library.write(pay="Salaries arrive monthly.", trains="Trains go first.")
        await library.read()
        assert await library.found("salaries") == ["pay.md"]

        (library.folder / "pay.md").unlink()
        report = await library.read()

        assert report.removed == 1
        assert await library.found("salaries") == []
        assert list(await library.documents()) == ["trains.md"]
        assert await library.store.count() == 1

    async def test_a_moved_document_is_found_at_its_new_place_only(self, library: Library) -> None:
        library.write(pay="Salaries arrive monthly.")
        await library.read()
        (library.folder / "people").mkdir()
        (library.folder / "pay.md").rename(library.folder / "people" / "pay.md")

        report = await library.read()

        assert (report.added, report.removed) == (1, 1)
        (moved,) = await library.passages()
        assert moved.document == "people/pay.md"
        assert moved.url.endswith("/people/pay.md")

    async def test_the_same_text_in_two_documents_is_kept_for_both(self, library: Library) -> None:
        library.write(a="Salaries arrive monthly.", b="Salaries arrive monthly.")
        await library.read()
        assert [p.document for p in await library.passages()] == ["a.md", "b.md"]

        (library.folder / "a.md").unlink()
        await library.read()
        assert [p.document for p in await library.passages()] == ["b.md"]

    async def test_another_base_url_reaches_the_citations(self, library: Library) -> None:
        library.write(pay="# Pay\n\nMonthly.")
        await library.read()
        report = await library.read(library.spec(base_url="https://wiki.example/hr"))
        assert report.changed == 1
        (passage,) = await library.passages()
        assert passage.url.startswith("https://wiki.example/hr/pay.md")

    async def test_what_the_store_has_lost_is_read_again(self, library: Library) -> None:
        library.write(pay="Salaries arrive monthly.", trains="Trains go first.")
        await library.read()
        before = await library.passages()
        await library.store.delete(library.spec().id, "pay.md")
        await library.read()
        assert await library.passages() == before

    async def test_another_embedder_reads_everything_again(self, library: Library) -> None:
        library.write(pay="Salaries arrive monthly.")
        await library.read()
        library.embedder._name = "other-words"
        assert (await library.read()).changed == 1

    async def test_sources_do_not_touch_each_other(self, library: Library, tmp_path: Path) -> None:
        library.write(pay="Salaries arrive monthly.")
        await library.read()
        other = tmp_path / "other"
        other.mkdir()
        (other / "pay.md").write_text("Bonus arrives yearly.")
        await library.read(spec_for(str(other)))

        (other / "pay.md").unlink()
        await library.read(spec_for(str(other)))
        assert await library.found("salaries") == ["pay.md"]
        assert await library.found("bonus") == []

    async def test_a_removed_source_leaves_nothing(self, library: Library, tmp_path: Path) -> None:
        library.write(pay="# A\n\nSalaries.\n\n# B\n\nBonus.")
        await library.read()
        other = tmp_path / "other"
        other.mkdir()
        (other / "trains.md").write_text("Trains go first.")
        await library.read(spec_for(str(other)))

        gone = await library.ingester().remove(library.spec().id)

        assert gone == 2
        assert [spec.location for spec in await library.catalog.sources()] == [str(other)]
        assert await library.documents() == {}
        assert await library.catalog.last_run(library.spec().id) is None
        assert [p.document for p in await library.passages()] == ["trains.md"]

    async def test_progress_tells_documents_and_passages_so_far(self, library: Library) -> None:
        library.write(a="# A\n\nOne.\n\n# B\n\nTwo.", b="Three.")
        told: list[Progress] = []
        await library.read(progress=told.append)
        assert told == [Progress(1, 2, "a.md"), Progress(2, 3, "b.md")]


class TestValidUntil:
    TODAY = date(2026, 3, 2)

    @pytest.mark.parametrize(("days", "holds"), [(-1, False), (0, True), (1, True)])
    async def test_a_document_holds_through_its_last_day(
        self, library: Library, days: int, holds: bool
    ) -> None:
        last = self.TODAY + timedelta(days=days)
        library.write(offer=f"---\nvalid_until: {last}\n---\nBikes are cheaper.")
        report = await library.read()
        assert await library.found("bikes") == (["offer.md"] if holds else [])
        assert list(report.skipped) == ([] if holds else ["offer.md"])
        assert holds or str(last) in report.skipped["offer.md"]

    async def test_a_document_expires_between_two_runs_without_a_change(
        self, library: Library
    ) -> None:
        library.write(offer=f"---\nvalid_until: {self.TODAY}\n---\nBikes are cheaper.")
        library.now = datetime(2026, 3, 2, 23, 59, tzinfo=UTC)
        assert (await library.read()).added == 1

        library.now = datetime(2026, 3, 3, 0, 0, tzinfo=UTC)
        for _ in range(2):
            report = await library.read()
            assert list(report.skipped) == ["offer.md"]
            assert await library.found("bikes") == []
            assert await library.documents() == {}

    async def test_a_prolonged_document_comes_back(self, library: Library) -> None:
        library.write(offer="---\nvalid_until: 2026-03-01\n---\nBikes are cheaper.")
        await library.read()
        library.write(offer="---\nvalid_until: 2026-04-01\n---\nBikes are cheaper.")
        assert (await library.read()).added == 1
        assert await library.found("bikes") == ["offer.md"]


class TestRuns:
    async def test_a_run_is_recorded_as_it_was_reported(self, library: Library) -> None:
        library.write(pay="Salaries.", trains="Trains.", old="Old.", empty="")
        await library.read()
        library.write(pay="More salaries.", bikes="Bikes.")
        (library.folder / "old.md").unlink()

        report = await library.read()

        assert (report.added, report.changed, report.removed, report.unchanged) == (1, 1, 1, 1)
        assert list(report.skipped) == ["empty.md"]
        assert await last_report(library.catalog, library.spec().id) == report
