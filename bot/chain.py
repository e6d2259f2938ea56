"""From a question to a checked answer, as one LangChain runnable.

The steps: condense -> retrieve -> judge -> write -> check.
``astream`` yields :class:`Delta` pieces as they become safe to show, and the :class:`Reply` last.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from textwrap import shorten
from time import perf_counter
from typing import Protocol

from langchain_core.runnables import Runnable, RunnableGenerator, RunnableLambda

from bot.condense import standalone
from bot.grounding import frame_of, lead_is_safe, marks_are_valid, same_facts
from bot.judge import Verdict, judge
from bot.ports import Choose, Free, Say, Step, Writer
from bot.quoting import Quote, quote
from bot.tone.metrics import markers
from bot.tone.template import answer_request, prompt
from bot.tone.voice import Voice
from bot.types import Citation, Delta, Reply
from knowledge.parsing.inline import without_links
from knowledge.types import Evidence, Principals

PASSAGES = 5
"""Passages that a reply carries as what it was written from."""
_NEAREST = 3  # sources named beside "I don't know"
_LEAD_TOKENS = 24  # the voice's longest lead-in has 19
_RESTATE_TOKENS = 256
_LONGEST_NOTES = 900  # characters quoted in one answer: about a screen of a phone
_NOTES_READ = 240  # characters of them before the first word; the rest is read as it is said
_PARAGRAPH = "\n\n"
_STRUCTURED = ("|", "-", "*", "#", ">", "`")  # how a quote begins that is no running text


class Retriever(Protocol):
    """Finds evidence; :class:`knowledge.retriever.Retriever` is one."""

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


WriterFor = Callable[[Voice], Awaitable[Writer]]


@dataclass(frozen=True, slots=True)
class Question:
    """What goes into the chain."""

    text: str
    principals: Principals
    voice: Voice
    trace_id: str
    earlier: tuple[str, ...] = ()
    """What was said before in the thread, oldest first."""
    sources: frozenset[str] | None = None
    """Ids of the sources that may be used; None: all."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """What the steps hand on to each other."""

    asked: Question
    started: float
    standalone: str = ""
    evidence: tuple[Evidence, ...] = ()
    verdict: Verdict = Verdict((), 0.0, False)  # noqa: RUF009 - frozen
    timings: dict[str, float] = field(default_factory=dict)


def build_chain(
    retriever: Retriever, writer_for: WriterFor, *, threshold: float, restate: bool
) -> Runnable[Question, Delta | Reply]:
    """The chain. ``threshold``: how sure the judge must be; ``restate``: let the model rephrase."""

    async def condense(asked: Question) -> _Turn:
        return _Turn(asked, perf_counter(), standalone(asked.text, asked.earlier))

    async def retrieve(turn: _Turn) -> _Turn:
        found = await retriever.search(
            turn.standalone, turn.asked.principals, PASSAGES, sources=turn.asked.sources
        )
        return _timed(replace(turn, evidence=tuple(found)), "retrieve")

    async def judge_evidence(turn: _Turn) -> _Turn:
        verdict = judge(turn.standalone, turn.evidence, threshold)
        turn = _timed(replace(turn, verdict=verdict), "judge")
        if verdict.answers or turn.standalone == turn.asked.text:
            return turn
        # It may have stood by itself: "and what is the allowance for Paris?" changes the subject.
        alone = await retrieve(replace(turn, standalone=turn.asked.text))
        verdict = judge(alone.standalone, alone.evidence, threshold)
        return _timed(replace(alone, verdict=verdict), "judge") if verdict.answers else turn

    async def write(turns: AsyncIterator[_Turn]) -> AsyncIterator[Delta | Reply]:
        async for turn in turns:
            if turn.verdict.answers:
                pieces = _answer(turn, await writer_for(turn.asked.voice), restate)
            else:
                pieces = _abstain(turn)
            async for piece in pieces:
                yield piece

    chain: Runnable[Question, Delta | Reply] = (
        RunnableLambda(condense)
        | RunnableLambda(retrieve)
        | RunnableLambda(judge_evidence)
        | RunnableGenerator(write)
    )
    return chain


async def _answer(turn: _Turn, writer: Writer, restate: bool) -> AsyncIterator[Delta | Reply]:
    voice, question = turn.asked.voice, turn.asked.text
    quotes = _quotes(turn)
    notes = "\n\n".join(each.shown for each in quotes)
    flows = len(quotes) == 1 and "\n" not in notes and not notes.startswith(_STRUCTURED)
    refused: set[str] = set()

    def lead_ok(lead: str) -> bool:
        safe = lead_is_safe(lead, turn.standalone, notes, _lead_frame(voice))
        if not safe:
            refused.add("lead_in")
        return safe

    def restated_ok(text: str) -> bool:
        safe = bool(text) and text == without_links(text) and all(same_facts(notes, text).values())
        if not safe:
            refused.add("restatement")
        return safe

    # Apart from a list or a table, whose last line it would else become.
    marks = [f"{' ' if flows else _PARAGRAPH}[{n}]" for n in range(1, len(quotes) + 1)]
    told: list[Step]
    if restate:
        told = [Free(_RESTATE_TOKENS, restated_ok, notes, sentence=False, mark="".join(marks))]
    else:
        told = [Say(each.shown, mark) for each, mark in zip(quotes, marks, strict=True)]
    script: list[Step] = [
        Choose(voice.guide.greetings),
        Free(_LEAD_TOKENS, lead_ok, voice.guide.generic_lead),
        *told,
        Choose(voice.guide.closings),
    ]
    request = answer_request(question, shorten(notes, _NOTES_READ, placeholder=" …"))
    texts: list[str] = []
    answer = ""
    async for text in writer.compose(prompt(voice, request, tuned=writer.tuned), script):
        texts.append(text)
        if len(texts) == 1:
            turn.timings["first_word"] = _since(turn.started)
            shown = text
        else:
            # Greeting and lead-in are one line; a quote that is no running text stands apart.
            shown = f"{' ' if flows or len(texts) == 2 else _PARAGRAPH}{text}"
        answer += shown
        yield Delta(shown)
    _timed(turn, "write")
    body = texts[2:-1]
    bare = _PARAGRAPH.join(
        text.removesuffix(mark)
        for text, mark in zip(body, ["".join(marks)] if restate else marks, strict=True)
    )
    yield _reply(
        turn,
        answer=answer,
        abstained=False,
        citations=tuple(
            Citation(
                n,
                without_links(each.passage.context),
                each.passage.document,
                each.passage.url,
                each.raw,
                each.passage.id,
            )
            for n, each in enumerate(quotes, start=1)
        ),
        checks={
            "confidence": round(turn.verdict.confidence, 3),
            "quote_verbatim": all(
                each.raw in each.passage.text and (restate or each.shown in answer)
                for each in quotes
            ),
            "facts": same_facts(notes, bare),
            "lead_in": "replaced" if "lead_in" in refused else "kept",
            "restatement": ("replaced" if "restatement" in refused else "kept")
            if restate
            else "none",
            "marks": marks_are_valid(answer, len(quotes)),
            "markers": markers(answer, voice.guide, bare.split(_PARAGRAPH)),
        },
    )


def _quotes(turn: _Turn) -> list[Quote]:
    """What to quote: of the best passage and, if there is room for it, of a second one."""
    first, *more = (quote(turn.standalone, each) for each in turn.verdict.support)
    room = _LONGEST_NOTES - len(first.shown)
    return [first, *(each for each in more if len(each.shown) <= room)]


async def _abstain(turn: _Turn) -> AsyncIterator[Delta | Reply]:
    replies = turn.asked.voice.guide.replies
    # The same question gets the same words; different ones do not all sound alike.
    answer = replies.unknown[zlib.crc32(turn.asked.text.encode()) % len(replies.unknown)]
    nearest = _nearest_sources(turn.evidence)
    if nearest:
        listed = "\n".join(f"- {name}" for name in nearest)
        answer = f"{answer} {replies.unknown_sources}\n\n{listed}"
    turn.timings["first_word"] = _since(turn.started)
    yield Delta(answer)
    _timed(turn, "write")
    yield _reply(
        turn,
        answer=answer,
        abstained=True,
        citations=(),
        checks={"confidence": round(turn.verdict.confidence, 3)},
    )


def _nearest_sources(evidence: Sequence[Evidence]) -> list[str]:
    names = dict.fromkeys(
        f"{without_links(each.passage.context)} ({each.passage.document})" for each in evidence
    )
    return list(names)[:_NEAREST]


def _reply(
    turn: _Turn,
    *,
    answer: str,
    abstained: bool,
    citations: tuple[Citation, ...],
    checks: dict[str, object],
) -> Reply:
    turn.timings["total"] = _since(turn.started)
    return Reply(
        question=turn.asked.text,
        answer=answer,
        abstained=abstained,
        voice=turn.asked.voice.name,
        trace_id=turn.asked.trace_id,
        citations=citations,
        evidence=turn.evidence,
        checks=checks,
        timings_ms=turn.timings,
    )


@lru_cache(maxsize=16)
def _lead_frame(voice: Voice) -> frozenset[str]:
    """The words that this voice wraps a topic in, learnt from its examples."""
    leads = []
    for example in voice.examples:
        before, found, _ = example.voiced.partition(example.plain)
        if found and example.kind == "answer":
            greeting = next((g for g in voice.guide.greetings if before.startswith(g)), "")
            leads.append((before.removeprefix(greeting), f"{example.question} {example.plain}"))
    return frame_of(leads)


def _timed(turn: _Turn, stage: str) -> _Turn:
    """Note how long the stage took that ends now, in addition to earlier times of it."""
    took = _since(turn.started) - sum(_stages(turn).values())
    turn.timings[stage] = round(turn.timings.get(stage, 0.0) + took, 1)
    return turn


def _stages(turn: _Turn) -> dict[str, float]:
    return {name: ms for name, ms in turn.timings.items() if name not in ("first_word", "total")}


def _since(started: float) -> float:
    return round((perf_counter() - started) * 1000, 1)
