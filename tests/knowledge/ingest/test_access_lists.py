"""Who may read a document is read in with it, and kept to."""

from __future__ import annotations

import pytest

from knowledge.types import Principals
from tests.kit.library import Library
from tests.knowledge.ingest.shelf import Shelf, document


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
