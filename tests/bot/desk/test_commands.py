"""The commands: how they are typed, who may give them, and what they do."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import Card, Choice, Form, Values
from bot.conversation.channels import ChannelRules
from bot.desk.commands import Ask, Command, Commands, Invocation, Outcome, Parameter
from bot.desk.forms import FieldFaults, Forms
from bot.errors import UsageError
from bot.ports import KnownSource
from bot.source_ports import Undecided
from knowledge.types import Attachment
from tests.adapters.desk_bench import VOICES, Bench, open_bench
from tests.adapters.fake_platform import CHANNEL, DIRECT, THREAD, FakePlatform, utterance
from tests.kit.fakes import evidence
from tests.kit.loras import put_version

ADMIN = "root"
QUESTIONS = Attachment("q.jsonl", "", content=b'{"question": "?", "answerable": false}\n' * 5)
EXAMPLES = Attachment("a.md", "", content=b"# Replies\n\nGood morning, here you are.")


@pytest.fixture(autouse=True)
def _has_an_admin(office: FakePlatform) -> None:
    office.admins.add(ADMIN)


async def given_line(
    bench: Bench, office: FakePlatform, line: str, user: str = ADMIN, place: Any = CHANNEL
) -> Outcome:
    """Type a line, such as ``/kb gaps``; what comes back."""
    name, _, rest = line.removeprefix("/").partition(" ")
    command, values = bench.commands.parse(name, rest)
    return await bench.commands.run(command, Invocation(office, place, user, values))


async def told(*args: Any, **of: Any) -> str:
    outcome = await given_line(*args, **of)
    assert isinstance(outcome, Card)
    return outcome.text


# --- the registry -----------------------------------------------------------------------------


async def done(_: Invocation) -> Outcome:
    return Card("done")


async def fruit(by: Invocation, typed: str) -> Sequence[Choice]:
    return [Choice(each, each) for each in ("apple", "apricot", "pear") if each.startswith(typed)]


LOUD = Parameter("loud", "Louder.", "yes_no", required=False)
WHOM = Parameter("whom", "Only to them.", "word", required=False)
WORDS = Parameter("words", "What to say.")
TOYS = Commands(
    [
        Command("say", "Say it.", done, parameters=(LOUD, WORDS)),
        Command("tell", "Say it to them.", done, parameters=(LOUD, WHOM, WORDS)),
        Command("box", "Open it.", done, "open", (LOUD,)),
        Command("box", "Fill it.", done, "fill", (Parameter("fruit", "Which?", suggest=fruit),)),
        Command(
            "safe",
            "Crack it.",
            done,
            parameters=(Parameter("fruit", "", suggest=fruit),),
            admin=True,
        ),
    ],
)


@pytest.mark.parametrize(
    ("name", "line", "action", "values"),
    [
        ("say", "good morning", "", {"words": "good morning"}),
        ("say", "--loud good morning", "", {"loud": "yes", "words": "good morning"}),
        ("say", "--LOUD", "", {"loud": "yes"}),
        ("say", "loud good morning", "", {"words": "loud good morning"}),
        ("say", "--louder", "", {"words": "--louder"}),
        ("say", "  two\n lines\t ", "", {"words": "two\n lines"}),
        ("say", "--loud\ntwo\n\nlines", "", {"loud": "yes", "words": "two\n\nlines"}),
        ("say", "", "", {}),
        ("say", "--loud --loud", "", {"loud": "yes", "words": "--loud"}),
        ("tell", "--whom=Ann hello", "", {"whom": "Ann", "words": "hello"}),
        ("tell", "--whom=Ann --loud hello", "", {"whom": "Ann", "loud": "yes", "words": "hello"}),
        ("tell", "--whom hello", "", {"words": "--whom hello"}),
        ("tell", "--loud=no hello", "", {"words": "--loud=no hello"}),
        ("tell", "x=1 --whom=Ann", "", {"words": "x=1 --whom=Ann"}),
        ("box", "open", "open", {}),
        ("box", "OPEN loud", "open", {"loud": "yes"}),
        ("box", "fill apple", "fill", {"fruit": "apple"}),
        ("box", "fill\napple\npear", "fill", {"fruit": "apple\npear"}),
    ],
)
def test_a_typed_line_is_a_command_with_values(
    name: str, line: str, action: str, values: dict[str, str]
) -> None:
    command, parsed = TOYS.parse(name, line)
    assert (command.name, command.action, parsed) == (name, action, values)


@given(st.text())
def test_a_text_parameter_takes_any_words_as_they_are(line: str) -> None:
    words = line.strip()
    _, values = TOYS.parse("say", f"--loud {words}")
    assert values.get("words", "") == words


@pytest.mark.parametrize("line", ["", "shake", "fillapple"])
def test_an_unknown_action_is_answered_with_what_there_is(line: str) -> None:
    with pytest.raises(UsageError) as refused:
        TOYS.parse("box", line)
    assert str(refused.value) == "- `/box open [loud]`: Open it.\n- `/box fill <fruit>`: Fill it."


def test_words_that_a_command_does_not_take_are_not_passed_over() -> None:
    with pytest.raises(UsageError, match=r"Usage: `/box open \[loud\]`\. Open it\."):
        TOYS.parse("box", "open softly")


def test_an_unknown_command_points_to_help() -> None:
    with pytest.raises(UsageError, match="`/help`"):
        TOYS.parse("dance", "")


async def test_what_a_command_needs_is_asked_for(office: FakePlatform) -> None:
    for values in ({}, {"words": "  "}):
        with pytest.raises(UsageError, match=r"Usage: `/say \[--loud\] <words>`\. What to say\."):
            await TOYS.run(TOYS.named("say"), Invocation(office, CHANNEL, "ann", values))


async def test_choices_follow_what_is_typed_and_only_for_who_may(office: FakePlatform) -> None:
    by = office.by("ann")
    fill = TOYS.named("box", "fill")
    assert [each.value for each in await TOYS.suggest(fill, "fruit", by, "ap")] == [
        "apple",
        "apricot",
    ]
    assert await TOYS.suggest(fill, "nothing", by, "") == ()
    assert await TOYS.suggest(TOYS.named("say"), "words", by, "") == ()
    assert await TOYS.suggest(TOYS.named("safe"), "fruit", by, "") == ()
    assert len(await TOYS.suggest(TOYS.named("safe"), "fruit", office.by(ADMIN), "")) == 3


async def test_a_form_that_is_not_known_any_more_says_so(office: FakePlatform) -> None:
    with pytest.raises(UsageError, match="no longer"):
        await Forms({}).submit("old", {}, office.by("ann"), {})


# --- our own ----------------------------------------------------------------------------------


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


class TestTheRulesOfAChannel:
    FILLED: Values = {  # noqa: RUF012 - never changed
        "answers": "unprompted",
        "bar": "0,9",
        "voice": "harbour",
        "daily_limit": "20",
        "sources": ("hb",),
    }

    async def save(self, bench: Bench, office: FakePlatform, user: str = ADMIN, **of: Any) -> str:
        by = office.by(user)
        return (await bench.desk.submit("channel", {}, by, {**self.FILLED, **of})).text

    async def test_are_shown_in_a_form_as_they_are(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        bench.world.sources.known.append(KnownSource("hb", "/srv/handbook", 12, is_public=True))
        rules = ChannelRules(answers="never", bar=0.7, daily_limit=5, sources=frozenset({"hb"}))
        await bench.channels.set_rules(CHANNEL, rules, "x", bench.clock())
        form = await given_line(bench, office, "/kb channel")
        assert isinstance(form, Form)
        assert {each.name: each.value for each in form.fields} == {
            "answers": "never",
            "bar": "0.7",
            "voice": "default",
            "daily_limit": "5",
            "sources": ("hb",),
        }

    async def test_are_shown_within_what_platforms_can_show(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        bench.world.sources.known = [
            KnownSource(f"s{n}", f"/srv/{'x' * 99}{n}", 1, is_public=True) for n in range(40)
        ]
        await bench.channels.set_rules(
            CHANNEL,
            ChannelRules(voice="gone", sources=frozenset({"s1", "s39", "gone"})),
            "x",
            bench.clock(),
        )
        for line in ("/kb channel", "/kb workspace"):
            form = await given_line(bench, office, line)
            assert isinstance(form, Form)
            assert len(form.fields) <= 5
            assert len(form.title) <= 24
            for each in form.fields:
                assert len(each.choices) <= 25
                assert all(len(choice.label) <= 75 for choice in each.choices)
                if each.choices:
                    chosen = [each.value] if isinstance(each.value, str) else list(each.value)
                    assert set(chosen) <= {choice.value for choice in each.choices}

    async def test_are_saved_and_told_in_words(self, bench: Bench, office: FakePlatform) -> None:
        assert await self.save(bench, office) == (
            "Saved. I answer any question that I am sure about (0.9 and more) in this channel, "
            "in the voice harbour, at most 20 times a day, from 1 chosen sources."
        )
        assert await bench.channels.rules(THREAD) == ChannelRules(
            answers="unprompted",
            bar=0.9,
            voice="harbour",
            daily_limit=20,
            sources=frozenset({"hb"}),
        )

    async def test_can_be_taken_back_to_the_usual(self, bench: Bench, office: FakePlatform) -> None:
        await self.save(bench, office)
        usual = {"answers": "mention", "bar": "0.8", "voice": "default"}
        told = await self.save(bench, office, **usual, daily_limit="", sources=())
        assert told == "Saved. I answer when I am mentioned in this channel, in the usual voice."
        assert await bench.channels.rules(CHANNEL) == ChannelRules()

    async def test_are_saved_by_admins_only_even_if_they_were_when_it_was_opened(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        with pytest.raises(UsageError, match="admins"):
            await self.save(bench, office, "ann")
        with pytest.raises(UsageError, match="admins"):
            await bench.desk.submit("workspace", {}, office.by("ann"), {"help_channel": "C9"})
        assert await bench.rows("channel") == []

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("bar", "sure"),
            ("bar", "1.1"),
            ("bar", "-0.1"),
            ("bar", "nan"),
            ("bar", ""),
            ("daily_limit", "many"),
            ("daily_limit", "0"),
            ("daily_limit", "-1"),
            ("daily_limit", "1.5"),
            ("daily_limit", "inf"),
            ("answers", "always"),
            ("answers", ""),
            ("voice", "nobody"),
        ],
    )
    async def test_that_cannot_be_are_told_beside_their_field(
        self, bench: Bench, office: FakePlatform, field: str, value: str
    ) -> None:
        with pytest.raises(FieldFaults) as refused:
            await self.save(bench, office, **{field: value})
        assert list(refused.value.faults) == [field]
        assert await bench.rows("channel") == []

    async def test_that_the_form_does_not_ask_for_stay(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        assert "not in threads" in await told(bench, office, "/kb threads off")
        assert "New forum posts" in await told(bench, office, "/kb forum")
        await self.save(bench, office)
        rules = await bench.channels.rules(CHANNEL)
        assert (rules.threads, rules.forum) == (False, True)
        await told(bench, office, "/kb threads")
        await told(bench, office, "/kb forum off")
        rules = await bench.channels.rules(CHANNEL)
        assert (rules.threads, rules.forum) == (True, False)

    @pytest.mark.parametrize("line", ["/kb channel", "/kb threads", "/kb forum"])
    async def test_are_none_in_a_direct_conversation(
        self, bench: Bench, office: FakePlatform, line: str
    ) -> None:
        with pytest.raises(UsageError, match="direct conversation"):
            await given_line(bench, office, line, place=DIRECT)


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
