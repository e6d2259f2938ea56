"""The terminal as a platform: a conversation line by line, commands, buttons and forms."""

from __future__ import annotations

import asyncio
import io
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from adapters.base import Adapter
from adapters.terminal.adapter import Console
from adapters.terminal.forms import as_filled_in, current, described
from adapters.terminal.sources import source_line
from bot.cards import Card, Choice, Field, Form, Values
from bot.desk.commands import Command, Commands, Invocation
from bot.desk.desk import Desk
from bot.desk.forms import FieldFaults, FormKind, Forms
from bot.errors import UsageError
from bot.ports import KnownSource
from bot.types import Asker, Citation
from knowledge.types import Principals
from tests.adapters.desk_bench import Bench, voice_for
from tests.kit.fakes import evidence

MANAGERS = frozenset({"role:managers"})
ASKER = Asker("user:console", frozenset({"public"}) | MANAGERS)
PAY = evidence("Salaries arrive on the 28th.", title="Pay", document="pay.md")
ASKED = "When do salaries arrive?"


HANDBOOK = KnownSource("hb", "/srv/our handbook", 12, is_public=True, passages=340)


class Terminal(io.StringIO):
    """What is written, to a terminal or to a pipe; ``pieces`` as it was flushed."""

    def __init__(self, *, is_terminal: bool = False) -> None:
        super().__init__()
        self._is_terminal = is_terminal
        self.pieces: list[str] = []

    def isatty(self) -> bool:
        return self._is_terminal

    def flush(self) -> None:
        self.pieces.append(self.getvalue()[sum(map(len, self.pieces)) :])


@dataclass
class Talk:
    """A console over a bot that finds what it is given."""

    bench: Bench
    rest: deque[str] = field(default_factory=deque)
    """What is typed and not read yet."""
    out: Terminal = field(default_factory=Terminal)

    def opened(self, *lines: str, is_terminal: bool = False, **of: Any) -> Console:
        self.rest = deque(lines)
        self.out = Terminal(is_terminal=is_terminal)
        plain: dict[str, Any] = {
            "desk": self.bench.desk,
            "asker": ASKER,
            "out": self.out,
            "echo": True,
        }
        return Console(**plain | {"read": self._read} | of)

    def _read(self) -> str | None:
        return f"{self.rest.popleft()}\n" if self.rest else None

    async def said(self, *lines: str, **of: Any) -> str:
        """All that is written when these lines are typed."""
        await self.opened(*lines, **of).listen()
        return self.out.getvalue()

    @property
    def asked(self) -> list[str]:
        """What was looked up."""
        return [each.question for each in self.bench.passages.searches]


@pytest.fixture
def talk(bench: Bench) -> Talk:
    bench.knows("salaries", PAY)
    return Talk(bench)


def test_it_is_a_platform_like_the_others(talk: Talk) -> None:
    adapter: Adapter = talk.opened()
    assert adapter.name == "console"


