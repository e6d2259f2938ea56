"""Notices: who is told that a source waits or fails, where, and that nobody is told in vain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from bot.cards import Card
from bot.conversation.channels import Channels, WorkspaceRules
from bot.conversation.outbox import Outbox
from bot.errors import PlatformError
from bot.types import Place
from jobs.admins import Admins
from jobs.notices import Notifying
from jobs.reingest import reingest
from knowledge.errors import SourceError
from tests.adapters.fake_platform import NAME, FakePlatform
from tests.kit.releases import SHELF, Releases, opened_releases

ADMINS = Place(NAME, "W1", "C-admins")
ANN = Place(NAME, "W1", "D-ann", direct=True)
NAMES = tuple("abcdefghij")


class Scene:
    """A shelf that Ann added, and an office where people are told."""

    def __init__(self, releases: Releases) -> None:
        self.releases, self.library = releases, releases.library
        self.office = FakePlatform()
        self.channels = Channels(releases.engine)
        self.outbox = Outbox(releases.engine, lambda: releases.now)
        self.admins: list[str] = []
        self.notifying = Notifying(
            self.library,
            Admins(self.channels, self.outbox, {NAME}, self.admins),
            lambda spec: f"<{spec.kind}>",
            lambda: releases.now,
        )

    async def add(self, by: str = f"{NAME}:user:ann") -> str:
        self.releases.put(*NAMES)
        spec, _ = await self.library.add(SHELF, by=by)
        return spec.id

    async def half_gone(self, by: str = f"{NAME}:user:ann") -> str:
        id = await self.add(by)
        self.releases.take_away(*NAMES[:5])
        await self.library.refresh(id)
        return id

    async def admins_meet(self, channel: str | None = ADMINS.channel) -> None:
        rules = WorkspaceRules(digest_channel=channel)
        await self.channels.set_workspace(ADMINS, rules, "x", self.releases.now)

    async def told(self) -> list[tuple[Place, Card]]:
        await self.notifying.deliver()
        await self.outbox.run(self.office)
        told, self.office.posts = self.office.posts, []
        return told


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with opened_releases(tmp_path) as releases:
        yield Scene(releases)


async def test_what_waits_is_told_with_buttons_in_the_channel_and_to_who_added_it(
    scene: Scene,
) -> None:
    id = await scene.half_gone()
    await scene.admins_meet()
    (there, card), (alone, words) = await scene.told()
    assert (there, alone) == (ADMINS, ANN)
    assert card.text.startswith("**A source waits for an admin.** <shelf>: 5 of 10 documents")
    assert (card.buttons, card.subject) == (("approve", "reject"), id)
    assert f"`/kb approve {id}`" in words.text and not words.buttons
    assert await scene.told() == []


async def test_three_bad_nights_are_told(scene: Scene) -> None:
    id = await scene.add()
    scene.releases.shelf.failure = SourceError("It forbids robots.")
    for nth in range(1, 5):
        scene.releases.next_day()
        await reingest(scene.library, lambda _: scene.releases.now)
        told = await scene.told()
        assert len(told) == (nth == 3)
        if told:
            [(place, card)] = told
            assert place == ANN and "<shelf>: It could not be read 3 times in a row" in card.text
            assert "It forbids robots." in card.text and f"`/kb show {id}`" in card.text


async def test_what_nobody_can_be_told_of_waits_until_somebody_can(scene: Scene) -> None:
    await scene.half_gone(by="shell:user:root")
    assert await scene.told() == []
    scene.admins += ["elsewhere:user:kim", f"{NAME}:group:G1"]
    assert await scene.told() == [], "neither can be written to"
    scene.admins.append(f"{NAME}:user:kim")
    [(place, card)] = await scene.told()
    assert place.channel == "D-kim" and "waits for an admin" in card.text


async def test_further_admins_are_left_alone_where_there_is_a_channel(scene: Scene) -> None:
    scene.admins.append(f"{NAME}:user:kim")
    await scene.half_gone(by="shell:user:root")
    await scene.admins_meet()
    assert [place for place, _ in await scene.told()] == [ADMINS]


async def test_what_is_over_is_not_told_any_more(scene: Scene) -> None:
    id = await scene.half_gone(by="shell:user:root")
    assert await scene.told() == []
    await scene.library.approve(id)
    await scene.admins_meet()
    assert await scene.told() == []
    assert await scene.library.notices.pending() == []


async def test_of_a_removed_source_nothing_is_told(scene: Scene) -> None:
    id = await scene.half_gone()
    await scene.library.remove(id)
    await scene.admins_meet()
    assert await scene.told() == []


async def test_killed_in_between_it_is_told_once(scene: Scene) -> None:
    await scene.half_gone()
    [notice] = await scene.library.notices.pending()
    await scene.notifying.deliver()
    async with scene.releases.engine.begin() as db:  # as if it had been killed before that
        await db.exec_driver_sql("UPDATE notice SET delivered_at = NULL")
    assert [each.id for each in await scene.library.notices.pending()] == [notice.id]
    assert len(await scene.told()) == 1


async def test_a_platform_that_is_away_is_tried_again(scene: Scene) -> None:
    await scene.half_gone()
    scene.office.fail("direct_with", PlatformError("away", passing=True))
    assert await scene.told() == []
    scene.releases.next_day()
    assert [place for place, _ in await scene.told()] == [ANN]
