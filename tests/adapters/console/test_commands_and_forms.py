"""Commands, buttons and forms at the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.terminal.forms import as_filled_in, current, described
from bot.cards import Card, Choice, Field, Form, Values
from bot.desk.commands import Command, Commands, Invocation
from bot.desk.desk import Desk
from bot.desk.forms import FieldFaults, FormKind, Forms
from bot.errors import UsageError
from bot.ports import KnownSource
from tests.adapters.console.talk import ASKED, Talk

HANDBOOK = KnownSource("hb", "/srv/our handbook", 12, is_public=True, passages=340)


class TestCommands:
    async def test_are_the_same_as_everywhere(self, talk: Talk) -> None:
        said = await talk.said("/help")
        for command in talk.bench.commands.where(()).all:
            assert command.usage() in said
        assert "/kb forum" not in said and "/kb channel" not in said

    async def test_may_be_those_of_admins(self, talk: Talk) -> None:
        assert "There are no sources yet." in await talk.said("/kb list")

    async def test_that_ask_are_answered(self, talk: Talk) -> None:
        assert "28th" in await talk.said(f"/ask {ASKED}")
        assert "28th" in await talk.said(f"/ASK --public {ASKED}")

    async def test_that_lack_something_say_what(self, talk: Talk) -> None:
        assert "Usage: `/ask [--public] <question>`" in await talk.said("/ask")

    @pytest.mark.parametrize("line", ["/", "/dance", "/kb", "/kb dance"])
    async def test_that_there_are_not_are_answered_with_those_that_there_are(
        self, talk: Talk, line: str
    ) -> None:
        assert "/help" in (said := await talk.said(line)) or "/kb list" in said
        assert talk.asked == []

    async def test_rewrite_a_draft_in_the_voice_asked_for(self, talk: Talk) -> None:
        said = await talk.said("/voice say Your parcel arrives on 3 May.", voice="harbour")
        assert "3 May" in said
        assert "speak in harbour" in await talk.said("/voice list", voice="harbour")


class TestButtons:
    async def test_act_on_the_last_answer(self, talk: Talk) -> None:
        said = await talk.said(ASKED, "/helpful", "/why")
        assert "Thank you, noted." in said
        assert "**What I read**\n1. Pay (quoted, " in said
        [opinion] = await talk.bench.rows("feedback")
        assert opinion["rater"] == "console:user:console"

    @pytest.mark.parametrize("lines", [("/why",), (ASKED, "thanks", "/why"), (ASKED, "/send")])
    async def test_are_there_only_where_the_last_answer_has_them(
        self, talk: Talk, lines: tuple[str, ...]
    ) -> None:
        assert "There is no `" in await talk.said(*lines)

    async def test_ask_a_person_where_there_is_a_place_for_that(self, talk: Talk) -> None:
        said = await talk.said("/kb workspace help_channel=helpers", "Who won?", "/person")
        assert "To helpers:\nconsole would like a person's help:\n> Who won?" in said
        assert "I have asked a person." in said

    async def test_send_edit_and_copy_a_draft(self, talk: Talk) -> None:
        said = await talk.said(
            "/voice say Your parcel arrives on 3 May.", "/copy", "/edit It is late.", "/send"
        )
        assert "```\n" in said
        assert "> /send\nIt is late.\n\n— console\n" in said
        assert said.endswith("Sent.\n\n")

    async def test_of_a_draft_stay_until_it_is_sent(self, talk: Talk) -> None:
        said = await talk.said("/voice say It is late.", "/send", "/send")
        assert "sent already" in said or "no longer kept" in said


class TestForms:
    """The help channel of the workspace is asked for by a form of one field; drafts too."""

    async def test_in_a_pipe_are_shown_for_the_words_to_be_given(self, talk: Talk) -> None:
        said = await talk.said("/kb workspace")
        assert "help_channel: Where people take over []" in said

    async def test_at_a_prompt_are_asked_field_by_field(self, talk: Talk) -> None:
        said = await talk.said("/kb workspace", "helpers", "/kb workspace", echo=False)
        assert "help_channel: Where people take over []" in said
        assert "help_channel: Where people take over [helpers]" in said

    @pytest.mark.parametrize(("typed", "kept"), [("", "helpers"), ("-", ""), ("C2", "C2")])
    async def test_at_a_prompt_keep_change_or_empty_a_value(
        self, talk: Talk, typed: str, kept: str
    ) -> None:
        said = await talk.said(
            "/kb workspace helpers", "/kb workspace", typed, "/kb workspace", echo=False
        )
        assert said.endswith(
            f'[{kept}] "Ask a person" posts here. Empty: there is no such button.\n'
        )

    async def test_of_a_command_with_words_of_its_own_are_asked_at_a_prompt(
        self, talk: Talk
    ) -> None:
        talk.bench.world.sources.known = [HANDBOOK]
        said = await talk.said("/kb remove /srv/our handbook", "", echo=False)
        assert "decision: Remove this source? (keep, remove) [keep]" in said
        assert "/srv/our handbook stays as it is." in said
        said = await talk.said("/kb remove hb", "remove", echo=False)
        assert "is removed, with 340 passages." in said

    async def test_of_a_command_with_words_of_its_own_follow_them_in_a_pipe(
        self, talk: Talk
    ) -> None:
        talk.bench.world.sources.known = [HANDBOOK]
        assert "[keep]" in await talk.said("/kb remove /srv/our handbook")
        said = await talk.said("/kb remove /srv/our handbook decision=yes")
        assert "Choose one of keep, remove." in said
        said = await talk.said("/kb remove /srv/our handbook decision=remove")
        assert "is removed, with 340 passages." in said
        assert "There is no source 'hb'" in await talk.said("/kb remove hb decision=remove")

    async def test_left_at_the_end_of_the_input_change_nothing(self, talk: Talk) -> None:
        await talk.said("/kb workspace", echo=False)
        assert await talk.bench.rows("channel") == []

    async def test_with_a_fault_are_asked_again_at_a_prompt(self, talk: Talk) -> None:
        said = await talk.said("/set", "two", "all", "a", "0.5", desk=with_form(talk), echo=False)
        assert "No number." in said
        assert said.endswith("Kept 0.5, all, a.\n\n")

    async def test_with_a_fault_are_left_at_the_end_of_the_input(self, talk: Talk) -> None:
        said = await talk.said("/set", "two", "", "", desk=with_form(talk), echo=False)
        assert "No number." in said
        assert "Kept" not in said

    async def test_with_a_fault_are_refused_in_a_pipe(self, talk: Talk) -> None:
        said = await talk.said("/set bar=two", "/set bar=0.5", desk=with_form(talk))
        assert said == "> /set bar=two\nNo number.\n\n> /set bar=0.5\nKept 0.5, all, a b.\n\n"


def with_form(talk: Talk) -> Desk:
    """The desk with one more form, which wants a number."""

    async def open_form(_: Invocation, __: str = "") -> Form:
        return RULES

    async def submit(_: Invocation, __: Mapping[str, str], values: Values) -> Card:
        if not str(values["bar"]).replace(".", "").isdigit():
            raise FieldFaults({"bar": "No number."})
        return Card(f"Kept {values['bar']}, {values['mode']}, {' '.join(values['sources'])}.")

    commands = Commands([Command("set", "Set it.", open_form)])
    forms = Forms({"rules": FormKind(open_form, submit)})
    return replace(talk.bench.desk, commands=commands, forms=forms)


RULES = Form(
    "rules",
    "Rules",
    (
        Field("bar", "How sure", "number", "0.8"),
        Field("mode", "When", "one_of", "all", (Choice("all", "All"), Choice("none", "None"))),
        Field("sources", "Which", "some_of", ("a", "b"), help="None: all."),
    ),
)


class TestAFormInWords:
    def test_is_described_a_line_a_field(self) -> None:
        assert described(RULES).splitlines() == [
            "bar: How sure [0.8]",
            "mode: When (all, none) [all]",
            "sources: Which [a,b] None: all.",
        ]

    @pytest.mark.parametrize(
        ("words", "changed"),
        [
            ("bar=0.9", {"bar": "0.9"}),
            ("mode=none sources=c,d", {"mode": "none", "sources": ("c", "d")}),
            ("sources=", {"sources": ()}),
            ('bar="a = b"', {"bar": "a = b"}),
        ],
    )
    def test_changes_what_is_named_and_keeps_the_rest(
        self, words: str, changed: dict[str, Any]
    ) -> None:
        assert as_filled_in(RULES, words) == {**current(RULES), **changed}

    @pytest.mark.parametrize("words", ["nonsense", "moon=full", "bar 0.9", 'bar="0.9', "=1"])
    def test_that_cannot_be_understood_says_how_it_is_written(self, words: str) -> None:
        with pytest.raises(UsageError):
            as_filled_in(RULES, words)

    @given(st.text())
    def test_of_one_field_takes_all_words_as_they_are(self, words: str) -> None:
        one = Form("one", "One", (Field("text", "Text", "long_text"),))
        assert as_filled_in(one, f"text={words}") == {"text": words}
