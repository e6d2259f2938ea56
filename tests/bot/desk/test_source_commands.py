"""What admins do with sources by command, before a library and before a platform."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.cards import Action, Card, Form
from bot.desk.commands import Invocation, Outcome
from bot.desk.forms import FieldFaults
from bot.desk.kb.progress import PACE
from bot.errors import UsageError
from bot.ports import KnownSource, SourceReading, Trial
from knowledge.types import Attachment, LeftOut
from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import CHANNEL, DIRECT, FakePlatform
from tests.kit.fakes import FakeSources

ADMIN = "root"
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
HANDBOOK = KnownSource("hb", "/srv/handbook", 12, is_public=True, passages=340)
WIKI = KnownSource(
    "wk", "https://wiki.example/", 1, False, passages=1, readers=frozenset({"role:board"})
)


@pytest.fixture(autouse=True)
def _has_an_admin(office: FakePlatform) -> None:
    office.admins.add(ADMIN)


@pytest.fixture
def sources(bench: Bench) -> FakeSources:
    bench.world.sources.known = [HANDBOOK, WIKI]
    return bench.world.sources


async def given_line(
    bench: Bench, office: FakePlatform, line: str, user: str = ADMIN, place: Any = CHANNEL
) -> Outcome:
    command, values = bench.commands.parse("kb", line)
    return await bench.commands.run(command, Invocation(office, place, user, values))


async def told(*args: Any, **of: Any) -> str:
    outcome = await given_line(*args, **of)
    assert isinstance(outcome, Card)
    return outcome.text


async def at_rest() -> None:
    """Until everything that can go on has gone on."""
    for _ in range(200):
        await asyncio.sleep(0.001)


async def added(bench: Bench, office: FakePlatform, line: str) -> str:
    """Give a command that adds something, and keep what was found."""
    tried = await given_line(bench, office, line)
    assert isinstance(tried, Card) and tried.buttons == ("keep", "leave")
    kept = await bench.desk.press("keep", tried.subject, office.by(ADMIN))
    assert isinstance(kept, Card)
    return kept.text


def reads(sources: FakeSources, id: str, *readings: SourceReading | Exception) -> None:
    sources.readings[id] = deque(readings)


@pytest.mark.parametrize(
    "line",
    [
        "list",
        "add https://a.example/",
        "add here https://a.example/",
        "show hb",
        "refresh",
        "refresh hb",
        "pause hb",
        "resume hb",
        "remove hb",
        "access hb public",
        "schedule hb hourly",
        "search who?",
        "gaps",
        "curated",
        "runs hb",
        "approve hb",
        "reject hb",
        "restore hb",
        "golden",
    ],
)
async def test_only_admins_may(
    bench: Bench, office: FakePlatform, sources: FakeSources, line: str
) -> None:
    with capture_logs() as logged, pytest.raises(UsageError, match="is for admins"):
        await given_line(bench, office, line, user="ann")
    assert sources.known == [HANDBOOK, WIKI] and sources.done == [] and logged == []


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


class TestShowing:
    async def test_tells_all_that_is_known(
        self, bench: Bench, office: FakePlatform, sources: FakeSources
    ) -> None:
        sources.known = [
            replace(WIKI, is_paused=True, reading="process 7 on alder since 2026-03-02 09:00 UTC")
        ]
        sources.past["wk"] = (
            SourceReading(NINE, None),
            SourceReading(NINE, NINE, 1, 2, 3, 4, {"a.pdf": "It is empty."}),
            SourceReading(NINE, NINE, fault="gone"),
        )
        assert (await told(bench, office, "show wk")).splitlines() == [
            "https://wiki.example/ (`wk`), for `role:board`: 1 document with 1 passage.",
            "It is paused; `/kb resume wk` ends that.",
            "It is being read by process 7 on alder since 2026-03-02 09:00 UTC.",
            "",
            "Its last readings, in UTC:",
            "- 2026-03-02 09:00: not ended",
            "- 2026-03-02 09:00: 1 added, 2 changed, 3 removed, 4 unchanged, 1 skipped",
            "- 2026-03-02 09:00: could not be read: gone",
            "",
            "Skipped in the last one:",
            "- a.pdf: It is empty.",
        ]

    async def test_list_tells_what_is_paused_and_being_read(
        self, bench: Bench, office: FakePlatform, sources: FakeSources
    ) -> None:
        sources.known = [replace(HANDBOOK, is_paused=True, reading="x since 09:00 UTC")]
        assert await told(bench, office, "list") == (
            "- /srv/handbook (`hb`): 12 documents, for everyone, paused, "
            "being read by x since 09:00 UTC"
        )


class TestReadingAgain:
    async def test_one_tells_what_was_done(
        self, bench: Bench, office: FakePlatform, sources: FakeSources
    ) -> None:
        reads(sources, "hb", SourceReading(NINE, NINE, 1, 0, 0, 11, {"x.doc": "Not a format."}))
        assert await told(bench, office, "refresh /srv/handbook") == (
            "/srv/handbook: 1 added, 11 unchanged, 1 skipped\n- x.doc: Not a format."
        )

    async def test_all_but_the_paused_are_read_whatever_becomes_of_one(
        self, bench: Bench, office: FakePlatform, sources: FakeSources
    ) -> None:
        three = [replace(HANDBOOK, id=f"s{n}", location=f"/srv/{n}") for n in range(5)]
        sources.known = [*three[:4], replace(three[4], is_paused=True)]
        reads(sources, "s0", UsageError("The source is being read by process 7 since 09:00 UTC."))
        reads(sources, "s1", RuntimeError("the disk is on fire"))
        reads(sources, "s2", SourceReading(NINE, NINE, fault="The drive is gone."))
        with capture_logs() as logged:
            lines = (await told(bench, office, "refresh")).splitlines()
        assert lines[0] == "- /srv/0: The source is being read by process 7 since 09:00 UTC."
        assert lines[1].startswith("- /srv/1: something went wrong, error ")
        assert lines[2:] == [
            "- /srv/2: could not be read: The drive is gone.",
            "- /srv/3: 1 added",
        ]
        assert "fire" not in "".join(lines)
        assert [each["source"] for each in logged if each["event"] == "source_command"] == [
            "s2",
            "s3",
        ]

    async def test_none_to_read_is_told(self, bench: Bench, office: FakePlatform) -> None:
        assert await told(bench, office, "refresh") == "There is no source to read."


async def test_a_source_is_paused_and_resumed(
    bench: Bench, office: FakePlatform, sources: FakeSources
) -> None:
    assert "/srv/handbook is paused." in await told(bench, office, "pause hb")
    assert [each.id for each in sources.known if each.is_paused] == ["hb"]
    assert "`/kb refresh hb` reads it now" in await told(bench, office, "resume hb")
    assert not any(each.is_paused for each in sources.known)


class TestRemoving:
    async def opened(self, bench: Bench, office: FakePlatform) -> Form:
        form = await given_line(bench, office, "remove /srv/handbook")
        assert isinstance(form, Form)
        return form

    async def test_asks_before_with_keep_chosen(
        self, bench: Bench, office: FakePlatform, sources: FakeSources
    ) -> None:
        form = await self.opened(bench, office)
        (field,) = form.fields
        assert field.value == "keep" and field.help == "/srv/handbook (340 passages)"
        assert form.context == {"source": "hb"} and len(form.title) <= 24
        kept = await bench.desk.submit(
            form.id, form.context, office.by(ADMIN), {"decision": "keep"}
        )
        assert kept.text == "/srv/handbook stays as it is." and HANDBOOK in sources.known

    async def test_tells_what_went(
        self, bench: Bench, office: FakePlatform, sources: FakeSources
    ) -> None:
        form = await self.opened(bench, office)
        yes = {"decision": "remove"}
        gone = await bench.desk.submit(form.id, form.context, office.by(ADMIN), yes)
        told = "/srv/handbook is removed, with 340 passages. I looked: nothing of it is left."
        assert gone.text == told
        assert sources.known == [WIKI]
        with pytest.raises(UsageError, match="no source 'hb'"):
            await bench.desk.submit(form.id, form.context, office.by(ADMIN), yes)

    async def test_is_for_admins_when_the_form_comes_in_as_well(
        self, bench: Bench, office: FakePlatform, sources: FakeSources
    ) -> None:
        form = await self.opened(bench, office)
        for values in ({"decision": "remove"}, {"decision": "keep"}):
            with pytest.raises(UsageError, match="Only admins"):
                await bench.desk.submit(form.id, form.context, office.by("ann"), values)
        assert HANDBOOK in sources.known

    @pytest.mark.parametrize("decision", ["", "yes", "Remove"])
    async def test_takes_nothing_but_a_clear_word(
        self, bench: Bench, office: FakePlatform, sources: FakeSources, decision: str
    ) -> None:
        form = await self.opened(bench, office)
        with pytest.raises(FieldFaults, match="keep, remove"):
            await bench.desk.submit(form.id, form.context, office.by(ADMIN), {"decision": decision})
        assert HANDBOOK in sources.known


async def test_sources_are_suggested_by_where_they_are(
    bench: Bench, office: FakePlatform, sources: FakeSources
) -> None:
    sources.known = [replace(HANDBOOK, is_paused=True), WIKI]

    async def offered(action: str, typed: str, user: str = ADMIN) -> list[str]:
        command = bench.commands.named("kb", action)
        found = await bench.commands.suggest(command, "source", office.by(user), typed)
        return [each.value for each in found]

    assert await offered("show", "") == ["hb", "wk", "index"]
    assert await offered("show", "HAND") == ["hb"] and await offered("show", "ind") == ["index"]
    assert await offered("remove", "wiki") == ["wk"]
    assert await offered("pause", "") == ["wk"] and await offered("resume", "") == ["hb"]
    assert await offered("show", "", user="ann") == []


async def test_every_change_is_in_the_log_without_what_was_typed(
    bench: Bench, office: FakePlatform, sources: FakeSources
) -> None:
    with capture_logs() as logged:
        await added(bench, office, "add https://a.example/?page=7")
        for line in ("pause hb", "resume hb", "refresh hb"):
            await given_line(bench, office, line)
        form = await given_line(bench, office, "remove hb")
        assert isinstance(form, Form)
        yes = {"decision": "remove"}
        await bench.desk.submit(form.id, form.context, office.by(ADMIN), yes)
        await given_line(bench, office, "show wk")
        await given_line(bench, office, "list")
    who = f"{CHANNEL.platform}:user:{ADMIN}"
    assert [(each["event"], each["who"], each["what"]) for each in logged] == [
        ("source_command", who, what)
        for what in ("added", "paused", "resumed", "refreshed", "removed")
    ]
    assert all(set(each) == {"event", "log_level", "who", "what", "source"} for each in logged)
