"""Reading sources in: incremental, guarded, never fatal for one bad document."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from pypdf import PdfWriter

from knowledge.errors import SourceError
from knowledge.library.ingest import Progress
from knowledge.sources.port import RawDocument, SkippedDocument
from knowledge.types import Principals, Validators
from tests.kit.library import MAX_BYTES, Library, last_report, opened_library, spec_for
from tests.kit.web_site import Answer, Request, Site, running_site

ROOT = Path(__file__).resolve().parents[2]


@pytest_asyncio.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    async with opened_library(tmp_path / "data", tmp_path / "docs") as opened:
        yield opened


class Shelf:
    """A source that lists what it is given, and then perhaps fails."""

    def __init__(
        self, listed: Iterable[RawDocument | SkippedDocument], failure: str | None = None
    ) -> None:
        self._listed = tuple(listed)
        self._failure = failure

    async def check(self) -> None: ...

    async def documents(
        self, _: Mapping[str, Validators]
    ) -> AsyncIterator[RawDocument | SkippedDocument]:
        for each in self._listed:
            yield each
        if self._failure:
            raise SourceError(self._failure)


def document(name: str, text: str | None, access: Principals | None = None) -> RawDocument:
    content = None if text is None else text.encode()
    url = f"https://x.example/{name}"
    return RawDocument(name, url, name, content, None, Validators(), access)


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


class TestAccess:
    async def test_who_may_read_the_source_may_read_its_documents(self, library: Library) -> None:
        library.write(pay="Salaries arrive monthly.")
        await library.read(library.spec(["role:managers", "user:U1"]))
        assert await library.found("salaries") == []
        assert await library.found("salaries", "public", "role:hr") == []
        assert await library.found("salaries", "public", "role:managers") == ["pay.md"]
        assert await library.found("salaries", "user:U1") == ["pay.md"]

    async def test_a_change_of_access_holds_after_the_next_run(self, library: Library) -> None:
        library.write(pay="Salaries arrive monthly.")
        await library.read()
        assert await library.found("salaries") == ["pay.md"]

        report = await library.read(library.spec(["role:managers"]))
        assert report.changed == 1
        assert await library.found("salaries") == []
        assert await library.found("salaries", "role:managers") == ["pay.md"]

        await library.read()
        assert await library.found("salaries") == ["pay.md"]

    async def test_front_matter_narrows_a_public_source(self, library: Library) -> None:
        library.write(pay="---\naccess: [role:managers]\n---\nSalaries arrive monthly.")
        await library.read()
        assert await library.found("salaries") == []
        assert await library.found("salaries", "role:managers") == ["pay.md"]

    async def test_front_matter_narrows_a_limited_source(self, library: Library) -> None:
        library.write(pay="---\naccess: [role:hr]\n---\nSalaries arrive monthly.")
        await library.read(library.spec(["role:hr", "role:managers"]))
        assert await library.found("salaries", "role:managers") == []
        assert await library.found("salaries", "role:hr") == ["pay.md"]

    @pytest.mark.parametrize(
        "stated", ["public", "[public, role:managers]", "[role:managers, role:cleaners]"]
    )
    async def test_front_matter_never_widens(self, library: Library, stated: str) -> None:
        library.write(pay=f"---\naccess: {stated}\n---\nSalaries arrive monthly.")
        await library.read(library.spec(["role:managers"]))
        assert await library.found("salaries") == []
        assert await library.found("salaries", "role:cleaners") == []
        assert await library.found("salaries", "role:managers") == ["pay.md"]

    async def test_where_they_overlap_only_those_that_both_name_may_read(
        self, library: Library
    ) -> None:
        library.write(pay="---\naccess: [role:hr, role:board]\n---\nSalaries arrive monthly.")
        await library.read(library.spec(["role:hr", "role:managers"]))
        assert await library.found("salaries", "role:hr") == ["pay.md"]
        assert await library.found("salaries", "role:managers") == []
        assert await library.found("salaries", "role:board") == []

    async def test_where_they_do_not_overlap_neither_alone_is_enough(
        self, library: Library
    ) -> None:
        library.write(pay="---\naccess: [user:U1]\n---\nSalaries arrive monthly.")
        await library.read(library.spec(["role:managers"]))
        assert await library.found("salaries", "role:managers") == []
        assert await library.found("salaries", "user:U1") == []

    async def test_who_may_read_a_document_at_its_source_may_read_it_here(
        self, library: Library
    ) -> None:
        channel = frozenset({"channel:C1"})
        limited = document("pay.md", "Salaries arrive monthly.", channel)
        await library.read(source=Shelf([limited]))
        assert await library.found("salaries") == []
        assert await library.found("salaries", "channel:C1") == ["pay.md"]

    async def test_a_document_whose_readers_changed_at_its_source_is_for_the_new_ones(
        self, library: Library
    ) -> None:
        for channel in ("channel:C1", "channel:C2"):
            shelf = Shelf([document("pay.md", "Salaries.", frozenset({channel}))])
            assert (await library.read(source=shelf)).unchanged == 0
        assert await library.found("salaries", "channel:C1") == []
        assert await library.found("salaries", "channel:C2") == ["pay.md"]

    @pytest.mark.parametrize("readers", [frozenset({"role:hr"}), frozenset()])
    async def test_a_document_that_nobody_would_see_is_skipped_with_the_reason(
        self, library: Library, readers: Principals
    ) -> None:
        shelf = Shelf([document("pay.md", "Salaries.", readers)])
        report = await library.read(library.spec(["role:managers"]), shelf)
        assert "obody" in report.skipped["pay.md"]

    async def test_a_document_that_becomes_public_is_found_by_all(self, library: Library) -> None:
        library.write(pay="---\naccess: [role:managers]\n---\nSalaries arrive monthly.")
        await library.read()
        library.write(pay="Salaries arrive monthly.")
        await library.read()
        assert await library.found("salaries") == ["pay.md"]


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


def locked_pdf() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("pass")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "empty.md": (b"", "empty"),
    "blank.md": (b" \n\t\n", "empty"),
    "comment.md": (b"<!-- nothing else -->", "text"),
    "locked.pdf": (locked_pdf(), "password"),
    "torn.pdf": (b"%PDF-1.7\n1 0 obj\n<<", ""),
    "locked.docx": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
        "password",
    ),
    "torn.docx": (b"PK\x03\x04" + bytes(100), "damaged"),
    "really-a-pdf.md": (b"%PDF-1.7\n" + bytes(100), "a PDF"),
    "really-text.xlsx": (b"only text", "wrongly named"),
    "noise.txt": (bytes(range(256)) * 4, "binary"),
    "access.md": (b"---\naccess: {}\n---\nSecret.", "access list"),
    "huge.md": (b"x" * (MAX_BYTES + 1), "MB"),
    "letter.odt": (b"PK", "type"),
}


class TestSkipped:
    async def test_bad_files_are_skipped_with_their_reasons_and_the_rest_is_read(
        self, library: Library
    ) -> None:
        library.write(aaa="Apples first.", zzz="Zebras last.")
        for name, (content, _) in BAD_FILES.items():
            (library.folder / name).write_bytes(content)

        report = await library.read()

        assert report.error is None
        assert report.added == 2
        assert report.skipped.keys() == BAD_FILES.keys()
        for name, (_, word) in BAD_FILES.items():
            assert word in report.skipped[name], name
            assert report.skipped[name].endswith((".", "?"))
        assert [p.document for p in await library.passages()] == ["aaa.md", "zzz.md"]
        assert (await library.documents()).keys() == {"aaa.md", "zzz.md"}

    @pytest.mark.parametrize("name", ["empty.md", "access.md", "huge.md"])
    async def test_a_document_that_turns_bad_leaves_the_index_and_can_come_back(
        self, library: Library, name: str
    ) -> None:
        path = library.folder / name
        path.write_text("Salaries arrive monthly.")
        await library.read()
        assert await library.found("salaries") == [name]

        path.write_bytes(BAD_FILES[name][0])
        report = await library.read()
        assert list(report.skipped) == [name]
        assert report.removed == 0
        assert await library.found("salaries") == []
        assert await library.documents() == {}

        path.write_text("Salaries arrive monthly.")
        assert (await library.read()).added == 1
        assert await library.found("salaries") == [name]

    async def test_what_the_source_skips_is_no_longer_in_the_index(self, library: Library) -> None:
        spec = library.spec()
        await library.read(spec, Shelf([document("a", "Apples."), document("b", "Bikes.")]))
        report = await library.read(
            spec, Shelf([SkippedDocument("a", "It is locked."), document("b", "Bikes.")])
        )
        assert report.skipped == {"a": "It is locked."}
        assert (report.removed, report.unchanged) == (0, 1)
        assert [p.document for p in await library.passages()] == ["b"]


class TestFailingSource:
    async def test_nothing_is_removed_and_what_was_read_is_kept(self, library: Library) -> None:
        spec = library.spec()
        await library.read(spec, Shelf([document("a", "Apples."), document("b", "Bikes.")]))

        report = await library.read(
            spec, Shelf([document("a", "Apricots."), document("c", "Cars.")], "The site is down.")
        )

        assert report.error == "The site is down."
        assert (report.added, report.changed, report.removed) == (1, 1, 0)
        assert [p.text for p in await library.passages()] == ["Apricots.", "Bikes.", "Cars."]
        assert (await library.documents()).keys() == {"a", "b", "c"}

    async def test_a_folder_that_is_not_mounted_removes_nothing(self, library: Library) -> None:
        library.write(pay="Salaries arrive monthly.")
        spec = library.spec()
        await library.read(spec)
        library.folder.rename(library.folder.with_name("elsewhere"))

        report = await library.read(spec)

        assert report.error is not None and str(spec.location) in report.error
        assert await library.found("salaries") == ["pay.md"]

    async def test_the_next_good_run_clears_the_error(self, library: Library) -> None:
        spec = library.spec()
        await library.read(spec, Shelf([], "The site is down."))
        await library.read(spec, Shelf([document("a", "Apples.")]))
        last = await library.catalog.last_run(spec.id)
        assert last is not None and last.report.error is None


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
