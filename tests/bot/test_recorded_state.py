"""The state as an earlier version left it when it was killed: nothing of it is lost.

``tests/data/state_0033.sql`` was recorded by that version: three questions in the terminal, one
folder read, another broken off in the middle, and a question on Slack that was accepted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.history import History
from bot.answers.voices.wordings import Wordings
from bot.conversation.channels import ChannelRules, Channels
from bot.conversation.inbox import Inbox
from bot.types import Place, Utterance
from knowledge.library.catalog import Catalog
from knowledge.library.leases import Leases
from knowledge.library.release.items import WorkItems
from knowledge.state.database import open_database
from tests.bot.conftest import ROOT

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
CHANNEL = Place("slack", "T1", "C1", thread="1.1")
ASKED = "f5bbd644fb1347cda9c3bb48598fe966"
HANDBOOK, ROOMS = "4f570c21742d", "2bb507c5a428"


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """The recorded state, opened by this version."""
    recorded = (ROOT / "tests" / "data" / "state_0033.sql").read_text("utf-8")
    with closing(sqlite3.connect(tmp_path / "state.db")) as file:
        file.executescript(recorded)
    engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
    yield engine
    await engine.dispose()


async def test_answers_and_what_people_thought_of_them_are_there(engine: AsyncEngine) -> None:
    history = History(engine)
    kept = await history.trace(ASKED)
    assert kept is not None and "paid on the 25th" in kept.reply.answer
    assert (kept.reply.tier, [each.document for each in kept.reply.citations]) == (
        "sure",
        ["pay.md"],
    )
    assert await history.ratings(ASKED) == (1, 0)
    assert await history.gaps() == ["Who feeds the cat?"]
    assert await history.questions(kept.conversation, 9) == [
        "When are salaries paid?",
        "How many days of vacation do I have?",
        "Who feeds the cat?",
    ]


async def test_what_was_answered_is_not_answered_again(engine: AsyncEngine) -> None:
    inbox = Inbox(engine)
    again = Utterance("slack:C1:1.1", CHANNEL, "U1", "Where is room 7?", address="mention")
    assert await inbox.accept(again, NOW) is None


async def test_what_was_accepted_is_answered_once(engine: AsyncEngine) -> None:
    inbox = Inbox(engine)
    [taken] = await inbox.take_over("slack", NOW)
    assert (taken.utterance.id, taken.utterance.text) == (
        "slack:C1:1.2",
        "When are salaries paid?",
    )
    assert await inbox.take_over("slack", NOW) == []


async def test_sources_are_those_they_were_and_the_broken_run_is_gone_on_with(
    engine: AsyncEngine,
) -> None:
    catalog = Catalog(engine)
    assert {each.id: each.location for each in await catalog.sources()} == {
        HANDBOOK: "/srv/handbook",
        ROOMS: "/srv/rooms",
    }
    assert sorted(await catalog.documents(HANDBOOK)) == ["leave.md", "pay.md", "travel.md"]
    items = await WorkItems(engine).of(ROOMS)
    assert {path: item.state for path, item in items.items()} == {
        "t1.md": "reading",
        "t2.md": "reading",
    }
    assert [each.id for each in await catalog.in_state("open")] == [2]
    async with Leases(engine, lambda: NOW).hold(ROOMS):
        pass  # the process that held it is gone, and nobody waits for it


async def test_decisions_of_admins_and_gifts_of_people_stand(engine: AsyncEngine) -> None:
    channels = Channels(engine)
    rules = await channels.rules(CHANNEL)
    assert rules == ChannelRules(answers="unprompted", bar=0.9, daily_limit=40)
    assert (await channels.workspace(CHANNEL)).help_channel == "C9"
    [wording] = await Wordings(engine, lambda: NOW).waiting()
    assert (wording.voiced, wording.owner) == ("Mark the 25th: payday!", "slack:user:U2")
