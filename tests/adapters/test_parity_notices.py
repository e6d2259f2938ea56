"""Parity of what admins are told unasked: with buttons where they meet, and each alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cards import Card, Picture, Row
from bot.ports import KnownSource
from bot.source_ports import Undecided
from tests.adapters.stages.playing import PLATFORMS, needs, played, shown
from tests.adapters.stages.stage import Shown, Stage, Where

NEEDS = ("notices",)
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


async def settled(stage: Stage) -> list[Shown]:
    """The notices as they are once the bot has looked whether they were decided."""
    await stage.bench.errands.run(stage.adapter)
    await stage.settled()
    told = stage.everyone_sees("help" if stage.name != "console" else "general")
    plain = [replace(each, text=each.text.replace("*", "")) for each in told]
    return [each for each in plain if "waits" in each.text or "What I know" in each.text]


@needs("others")
async def test_after_the_decision_it_says_who_made_it_and_has_no_buttons(stage: Stage) -> None:
    told = (await posted(stage, WAITS))[-1]
    (before,) = await settled(stage)
    assert "Show what waits" in before.buttons, "nobody has decided yet"
    await stage.press("ida", told, "approve")
    (after,) = await settled(stage)
    assert "A source waits for an admin." in after.text and not after.buttons
    assert "Shown by" in after.text and "ida" in after.text.lower()
    assert [each.text for each in await settled(stage)] == [after.text]


@needs("others")
async def test_a_decision_made_elsewhere_is_told_as_well(stage: Stage) -> None:
    await posted(stage, WAITS)
    async with stage.bench.audit.of("shell:user:root", "rejected", "hb"):
        await stage.bench.world.releases.reject("hb")
    (after,) = await settled(stage)
    assert "Kept as it was by root on the machine" in after.text and not after.buttons


@needs("others")
async def test_what_is_over_by_itself_has_no_buttons_either(stage: Stage) -> None:
    await posted(stage, WAITS)
    stage.bench.world.releases.waiting.clear()
    (after,) = await settled(stage)
    assert "Nothing of it waits any more" in after.text and not after.buttons


@needs("others")
async def test_of_a_digest_the_rows_are_settled_one_by_one(stage: Stage) -> None:
    stage.bench.world.releases.waiting["wiki"] = Undecided(1)
    rows = tuple(Row(f"**{id}** waits.", ("approve", "reject"), id) for id in ("hb", "wiki"))
    await posted(stage, Card("**What I know**", rows=rows, picture=PNG))
    stage.bench.world.releases.waiting.pop("hb")
    (half,) = await settled(stage)
    assert half.buttons == ("Show what waits", "Keep it as it is")
    assert half.text.index("Nothing of it waits") < half.text.index("wiki waits")
    stage.bench.world.releases.waiting.clear()
    (whole,) = await settled(stage)
    assert not whole.buttons and whole.text.count("Nothing of it waits") == 2
    assert "What I know" in whole.text


async def test_what_was_decided_before_it_could_be_told_is_not_told(stage: Stage) -> None:
    where: Where = "help" if stage.name != "console" else "general"
    await stage.bench.errands.outbox.enter("notice:1", stage.place(where), WAITS)
    stage.bench.world.releases.waiting.clear()
    assert await settled(stage) == []
    (row,) = await stage.bench.rows("outbox")
    assert row["outcome"] == "over" and "waits" not in str(row["body"])


async def test_nothing_of_a_settled_notice_is_kept(stage: Stage) -> None:
    await posted(stage, WAITS)
    stage.bench.world.releases.waiting.clear()
    await settled(stage)
    (row,) = await stage.bench.rows("outbox")
    assert row["shown"] is None and "waits" not in str(row["body"])
