"""One bad document, or a source that fails, is told of and harms no other."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfWriter

from knowledge.sources.port import SkippedDocument
from tests.kit.library import MAX_BYTES, Library
from tests.knowledge.ingest.shelf import Shelf, document


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
