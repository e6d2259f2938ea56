"""Does a model choose the greeting, lead-in and closing that a voice's own pairs have?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from bot.voice.lines.framing import Around, around
from bot.voice.lines.moods import mood_of
from bot.voice.template import example_request, prompt
from bot.voice.voice import Example, Guide, Voice
from bot.voice.writer import Choose, Say, Step, Writer

PARTS = ("greeting", "lead_in", "closing")
_Chosen = tuple[str, str, str]


def frames_right(
    writer: Writer, voice: Voice, pairs: Sequence[Example]
) -> dict[str, dict[str, float]]:
    """For each part the share of the answers among ``pairs`` in which ``writer`` chooses theirs.

    ``every_line``: it chooses among all lines of the guide. ``fitting_lines``: among those that
    fit question and quote, as the bot does.
    """
    return {
        "every_line": lines_right(writer, voice, pairs, lambda _: every_line(voice.guide)),
        "fitting_lines": lines_right(writer, voice, pairs, lambda one: fitting(one, voice.guide)),
    }


def lines_right(
    writer: Writer, voice: Voice, pairs: Sequence[Example], lines: Callable[[Example], Around]
) -> dict[str, float]:
    """The same where it chooses among ``lines`` of each pair."""
    answers = _answers(pairs, voice.guide)

    async def choose(pair: Example, among: Around) -> _Chosen:
        greeting, lead, closing = map(Choose, (among.greetings, among.leads, among.closings))
        script: list[Step] = [greeting, lead, Say(pair.plain), closing]
        asked = prompt(voice, example_request(pair), tuned=True)
        said = [text async for text in writer.compose(asked, script)]
        return said[0], said[1], said[3]

    async def count() -> dict[str, float]:
        return _shares(answers, [await choose(pair, lines(pair)) for pair in answers])

    return asyncio.run(count())


def first_right(voice: Voice, pairs: Sequence[Example]) -> dict[str, float]:
    """The same when the first line that fits is taken, without any model."""
    answers = _answers(pairs, voice.guide)
    lines = [fitting(pair, voice.guide) for pair in answers]
    return _shares(answers, [(x.greetings[0], x.leads[0], x.closings[0]) for x in lines])


def every_line(guide: Guide) -> Around:
    """All lines of a guide."""
    return Around(guide.greetings, guide.leads, guide.closings)


def fitting(pair: Example, guide: Guide) -> Around:
    """The lines that fit around a pair's plain text."""
    return around(pair.question, pair.plain, guide, "full", first=True, topic="")


def _answers(pairs: Sequence[Example], guide: Guide) -> list[Example]:
    """Those where there is something to choose: a mood with lines of its own leaves nothing."""
    return [
        pair
        for pair in pairs
        if pair.kind == "answer" and not (guide.mood and mood_of(pair.question))
    ]


def _shares(pairs: Sequence[Example], chosen: Sequence[_Chosen]) -> dict[str, float]:
    right = [
        (
            pair.voiced.startswith(f"{greeting} "),
            pair.voiced.partition(f" {pair.plain}")[0].endswith(f" {lead}"),
            pair.voiced.endswith(f" {closing}"),
        )
        for pair, (greeting, lead, closing) in zip(pairs, chosen, strict=True)
    ]
    return {
        part: round(sum(each[n] for each in right) / max(1, len(right)), 2)
        for n, part in enumerate(PARTS)
    }
