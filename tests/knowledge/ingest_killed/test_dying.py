"""A run that dies at a given step is simply run again."""

from __future__ import annotations

from typing import Any

import pytest

from knowledge.library.catalog import Catalog
from knowledge.stores.port import PassageStore
from tests.kit.library import Library, last_report


class Died(BaseException):
    """The process would be gone at this point."""


class DyingStore:
    """A store in which a process dies right after its first write."""

    def __init__(self, store: PassageStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name != "replace_many":
            return method

        async def dying(*args: Any) -> None:
            await method(*args)
            raise Died

        return dying


class DyingCatalog(Catalog):
    """A catalog in which a process dies right before it makes an entry of a kind."""

    def __init__(self, catalog: Catalog, before: str) -> None:
        super().__init__(catalog._engine)
        self._before = before

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_") and name == self._before:
            raise Died
        return super().__getattribute__(name)


async def dying_run(
    library: Library, catalog: Catalog | None = None, store: DyingStore | None = None
) -> None:
    spec = library.spec()
    ingester = library.ingester(catalog, store)
    with pytest.raises(Died):
        await ingester.run(spec, library.opened(spec))


class TestDyingInBetween:
    """What the source does before the next run must not be lost on it."""

    @pytest.mark.parametrize("before", ["begin_switch", "settle", "end_run"])
    async def test_a_run_that_died_is_not_the_last_run(self, library: Library, before: str) -> None:
        library.write(pay="Salaries.")
        report = await library.read()
        library.write(pay="More salaries.")
        await dying_run(library, catalog=DyingCatalog(library.catalog, before))
        assert await last_report(library.catalog, library.spec().id) == report

    @pytest.mark.parametrize("before", ["begin_switch", "settle", "end_run"])
    async def test_what_was_read_before_the_death_is_not_embedded_again(
        self, library: Library, before: str
    ) -> None:
        library.write(pay="Salaries.")
        await library.read()
        library.write(pay="More salaries.", trains="Trains.")
        await dying_run(library, catalog=DyingCatalog(library.catalog, before))
        library.embedder.embedded.clear()
        await library.read()
        assert library.embedder.embedded == []
        assert [p.text for p in await library.passages()] == ["More salaries.", "Trains."]

    async def test_nothing_is_seen_before_it_is_checked(self, library: Library) -> None:
        library.write(pay="Salaries arrive monthly.")
        await dying_run(library, catalog=DyingCatalog(library.catalog, "begin_switch"))
        assert await library.store.count() == 0

    async def test_a_document_deleted_after_the_death_is_not_found(self, library: Library) -> None:
        library.write(pay="Salaries arrive monthly.")
        await dying_run(library, store=DyingStore(library.store))
        (library.folder / "pay.md").unlink()
        await library.read()
        assert await library.found("salaries") == []
        assert await library.store.count() == 0

    async def test_a_document_changed_back_after_the_death_is_found_as_it_is(
        self, library: Library
    ) -> None:
        library.write(pay="Salaries arrive monthly.")
        await library.read()
        library.write(pay="Salaries arrive weekly.")
        await dying_run(library, store=DyingStore(library.store))
        library.write(pay="Salaries arrive monthly.")
        await library.read()
        assert [p.text for p in await library.passages()] == ["Salaries arrive monthly."]

    @pytest.mark.parametrize("how", ["vanished", "skipped"])
    async def test_a_document_restored_after_the_death_is_found(
        self, library: Library, how: str
    ) -> None:
        library.write(pay="Salaries arrive monthly.")
        await library.read()
        if how == "vanished":
            (library.folder / "pay.md").unlink()
        else:
            library.write(pay="")
        await dying_run(library, store=DyingStore(library.store))
        library.write(pay="Salaries arrive monthly.")
        await library.read()
        assert await library.found("salaries") == ["pay.md"]
