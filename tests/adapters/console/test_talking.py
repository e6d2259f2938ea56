"""A conversation at the terminal, line by line."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.base import Adapter
from adapters.terminal.sources import source_line
from bot.types import Citation
from knowledge.types import Principals
from tests.adapters.console.talk import ASKED, ASKER, MANAGERS, Talk
from tests.adapters.desk_bench import voice_for
from tests.kit.fakes import evidence


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


def test_a_source_line_has_mark_title_and_document() -> None:
    assert source_line(Citation(2, "Pay › Pay day", "pay.md", "", "x")) == (
        "[2] Pay › Pay day (pay.md)"
    )
