"""How the three tiers are told: an answer, the closest there is, or "I don't know"."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Sequence
from functools import lru_cache
from textwrap import shorten

from bot.grounding import frame_of, lead_is_safe, marks_are_valid, same_facts
from bot.judge import Thresholds, near
from bot.ports import Choose, Free, Say, Step, Writer
from bot.quoting import Quote, quote
from bot.tone.metrics import markers
from bot.tone.template import answer_request, prompt
from bot.tone.voice import Lines, Voice
from bot.turns import Turn
from bot.types import Citation, Delta, Reply
from knowledge.parsing.inline import without_links
from knowledge.types import Evidence

_NEAREST = 3  # sources named beside "I don't know"
_LEAD_TOKENS = 24  # the voice's longest lead-in has 19
_RESTATE_TOKENS = 256
_LONGEST_NOTES = 900  # characters quoted in one answer: about a screen of a phone
_NOTES_READ = 240  # characters of them before the first word; the rest is read as it is said
_PARAGRAPH = "\n\n"
_STRUCTURED = ("|", "-", "*", "#", ">", "`")  # how a quote begins that is no running text


async def tell_answer(turn: Turn, writer: Writer, *, restate: bool) -> AsyncIterator[Delta | Reply]:
    """Greeting and lead-in by the model, the quote word for word, a closing."""
    voice, question = turn.asked.voice, turn.asked.text
    quotes = _quotes(turn)
    notes = _PARAGRAPH.join(each.shown for each in quotes)
    flows = len(quotes) == 1 and _flows(notes)
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
            turn.timings["first_word"] = turn.since_start()
            shown = text
        else:
            # Greeting and lead-in are one line; a quote that is no running text stands apart.
            shown = f"{' ' if flows or len(texts) == 2 else _PARAGRAPH}{text}"
        answer += shown
        yield Delta(shown)
    turn.ends("write")
    body = texts[2:-1]
    bare = _PARAGRAPH.join(
        text.removesuffix(mark)
        for text, mark in zip(body, ["".join(marks)] if restate else marks, strict=True)
    )
    yield _reply(
        turn,
        answer,
        quotes,
        {
            "quote_verbatim": restate or _is_verbatim(quotes, answer),
            "facts": same_facts(notes, bare),
            "lead_in": "replaced" if "lead_in" in refused else "kept",
            "restatement": ("replaced" if "restatement" in refused else "kept")
            if restate
            else "none",
            "marks": marks_are_valid(answer, len(quotes)),
            "markers": markers(answer, voice.guide, bare.split(_PARAGRAPH)),
        },
    )


async def tell_closest(turn: Turn) -> AsyncIterator[Delta | Reply]:
    """The closest passage's quote, and that it is not certain to answer."""
    opening = _picked(turn.asked.voice.guide.replies.unsure, turn.asked.text)
    turn.timings["first_word"] = turn.since_start()
    yield Delta(opening)
    quotes = [quote(turn.standalone, each) for each in turn.verdict.support]
    said = "".join(
        f"{_PARAGRAPH}{each.shown}{' ' if _flows(each.shown) else _PARAGRAPH}[{n}]"
        for n, each in enumerate(quotes, start=1)
    )
    yield Delta(said)
    turn.ends("write")
    answer = opening + said
    checks = {
        "quote_verbatim": _is_verbatim(quotes, answer),
        "marks": marks_are_valid(answer, len(quotes)),
    }
    yield _reply(turn, answer, quotes, checks)


async def tell_unknown(turn: Turn, thresholds: Thresholds) -> AsyncIterator[Delta | Reply]:
    """An honest "I don't know", with the nearest pages where there are any that are near."""
    replies = turn.asked.voice.guide.replies
    answer = _picked(replies.unknown, turn.asked.text)
    if nearest := _names(near(turn.evidence, thresholds)):
        listed = "\n".join(f"- {name}" for name in nearest)
        answer = f"{answer} {replies.unknown_sources}\n\n{listed}"
    turn.timings["first_word"] = turn.since_start()
    yield Delta(answer)
    turn.ends("write")
    yield _reply(turn, answer, (), {})


def _quotes(turn: Turn) -> list[Quote]:
    """What to quote: of the best passage and, if there is room for it, of a second one."""
    first, *more = (quote(turn.standalone, each) for each in turn.verdict.support)
    room = _LONGEST_NOTES - len(first.shown)
    return [first, *(each for each in more if len(each.shown) <= room)]


def _flows(text: str) -> bool:
    """Whether it is running text in one paragraph."""
    return "\n" not in text and not text.startswith(_STRUCTURED)


def _is_verbatim(quotes: Sequence[Quote], answer: str) -> bool:
    return all(each.raw in each.passage.text and each.shown in answer for each in quotes)


def _picked(lines: Lines, question: str) -> str:
    """The same question gets the same words; different ones do not all sound alike."""
    return lines[zlib.crc32(question.encode()) % len(lines)]


def _names(evidence: Sequence[Evidence]) -> list[str]:
    names = dict.fromkeys(
        f"{without_links(each.passage.context)} ({each.passage.document})" for each in evidence
    )
    return list(names)[:_NEAREST]


def _reply(turn: Turn, answer: str, quotes: Sequence[Quote], checks: dict[str, object]) -> Reply:
    turn.timings["total"] = turn.since_start()
    return Reply(
        question=turn.asked.text,
        answer=answer,
        tier=turn.verdict.tier,
        voice=turn.asked.voice.name,
        trace_id=turn.asked.trace_id,
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
        evidence=turn.evidence,
        checks={"confidence": round(turn.verdict.confidence, 3)} | checks,
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
