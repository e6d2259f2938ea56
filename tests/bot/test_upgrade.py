"""A state from before answers were typed records is brought to the newest schema, and works."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.history import History, Trace
from bot.types import Checks, Citation, Composed, ReadPassage
from knowledge.state.database import open_database
from tests.adapters.desk_bench import open_bench
from tests.adapters.fake_platform import CHANNEL, FakePlatform
from tests.bot.conftest import ROOT
from tests.kit.fakes import evidence

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PAY = "Salaries are paid on the 25th of each month.\n"
KEPT = evidence(PAY, title="Pay", document="pay.md")
PASSAGE = KEPT.passage.id
CITED = {
    "n": 1,
    "title": "Pay",
    "document": "pay.md",
    "url": "https://intra.example/pay",
    "quote": "Salaries are paid on the 25th of each month.",
    "passage": PASSAGE,
}
READ = {
    "id": PASSAGE,
    "source": "handbook",
    "document": "pay.md",
    "url": "https://intra.example/pay",
    "title": "Pay",
    "score": 0.9312,
    "answers": 0.912,
    "text": PAY,
}
FACTS = {"links": True, "code": True, "numbers": True, "negations": True, "names": False}
SURE = {
    "id": "m-1",
    "question": "When is payday?",
    "answer": "Salaries are paid on the 25th of each month. [1]",
    "abstained": False,
    "tier": "sure",
    "citations": [CITED],
    "passages": [READ],
    "checks": {
        "confidence": 0.912,
        "quote_verbatim": True,
        "facts": FACTS,
        "lead_in": "chosen",
        "restatement": "none",
        "marks": True,
        "markers": {"greeting": True, "emoji": False},
        "composed": {"sentences": 3, "kept": 2, "replaced": 1},
    },
    "voice": "fernhill",
    "voice_version": "1f9a0c4e",
    "timings_ms": {"retrieve": 90.1, "total": 701.3},
    "trace_id": "t-sure",
}
UNKNOWN = SURE | {
    "id": "m-2",
    "question": "Who feeds the cat?",
    "answer": "I do not know.",
    "abstained": True,
    "tier": "none",
    "citations": [],
    "checks": {"confidence": 0.02},
    "trace_id": "t-none",
}
APOLOGY = SURE | {
    "id": "m-3",
    "tier": None,
    "citations": [],
    "passages": [],
    "checks": {},
    "timings_ms": {},
    "voice_version": "",
    "trace_id": "t-sorry",
    "error_id": "abcd1234",
}
# Before there were tiers; a lead-in was kept or replaced then.
FIRST = {
    name: value
    for name, value in SURE.items()
    if name not in ("tier", "voice_version", "citations", "passages", "checks")
} | {
    "trace_id": "t-first",
    "citations": [CITED, CITED | {"n": 2, "passage": "gone", "document": "gone.md"}],
    "passages": [{name: value for name, value in READ.items() if name != "answers"}],
    "checks": {"quote_verbatim": True, "facts": FACTS, "lead_in": "kept", "marks": True},
}
MANY = 1_100  # more than are changed in one go

_trace = sa.table(
    "trace",
    *(sa.column(name, sa.String) for name in ("id", "conversation", "asker")),
    sa.column("private", sa.Boolean),
    sa.column("body", sa.JSON),
    sa.column("answered_at", sa.DateTime(timezone=True)),
)
_turn = sa.table(
    "turn",
    *(sa.column(name, sa.String) for name in ("conversation", "question", "trace_id")),
    sa.column("asked_at", sa.DateTime(timezone=True)),
)


def migrate(connection: sa.Connection, to: str) -> None:
    """Up or down to a revision."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "knowledge" / "state" / "migrations"))
    config.attributes["connection"] = connection
    newer = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one()
    (command.downgrade if newer > to else command.upgrade)(config, to)


async def fill(engine: AsyncEngine, *bodies: Any) -> None:
    """Write answers as they were written at revision 0004."""
    answers = [
        {
            "id": body["trace_id"] if isinstance(body, dict) else f"t-odd-{n}",
            "conversation": CHANNEL.conversation,
            "asker": "office:user:ann",
            "private": False,
            "body": body,
            "answered_at": NOW - timedelta(minutes=n),
        }
        for n, body in enumerate(bodies)
    ]
    turns = [
        {
            "conversation": each["conversation"],
            "question": body["question"],
            "trace_id": each["id"],
            "asked_at": each["answered_at"],
        }
        for each, body in zip(answers, bodies, strict=True)
        if isinstance(body, dict)
    ]
    async with engine.begin() as db:
        await db.run_sync(migrate, "0004")
        await db.execute(sa.insert(_trace), answers)
        await db.execute(sa.insert(_turn), turns)


