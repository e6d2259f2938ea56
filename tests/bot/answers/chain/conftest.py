"""What the tests of the chain share: asking it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.answers.chain import Freedom, build_chain
from bot.answers.judge import Thresholds
from bot.answers.turns import Question
from bot.types import Delta, Frame, Reply
from bot.voice.voice import Voice
from knowledge.types import PUBLIC, Evidence
from tests.bot.answers.chain.payday import QUESTION, Ask, Told
from tests.kit.fakes import THRESHOLDS, FakeRetriever, FakeWriter


@pytest.fixture
def ask(fernhill: Voice) -> Ask:
    async def ask(
        *found: Evidence,
        question: str = QUESTION,
        writes: Sequence[str | Exception] = (),
        tuned: bool = True,
        thresholds: Thresholds = THRESHOLDS,
        freedom: Freedom = "quote",
        earlier: tuple[str, ...] = (),
        principals: frozenset[str] = frozenset({PUBLIC}),
        frame: Frame = "light",
        first: bool = True,
    ) -> Told:
        retriever, writer = FakeRetriever(found), FakeWriter(*writes, tuned=tuned)
        chain = build_chain(retriever, writer.for_voice, thresholds, freedom=freedom)
        asked = Question(
            question, principals, fernhill, "trace-1", earlier, frame=frame, first=first
        )
        *deltas, reply = [piece async for piece in chain.astream(asked)]
        assert isinstance(reply, Reply)
        assert all(isinstance(delta, Delta) for delta in deltas)
        return Told(
            [one.text for one in deltas if isinstance(one, Delta)], reply, retriever, writer
        )

    return ask
