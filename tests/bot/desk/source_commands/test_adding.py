"""Sources are added by command, in words or by a form."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.cards import Action, Card
from bot.desk.commands import Invocation
from bot.desk.kb.progress import PACE
from bot.errors import UsageError
from bot.ports import SourceReading, Trial
from knowledge.types import Attachment, LeftOut
from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import CHANNEL, DIRECT, FakePlatform
from tests.bot.desk.source_commands.giving import ADMIN, NINE, added, given_line, reads, told


async def at_rest() -> None:
    """Until everything that can go on has gone on."""
    for _ in range(200):
        await asyncio.sleep(0.001)


class TestAdding:
    async def test_tells_what_was_found(self, bench: Bench, office: FakePlatform) -> None:
        said = await added(bench, office, "add https://a.example/")
        assert said == (
            "https://a.example/ is a source now (`a.example/`), for everyone: "
            "1 document with 3 passages."
        )

    @pytest.mark.parametrize(
        "typed",
        [
            "<https://a.example/>",
            "<https://a.example/|a.example>",
            "  https://a.example/  ",
        ],
    )
    async def test_takes_an_address_as_chats_hand_it_on(
        self, bench: Bench, office: FakePlatform, typed: str
    ) -> None:
        assert (await added(bench, office, f"add {typed}")).startswith("https://a.example/ is")
        assert "1 document" in await told(bench, office, f"show {typed}")

    async def test_takes_an_ampersand_as_slack_hands_it_on(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        said = await added(bench, office, "add <https://a.example/?a=1&amp;b=2>")
        assert said.startswith("https://a.example/?a=1&b=2 is a source now")

    async def test_here_limits_it_to_the_people_of_the_channel(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        said = await added(bench, office, "add here https://a.example/")
        assert "for the people of this channel" in said
        (source,) = bench.world.sources.known
        assert source.readers == {f"{CHANNEL.platform}:channel:{CHANNEL.channel}"}

    async def test_here_is_refused_where_there_is_no_channel(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        with pytest.raises(UsageError, match="Give the command in the channel"):
            await given_line(bench, office, "add here https://a.example/", place=DIRECT)
        assert bench.world.sources.known == []

    async def test_tells_what_was_not_used_and_what_failed(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        skipped = {f"p{n:02}.pdf": "It has no text." for n in range(25)}
        reads(
            bench.world.sources,
            "a.example/",
            SourceReading(NINE, NINE, skipped=skipped),
            SourceReading(NINE, NINE, fault="No host named a.example."),
        )
        lines = (await added(bench, office, "add https://a.example/")).splitlines()
        assert lines[1] == "- p00.pdf: It has no text." and lines[-1] == "and 5 more"
        assert len(lines) == 22
        said = await added(bench, office, "add https://a.example/")
        assert (
            "but it could not be read: No host named a.example. Every refresh tries again." in said
        )

    async def test_tells_what_was_left_out_of_its_documents(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        parts = {"lease.pdf": (LeftOut("pages without text", 1, "2"), LeftOut("comments", 3))}
        reads(bench.world.sources, "a.example/", SourceReading(NINE, NINE, 1, left_out=parts))
        said = await added(bench, office, "add https://a.example/")
        assert said.endswith("- not read of lease.pdf: 1 page without text (2), 3 comments")

    async def test_offers_the_kinds_that_there_are(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        offered = await given_line(bench, office, "add")
        assert isinstance(offered, Card) and "A file is handed over" in offered.text
        (row,) = offered.rows
        assert (row.text, row.buttons, row.subject) == ("**site**: a site", ("setup",), "site")
        with pytest.raises(UsageError, match="Give the address as well"):
            await given_line(bench, office, "add here")

    @pytest.mark.parametrize(
        ("action", "subject"), [("setup", "site"), ("golden", ""), ("drop", "1"), ("write", "")]
    )
    async def test_its_buttons_are_for_admins(
        self, bench: Bench, office: FakePlatform, action: Action, subject: str
    ) -> None:
        with pytest.raises(UsageError, match="Only admins"):
            await bench.desk.press(action, subject, office.by("ann"))

    async def test_shows_what_was_found_and_keeps_nothing_before_it_is_told_to(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        url = "https://a.example/"
        bench.world.sources.trials[url] = Trial(
            url,
            20,
            61,
            more=True,
            samples=(("Help › Porter", "Ring twice."),),
            skipped={"a.pdf": "It has no text."},
            warnings=("It is partly in de; answers are sure in English only.",),
        )
        tried = await given_line(bench, office, f"add {url}")
        assert isinstance(tried, Card)
        assert tried.text.splitlines() == [
            "I tried https://a.example/: 20 documents and more with 61 passages.",
            "It would be for everyone.",
            "",
            "**Help › Porter**",
            "> Ring twice.",
            "",
            "Look at this first:",
            "- It is partly in de; answers are sure in English only.",
            "",
            "Not used:",
            "- a.pdf: It has no text.",
            "",
            "Nothing is kept yet.",
        ]
        assert bench.world.sources.known == [] and bench.world.sources.done == []
        assert await bench.audit.newest(5) == []

    async def test_what_is_left_is_not_kept_and_is_decided_once(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        tried = await given_line(bench, office, "add https://a.example/")
        assert isinstance(tried, Card)
        with pytest.raises(UsageError, match="decided already"):
            await bench.desk.press("keep", tried.subject, office.by("somebody else"))
        left = await bench.desk.press("leave", tried.subject, office.by(ADMIN))
        assert isinstance(left, Card) and "nothing was kept" in left.text
        with pytest.raises(UsageError, match="decided already"):
            await bench.desk.press("keep", tried.subject, office.by(ADMIN))
        assert bench.world.sources.known == []

    async def test_what_is_busy_can_be_kept_later(self, bench: Bench, office: FakePlatform) -> None:
        reads(bench.world.sources, "a.example/", UsageError("Somebody reads it."))
        tried = await given_line(bench, office, "add https://a.example/")
        assert isinstance(tried, Card)
        busy = await bench.desk.press("keep", tried.subject, office.by(ADMIN))
        assert isinstance(busy, Card) and busy.text == "Somebody reads it."
        kept = await bench.desk.press("keep", busy.subject, office.by(ADMIN))
        assert isinstance(kept, Card) and "is a source now" in kept.text
        lines = await bench.audit.newest(5)
        assert [each.outcome for each in lines] == ["done", "refused"]

    async def test_a_file_that_came_along_is_tried_in_place_of_an_address(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        command, values = bench.commands.parse("kb", "add")
        file = Attachment("prices.pdf", "https://files.example/1")
        by = replace(Invocation(office, CHANNEL, ADMIN, values), files=(file,))
        tried = await bench.commands.run(command, by)
        assert isinstance(tried, Card) and "I tried upload://prices.pdf" in tried.text
        left = await bench.desk.press("leave", tried.subject, office.by(ADMIN))
        assert isinstance(left, Card)
        assert bench.world.sources.done == [("upload", "prices.pdf"), ("tidy", "")]

    async def test_tells_how_far_it_is(self, bench: Bench, office: FakePlatform) -> None:
        tried = await given_line(bench, office, "add https://a.example/")
        assert isinstance(tried, Card)
        said: list[str] = []
        steps, go_on = bench.world.sources, asyncio.Event()
        steps.steps, steps.hold = [(1, 3), (40, 120)], go_on.wait

        async def tell(text: str) -> None:
            said.append(text)

        by = replace(office.by(ADMIN), tell=tell)
        keeping = asyncio.create_task(bench.desk.press("keep", tried.subject, by))
        for seconds in (PACE - 1, 1, PACE, PACE):
            await at_rest()
            bench.world.hand.move(seconds)
        await at_rest()
        go_on.set()
        await keeping
        assert said == ["Reading https://a.example/: 40 documents, 120 passages so far …"]
