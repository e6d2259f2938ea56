"""From a question to a checked answer, as one LangChain runnable.

The steps: condense -> retrieve -> judge -> tell.
``astream`` yields :class:`Delta` pieces as they become safe to show, and the :class:`Reply` last.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from time import perf_counter
from typing import Literal, Protocol

from langchain_core.runnables import Runnable, RunnableGenerator, RunnableLambda

from bot.answers.composing import Support, tell_composed
from bot.answers.judge import Thresholds, is_written_for, judge
from bot.answers.question.condense import standalone
from bot.answers.question.languages import language_of
from bot.answers.telling import tell_answer, tell_closest, tell_unknown
from bot.answers.turns import Question, Turn
from bot.types import Delta, Reply
from bot.voice.writer import WriterFor
from knowledge.types import Evidence, Principals

PASSAGES = 5
"""Passages that a reply carries as what it was written from."""


class Retriever(Protocol):
    """Finds evidence; :class:`knowledge.retrieval.retriever.Retriever` is one."""

    async def search(
        self,
        question: str,
        principals: Principals,
        k: int,
        *,
        sources: frozenset[str] | None = None,
    ) -> list[Evidence]:
        """At most ``k`` pieces of evidence that ``principals`` may read, best first."""
        ...


Freedom = Literal["quote", "restate", "compose"]
"""How far the model may go: around the quote, with its words, or with several passages."""


def build_chain(
    retriever: Retriever,
    writer_for: WriterFor,
    thresholds: Thresholds,
    *,
    freedom: Freedom,
    support: Support | None = None,
) -> Runnable[Question, Delta | Reply]:
    """The chain. ``support``: what composed sentences are checked with; only composing needs it."""
    if freedom == "compose" and support is None:
        raise ValueError("composing needs a support to check its sentences with")

    async def tell_sure(turn: Turn) -> AsyncIterator[Delta | Reply]:
        writer = await writer_for(turn.asked.voice)
        if freedom == "compose" and support is not None:
            pieces = tell_composed(turn, writer, support, thresholds)
        else:
            pieces = tell_answer(turn, writer, restate=freedom == "restate")
        async for piece in pieces:
            yield piece

    async def condense(asked: Question) -> Turn:
        started = perf_counter()
        language = await asyncio.to_thread(language_of, asked.text)
        return Turn(asked, started, standalone(asked.text, asked.earlier), language)

    async def retrieve(turn: Turn) -> Turn:
        found = await retriever.search(
            turn.standalone, turn.asked.principals, PASSAGES, sources=turn.asked.sources
        )
        turn.ends("retrieve")
        return replace(turn, evidence=tuple(found))

    async def weigh(turn: Turn) -> Turn:
        exact = turn.evidence and is_written_for(turn.evidence[0])
        if turn.language != "en" and not exact:  # the reader has learnt no other: it would guess
            return turn
        turn = _judged(turn, thresholds)
        if turn.verdict.tier == "sure" or turn.standalone == turn.asked.text:
            return turn
        # It may have stood by itself: "and what is the allowance for Paris?" changes the subject.
        alone = _judged(await retrieve(replace(turn, standalone=turn.asked.text)), thresholds)
        return max(turn, alone, key=lambda each: each.verdict.confidence)

    async def tell(turns: AsyncIterator[Turn]) -> AsyncIterator[Delta | Reply]:
        async for turn in turns:
            match turn.verdict.tier:
                case "sure":
                    pieces = tell_sure(turn)
                case "unsure":
                    pieces = tell_closest(turn)
                case "none":
                    pieces = tell_unknown(turn, thresholds)
            async for piece in pieces:
                yield piece

    chain: Runnable[Question, Delta | Reply] = (
        RunnableLambda(condense)
        | RunnableLambda(retrieve)
        | RunnableLambda(weigh)
        | RunnableGenerator(tell)
    )
    return chain


def _judged(turn: Turn, thresholds: Thresholds) -> Turn:
    verdict = judge(turn.standalone, turn.evidence, thresholds, unsure_too=turn.asked.unsure_too)
    turn.ends("judge")
    return replace(turn, verdict=verdict)
