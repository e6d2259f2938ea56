"""How commands are typed, completed and refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import Card, Choice
from bot.desk.commands import Command, Commands, Invocation, Outcome, Parameter
from bot.desk.forms import Forms
from bot.errors import UsageError
from tests.adapters.fake_platform import CHANNEL, FakePlatform
from tests.bot.desk.commands.giving import ADMIN


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
