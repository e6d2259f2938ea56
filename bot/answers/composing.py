"""An answer that the model composes from several passages, sentence by sentence checked.

Every sentence cites its passage. One that the passage does not bear out is replaced by the
passage's quote before anyone sees it, and where no sentence holds, the answer is the plain quote.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Protocol

from bot.answers.claims import LIST_MARK, Claim, borne_out, claim, first_sentence, source_text
from bot.answers.judge import Thresholds
from bot.answers.quoting import Quote, conflict, quote
from bot.answers.telling import (
    LONGEST_NOTES,
    PARAGRAPH,
    VERY_SURE,
    is_running_text,
    is_verbatim,
    picked,
    reply_of,
    tell_answer,
)
from bot.answers.turns import Turn
from bot.types import Checks, Composed, Delta, Reply
from bot.voice.grounding import marks_are_valid
from bot.voice.lines.framing import Around, around
from bot.voice.lines.moods import mood_of
from bot.voice.metrics import markers
from bot.voice.template import compose_prompt
from bot.voice.wording import worded
from bot.voice.writer import Writer
from knowledge.text.words import telling
from knowledge.types import Evidence

_MOST_TOKENS = 400  # some 300 words, more than six sentences need
_LONGEST_DRAFT = 4000  # characters; what a server sends beyond is not read


class Support(Protocol):
    """Reads a sentence and a passage together."""

    async def supports(self, sentence: str, evidence: Evidence) -> float:
        """How likely the passage says what the sentence says, in [0, 1].

        On the scale of :attr:`knowledge.types.Evidence.answers`.
        """
        ...


async def tell_composed(
    turn: Turn, writer: Writer, support: Support, thresholds: Thresholds
) -> AsyncIterator[Delta | Reply]:
    """Sentences of the model's that their passages bear out, and quotes in place of the others."""
    if _contradicts_itself(turn):
        async for piece in tell_answer(turn, writer, restate=False):
            yield piece  # both are quoted: a model may tell one alone
        return
    guide = turn.asked.voice.guide
    passages = _passages(turn, thresholds)
    answer = _Answer(turn, passages, support, thresholds, _lines(turn))
    asked = compose_prompt(
        turn.asked.voice,
        turn.asked.text,
        [source_text(each) for each in passages],
        greetings=answer.lines.greetings,
        closings=answer.lines.closings,
    )
    lines = (*guide.greetings, *guide.leads, *guide.closings)
    async with aclosing(writer.write(asked, _MOST_TOKENS)) as pieces:
        async for sentence in _sentences(pieces, lines):
            if shown := await answer.take(sentence):
                yield Delta(shown)
    composed = Composed(answer.sentences, answer.kept, answer.sentences - answer.kept)
    if not answer.kept:
        async for piece in tell_answer(turn, writer, restate=False):
            if isinstance(piece, Reply):
                yield replace(piece, checks=replace(piece.checks, composed=composed))
            else:
                yield piece
        return
    if shown := answer.closing():
        yield Delta(shown)
    turn.ends("write")
    checks = replace(answer.checks(), composed=composed)
    yield reply_of(turn, answer.text, answer.citations(), checks)


async def _sentences(pieces: AsyncGenerator[str, None], lines: Sequence[str]) -> AsyncIterator[str]:
    """Each sentence as soon as it is whole, with the white space before it."""
    draft, length = "", 0
    async for piece in pieces:
        draft += piece
        length += len(piece)
        while end := first_sentence(draft, lines, ended=False):
            yield draft[:end]
            draft = draft[end:]
        if length > _LONGEST_DRAFT:
            return  # what is begun is not whole
    while end := first_sentence(draft, lines, ended=True):
        yield draft[:end]
        draft = draft[end:]


