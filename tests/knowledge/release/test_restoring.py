"""What was answered from before can be brought back, by one command, and opens nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from knowledge.errors import SourceError
from knowledge.types import PUBLIC
from tests.kit.releases import SHELF, Releases, opened_releases

PLUMS = {"plums.md": "All about plums."}


@pytest_asyncio.fixture
async def releases(tmp_path: Path) -> AsyncIterator[Releases]:
    async with opened_releases(tmp_path) as opened:
        yield opened


async def with_history(releases: Releases) -> tuple[str, list[int]]:
    """The shelf, of whose documents one changed twice, and the numbers of its runs."""
    releases.put("pears", "plums")
    spec, _ = await releases.library.add(SHELF)
    for text in ("Pears are green.", "Pears are sold out."):
        releases.next_day()
        releases.put("pears", text=lambda _, text=text: text)  # type: ignore[misc]
        await releases.library.refresh(spec.id)
    return spec.id, [each.id for each in await releases.library.runs(spec.id)][::-1]


async def test_the_version_before_the_newest_change_comes_back(releases: Releases) -> None:
    source, _ = await with_history(releases)
    report = await releases.library.restore(source)
    assert (report.changed, report.unchanged) == (1, 1)
    assert await releases.held() == PLUMS | {"pears.md": "Pears are green."}


async def test_so_does_what_was_there_after_a_run(releases: Releases) -> None:
    source, runs = await with_history(releases)
    await releases.library.restore(source, runs[0])
    assert await releases.held() == PLUMS | {"pears.md": "All about pears."}


async def test_what_it_took_back_does_not_come_again_and_a_newer_version_does(
    releases: Releases,
) -> None:
    source, _ = await with_history(releases)
    await releases.library.restore(source)
    releases.next_day()
    report = await releases.library.refresh(source)
    assert "An admin brought an earlier version back" in report.quarantined["pears.md"]
    assert (await releases.held())["pears.md"] == "Pears are green."
    releases.put("pears", text=lambda _: "Pears are back.")
    assert (await releases.library.refresh(source)).changed == 1
    assert (await releases.held())["pears.md"] == "Pears are back."


async def test_it_can_itself_be_taken_back(releases: Releases) -> None:
    source, _ = await with_history(releases)
    await releases.library.restore(source)
    await releases.library.restore(source)
    assert (await releases.held())["pears.md"] == "Pears are sold out."


async def test_what_came_goes_and_what_went_comes_back(releases: Releases) -> None:
    releases.put("pears", "plums")
    spec, _ = await releases.library.add(SHELF)
    releases.take_away("pears")
    releases.put("quinces")
    await releases.library.refresh(spec.id)
    report = await releases.library.restore(spec.id)
    assert (report.added, report.removed) == (1, 1)
    assert await releases.held() == PLUMS | {"pears.md": "All about pears."}
    assert (await releases.library.refresh(spec.id)).removed == 0
    assert await releases.held() == PLUMS | {"pears.md": "All about pears."}


async def test_nothing_is_opened_that_was_closed_since(releases: Releases) -> None:
    source, _ = await with_history(releases)
    await releases.library.set_access(source, frozenset({"role:board"}))
    await releases.library.restore(source)
    assert await releases.held(PUBLIC) == {}
    assert (await releases.held("role:board"))["pears.md"] == "Pears are green."


async def test_nor_what_a_document_closed_itself(releases: Releases) -> None:
    releases.put("pears", "plums")
    spec, _ = await releases.library.add(SHELF)
    releases.put("pears", text=lambda _: "---\naccess: [role:board]\n---\nPears are rare.")
    await releases.library.refresh(spec.id)
    await releases.library.restore(spec.id)
    assert await releases.held(PUBLIC) == PLUMS
    assert (await releases.held("role:board"))["pears.md"] == "All about pears."


async def test_only_the_last_runs_that_changed_something_are_kept(releases: Releases) -> None:
    source, runs = await with_history(releases)
    for n in range(3):
        releases.put("pears", text=lambda _, n=n: f"Pears, part {n}.")  # type: ignore[misc]
        await releases.library.refresh(source)
        await releases.library.refresh(source)  # nothing changes
    with pytest.raises(SourceError, match="only the last 3 runs"):
        await releases.library.restore(source, runs[0])
    await releases.library.restore(source, runs[2])
    assert (await releases.held())["pears.md"] == "Pears are sold out."


async def test_what_cannot_be_is_told(releases: Releases) -> None:
    releases.put("pears")
    spec, _ = await releases.library.add(SHELF)
    with pytest.raises(SourceError, match="no earlier version"):
        await releases.library.restore(spec.id)
    source, runs = await with_history(releases)
    with pytest.raises(SourceError, match="no run 99"):
        await releases.library.restore(source, 99)
    with pytest.raises(SourceError, match="Nothing has changed since"):
        await releases.library.restore(source, (await releases.library.runs(source, 1))[0].id)
    releases.embedder._name = "others"
    with pytest.raises(SourceError, match="another embedder"):
        await releases.library.restore(source, runs[0])
