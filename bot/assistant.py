"""The whole story of one message: seen once, answered always, remembered afterwards."""

from __future__ import annotations

import traceback
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from time import perf_counter
from uuid import uuid4

import structlog
from langchain_core.runnables import Runnable

from bot.chain import Question
from bot.history import History
from bot.smalltalk import SmallTalk, small_talk
from bot.tone.voice import Replies, Voice
from bot.types import Delta, Message, Reply

_TURNS_REMEMBERED = 4
_MOST_CAUSES, _MOST_FRAMES = 5, 12
_log = structlog.get_logger("housevoice")


class Assistant:
    """Answers messages; knows no platform."""

    def __init__(
        self,
        chain: Runnable[Question, Delta | Reply],
        history: History,
        voice_for: Callable[[str | None], Voice],
        *,
        max_question_chars: int,
        clock: Callable[[], datetime],
    ):
        self._chain = chain
        self._history = history
        self._voice_for = voice_for
        self._max_question_chars = max_question_chars
        self._clock = clock

    async def answer(self, message: Message) -> AsyncIterator[Delta | Reply]:
        """Yield the pieces of the answer, then the whole :class:`Reply`.

        Yields nothing for a message that was answered before. Every other message ends in an
        answer, an "I don't know", or an apology with an error id that is in the log.
        """
        started = perf_counter()
        trace_id = uuid4().hex
        voice = self._voice_for(None)
        shown = ""
        try:
            if not await self._history.first_sight(message.id, self._clock()):
                return
            voice = self._voice_for(message.voice)
            async for piece in self._pieces(message, voice, trace_id):
                if isinstance(piece, Reply):
                    await self._finish(message, piece, started)
                else:
                    shown += piece.text
                yield piece
        # The one place that catches everything: whatever broke, the asker gets an answer and the
        # log gets the place, under one id. Not the error's words: they may hold the question.
        except Exception as error:
            error_id = uuid4().hex[:8]
            _log.error(
                "message_failed",
                error_id=error_id,
                message_id=message.id,
                trace_id=trace_id,
                errors=_causes(error),
            )
            apology = voice.guide.replies.apology.format(error_id=error_id)
            apology = f"\n\n{apology}" if shown else apology
            yield Delta(apology)
            yield Reply(
                message.text, shown + apology, False, voice.name, trace_id, error_id=error_id
            )

    async def _pieces(
        self, message: Message, voice: Voice, trace_id: str
    ) -> AsyncIterator[Delta | Reply]:
        text = " ".join(message.text.split())
        fixed = self._without_looking_up(text, message, voice.guide.replies)
        if fixed is not None:
            yield Delta(fixed)
            yield Reply(text, fixed, False, voice.name, trace_id)
            return
        earlier = await self._history.questions(message.conversation, _TURNS_REMEMBERED)
        question = Question(text, message.asker.principals, voice, trace_id, tuple(earlier))
        unread = f"\n\n{voice.guide.replies.unread_files}" if message.attachments else ""
        async for piece in self._chain.astream(question):
            if unread and isinstance(piece, Reply):
                yield Delta(unread)
                piece = replace(piece, answer=piece.answer + unread)
            yield piece

    def _without_looking_up(self, text: str, message: Message, replies: Replies) -> str | None:
        """The reply to what is no question, or not one that can be looked up."""
        if not any(character.isalnum() for character in text):
            return replies.not_text if message.attachments or text else replies.empty_question
        if len(text) > self._max_question_chars:
            return replies.too_long.format(limit=self._max_question_chars)
        kind: SmallTalk | None = small_talk(text)
        if kind is None:
            return None
        if kind == "capabilities":
            return replies.capabilities
        lines = replies.hello if kind == "hello" else replies.thanks
        return lines[zlib.crc32(message.id.encode()) % len(lines)]

    async def _finish(self, message: Message, reply: Reply, started: float) -> None:
        await self._history.record(message, reply, self._clock())
        _log.info(
            "message_answered",
            message_id=message.id,
            platform=message.platform,
            trace_id=reply.trace_id,
            voice=reply.voice,
            abstained=reply.abstained,
            passages=len(reply.evidence),
            citations=len(reply.citations),
            answer_chars=len(reply.answer),
            ms=round((perf_counter() - started) * 1000),
        )


def _causes(error: BaseException) -> list[dict[str, object]]:
    """The error and what caused it, as types and places without a word of their messages."""
    causes: list[dict[str, object]] = []
    current: BaseException | None = error
    while current is not None and len(causes) < _MOST_CAUSES:
        frames = traceback.extract_tb(current.__traceback__)[-_MOST_FRAMES:]
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        causes.append({"type": type(current).__name__, "at": places})
        current = current.__cause__ or current.__context__
    return causes
