"""Sources are shown, read again, paused and removed by command, by admins only."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from bot.cards import Form
from bot.desk.forms import FieldFaults
from bot.errors import UsageError
from bot.ports import SourceReading
from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import CHANNEL, FakePlatform
from tests.bot.desk.source_commands.giving import (
    ADMIN,
    HANDBOOK,
    NINE,
    WIKI,
    added,
    given_line,
    reads,
    told,
)
from tests.kit.fakes import FakeSources


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
