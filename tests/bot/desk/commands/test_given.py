"""What the commands of the bot do, and who may give them."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

import pytest

from bot.cards import Card, Form
from bot.conversation.channels import ChannelRules
from bot.desk.commands import Ask, Invocation
from bot.errors import UsageError
from bot.ports import KnownSource
from bot.source_ports import Undecided
from knowledge.types import Attachment
from tests.adapters.desk_bench import VOICES, Bench, open_bench
from tests.adapters.fake_platform import CHANNEL, FakePlatform, utterance
from tests.bot.desk.commands.giving import ADMIN, given_line, told
from tests.kit.fakes import evidence
from tests.kit.loras import put_version

QUESTIONS = Attachment("q.jsonl", "", content=b'{"question": "?", "answerable": false}\n' * 5)
EXAMPLES = Attachment("a.md", "", content=b"# Replies\n\nGood morning, here you are.")


async def test_help_lists_every_command_once_and_marks_those_of_admins(
    bench: Bench, office: FakePlatform
) -> None:
    lines = (await told(bench, office, "/help", "ann")).splitlines()
    assert len(lines) == len(bench.commands.all)
    for command in bench.commands.all:
        [line] = [each for each in lines if each.startswith(f"- `{command.usage()}`")]
        assert line.endswith("(admins)") is command.admin


async def test_all_that_changes_the_voice_or_the_knowledge_or_shows_it_is_for_admins(
    bench: Bench, office: FakePlatform
) -> None:
    for_admins = [each for each in bench.commands.all if each.admin]
    assert {each.name for each in for_admins} == {"kb", "voice"}
    for command in for_admins:
        with pytest.raises(UsageError, match="admins"):
            await bench.commands.run(command, office.by("ann"))


async def test_commands_that_open_a_form_say_so_beforehand(
    office: FakePlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "true")  # trains and judges in no time
    voice = tmp_path / "voices" / "fernhill"
    voice.mkdir(parents=True)
    shutil.copy(VOICES / "fernhill" / "guide.toml", voice)
    put_version(voice, "v1", 1, passed=True)
    values = {"question": "?", "draft": "Hello", "address": "https://a.example", "source": "hb"}
    values |= {"version": "v1", "share": "0.1", "file": EXAMPLES.name, "one": "v1", "other": "none"}
    async with open_bench(tmp_path, voices=voice.parent, console="127.0.0.1:8080") as bench:
        bench.world.sources.known = [KnownSource("hb", "/srv/handbook", 12, is_public=True)]
        for command in bench.commands.all:
            bench.world.releases.waiting["hb"] = Undecided(1)
            named = {"voice": "acme" if command.action == "create" else "fernhill"}
            file = QUESTIONS if command.action == "evaluate" else EXAMPLES
            by = Invocation(office, CHANNEL, ADMIN, values | named, files=(file,))
            outcome = await bench.commands.run(command, by)
            assert isinstance(outcome, Form) is command.opens_form
            at_work = [each for each in asyncio.all_tasks() if each.get_name().startswith("voice ")]
            await asyncio.gather(*at_work)  # one after the other


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("/ask When is payday?", Ask("When is payday?", private=True)),
        ("/ask --public When is payday?", Ask("When is payday?", private=False)),
        ("/ask public holidays?", Ask("public holidays?", private=True)),
    ],
)
async def test_ask_answers_privately_unless_told_otherwise(
    bench: Bench, office: FakePlatform, line: str, outcome: Ask
) -> None:
    assert await given_line(bench, office, line, "ann") == outcome


async def test_kb_list_tells_what_was_read_and_what_failed(
    bench: Bench, office: FakePlatform
) -> None:
    assert await told(bench, office, "/kb list") == (
        "There are no sources yet. `/kb add` adds one."
    )
    bench.world.sources.known = [
        KnownSource("hb", "/srv/handbook", 12, is_public=True),
        KnownSource("bd", "/srv/board", 1, is_public=False, fault="gone"),
    ]
    assert (await told(bench, office, "/kb list")).splitlines() == [
        "- /srv/handbook (`hb`): 12 documents, for everyone",
        "- /srv/board (`bd`): 1 document, limited. Last reading failed: gone",
    ]


async def test_kb_gaps_tells_what_nothing_answered(bench: Bench, office: FakePlatform) -> None:
    assert "found an answer" in await told(bench, office, "/kb gaps")
    subjects = "bikes cups dogs eggs figs guns hats inks jars kites lamps".split()
    for word in (*subjects, "lamps"):
        bench.clock.tick(1)
        await bench.dispatcher.hear(office, utterance(f"{word}?"))
        await bench.settled()
    outcome = await given_line(bench, office, "/kb gaps")
    assert isinstance(outcome, Card)
    assert outcome.text.startswith("12 questions without an answer, 3 more subjects.")
    assert outcome.rows[0].text == "**lamps?** (2 times)"
    assert len(outcome.rows) == 8
    assert {each.buttons for each in outcome.rows} == {("answer", "source", "dismiss")}


async def test_the_help_channel_is_chosen_and_taken_back(
    bench: Bench, office: FakePlatform
) -> None:
    for channel, kept in (("C9", "C9"), ("", None)):
        await bench.desk.submit("workspace", {}, office.by(ADMIN), {"help_channel": channel})
        assert (await bench.channels.workspace(CHANNEL)).help_channel == kept
        form = await given_line(bench, office, "/kb workspace")
        assert isinstance(form, Form)
        assert form.fields[0].value == channel


async def test_voice_list_tells_the_one_of_the_channel(bench: Bench, office: FakePlatform) -> None:
    assert "the usual one" in await told(bench, office, "/voice list", "ann")
    await bench.channels.set_rules(CHANNEL, ChannelRules(voice="harbour"), "x", bench.clock())
    listed = await told(bench, office, "/voice list", "ann")
    assert "speak in harbour" in listed
    assert "- `fernhill`" in listed


async def test_voice_say_brings_a_draft_back_in_the_voice(
    bench: Bench, office: FakePlatform
) -> None:
    outcome = await given_line(bench, office, "/voice say Your parcel\n\narrives on 3 May.", "ann")
    assert isinstance(outcome, Card)
    assert outcome.buttons == ("send", "edit", "copy")
    assert "3 May" in outcome.text
    with pytest.raises(UsageError, match="Usage"):
        await given_line(bench, office, "/voice say", "ann")


async def test_quiet_holds_until_it_is_switched_off(bench: Bench, office: FakePlatform) -> None:
    bench.finds(evidence("Salaries are paid on the 25th of each month.\n"))
    rules = ChannelRules(answers="unprompted", bar=0.1)
    await bench.channels.set_rules(CHANNEL, rules, "x", bench.clock())
    for line, hears in (("/quiet", False), ("/quiet off", True)):
        assert await told(bench, office, line, "ann")
        said = utterance("When is payday?", address="none")
        assert await bench.dispatcher.hear(office, said) is hears
    await bench.settled()
