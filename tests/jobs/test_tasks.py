"""A reading that fails for a passing reason is tried again; nights that fail are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from jobs.reingest import reingest
from knowledge.errors import SourceAway, SourceError
from knowledge.library.kept.tasks import FIRST_PAUSE, MOST_ATTEMPTS
from tests.kit.releases import SHELF, Releases, opened_releases

MINUTE = timedelta(minutes=1)


@pytest_asyncio.fixture
async def releases(tmp_path: Path) -> AsyncIterator[Releases]:
    async with opened_releases(tmp_path) as opened:
        opened.put("pears")
        await opened.library.add(SHELF, by="office:user:ann")
        opened.next_day()
        yield opened


async def night(releases: Releases, at: datetime | None = None) -> None:
    """The job of that night, as it is done every minute."""
    since = at or releases.now
    await reingest(releases.library, lambda _: since)


async def runs(releases: Releases) -> int:
    [spec] = await releases.library.sources()
    return len(await releases.library.runs(spec.id)) - 1  # but for its being added


async def test_another_try_comes_after_a_pause_that_grows(releases: Releases) -> None:
    began = releases.now
    releases.shelf.failure = SourceAway("It is down.")
    tried = []
    while releases.now < began + timedelta(hours=2):
        before = await runs(releases)
        await night(releases, began)
        if await runs(releases) > before:
            tried.append((releases.now - began) // MINUTE)
        releases.now += MINUTE
    assert tried == [0, 2, 10, 42]  # after 2, 8 and 32 minutes, and then no more that night
    assert len(tried) == MOST_ATTEMPTS and timedelta(minutes=2) == FIRST_PAUSE


async def test_a_server_that_asks_for_time_is_given_it(releases: Releases) -> None:
    began = releases.now
    releases.shelf.failure = SourceAway("It is busy.", retry_after=1800)
    await night(releases, began)
    releases.shelf.failure = None
    releases.now = began + timedelta(minutes=29)
    await night(releases, began)
    assert await runs(releases) == 1
    releases.now = began + timedelta(minutes=31)
    await night(releases, began)
    assert await runs(releases) == 2


async def test_what_no_later_try_can_mend_is_not_tried_again_that_night(releases: Releases) -> None:
    began = releases.now
    releases.shelf.failure = SourceError("It forbids robots.")
    for _ in range(3):
        await night(releases, began)
        releases.now += timedelta(hours=1)
    assert await runs(releases) == 1


async def test_after_three_nights_whoever_added_it_is_told_once(releases: Releases) -> None:
    releases.shelf.failure = SourceError("It forbids robots.")
    for nth in range(1, 6):
        await night(releases)
        told = [each for each in await releases.library.notices.pending() if each.kind == "failing"]
        assert len(told) == (nth >= 3)
        releases.next_day()
    [notice] = told
    assert notice.audience == "office:user:ann"
    assert "3 times in a row" in notice.text and "It forbids robots." in notice.text


async def test_a_good_night_in_between_begins_the_count_anew(releases: Releases) -> None:
    for failure in (SourceError("No."), SourceError("No."), None, SourceError("No.")):
        releases.shelf.failure = failure
        await night(releases)
        releases.next_day()
    assert await releases.library.notices.pending() == []


async def test_nights_that_were_missed_are_made_up_for_once(releases: Releases) -> None:
    releases.now += timedelta(days=5)
    last_night = releases.now
    for _ in range(3):
        await night(releases, last_night)
        releases.now += MINUTE
    assert await runs(releases) == 1


async def test_a_night_whose_process_died_is_taken_up_by_the_next(
    releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException): ...

    async def dies(_: str) -> None:
        raise Died

    began = releases.now
    with monkeypatch.context() as patched:
        patched.setattr(releases.library, "refresh", dies)
        with pytest.raises(Died):
            await night(releases, began)
    await night(releases, began)
    assert await runs(releases) == 1


async def test_there_is_one_scheduler_at_a_time(releases: Releases) -> None:
    began = releases.now
    async with releases.library.scheduling():
        await night(releases, began)
    assert await runs(releases) == 0
    await asyncio.gather(*(night(releases, began) for _ in range(5)))
    assert await runs(releases) == 1


async def test_a_source_that_was_paused_or_removed_meanwhile_is_left(releases: Releases) -> None:
    [spec] = await releases.library.sources()
    releases.shelf.failure = SourceAway("It is down.")
    began = releases.now
    await night(releases, began)
    await releases.library.pause(spec.id)
    releases.now += timedelta(hours=1)
    await night(releases, began)
    assert await runs(releases) == 1
    await releases.library.remove(spec.id)
    releases.now += timedelta(hours=1)
    await night(releases, began)
    assert await releases.library.tasks.ready(releases.now) == []