@dataclass
class _Answer:
    """What is shown so far; held back until a first sentence of the model's holds."""

    turn: Turn
    passages: Sequence[Evidence]
    support: Support
    thresholds: Thresholds
    lines: Around
    text: str = ""
    sentences: int = 0
    kept: int = 0
    _told: str = ""  # the body, without greeting and closing
    _last: str = ""  # what stands last in it
    _framed: dict[str, None] = field(default_factory=dict)
    _held: str = ""
    _numbers: dict[int, int] = field(default_factory=dict)  # passage to its mark, by first use
    _quotes: dict[int, Quote] = field(default_factory=dict)
    _kept_of: dict[int, str] = field(default_factory=dict)  # passage to the sentences citing it
    _facts: dict[str, bool] = field(default_factory=dict)  # of the sentences that are kept

    async def take(self, sentence: str) -> str:
        """Add a sentence, or what stands in its place; returns what may be shown now."""
        written = claim(sentence)
        guide = self.turn.asked.voice.guide
        if written.text in (*guide.greetings, *guide.leads, *guide.closings):
            self._framed[written.text] = None
            return ""
        text = worded(written.text, self.turn.asked.voice).text
        if not telling(text):
            return ""  # a mark or a rule by itself
        self.sentences += 1
        if await self._holds(text, written):
            self.kept += 1
            self._add(text, [n - 1 for n in written.marks], apart="\n\n" in sentence[:4])
            for n in written.marks:
                self._kept_of[n - 1] = f"{self._kept_of.get(n - 1, '')} {text}"
        else:
            self._put_quote(text, written)
        if not self.kept:
            return ""
        shown = self._opening() if not self.text else ""
        shown += self._held
        self._held = ""
        self.text += shown
        return shown

    async def _holds(self, text: str, written: Claim) -> bool:
        if not written.marks or not all(0 < n <= len(self.passages) for n in written.marks):
            return False
        cited = [self.passages[n - 1] for n in written.marks]
        facts = borne_out(text, cited, self.turn.asked.voice)
        if not all(facts.values()):
            return False
        likely = [await self.support.supports(text, each) for each in cited]
        if max(likely) < self.thresholds.sure:  # as sure as an answer must be
            return False
        self._facts = facts
        return True

    def _put_quote(self, text: str, written: Claim) -> None:
        """The quote of the passage that the sentence cites, if it says where it is from."""
        best = self.passages.index(self.turn.verdict.support[0])
        valid = [n - 1 for n in written.marks if 0 < n <= len(self.passages)]
        # What the judge would not show does not come in by a sentence that fails.
        usable = [n for n in valid if self.passages[n].answers >= self.thresholds.unsure]
        if not written.marks and not any(
            telling(text).keys() & telling(source_text(each)).keys() for each in self.passages
        ):
            return  # talk, not a claim of the passages'
        chosen = usable[0] if usable else best
        put = quote(self.turn.standalone, self.passages[chosen])
        room = LONGEST_NOTES - sum(len(each.shown) for each in self._quotes.values())
        if chosen not in self._quotes and (not self._quotes or len(put.shown) <= room):
            self._quotes[chosen] = put
            self._add(put.shown, [chosen], apart=not is_running_text(put.shown))

    def _add(self, text: str, cited: Sequence[int], *, apart: bool) -> None:
        for each in cited:
            self._numbers.setdefault(each, len(self._numbers) + self.turn.asked.first_mark)
        marks = " ".join(f"[{self._numbers[each]}]" for each in cited)
        structured = not is_running_text(text)
        item, after_item = LIST_MARK.match(text), LIST_MARK.match(self._last)
        one_line = item is not None and "\n" not in text
        if item and after_item:
            gap = "\n"
        elif apart or structured or item or after_item or not is_running_text(self._last):
            gap = PARAGRAPH
        else:
            gap = " "
        if not self._told:
            gap = PARAGRAPH if structured or item else " "
        # Apart from a list or a table, whose last line it would else become.
        said = f"{gap}{text}{' ' if one_line or not structured else PARAGRAPH}{marks}"
        self._last = text
        self._told += said
        self._held += said

    def _opening(self) -> str:
        greetings, leads = self.lines.greetings, self.lines.leads
        greeting = self._of(greetings) or (
            picked(greetings, self.turn.asked.text) if greetings else ""
        )
        opening = " ".join(filter(None, (greeting, self._of(leads))))
        if not opening:
            self._held = self._held.lstrip()
        self.turn.timings["first_word"] = self.turn.since_start()
        return opening

    def closing(self) -> str:
        """The voice's last line, where one fits."""
        closings = self.lines.closings
        if not closings:
            return ""
        line = self._of(closings) or picked(closings, self.turn.asked.text)
        shown = f"{' ' if is_running_text(self._last) else PARAGRAPH}{line}"
        self.text += shown
        return shown

    def _of(self, lines: Sequence[str]) -> str:
        """The line among these that the model wrote, if it did."""
        return next((each for each in self._framed if each in lines), "")

    def citations(self) -> list[Quote]:
        """What was quoted, and of the other passages the stretch that the sentences rest on."""
        return [
            self._quotes.get(each)
            or quote(self.turn.standalone, _pointed_at(self.passages[each], self._kept_of[each]))
            for each in self._numbers
        ]

    def checks(self) -> Checks:
        """What the reply says of itself, beside how many sentences held."""
        quoted = list(self._quotes.values())
        guide, mood = self.turn.asked.voice.guide, mood_of(self.turn.standalone)
        habits = markers(self.text, guide, [each.shown for each in quoted], mood)
        # What is left out on purpose breaks no habit.
        habits |= {} if self.lines.greetings else {"greeting": True}
        habits |= {} if self.lines.closings else {"closing": True}
        return Checks(
            quote_verbatim=is_verbatim(quoted, self.text),
            facts=self._facts,
            lead_in="chosen" if self._of(self.lines.leads) else "none",
            restatement="none",
            marks=marks_are_valid(self.text, self._numbers.values()),
            markers=habits,
        )


def _passages(turn: Turn, thresholds: Thresholds) -> list[Evidence]:
    """What the model may read: what answers, and what comes near."""
    return [
        each
        for each in turn.evidence
        if each.score >= thresholds.near or each in turn.verdict.support
    ]


def _contradicts_itself(turn: Turn) -> bool:
    first, *more = (quote(turn.standalone, each) for each in turn.verdict.support)
    return any(conflict(first, each) for each in more)


def _lines(turn: Turn) -> Around:
    quoted = PARAGRAPH.join(quote(turn.standalone, each).shown for each in turn.verdict.support)
    asked = turn.asked
    return around(
        turn.standalone,
        quoted,
        asked.voice.guide,
        asked.frame,
        first=asked.first,
        topic="",
        sure=turn.verdict.confidence >= VERY_SURE,
    )


def _pointed_at(evidence: Evidence, said: str) -> Evidence:
    """The same with the units first that have the words of what was said."""
    words = telling(said).keys()
    units = tuple(
        replace(unit, share=len(words & telling(unit.text).keys()) / max(1, len(words)))
        for unit in evidence.units
    )
    return replace(evidence, units=units)
