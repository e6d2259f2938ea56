"""A question, its passages, and what was told of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.answers.chain import build_chain
from bot.answers.composing import Support
from bot.answers.turns import Question
from bot.types import Delta, Reply
from bot.voice.voice import Voice
from bot.voice.writer import Writer
from knowledge.types import PUBLIC, Evidence
from tests.kit.fakes import THRESHOLDS, FakeRetriever, FakeSupport, evidence

QUESTION = "When is payday, and who asks about it?"
PAY = "Salaries are paid on the 25th of each month by Anna Reed. They are never paid in cash."
HELP = "Ask the people team in room 12, or see https://intra.example/pay for more."
PAYDAY = evidence(f"{PAY}\n", {"25th": 0.6, "cash": 0.4}, document="pay.md")
HELPERS = evidence(f"{HELP}\n", document="help.md", answers=0.3)
GOOD = "Your salary is paid on the 25th of each month [1]."
GOOD_SHOWN = "Your salary is paid on the 25th of each month. [1]"
ALSO = "The people team in room 12 knows more [2]."
ALSO_SHOWN = "The people team in room 12 knows more. [2]"


@dataclass
class Told:
    """What one run of the chain gave."""

    deltas: list[str]
    reply: Reply

    @property
    def counts(self) -> tuple[int, int, int]:
        composed = self.reply.checks.composed
        assert composed is not None
        return composed.sentences, composed.kept, composed.replaced


async def told(
    voice: Voice,
    writer: Writer,
    *found: Evidence,
    likely: Mapping[str, float] | None = None,
    support: Support | None = None,
    question: Question | None = None,
) -> Told:
    async def writer_for(_: Voice) -> Writer:
        return writer

    chain = build_chain(
        FakeRetriever(found or (PAYDAY, HELPERS)),
        writer_for,
        THRESHOLDS,
        freedom="compose",
        support=support or FakeSupport(likely),
    )
    asked = question or Question(QUESTION, frozenset({PUBLIC}), voice, "trace-1", frame="none")
    *deltas, reply = [piece async for piece in chain.astream(asked)]
    assert isinstance(reply, Reply)
    texts = [each.text for each in deltas if isinstance(each, Delta)]
    assert "".join(texts) == reply.answer
    return Told(texts, reply)


Compose = Callable[..., Awaitable[Told]]
