"""Parity of what admins are told unasked: with buttons where they meet, and each alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.cards import Card, Picture, Row
from bot.ports import KnownSource
from bot.source_ports import Undecided
from tests.adapters.stages.playing import PLATFORMS, needs, played, shown
from tests.adapters.stages.stage import Shown, Stage, Where

WAITS = Card("**A source waits for an admin.**", buttons=("approve", "reject"), subject="hb")
PNG = Picture("trend.png", "documents 1 to 2", b"\x89PNG of a kind")


@pytest.fixture(params=PLATFORMS)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with played(request, tmp_path) as stage:
        world = stage.bench.world
        world.sources.known = [KnownSource("hb", "/srv/handbook", 12, is_public=True)]
        world.releases.waiting["hb"] = Undecided(3)
        yield stage


async def posted(stage: Stage, card: Card) -> list[Shown]:
    """A job has it posted where admins meet; what there is to be seen."""
    where: Where = "help" if stage.name != "console" else "general"
    assert await stage.bench.errands.outbox.enter("notice:1", stage.place(where), card)
    await stage.bench.errands.run(stage.adapter)
    await stage.settled()
    return stage.everyone_sees(where)


@needs("others")
async def test_what_waits_is_decided_where_it_is_told_by_admins_only(stage: Stage) -> None:
    told = (await posted(stage, WAITS))[-1]
    assert "Show what waits" in told.text and "Keep it as it is" in told.text
    assert "Only admins" in shown(await stage.press("bob", told, "approve")).text
    assert "/srv/handbook: 3 changed" in shown(await stage.press("ida", told, "approve")).text
    assert "Nothing of /srv/handbook waits" in shown(await stage.press("ida", told, "reject")).text
    assert stage.bench.world.releases.done == [
        ("approve", "hb"),
        ("reject", "hb"),
    ]


async def test_a_digest_has_rows_and_its_picture(stage: Stage) -> None:
    rows = (Row("**/srv/handbook**: 3 documents.", ("approve", "reject"), "hb"),)
    seen = await posted(stage, Card("**What I know**", rows=rows, picture=PNG))
    text = "\n".join(each.text for each in seen)
    assert "What I know" in text and "/srv/handbook" in text
    if stage.name == "discord":
        assert list(seen[-1].files) == ["trend.png"]
    if stage.name == "console":
        assert "documents 1 to 2" in text and "/approve 1" in text
    elif stage.name == "slack":
        files = [file for each in seen for file in each.raw[1].get("files", ())]
        assert [file["name"] for file in files] == ["trend.png"]


async def test_one_person_is_told_alone(stage: Stage) -> None:
    ann = f"{stage.name}:user:{stage.user('ann')}"
    assert await stage.bench.errands.outbox.enter("notice:1", ann, Card("Your wiki is away."))
    await stage.bench.errands.run(stage.adapter)
    await stage.settled()
    assert any("Your wiki is away." in each.text for each in stage.everyone_sees("direct"))
    if stage.name != "console":
        assert not stage.everyone_sees("general") and not stage.everyone_sees("help")
