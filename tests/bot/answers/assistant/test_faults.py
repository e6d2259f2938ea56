"""A part that fails costs one answer, and is told in words."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.history import History
from bot.errors import ModelError
from bot.shell.watching.log import configure_log
from bot.types import Delta, Reply
from knowledge.types import Evidence
from tests.bot.answers.assistant.talk import PAYDAY, SECRET, Bot
from tests.kit.fakes import (
    FakeRetriever,
    evidence,
)


def broken(bot: Bot, where: str) -> None:
    """Make one part of the bot fail at the next question."""
    match where:
        case "retriever":
            bot.finds(RuntimeError("store gone"))
        case "writer":
            bot.finds([evidence(PAYDAY)], writes=ModelError("model gone"))
        case "reading the history":
            bot.assistant = bot.built(BrokenHistory(bot.engine, "questions"))
        case "recording the answer":
            bot.assistant = bot.built(BrokenHistory(bot.engine, "record"))


class BrokenHistory(History):
    def __init__(self, engine: AsyncEngine, where: str):
        super().__init__(engine)
        setattr(self, where, self._broken)

    async def _broken(self, *_: object) -> Any:
        raise OSError("disk full")


class TestAFault:
    @pytest.mark.parametrize(
        "where",
        ["retriever", "writer", "reading the history", "recording the answer"],
    )
    async def test_of_any_part_ends_in_an_apology_with_an_id_that_is_in_the_log(
        self, bot: Bot, capsys: pytest.CaptureFixture[str], where: str
    ) -> None:
        configure_log("INFO")
        broken(bot, where)
        pieces = await bot.pieces(bot.message(f"When is payday, {SECRET}?"))
        reply = pieces[-1]
        assert isinstance(reply, Reply)
        assert reply.error_id
        assert bot.voice.guide.replies.apology.format(error_id=reply.error_id) in reply.answer
        log = capsys.readouterr().err
        [event] = [json.loads(line) for line in log.splitlines()]
        assert (event["event"], event["error_id"]) == ("message_failed", reply.error_id)
        assert event["trace_id"] == reply.trace_id
        assert SECRET not in log

    @pytest.mark.parametrize("where", ["retriever", "writer", "reading the history"])
    async def test_leaves_a_trace_by_which_a_person_can_be_asked(
        self, bot: Bot, where: str
    ) -> None:
        broken(bot, where)
        reply = (await bot.pieces(bot.message("When is payday?", private=True)))[-1]
        assert isinstance(reply, Reply)
        trace = await bot.history.trace(reply.trace_id)
        assert trace is not None
        assert trace.private
        assert trace.reply.question == "When is payday?"
        assert trace.reply.error_id == reply.error_id
        assert await bot.rows("turn") == []

    async def test_of_a_voice_that_is_not_there_ends_in_an_apology_too(self, bot: Bot) -> None:
        reply = (await bot.pieces(bot.message("When is payday?", voice="nobody")))[-1]
        assert isinstance(reply, Reply)
        assert reply.error_id

    @pytest.mark.parametrize("error", ["retriever", "writer", "recording the answer"])
    async def test_leaves_a_reply_that_is_what_was_streamed(self, bot: Bot, error: str) -> None:
        broken(bot, error)
        *deltas, reply = await bot.pieces(bot.message("When is payday?"))
        assert isinstance(reply, Reply)
        assert "".join(one.text for one in deltas if isinstance(one, Delta)) == reply.answer

    async def test_after_the_first_words_begins_a_paragraph_of_its_own(self, bot: Bot) -> None:
        broken(bot, "writer")
        *deltas, _ = await bot.pieces(bot.message("When is payday?"))
        greeting, apology = (one.text for one in deltas if isinstance(one, Delta))
        assert greeting in bot.voice.guide.greetings
        assert apology.startswith("\n\n")

    @pytest.mark.parametrize(
        "error", [ValueError(f"cannot read {SECRET!r}"), ModelError("the endpoint failed")]
    )
    async def test_whose_own_words_hold_the_question_keeps_them_out_of_the_log(
        self, bot: Bot, capsys: pytest.CaptureFixture[str], error: Exception
    ) -> None:
        configure_log("INFO")
        error.__cause__ = RuntimeError(f"500: no reply to {SECRET!r}")
        bot.finds(error)
        reply = (await bot.pieces(bot.message(f"When is payday, {SECRET}?")))[-1]
        assert isinstance(reply, Reply)
        assert reply.error_id
        log = capsys.readouterr().err
        assert reply.error_id in log
        assert '"at": ["' in log  # the place
        assert SECRET not in log

    async def test_of_one_question_leaves_the_next_alone(self, bot: Bot) -> None:
        bot.finds(RuntimeError("store gone"), [evidence(PAYDAY)])
        assert (await bot.hear("When is payday?")).error_id
        assert "25th" in (await bot.hear("When is payday?")).answer

    async def test_that_stops_the_bot_is_not_swallowed(self, bot: Bot) -> None:
        class Stopped(FakeRetriever):
            async def search(self, *_: object, **__: object) -> list[Evidence]:
                raise asyncio.CancelledError

        bot.retriever = Stopped()
        bot.assistant = bot.built(bot.history)
        with pytest.raises(asyncio.CancelledError):
            await bot.pieces(bot.message("When is payday?"))