@pytest_asyncio.fixture
async def upgraded(url: str, engine: AsyncEngine) -> History:
    """The history of a state that was filled before, and opened by this version."""
    many = [SURE | {"trace_id": f"t-{n:05}", "citations": [CITED]} for n in range(MANY)]
    await fill(engine, SURE, UNKNOWN, APOLOGY, FIRST, [], None, *many)
    await (await open_database(url)).dispose()
    return History(engine)


async def trace(history: History, id: str) -> Trace:
    found = await history.trace(id)
    assert found is not None
    return found


async def test_an_answer_is_the_record_it_was(upgraded: History) -> None:
    kept = await trace(upgraded, "t-sure")
    reply = kept.reply
    assert (kept.conversation, kept.asker, kept.private) == (
        CHANNEL.conversation,
        "office:user:ann",
        False,
    )
    assert kept.answered_at == NOW
    assert (reply.tier, reply.confidence) == ("sure", 0.912)
    digest = sha256(PAY.encode()).hexdigest()
    assert reply.citations == (Citation(**CITED, source="handbook", digest=digest),)  # type: ignore[arg-type]
    assert reply.passages == (ReadPassage(**READ),)  # type: ignore[arg-type]
    assert reply.checks == Checks(
        quote_verbatim=True,
        facts=FACTS,
        lead_in="chosen",
        restatement="none",
        marks=True,
        markers={"greeting": True, "emoji": False},
        composed=Composed(sentences=3, kept=2, replaced=1),
    )
    assert reply.as_json("m-1") == SURE


@pytest.mark.parametrize(("id", "body"), [("t-none", UNKNOWN), ("t-sorry", APOLOGY)])
async def test_so_is_what_was_no_answer(upgraded: History, id: str, body: dict[str, Any]) -> None:
    assert (await trace(upgraded, id)).reply.as_json(body["id"]) == body


async def test_an_answer_from_before_there_were_tiers_has_what_is_known(upgraded: History) -> None:
    reply = (await trace(upgraded, "t-first")).reply
    assert (reply.tier, reply.confidence, reply.voice_version) == ("sure", None, "")
    assert [each.answers for each in reply.passages] == [None]
    assert reply.checks == Checks(quote_verbatim=True, facts=FACTS, marks=True)
    known, gone = reply.citations
    assert (known.source, known.digest) == ("handbook", KEPT.passage.digest)
    assert (gone.passage, gone.source, gone.digest) == ("gone", "", "")


async def test_what_cannot_be_read_is_no_longer_kept_and_in_nobodys_way(upgraded: History) -> None:
    assert await upgraded.trace("t-odd-4") is None
    assert await upgraded.trace("t-odd-5") is None


async def test_who_cites_what_is_known_of_old_answers_too(upgraded: History) -> None:
    found = await upgraded.citing_passage(PASSAGE, NOW - timedelta(minutes=4))
    assert [each.trace_id for each in found] == ["t-sure", "t-first"]
    assert [each.message_id for each in found] == ["m-1", "m-1"]
    assert len(await upgraded.citing_passage(PASSAGE, NOW - timedelta(days=9))) == MANY + 2


async def test_the_words_of_an_edited_question_are_still_no_earlier_question(
    upgraded: History,
) -> None:
    asked = await upgraded.questions(CHANNEL.conversation, 2 * MANY, but="m-1")
    assert asked == ["Who feeds the cat?", "When is payday?"]


async def test_it_can_be_taken_back(upgraded: History, engine: AsyncEngine) -> None:
    async with engine.begin() as db:
        await db.run_sync(migrate, "0004")
        rows = (await db.execute(sa.select(_trace.c.id, _trace.c.body))).all()
    bodies = {row.id: row.body for row in rows}
    assert len(bodies) == MANY + 6
    assert [bodies[each["trace_id"]] for each in (SURE, UNKNOWN, APOLOGY)] == [
        SURE,
        UNKNOWN,
        APOLOGY,
    ]


async def test_an_old_answer_can_still_be_explained_rated_and_shared(
    tmp_path: Path, office: FakePlatform
) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    engine = await open_database(url)
    await fill(engine, SURE, FIRST)
    await engine.dispose()
    async with open_bench(tmp_path, url=url) as bench:
        bench.knows("payday", KEPT)
        for id in ("t-sure", "t-first"):
            text = (await bench.follow_ups.why(id, CHANNEL, "ann", office)).text
            assert "1. Pay (quoted, not known when it was read)" in text
            assert "numbers and dates" in text and "Not kept: names." in text
            assert ("91%" in text) is (id == "t-sure")
        assert "noted" in await bench.follow_ups.rate("t-sure", CHANNEL, "bob", helpful=True)
        async with bench.engine.begin() as db:
            await db.execute(sa.text("UPDATE trace SET private = true"))
        await bench.follow_ups.share("t-sure", CHANNEL, "ann", office)
        [(_, card)] = office.posts
        assert "25th" in card.text and card.confidence == "● Sure"
        assert [each.document for each in card.sources] == ["pay.md"]
