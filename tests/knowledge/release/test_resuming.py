"""What was read and embedded once is not read and embedded again, whatever ended the run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from knowledge.errors import SourceAway, StoreError
from knowledge.stores.weaviate.store import WeaviateStore
from tests.kit.releases import LOGIN, SHELF, Releases, opened_releases
from tests.stand_ins.weaviate import StandIn


@pytest_asyncio.fixture
async def releases(tmp_path: Path) -> AsyncIterator[Releases]:
    async with opened_releases(tmp_path) as opened:
        yield opened


async def test_what_a_failing_store_did_not_take_is_neither_fetched_nor_embedded_again(
    releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    releases.put("pears", "plums")
    with monkeypatch.context() as patched:

        async def away(*_: Any) -> None:
            raise StoreError("The store is away.")

        patched.setattr(releases.store, "replace_many", away)
        with pytest.raises(StoreError):
            await releases.library.add(SHELF)
    assert releases.shelf.fetched == ["pears.md", "plums.md"]
    releases.embedder.embedded.clear()
    [spec] = await releases.library.sources()
    await releases.library.recover()
    assert len(await releases.held()) == 2
    releases.embedder.embedded.clear()
    assert (await releases.library.refresh(spec.id)).unchanged == 2
    assert releases.embedder.embedded == []
    assert releases.shelf.fetched == ["pears.md", "plums.md"]


async def test_what_a_source_that_broke_off_had_told_is_shown_and_not_fetched_again(
    releases: Releases,
) -> None:
    releases.put("pears")
    releases.shelf.failure = SourceAway("The site is down.", 90)
    spec, report = await releases.library.add(SHELF)
    assert (report.added, report.again_in) == (1, 90)
    releases.shelf.failure = None
    releases.put("plums")
    assert (await releases.library.refresh(spec.id)).added == 1
    assert releases.shelf.fetched == ["pears.md", "plums.md"]


async def test_what_waits_is_not_fetched_again(releases: Releases) -> None:
    releases.put("pears", "plums")
    spec, _ = await releases.library.add(SHELF)
    releases.put("pears", text=lambda _: LOGIN)
    await releases.library.refresh(spec.id)
    await releases.library.reject(spec.id)
    releases.shelf.fetched.clear()
    for _ in range(2):
        report = await releases.library.refresh(spec.id)
        assert "kept the earlier version" in report.quarantined["pears.md"]


async def test_a_document_at_which_the_process_died_thrice_is_left_out(
    releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException): ...

    async def dies(_: Any) -> None:
        raise Died

    releases.put("bomb")
    with monkeypatch.context() as patched:
        patched.setattr(releases.embedder, "embed_passages", dies)
        for _ in range(3):
            with pytest.raises(Died):
                await releases.library.add(SHELF)
    for _ in range(2):
        _, report = await releases.library.add(SHELF)
        assert "broken off 3 times" in report.skipped["bomb.md"]
    releases.put("bomb", text=lambda _: "Defused.")
    assert (await releases.library.add(SHELF))[1].added == 1


async def test_a_release_is_the_same_on_weaviate(tmp_path: Path) -> None:
    with StandIn() as server:
        store = await WeaviateStore.open(server.url, grpc_port=server.grpc_port)
        async with opened_releases(tmp_path, store) as releases:
            releases.put(*(f"page{n}" for n in range(10)))
            spec, _ = await releases.library.add(SHELF)
            releases.take_away("page0", "page1", "page2")
            releases.put("page9", text=lambda _: "Rewritten.")
            report = await releases.library.refresh(spec.id)
            assert (report.changed, len(report.held)) == (1, 1)
            assert (await releases.library.approve(spec.id) or report).removed == 3
            assert len(await releases.held()) == 7
            await releases.library.restore(spec.id)
            assert len(await releases.held()) == 10
            assert (await releases.held())["page9.md"] == "All about page9."
        await store.close()
