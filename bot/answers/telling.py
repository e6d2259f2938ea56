"""How the three tiers are told: an answer, the closest there is, or "I don't know"."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Sequence
from textwrap import shorten

from bot.answers.judge import Thresholds, near
from bot.answers.question.languages import NEAREST_IN_ENGLISH
from bot.answers.quoting import Quote, quotes
from bot.answers.topics import topic
from bot.answers.turns import Turn
from bot.types import Checks, Citation, Delta, ReadPassage, Reply
from bot.voice.grounding import marks_are_valid, same_facts
from bot.voice.lines.framing import around
from bot.voice.lines.moods import mood_of
from bot.voice.metrics import markers
from bot.voice.template import answer_request, prompt
from bot.voice.voice import Lines
from bot.voice.writer import Choose, Free, Say, Step, Writer
from knowledge.parsing.inline import without_links
from knowledge.types import Evidence

PARAGRAPH = "\n\n"
LONGEST_NOTES = 900
"""Characters quoted in one answer: about a screen of a phone."""
VERY_SURE = 0.8
"""Confidence from which the lead-in names the section quoted, and a closing may stand."""
_NEAREST = 3  # sources named beside "I don't know"
_RESTATE_TOKENS = 256
_NOTES_READ = 240  # characters of them before the first word; the rest is read as it is said
_STRUCTURED = ("|", "-", "*", "#", ">", "`")  # how a quote begins that is no running text


async def tell_answer(turn: Turn, writer: Writer, *, restate: bool) -> AsyncIterator[Delta | Reply]:
    """The quote word for word, and around it lines of the voice that the model chooses."""
    voice, question = turn.asked.voice, turn.asked.text
    guide = voice.guide
    said = quotes(turn.standalone, turn.verdict.support, LONGEST_NOTES)
    notes = PARAGRAPH.join(each.shown for each in said)
    flows = len(said) == 1 and is_running_text(notes)
    very_sure = turn.verdict.confidence >= VERY_SURE
    heading = topic(said[0].passage) if very_sure and len(said) == 1 and guide.heading_lead else ""
    lines = around(
        turn.standalone,
        notes,
        guide,
        turn.asked.frame,
        first=turn.asked.first,
        topic=heading,
        sure=very_sure,
    )
    refused = False

    def restated_ok(text: str) -> bool:
        nonlocal refused
        refused = not (
            text and text == without_links(text) and all(same_facts(notes, text).values())
        )
        return not refused

    # Apart from a list or a table, whose last line it would else become.
    marks = [f"{' ' if flows else PARAGRAPH}[{n}]" for n in numbers(turn, said)]
    # Each step with the lines that fit there; a choice that does not gives way to one that does.
    steps: list[tuple[Step, Lines]]
    if restate:  # in the shape that was learnt
        free = Free(_RESTATE_TOKENS, restated_ok, notes, sentence=False, mark="".join(marks))
        steps = [
            (Choose(guide.greetings), lines.greetings),
            (Choose(guide.leads), lines.leads),
            (free, ()),
            (Choose(guide.closings), lines.closings),
        ]
    else:
        spoken = [Say(each.shown, mark) for each, mark in zip(said, marks, strict=True)]
        steps = [
            *((Choose(each), each) for each in (lines.greetings, lines.leads) if each),
            *((each, ()) for each in spoken),
            *((Choose(each), each) for each in (lines.closings,) if each),
        ]
    request = answer_request(question, shorten(notes, _NOTES_READ, placeholder=" …"))
    answer = ""
    framed: set[str] = set()
    body: list[str] = []
    fitting = iter(steps)
    script = [step for step, _ in steps]
    async for text in writer.compose(prompt(voice, request, tuned=writer.tuned), script):
        step, fits = next(fitting)
        if not isinstance(step, Choose):
            body.append(text)
        elif fits:
            text = text if text in fits else fits[0]
            framed.add(text)
        else:
            continue
        if not answer:
            turn.timings["first_word"] = turn.since_start()
            shown = text
        else:
            # Greeting and lead-in are one line; a quote that is no running text stands apart.
            shown = f"{' ' if flows or not body else PARAGRAPH}{text}"
        answer += shown
        yield Delta(shown)
    turn.ends("write")
    bare = PARAGRAPH.join(
        text.removesuffix(mark)
        for text, mark in zip(body, ["".join(marks)] if restate else marks, strict=True)
    )
    # What was left out on purpose breaks no habit.
    left_out = {
        name: True
        for name, lines_of in (("greeting", guide.greetings), ("closing", guide.closings))
        if framed.isdisjoint(lines_of)
    }
    checks = Checks(
        quote_verbatim=restate or is_verbatim(said, answer),
        facts=same_facts(notes, bare),
        lead_in="heading" if heading and lines.leads else "chosen" if lines.leads else "none",
        restatement=("replaced" if refused else "kept") if restate else "none",
        marks=marks_are_valid(answer, numbers(turn, said)),
        markers=markers(answer, guide, [*bare.split(PARAGRAPH), heading], mood_of(turn.standalone))
        | left_out,
    )
    yield reply_of(turn, answer, said, checks)


async def tell_closest(turn: Turn) -> AsyncIterator[Delta | Reply]:
    """The closest passage's quote, and that it is not certain to answer."""
    opening = picked(turn.asked.voice.guide.replies.unsure, turn.asked.text)
    turn.timings["first_word"] = turn.since_start()
    yield Delta(opening)
    shown = quotes(turn.standalone, turn.verdict.support, LONGEST_NOTES)
    said = "".join(
        f"{PARAGRAPH}{each.shown}{' ' if is_running_text(each.shown) else PARAGRAPH}[{n}]"
        for n, each in zip(numbers(turn, shown), shown, strict=True)
    )
    yield Delta(said)
    turn.ends("write")
    answer = opening + said
    checks = Checks(
        quote_verbatim=is_verbatim(shown, answer),
        marks=marks_are_valid(answer, numbers(turn, shown)),
    )
    yield reply_of(turn, answer, shown, checks)


