"""A command about sources, given by an admin, and what is told of it."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import Any

from bot.cards import Card
from bot.desk.commands import Invocation, Outcome
from bot.ports import KnownSource, SourceReading
from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import CHANNEL, FakePlatform
from tests.kit.fakes import FakeSources

ADMIN = "root"
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
HANDBOOK = KnownSource("hb", "/srv/handbook", 12, is_public=True, passages=340)
WIKI = KnownSource(
    "wk", "https://wiki.example/", 1, False, passages=1, readers=frozenset({"role:board"})
)


async def given_line(
    bench: Bench, office: FakePlatform, line: str, user: str = ADMIN, place: Any = CHANNEL
) -> Outcome:
    command, values = bench.commands.parse("kb", line)
    return await bench.commands.run(command, Invocation(office, place, user, values))


async def told(*args: Any, **of: Any) -> str:
    outcome = await given_line(*args, **of)
    assert isinstance(outcome, Card)
    return outcome.text


async def added(bench: Bench, office: FakePlatform, line: str) -> str:
    """Give a command that adds something, and keep what was found."""
    tried = await given_line(bench, office, line)
    assert isinstance(tried, Card) and tried.buttons == ("keep", "leave")
    kept = await bench.desk.press("keep", tried.subject, office.by(ADMIN))
    assert isinstance(kept, Card)
    return kept.text


def reads(sources: FakeSources, id: str, *readings: SourceReading | Exception) -> None:
    sources.readings[id] = deque(readings)
