"""Which answers rest on what, and that nothing of an answer outlasts it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.history import CitingAnswer, History
from bot.types import Asker, Checks, Citation, Message, ReadPassage, Reply
from tests.kit.fakes import evidence

NOW = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)
PAY = evidence("Salaries are paid on the 25th.\n", title="Pay", document="pay.md")
MOVED = evidence("Salaries are paid on the 25th.\n", title="Money", document="money.md")
LEAVE = evidence("Five days may be carried over.\n", title="Leave", document="leave.md")
WEEK = timedelta(days=7)
TABLES = ("turn", "trace", "citation", "gap", "feedback")


def reply(*cited: Any, **of: Any) -> Reply:
    citations = tuple(
        Citation(
            n,
            each.passage.context,
            each.passage.document,
            each.passage.url,
            each.passage.text.strip(),
            each.passage.id,
            each.passage.source,
            each.passage.digest,
        )
        for n, each in enumerate(cited, start=1)
    )
    plain = Reply(
        "When is payday?",
        "The 25th. [1]",
        "sure",
        "fernhill",
        uuid4().hex,
        0.9,
        citations,
        tuple(map(ReadPassage.of, cited)),
        Checks(quote_verbatim=True),
    )
    return replace(plain, **of)


def message(asker: str = "office:user:ann") -> Message:
    return Message(uuid4().hex, "office", "office:W1:C1", Asker(asker), "When is payday?")


async def given(kept: History, said: Reply, ago: timedelta, **of: Any) -> str:
    """Record an answer that was given some time ago; its id."""
    await kept.record(replace(message(), **of), said, NOW - ago)
    return said.trace_id


def ids(found: list[CitingAnswer]) -> list[str]:
    return [each.trace_id for each in found]


async def counts(engine: AsyncEngine) -> dict[str, int]:
    async with engine.connect() as db:
        return {
            table: (await db.execute(sa.text(f"SELECT count(*) FROM {table}"))).scalar_one()  # noqa: S608
            for table in TABLES
        }


class TestAnswersThatCiteSomething:
    async def test_are_found_by_the_document_and_the_passage_newest_first(
        self, engine: AsyncEngine
    ) -> None:
        kept = History(engine)
        older = await given(kept, reply(PAY), timedelta(days=3))
        newer = await given(kept, reply(LEAVE, PAY), timedelta(days=1))
        other = await given(kept, reply(LEAVE), timedelta(days=2))
        since = NOW - WEEK
        assert ids(await kept.citing_document("handbook", "pay.md", since)) == [newer, older]
        assert ids(await kept.citing_passage(PAY.passage.id, since)) == [newer, older]
        assert ids(await kept.citing_document("handbook", "leave.md", since)) == [newer, other]
        assert await kept.citing_document("board", "pay.md", since) == []
        assert await kept.citing_passage(MOVED.passage.id, since) == []

    async def test_are_those_of_the_last_days_that_were_asked_for(
        self, engine: AsyncEngine
    ) -> None:
        kept = History(engine)
        await given(kept, reply(PAY), timedelta(days=8))
        lately = await given(kept, reply(PAY), timedelta(days=7))
        assert ids(await kept.citing_document("handbook", "pay.md", NOW - WEEK)) == [lately]

    async def test_tell_where_they_were_given_and_what_the_passage_said(
        self, engine: AsyncEngine
    ) -> None:
        kept, said = History(engine), reply(LEAVE, PAY)
        await given(kept, said, timedelta(0), id="m-7", private=True)
        [found] = await kept.citing_passage(PAY.passage.id, NOW - WEEK)
        assert found == CitingAnswer(
            said.trace_id,
            "m-7",
            "office:W1:C1",
            "office:user:ann",
            True,
            NOW,
            (said.citations[1],),
        )
        # The same words at another place: who cites them need not be told of a change.
        assert found.citations[0].digest == MOVED.passage.digest != LEAVE.passage.digest

    async def test_are_told_once_with_all_that_they_quote_of_a_document(
        self, engine: AsyncEngine
    ) -> None:
        kept = History(engine)
        second = evidence("Interns are paid weekly.\n", title="Pay", document="pay.md")
        said = reply(PAY, LEAVE, second)
        await given(kept, said, timedelta(0))
        [found] = await kept.citing_document("handbook", "pay.md", NOW - WEEK)
        assert found.citations == (said.citations[0], said.citations[2])


class TestForgetting:
    @pytest.fixture
    def kept(self, engine: AsyncEngine) -> History:
        return History(engine)

    async def test_what_is_older_than_it_may_be_kept_takes_all_along(
        self, kept: History, engine: AsyncEngine
    ) -> None:
        old = await given(kept, reply(PAY, tier="none"), timedelta(days=31))
        new = await given(kept, reply(PAY, tier="none"), timedelta(days=30))
        for id in (old, new):
            await kept.rate(id, "office:user:bob", False, NOW)
        await kept.forget_before(NOW - timedelta(days=30))
        assert await counts(engine) == dict.fromkeys(TABLES, 1)
        assert await kept.trace(old) is None
        assert await kept.trace(new) is not None

    async def test_a_person_takes_their_questions_answers_citations_and_opinions_along(
        self, kept: History, engine: AsyncEngine
    ) -> None:
        hers = await given(kept, reply(PAY, tier="none"), timedelta(0))
        his = await given(
            kept, reply(PAY, tier="none"), timedelta(0), asker=Asker("office:user:bob")
        )
        for id in (hers, his):
            for rater in ("office:user:ann", "office:user:bob"):
                await kept.rate(id, rater, True, NOW)
        await kept.forget_person("office:user:ann")
        assert await counts(engine) == dict.fromkeys(TABLES, 1)
        assert await kept.ratings(his) == (1, 0)
        assert ids(await kept.citing_passage(PAY.passage.id, NOW - WEEK)) == [his]

    async def test_citations_do_not_outlast_a_trace_that_was_deleted_by_hand(
        self, kept: History, engine: AsyncEngine
    ) -> None:
        gone = await given(kept, reply(PAY, LEAVE), timedelta(0))
        await given(kept, reply(PAY), timedelta(0))
        async with engine.begin() as db:
            await db.execute(sa.text("DELETE FROM trace WHERE id = :id"), {"id": gone})
        await kept.forget_lost_citations()
        assert (await counts(engine))["citation"] == 1


async def test_a_record_of_another_version_counts_as_no_longer_kept(
    engine: AsyncEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = History(engine)
    id = await given(kept, reply(PAY), timedelta(0))
    async with engine.begin() as db:
        await db.execute(sa.text("UPDATE trace SET version = 1"))
    assert await kept.trace(id) is None
    told = "".join(capsys.readouterr())
    assert "trace_unreadable" in told and "payday" not in told
