"""What was asked privately and publicly, and the passages that answer it."""

from __future__ import annotations

from typing import Any

from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import FakePlatform, utterance
from tests.kit.fakes import evidence

MANAGERS = frozenset({"office:group:managers"})
PAY = evidence(
    "Salaries are paid on the 25th of each month.\n",
    title="Pay",
    document="pay.md",
    score=0.91,
    answers=0.78,
)
PAY_OF_MANAGERS = evidence(
    "Payday of managers is the 20th.\n",
    title="Board",
    document="board.md",
    source="board",
    access=MANAGERS,
    score=0.83,
    answers=0.76,
)
UNSURE = "What is in the canteen?"
PRIVATELY: dict[str, Any] = {"address": "command", "private": True}
HELP = "C-help"


async def asked(
    bench: Bench, office: FakePlatform, text: str = "When is payday?", **of: Any
) -> str:
    """Ask; the id of the answer's trace."""
    await bench.dispatcher.hear(office, utterance(text, **of))
    await bench.settled()
    return office.last.subject
