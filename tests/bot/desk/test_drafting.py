"""Drafts in the voice: kept for their owner, sent once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.cards import Card
from bot.conversation.channels import ChannelRules
from bot.desk.drafting import KEPT
from bot.errors import PlatformError, UsageError
from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import CHANNEL, THREAD, FakePlatform

DRAFT = "Your parcel arrives on 3 May."


async def test_a_draft_comes_back_with_its_facts_and_what_can_be_done(bench: Bench) -> None:
    card = await bench.drafting.rewrite(DRAFT, CHANNEL, "ann")
    assert "3 May" in card.text
    assert card.buttons == ("send", "edit", "copy")
    kept = await bench.drafting.get(card.subject, CHANNEL, "ann")
    assert kept.text == card.text.split("\n\n*I found nothing")[0]


async def test_it_is_written_in_the_voice_of_the_channel_unless_another_is_asked_for(
    bench: Bench,
) -> None:
    rules = ChannelRules(voice="harbour")
    await bench.channels.set_rules(CHANNEL, rules, "ann", bench.clock())
    here = await bench.drafting.rewrite(DRAFT, CHANNEL, "ann")
    usual = await bench.drafting.rewrite(DRAFT, CHANNEL, "ann", "fernhill")
    elsewhere = await bench.drafting.rewrite(DRAFT, replace(CHANNEL, channel="C2"), "ann")
    assert here.text != usual.text == elsewhere.text


@pytest.mark.parametrize("user", ["bob", "ANN", ""])
async def test_nobody_else_can_do_anything_with_it(
    bench: Bench, office: FakePlatform, user: str
) -> None:
    id = (await bench.drafting.rewrite(DRAFT, CHANNEL, "ann")).subject
    for doing in (
        bench.drafting.get(id, CHANNEL, user),
        bench.drafting.edit(id, "Mine now", CHANNEL, user),
        bench.drafting.send(id, CHANNEL, user, office),
    ):
        with pytest.raises(UsageError, match="no longer kept"):
            await doing
    assert office.posts == []


class TestSending:
    async def test_posts_it_where_it_was_written_for_in_its_owners_name(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        card = await bench.drafting.rewrite(DRAFT, THREAD, "ann")
        kept = await bench.drafting.get(card.subject, CHANNEL, "ann")
        told = await bench.drafting.send(card.subject, CHANNEL, "ann", office)
        assert office.posts[0][0] == THREAD
        assert office.posts[0][1].text == f"{kept.text}\n\n— @ann"
        link = "https://office.example/p1"
        assert told == Card(f"Sent: [see it there]({link})", links=(link,))

    async def test_happens_once_however_often_the_button_is_pressed(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        id = (await bench.drafting.rewrite(DRAFT, CHANNEL, "ann")).subject
        outcomes = await asyncio.gather(
            *(bench.drafting.send(id, CHANNEL, "ann", office) for _ in range(5)),
            return_exceptions=True,
        )
        assert sum(isinstance(each, Card) for each in outcomes) == 1
        assert len(office.posts) == 1

    async def test_that_failed_loses_nothing(self, bench: Bench, office: FakePlatform) -> None:
        id = (await bench.drafting.rewrite(DRAFT, CHANNEL, "ann")).subject
        office.fail("post", PlatformError("busy", passing=True))
        with pytest.raises(PlatformError):
            await bench.drafting.send(id, CHANNEL, "ann", office)
        assert await bench.drafting.send(id, CHANNEL, "ann", office)
        assert "3 May" in office.posts[0][1].text

    async def test_sends_what_it_was_edited_to(self, bench: Bench, office: FakePlatform) -> None:
        id = (await bench.drafting.rewrite(DRAFT, CHANNEL, "ann")).subject
        edited = await bench.drafting.edit(id, "My own words.", CHANNEL, "ann")
        assert (edited.text, edited.subject) == ("My own words.", id)
        await bench.drafting.send(id, CHANNEL, "ann", office)
        assert office.posts[0][1].text == "My own words.\n\n— @ann"

    async def test_of_nothing_is_refused(self, bench: Bench) -> None:
        id = (await bench.drafting.rewrite(DRAFT, CHANNEL, "ann")).subject
        with pytest.raises(UsageError, match="nothing left"):
            await bench.drafting.edit(id, "  \n", CHANNEL, "ann")


async def test_a_draft_that_nobody_came_back_for_is_gone(bench: Bench) -> None:
    id = (await bench.drafting.rewrite(DRAFT, CHANNEL, "ann")).subject
    bench.clock.tick(KEPT.total_seconds())
    await bench.drafting.forget_old()
    assert await bench.drafting.get(id, CHANNEL, "ann")
    bench.clock.tick(1)
    with pytest.raises(UsageError, match="no longer kept"):
        await bench.drafting.get(id, CHANNEL, "ann")
    await bench.drafting.forget_old()
    assert await bench.rows("draft") == []


async def test_an_empty_draft_is_refused(bench: Bench) -> None:
    with pytest.raises(UsageError, match="no draft"):
        await bench.drafting.rewrite("  ", CHANNEL, "ann")
