"""A command given by an admin on a platform of no make."""

from __future__ import annotations

from typing import Any

from bot.cards import Card
from bot.desk.commands import Invocation, Outcome
from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import CHANNEL, FakePlatform

ADMIN = "root"


async def given_line(
    bench: Bench, office: FakePlatform, line: str, user: str = ADMIN, place: Any = CHANNEL
) -> Outcome:
    """Type a line, such as ``/kb gaps``; what comes back."""
    name, _, rest = line.removeprefix("/").partition(" ")
    command, values = bench.commands.parse(name, rest)
    return await bench.commands.run(command, Invocation(office, place, user, values))


async def told(*args: Any, **of: Any) -> str:
    outcome = await given_line(*args, **of)
    assert isinstance(outcome, Card)
    return outcome.text
