"""The terminal as a platform: a conversation line by line, and how it ends."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from adapters.base import Adapter
from adapters.console import Console, source_line
from bot.assistant import Assistant
from bot.chain import build_chain
from bot.database import open_database
from bot.history import History
from bot.tone.voice import Voice
from bot.types import Asker, Citation
from tests.fakes import FakeRetriever, FakeWriter, FixedClock, evidence

ROOT = Path(__file__).resolve().parents[2]
ASKER = Asker("user:console", frozenset({"public", "role:managers"}))
PAY = evidence("Salaries arrive on the 28th.", title="Pay", document="pay.md")


class Terminal(io.StringIO):
    """What is written, to a terminal or to a pipe."""

    def __init__(self, *, is_terminal: bool = False) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@dataclass
class Talk:
    """A console over a bot that finds what it is given."""

    history: History
    voice: Voice
    retriever: FakeRetriever = field(default_factory=FakeRetriever)

    async def said(
        self, *lines: str, echo: bool = True, is_terminal: bool = False, voice: str | None = None
    ) -> str:
        """All that is written when these lines are typed."""
        out = Terminal(is_terminal=is_terminal)
        typed: Iterator[str] = iter(lines)
        assistant = Assistant(
            build_chain(self.retriever, FakeWriter().for_voice, threshold=0, restate=False),
            self.history,
            self._voice_for,
            max_question_chars=100,
            clock=FixedClock(),
        )
        console = Console(assistant, ASKER, out, lambda: next(typed, None), voice=voice, echo=echo)
        await console.run()
        self.rest = list(typed)
        return out.getvalue()

    def _voice_for(self, name: str | None) -> Voice:
        self.asked_for = name
        return self.voice


@pytest_asyncio.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
    yield Talk(History(engine), Voice.load(ROOT / "voices", "fernhill"))
    await engine.dispose()


def test_it_is_a_platform() -> None:
    def port(adapter: type[Adapter]) -> str:
        return str(adapter.name)

    assert port(Console) == "console"


async def test_an_answer_comes_with_its_source_below(talk: Talk) -> None:
    talk.retriever = FakeRetriever([PAY])
    said = await talk.said("When do salaries arrive?\n")
    assert said.startswith("> When do salaries arrive?\n")
    assert "Salaries arrive on the 28th. [1]" in said
    assert said.endswith("\n[1] Pay (pay.md)\n\n")


async def test_the_asker_is_who_the_console_was_opened_for(talk: Talk) -> None:
    await talk.said("When do salaries arrive?\n")
    assert talk.retriever.asked == [("When do salaries arrive?", ASKER.principals)]


async def test_a_follow_up_leans_on_the_question_before_it(talk: Talk) -> None:
    await talk.said("When do salaries arrive in Ghent?\n", "and in Lyon?\n")
    first, second = (question for question, _ in talk.retriever.asked)
    assert first == "When do salaries arrive in Ghent?"
    assert second == "When do salaries arrive in Ghent? and in Lyon?"


async def test_two_consoles_are_two_conversations(talk: Talk) -> None:
    await talk.said("When do salaries arrive in Ghent?\n")
    await talk.said("and in Lyon?\n")
    assert talk.retriever.asked[1][0] == "and in Lyon?"


async def test_the_same_question_twice_is_answered_twice(talk: Talk) -> None:
    said = await talk.said("When do salaries arrive?\n", "When do salaries arrive?\n")
    assert len(talk.retriever.asked) == 2
    assert said.count("> When do salaries arrive?") == 2


async def test_empty_lines_are_passed_over(talk: Talk) -> None:
    assert await talk.said("\n", "   \n", "\t\n") == ""
    assert talk.retriever.asked == []


@pytest.mark.parametrize("word", ["/quit", "/exit", "quit", "exit", "  QUIT  "])
async def test_a_word_to_leave_ends_it(talk: Talk, word: str) -> None:
    assert await talk.said(f"{word}\n", "When do salaries arrive?\n") == ""
    assert talk.rest == ["When do salaries arrive?\n"]


async def test_a_question_about_leaving_is_answered(talk: Talk) -> None:
    await talk.said("How do I quit the chess club?\n")
    assert len(talk.retriever.asked) == 1


async def test_the_end_of_the_input_ends_it(talk: Talk) -> None:
    assert await talk.said() == ""


async def test_it_says_that_it_does_not_know_and_goes_on(talk: Talk) -> None:
    talk.retriever = FakeRetriever([], [PAY])
    said = await talk.said("Who won in 2018?\n", "When do salaries arrive?\n")
    assert any(line in said for line in talk.voice.guide.replies.unknown)
    assert "Salaries arrive on the 28th." in said


async def test_a_failure_is_an_apology_and_it_goes_on(talk: Talk) -> None:
    talk.retriever = FakeRetriever(RuntimeError("the disk is on fire"), [PAY])
    with capture_logs() as logged:
        said = await talk.said("When do salaries arrive?\n", "When do salaries arrive?\n")
    assert logged[0]["error_id"] in said
    assert "something broke at my end" in said
    assert "disk is on fire" not in said
    assert "Traceback" not in said
    assert "Salaries arrive on the 28th." in said


async def test_what_is_typed_is_repeated_only_where_asked_for(talk: Talk) -> None:
    assert "> hello" not in await talk.said("hello\n", echo=False)


async def test_sources_are_dim_in_a_terminal_and_plain_in_a_pipe(talk: Talk) -> None:
    talk.retriever = FakeRetriever([PAY], [PAY])
    assert "\x1b[2m[1] Pay (pay.md)\n\x1b[0m" in await talk.said("salaries?\n", is_terminal=True)
    assert "\x1b" not in await talk.said("salaries?\n")


async def test_the_voice_asked_for_reaches_the_bot(talk: Talk) -> None:
    await talk.said("hello\n", voice="other")
    assert talk.asked_for == "other"


def test_a_source_line_has_mark_title_and_document() -> None:
    assert source_line(Citation(2, "Pay › Pay day", "pay.md", "", "x")) == (
        "[2] Pay › Pay day (pay.md)"
    )