class TestAQuestion:
    async def test_is_answered_with_its_source_below(self, talk: Talk) -> None:
        said = await talk.said(ASKED)
        assert said.startswith(f"> {ASKED}\n")
        assert "Salaries arrive on the 28th. [1]" in said
        assert said.endswith("\n[1] Pay (pay.md)\n\n")
        assert said.count("28th") == 1

    async def test_is_answered_in_pieces_as_they_come(self, talk: Talk) -> None:
        await talk.said(ASKED)
        holding = [piece for piece in talk.out.pieces if "28th" in piece]
        assert len(talk.out.pieces) > 3
        assert holding == [" Salaries arrive on the 28th. [1]"]

    async def test_is_asked_as_who_the_console_was_opened_for(self, talk: Talk) -> None:
        await talk.said(ASKED)
        [search] = talk.bench.passages.searches
        assert search.principals > ASKER.principals

    @pytest.mark.parametrize("access", [MANAGERS, frozenset({"role:board"})])
    async def test_is_answered_from_what_they_may_read(
        self, talk: Talk, access: Principals
    ) -> None:
        talk.bench.knows("bonus", evidence("The bonus is 4000 euros.", access=access))
        assert ("4000" in await talk.said("How high is the bonus?")) is (access == MANAGERS)

    async def test_leans_on_the_question_before_it(self, talk: Talk) -> None:
        await talk.said("When do salaries arrive in Ghent?", "and in Lyon?")
        assert talk.asked[1] == "When do salaries arrive in Lyon?"

    async def test_does_not_lean_on_another_console(self, talk: Talk) -> None:
        await talk.said("When do salaries arrive in Ghent?")
        await talk.said("and in Lyon?")
        assert talk.asked[1] == "and in Lyon?"

    async def test_asked_twice_is_answered_twice(self, talk: Talk) -> None:
        said = await talk.said(ASKED, ASKED)
        assert said.count("28th") == 2

    async def test_that_nothing_answers_is_no_end(self, talk: Talk) -> None:
        said = await talk.said("Who won in 2018?", ASKED)
        assert any(line in said for line in voice_for(None).guide.replies.unknown)
        assert "28th" in said

    async def test_that_fails_is_an_apology_and_no_end(self, talk: Talk) -> None:
        talk.bench.passages.fault = RuntimeError("the disk is on fire")
        with capture_logs() as logged:
            said = await talk.said(ASKED, ASKED)
        assert logged[0]["error_id"] in said
        assert "something broke at my end" in said
        assert "disk is on fire" not in said
        assert "Traceback" not in said
        assert "28th" in said

    async def test_that_cannot_even_be_kept_is_answered_with_an_error_id(
        self, talk: Talk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(talk.bench.inbox, "accept", broken)
        with capture_logs() as logged:
            said = await talk.said(ASKED)
        assert logged[0]["error_id"] in said
        monkeypatch.undo()
        monkeypatch.setattr(talk.bench.channels, "workspace", broken)
        with capture_logs() as logged:
            said = await talk.said(ASKED)
        assert said.endswith("I could not answer that. The log says why.\n\n")
        assert "dispatch_failed" in str(logged)

    async def test_is_answered_in_the_voice_asked_for(self, talk: Talk) -> None:
        assert "Ahoy." in await talk.said(ASKED, voice="harbour")
        assert "Ahoy." not in await talk.said(ASKED)

    async def test_broken_off_by_its_asker_is_left_behind_by_nobody(self, talk: Talk) -> None:
        reached = asyncio.Event()

        async def forever(*_: object, **__: object) -> Any:
            reached.set()
            await asyncio.Event().wait()

        talk.bench.passages.search = forever  # type: ignore[method-assign]
        listening = asyncio.create_task(talk.opened(ASKED).listen())
        await reached.wait()
        listening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listening
        [row] = await talk.bench.rows("inbox")
        assert row["outcome"] == "withdrawn"


async def broken(*_: object) -> Any:
    raise OSError("disk full")


class TestTheEnd:
    @pytest.mark.parametrize("word", ["/quit", "/exit", "quit", "exit", "  QUIT  "])
    async def test_comes_with_a_word(self, talk: Talk, word: str) -> None:
        assert await talk.said(word, ASKED) == ""
        assert list(talk.rest) == [ASKED]

    async def test_does_not_come_with_a_question_about_it(self, talk: Talk) -> None:
        await talk.said("How do I quit the chess club?")
        assert len(talk.asked) == 1

    async def test_comes_with_the_end_of_the_input(self, talk: Talk) -> None:
        assert await talk.said() == ""

    async def test_comes_when_it_is_told_to_stop(self, talk: Talk) -> None:
        console = talk.opened(ASKED)
        await console.stop_listening()
        await console.listen()
        assert talk.out.getvalue() == ""


class TestWhatIsWritten:
    async def test_is_nothing_for_empty_lines(self, talk: Talk) -> None:
        assert await talk.said("", "   ", "\t") == ""
        assert talk.asked == []

    async def test_repeats_what_is_typed_only_where_asked_to(self, talk: Talk) -> None:
        assert "> hello" in await talk.said("hello")
        assert "> hello" not in await talk.said("hello", echo=False)

    async def test_has_dim_sources_and_buttons_in_a_terminal_and_plain_sources_in_a_pipe(
        self, talk: Talk
    ) -> None:
        assert (
            "\x1b[2m[1] Pay (pay.md)\n● Sure  /helpful  /unhelpful  /why\n\x1b[0m"
            in await talk.said(ASKED, is_terminal=True)
        )
        assert "\x1b" not in await talk.said(ASKED)

    async def test_cannot_steer_the_terminal(self, talk: Talk) -> None:
        evil = evidence("The oven\x1b[2J is at 90\x9b degrees.", title="O\x1b]0;x\x07ven")
        talk.bench.knows("oven", evil)
        said = await talk.said("How hot is the oven?", "/why")
        assert "degrees" in said
        assert not set(said) & {"\x1b", "\x9b", "\x07"}


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


def test_a_source_line_has_mark_title_and_document() -> None:
    assert source_line(Citation(2, "Pay › Pay day", "pay.md", "", "x")) == (
        "[2] Pay › Pay day (pay.md)"
    )