async def tell_unknown(turn: Turn, thresholds: Thresholds) -> AsyncIterator[Delta | Reply]:
    """An honest "I don't know", with the nearest pages where there are any that are near.

    A question in another language is told so in that language.
    """
    replies = turn.asked.voice.guide.replies
    if turn.language == "en":
        answer = picked(replies.unknown, turn.asked.text)
        introduced = f"{answer} {replies.unknown_sources}"
    else:
        introduced = NEAREST_IN_ENGLISH[turn.language]
        answer = introduced.partition(". ")[0] + "."
    if nearest := _names(near(turn.evidence, thresholds)):
        listed = "\n".join(f"- {name}" for name in nearest)
        answer = f"{introduced}\n\n{listed}"
    turn.timings["first_word"] = turn.since_start()
    yield Delta(answer)
    turn.ends("write")
    yield reply_of(turn, answer, (), Checks())


def numbers(turn: Turn, quotes: Sequence[Quote]) -> range:
    """The numbers of the citations."""
    return range(turn.asked.first_mark, turn.asked.first_mark + len(quotes))


def is_running_text(text: str) -> bool:
    """Whether it is running text in one paragraph."""
    return "\n" not in text and not text.startswith(_STRUCTURED)


def is_verbatim(quotes: Sequence[Quote], answer: str) -> bool:
    """Whether the quotes stand in their passages and, as shown, in the answer."""
    return all(each.is_verbatim and each.shown in answer for each in quotes)


def picked(lines: Lines, question: str) -> str:
    """The same question gets the same words; different ones do not all sound alike."""
    return lines[zlib.crc32(question.encode()) % len(lines)]


def _names(evidence: Sequence[Evidence]) -> list[str]:
    names = dict.fromkeys(
        f"{without_links(each.passage.context)} ({each.passage.document})" for each in evidence
    )
    return list(names)[:_NEAREST]


def reply_of(turn: Turn, answer: str, quotes: Sequence[Quote], checks: Checks) -> Reply:
    """The reply at the end of the turn, which cites ``quotes`` in their order."""
    turn.timings["total"] = turn.since_start()
    return Reply(
        question=turn.asked.text,
        answer=answer,
        tier=turn.verdict.tier,
        voice=turn.asked.voice.name,
        trace_id=turn.asked.trace_id,
        confidence=round(turn.verdict.confidence, 3),
        citations=tuple(
            Citation(
                n,
                without_links(each.passage.context),
                each.passage.document,
                each.passage.url,
                each.raw,
                each.passage.id,
                each.passage.source,
                each.passage.digest,
            )
            for n, each in zip(numbers(turn, quotes), quotes, strict=True)
        ),
        passages=tuple(map(ReadPassage.of, turn.evidence)),
        checks=checks,
        timings_ms=turn.timings,
    )
