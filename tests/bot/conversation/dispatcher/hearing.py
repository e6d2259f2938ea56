"""What a platform heard, and what may go wrong on it."""

from __future__ import annotations

from typing import Any

from bot.conversation.inbox import LEASE
from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import FakePlatform, utterance

ASKED = "When is payday?"


async def heard(bench: Bench, office: FakePlatform, text: str = ASKED, **of: Any) -> bool:
    """Say something and wait for the answer."""
    meant = await bench.dispatcher.hear(office, utterance(text, **of))
    await bench.settled()
    return meant


async def lease_runs_out(bench: Bench) -> None:
    bench.clock.tick(LEASE.total_seconds() + 1)
