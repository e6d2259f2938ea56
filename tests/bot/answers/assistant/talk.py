"""The bot with all its parts scripted, on a real history."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.assistant import Assistant
from bot.answers.chain import build_chain
from bot.answers.history import History
from bot.errors import ConfigurationError
from bot.types import Asker, Delta, Message, Reply
from bot.voice.voice import Voice
from knowledge.types import PUBLIC, Evidence
from tests.kit.fakes import (
    THRESHOLDS,
    FakeRetriever,
    FakeWriter,
    FixedClock,
)

PAYDAY = "Salaries are paid on the 25th of each month.\n"
ANN = Asker("U1", frozenset({PUBLIC, "user:U1"}))
SECRET = "zebra-pyjamas"
"""A word that only the question has."""


class Bot:
    """An assistant with everything around it in reach."""

    def __init__(self, engine: AsyncEngine, voice: Voice):
        self.history = History(engine)
        self.engine = engine
        self.voice = voice
        self.said = 0
        self.clock = FixedClock()
        self.finds()

    def finds(self, *found: list[Evidence] | Exception, writes: Exception | None = None) -> None:
        """What the next searches give, and what the writer breaks with."""
        self.retriever = FakeRetriever(*found)
        self.writer = FakeWriter(*([writes] if writes else []))
        self.assistant = self.built(self.history)

    def built(self, history: History) -> Assistant:
        chain = build_chain(self.retriever, self.writer.for_voice, THRESHOLDS, freedom="quote")
        return Assistant(chain, history, self.voice_for, max_question_chars=80, clock=self.clock)

    def voice_for(self, name: str | None) -> Voice:
        if name not in (None, "fernhill"):
            raise ConfigurationError(f"There is no voice '{name}'.")
        return self.voice

    def message(self, text: str, **of: Any) -> Message:
        self.said += 1
        plain = Message(f"m{self.said}", "console", "thread-1", ANN, text)
        return replace(plain, **of)

    async def pieces(self, message: Message) -> list[Delta | Reply]:
        return [piece async for piece in self.assistant.answer(message)]

    async def hear(self, text: str, **of: Any) -> Reply:
        *deltas, reply = await self.pieces(self.message(text, **of))
        assert isinstance(reply, Reply)
        assert "".join(one.text for one in deltas if isinstance(one, Delta)) == reply.answer
        return reply

    async def rows(self, table: str) -> list[dict[str, Any]]:
        async with self.engine.connect() as db:
            found = await db.execute(sa.text(f"SELECT * FROM {table}"))  # noqa: S608
            return [dict(row) for row in found.mappings()]
