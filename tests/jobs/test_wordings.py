"""Wordings that wait: whom a notice goes to, with how much in it, and that it goes once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.voices.wordings import Wordings
from bot.cards import Card
from bot.conversation.channels import Channels, WorkspaceRules
from bot.conversation.outbox import Outbox
from bot.conversation.roles import SUPPORT, Roles
from bot.types import Place
from jobs.admins import Admins
from jobs.wordings import WordingNotices
from knowledge.state.database import open_database
from tests.adapters.fake_platform import NAME, FakePlatform
from tests.kit.fakes import FixedClock

MEETING = Place(NAME, "W1", "C-meeting")
HELP = Place(NAME, "W1", "C-help")
ANN, BOB = f"{NAME}:user:ann", f"{NAME}:user:bob"


class Scene:
    """An office, and whoever is named there."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.clock, self.office = FixedClock(), FakePlatform()
        self.wordings = Wordings(engine, self.clock)
        self.channels = Channels(engine)
        self.outbox = Outbox(engine, self.clock)
        self.named: set[str] = set()
        self.admins: list[str] = []

    async def word(self, owner: str = ANN, answer: str | None = "trace") -> str:
        return await self.wordings.propose("fernhill", "plain", "voiced", owner, answer=answer)

    async def meet(self, *, help_channel: str = "", digest_channel: str = "") -> None:
        rules = WorkspaceRules(help_channel=help_channel, digest_channel=digest_channel)
        await self.channels.set_workspace(HELP, rules, "x", self.clock())

    async def told(self) -> list[tuple[str, Card]]:
        """What is posted where, once the job has run, and the errand."""
        roles = Roles({SUPPORT: frozenset(self.named)} if self.named else {})
        admins = Admins(self.channels, self.outbox, {NAME}, self.admins)
        await WordingNotices(self.wordings, admins, roles).deliver()
        await self.outbox.run(self.office)
        posts, self.office.posts = self.office.posts, []
        return sorted(((place.channel, card) for place, card in posts), key=lambda each: each[0])


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
    try:
        yield Scene(engine)
    finally:
        await engine.dispose()


async def test_people_are_told_alone_but_not_of_their_own(scene: Scene) -> None:
    scene.named |= {ANN, BOB, "elsewhere:user:kim"}
    id = await scene.word()
    [(where, card)] = await scene.told()
    assert where == "D-bob" and "voiced" in card.text
    assert (card.buttons, card.subject) == (("teach", "spare"), id)
    assert await scene.told() == []


async def test_a_channel_that_is_named_is_told(scene: Scene) -> None:
    scene.named.add(f"{NAME}:channel:C9")
    await scene.word()
    assert [where for where, _ in await scene.told()] == ["C9"]


async def test_a_group_is_told_where_people_take_over_else_where_admins_meet(scene: Scene) -> None:
    scene.named.add(f"{NAME}:group:G1")
    await scene.meet(digest_channel=MEETING.channel)
    await scene.word()
    assert [where for where, _ in await scene.told()] == [MEETING.channel]
    await scene.meet(help_channel=HELP.channel, digest_channel=MEETING.channel)
    await scene.word()
    assert [where for where, _ in await scene.told()] == [HELP.channel]


async def test_where_nobody_is_named_admins_are_told_where_they_meet_else_alone(
    scene: Scene,
) -> None:
    scene.admins.append(BOB)
    await scene.word()
    assert [where for where, _ in await scene.told()] == ["D-bob"]
    await scene.meet(help_channel=HELP.channel, digest_channel=MEETING.channel)
    await scene.word()
    assert [where for where, _ in await scene.told()] == [MEETING.channel]


async def test_a_draft_is_not_shown_in_a_channel(scene: Scene) -> None:
    scene.named |= {BOB, f"{NAME}:channel:C9"}
    await scene.word(answer=None)
    (_, channel), (_, alone) = await scene.told()
    assert "voiced" not in channel.text and not channel.buttons
    assert "`/voice wordings`" in channel.text
    assert "voiced" in alone.text and alone.buttons


async def test_what_nobody_can_be_told_of_waits_until_somebody_can(scene: Scene) -> None:
    scene.named.add(f"{NAME}:group:G1")
    await scene.word()
    assert await scene.told() == []
    await scene.meet(help_channel=HELP.channel)
    assert [where for where, _ in await scene.told()] == [HELP.channel]


async def test_what_was_approved_meanwhile_is_not_told(scene: Scene) -> None:
    id = await scene.word()
    assert await scene.told() == []
    await scene.wordings.approve(id, BOB)
    scene.named.add(BOB)
    assert await scene.told() == []


async def test_after_a_month_it_is_not_told_again_and_its_notice_is_still_known(
    scene: Scene,
) -> None:
    scene.named.add(BOB)
    await scene.word()
    await scene.told()
    scene.clock.tick(timedelta(days=40).total_seconds())
    await scene.outbox.forget_old()
    assert await scene.told() == []
    [posted] = await scene.outbox.with_buttons(NAME)
    assert posted.place is not None and posted.place.channel == "D-bob"
    assert posted.card.text == "", "its words are not kept"
