"""Reading a source may take minutes: a platform is told at once, and the outcome comes anyway."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.ports import KnownSource
from tests.adapters import discord_office, slack_office
from tests.adapters.desk_bench import Bench

HANDBOOK = KnownSource("hb", "/srv/handbook", 12, is_public=True)


class Slow:
    """Sources of which none is read before ``go_on`` is set."""

    def __init__(self, bench: Bench) -> None:
        self.go_on = asyncio.Event()
        bench.world.sources.known = [HANDBOOK]
        bench.world.sources.hold = self.go_on.wait


async def test_slack_is_told_in_time_and_the_person_that_it_is_at_work(tmp_path: Path) -> None:
    async with slack_office.office_at(tmp_path, ack_seconds=3.0) as office:
        await office.start()
        slow = Slow(office.bench)
        await office.slack.command(office.ann, office.general, "/kb", "refresh hb")
        assert await office.slack.until(office.private) == ["Working …"]
        slow.go_on.set()
        await office.slack.until(lambda: len(office.private()) == 2)
        assert "1 added" in office.private()[1]
        assert office.said() == [], "only who gave the command sees it"


async def test_what_is_done_at_once_is_told_at_once(tmp_path: Path) -> None:
    async with slack_office.office_at(tmp_path) as office:
        await office.start()
        office.bench.world.sources.known = [HANDBOOK]
        await office.slack.command(office.ann, office.general, "/kb", "refresh hb")
        await office.rest()
        (told,) = office.private()
        assert "1 added" in told


async def test_slack_takes_nothing_at_the_command_after_half_an_hour(tmp_path: Path) -> None:
    async with slack_office.office_at(tmp_path) as office:
        await office.start()
        slow = Slow(office.bench)
        await office.slack.command(office.ann, office.general, "/kb", "refresh hb")
        await office.slack.until(office.private)
        office.slack.fail("response_url", status=404, times=None)
        slow.go_on.set()
        await office.slack.until(lambda: len(office.private()) == 2)
        assert "1 added" in office.private()[1] and office.slack.called("chat.postEphemeral")


async def test_discord_takes_nothing_at_the_command_after_a_quarter_of_an_hour(
    tmp_path: Path,
) -> None:
    async with discord_office.office_at(tmp_path) as office:
        await office.start()
        slow = Slow(office.bench)
        used = await office.discord.command(
            office.ann, office.general, "kb", sub="refresh", source="hb", wait=False
        )
        await office.discord.until(lambda: used.acknowledged)
        office.discord.advance(16 * 60)
        slow.go_on.set()
        await office.discord.until(lambda: office.discord.replies(office.discord.dm(office.ann)))
        (told,) = office.discord.replies(office.discord.dm(office.ann))
        assert "1 added" in told.text
        assert office.discord.replies(office.general) == []


async def test_on_discord_it_is_told_where_the_command_was_given(tmp_path: Path) -> None:
    async with discord_office.office_at(tmp_path) as office:
        await office.start()
        slow = Slow(office.bench)
        used = await office.discord.command(
            office.ann, office.general, "kb", sub="refresh", source="hb", wait=False
        )
        await office.discord.until(lambda: used.acknowledged)
        office.discord.advance(10 * 60)
        slow.go_on.set()
        await office.rest()
        (told,) = office.private(office.ann)
        assert "1 added" in told
        assert office.discord.replies(office.discord.dm(office.ann)) == []
