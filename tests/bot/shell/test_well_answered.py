"""What people found well answered is what a change is held to; nobody's private questions are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.history import History
from bot.shell.well_answered import well_rated
from bot.types import Asker, Citation, Message, Reply

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


async def answered(
    history: History, id: str, *opinions: bool, source: str = "hb", private: bool = False
) -> None:
    """An answer that cites a source, and what people thought of it."""
    cited = Citation(
        n=1,
        title="Pay",
        document="pay.md",
        url="",
        quote="On the 25th.",
        passage="p",
        source=source,
        digest="d",
    )
    message = Message(
        id=f"m-{id}",
        platform="office",
        conversation="c",
        text=f"Question {id}?",
        asker=Asker("office:user:ann", frozenset({"public"})),
        private=private,
    )
    reply = Reply(
        f"Question {id}?", "On the 25th.", "sure", "fernhill", f"t-{id}", citations=(cited,)
    )
    await history.record(message, reply, NOW + timedelta(minutes=int(id)))
    for n, helpful in enumerate(opinions):
        await history.rate(f"t-{id}", f"office:user:{n}", helpful, NOW)


@pytest.fixture
def history(engine: AsyncEngine) -> History:
    return History(engine)


async def test_those_that_somebody_found_helpful_and_nobody_unhelpful(
    history: History, engine: AsyncEngine
) -> None:
    await answered(history, "1", True)
    await answered(history, "2", True, False)
    await answered(history, "3")
    await answered(history, "4", True, True, source="wiki")
    await answered(history, "5", True, private=True)
    await answered(history, "6", True, source="attachment:c")
    assert await well_rated(engine, 10) == [("Question 4?", "wiki"), ("Question 1?", "hb")]
    assert await well_rated(engine, 1) == [("Question 4?", "wiki")]
