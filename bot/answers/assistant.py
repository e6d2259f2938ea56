"""The whole story of one message: answered always, remembered afterwards."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from time import perf_counter
from unicodedata import category
from uuid import uuid4

import structlog
from langchain_core.runnables import Runnable
from sqlalchemy.exc import SQLAlchemyError

from bot.answers.history import History
from bot.answers.question.asking import understand
from bot.answers.question.clutter import without_markup
from bot.answers.question.smalltalk import SmallTalk, small_talk
from bot.answers.turns import Question
from bot.failures import log_failure
from bot.journey import current
from bot.types import Delta, Frame, Message, Reply, Tier
from bot.voice.voice import Replies, Voice

_TURNS_REMEMBERED = 4
MORE_IN_PRIVATE = "\n\nI may know more in a direct message."
"""Under every answer that others see and that leaves the question open. Whether there is more for
the asker is not looked up: then the line, or its absence, would tell everybody there."""
_OPEN: tuple[Tier, ...] = ("unsure", "none")
_PARAGRAPH = "\n\n"
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
        frame: Frame = "light",
        clock: Callable[[], datetime],
    ):
        self._chain = chain
        self._history = history
        self._voice_for = voice_for
        self._max_question_chars = max_question_chars
        self._frame = frame
        self._clock = clock

    async def answer(self, message: Message) -> AsyncIterator[Delta | Reply]:
        """Yield the pieces of the answer, then the whole :class:`Reply`.

        Every message ends in an answer, an "I don't know", or an apology with an error id that is
        in the log; only one that nobody asked the bot (``message.bar``) may yield nothing.
        """
        started = perf_counter()
        trace_id = uuid4().hex
        voice = self._voice_for(None).spoken_in(message.conversation)
        shown = ""
        try:
            voice = self._voice_for(message.voice).spoken_in(message.conversation)
            async for piece in self._pieces(message, voice, trace_id):
                if isinstance(piece, Reply):
                    piece = replace(piece, voice_version=voice.version)
                    await self._finish(message, piece, started)
                else:
                    shown += piece.text
                yield piece
        # The one place that catches everything: whatever broke, the asker gets an answer and the
        # log gets the place, under one id. Not the error's words: they may hold the question.
        except Exception as error:
            error_id = log_failure(
                "message_failed", error, message_id=message.id, trace_id=trace_id
            )
            if (journey := current()) is not None:
                journey.fails(error)
                journey.facts |= {"trace_id": trace_id, "error_id": error_id}
            if message.bar is not None:
                return
            apology = voice.guide.replies.apology.format(error_id=error_id)
            apology = f"\n\n{apology}" if shown else apology
            reply = Reply(
                message.text, shown + apology, None, voice.name, trace_id, error_id=error_id
            )
            # A person may be asked about it. But the record may be the very thing that broke.
            with suppress(SQLAlchemyError, OSError):
                await self._history.record(message, reply, self._clock())
            yield Delta(apology)
            yield reply

    async def _pieces(
        self, message: Message, voice: Voice, trace_id: str
    ) -> AsyncIterator[Delta | Reply]:
        asked_here = understand(message.text)
        if asked_here.refers_to_above and message.earlier:
            asked_here = understand(message.earlier[-1])
        text = " ".join(message.text.split())
        said = " ".join(asked_here.said.split())
        fixed = self._without_looking_up(text, said, message, voice.guide.replies)
        if fixed is not None:
            if message.bar is None:
                yield Delta(fixed)
                yield Reply(text, fixed, None, voice.name, trace_id)
            return
        asked = await self._history.questions(
            message.conversation, _TURNS_REMEMBERED, but=message.id
        )
        first = Question(
            text,
            message.asker.principals,
            voice,
            trace_id,
            # What people said to each other first, since they asked the bot only afterwards.
            earlier=(*(words for words in message.earlier if words not in asked), *asked),
            sources=message.sources,
            unsure_too=message.unsure_too,
            frame=message.frame or self._frame,
            first=not (asked or message.earlier),
        )
        unread = _unread(message, voice.guide.replies)
        others_see_it = message.private is False
        pieces = self._answers([replace(first, text=each) for each in asked_here.questions])
        if message.bar is not None:
            pieces = _if_sure(pieces, message.bar)
        async for piece in pieces:
            if isinstance(piece, Reply):
                added = MORE_IN_PRIVATE if others_see_it and piece.tier in _OPEN else ""
                if added := added + unread:
                    yield Delta(added)
                    piece = replace(piece, answer=piece.answer + added)
            yield piece

    async def _answers(self, questions: Sequence[Question]) -> AsyncIterator[Delta | Reply]:
        """One reply to all that a message asks, the answers below each other."""
        whole: Reply | None = None
        for question in questions:
            if whole is not None:
                yield Delta(_PARAGRAPH)
                question = replace(question, first=False, first_mark=1 + len(whole.citations))
            async for piece in self._chain.astream(question):
                if isinstance(piece, Reply):
                    whole = piece if whole is None else _joined(whole, piece)
                else:
                    yield piece
        if whole is not None:
            yield whole

    def _without_looking_up(
        self, text: str, said: str, message: Message, replies: Replies
    ) -> str | None:
        """The reply to what is no question, or not one that can be looked up."""
        kind: SmallTalk | None = small_talk(said)
        if not any(character.isalnum() for character in without_markup(text)) and (
            kind is None or message.attachments
        ):
            lost = message.unread.keys() - message.partly
            read = [name for name in message.attachments if name not in lost]
            if read and len(lost) < len(message.attachments):
                listed = replies.read_files.format(files=_listed(read))
                return listed + _unread(message, replies)
            if message.attachments or any(map(_is_picture, text)):
                return replies.not_text + _unread(message, replies)
            return replies.empty_question
        if len(text) > self._max_question_chars:
            return replies.too_long.format(limit=self._max_question_chars)
        if kind is None:
            return None
        if kind == "capabilities":
            return replies.capabilities
        known = {"hello": replies.hello, "never_mind": replies.never_mind}
        lines = known.get(kind, replies.thanks)
        return lines[zlib.crc32(message.id.encode()) % len(lines)]

    async def _finish(self, message: Message, reply: Reply, started: float) -> None:
        await self._history.record(message, reply, self._clock())
        if (journey := current()) is not None:
            tier = reply.tier or "other"
            journey.facts |= {"trace_id": reply.trace_id, "voice": reply.voice, "tier": tier}
        _log.info(
            "message_answered",
            message_id=message.id,
            platform=message.platform,
            trace_id=reply.trace_id,
            voice=reply.voice,
            tier=reply.tier,
            passages=len(reply.passages),
            citations=len(reply.citations),
            answer_chars=len(reply.answer),
            ms=round((perf_counter() - started) * 1000),
            timings_ms=dict(reply.timings_ms),
        )


def _is_picture(character: str) -> bool:
    return category(character) == "So"


def _joined(one: Reply, other: Reply) -> Reply:
    """Both answers as one reply; it is as sure as the one that is less so."""
    tiers = [tier for tier in (one.tier, other.tier) if tier is not None]
    return replace(
        one,
        question=f"{one.question} {other.question}",
        answer=one.answer + _PARAGRAPH + other.answer,
        tier=tiers[0] if len(set(tiers)) == 1 else "unsure",
        confidence=min(one.confidence or 0.0, other.confidence or 0.0),
        citations=one.citations + other.citations,
        passages=one.passages + other.passages,
        checks=one.checks.both(other.checks),
        timings_ms={
            name: one.timings_ms.get(name, 0) + (ms if name != "first_word" else 0)
            for name, ms in other.timings_ms.items()
        },
    )


async def _if_sure(
    pieces: AsyncIterator[Delta | Reply], bar: float
) -> AsyncIterator[Delta | Reply]:
    """All pieces once the answer is whole, if it is one and the judge is sure enough of it."""
    held = []
    async for piece in pieces:
        held.append(piece)
        if isinstance(piece, Reply) and (piece.tier != "sure" or (piece.confidence or 0.0) < bar):
            return
    for piece in held:
        yield piece


def _unread(message: Message, replies: Replies) -> str:
    """The paragraph that tells which files were not read, and why; empty if all were."""
    if not message.unread:
        return ""
    # In code marks, so that a name or an error can be nothing but text.
    files = _listed([f"{name} ({why})" for name, why in message.unread.items()])
    return f"\n\n{replies.unread_files.format(files=files)}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name.replace('`', chr(39))}`" for name in names)
