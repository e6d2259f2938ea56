"""What these tests share: the bot knows about pay, and not quite about the canteen."""

from __future__ import annotations

import pytest

from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import FakePlatform
from tests.bot.desk.follow_ups.asking import MANAGERS, PAY, PAY_OF_MANAGERS
from tests.kit.fakes import evidence

SOUP = evidence("Soup is on Mondays.\n", title="Canteen", document="canteen.md", answers=0.3)


@pytest.fixture(autouse=True)
def _knows(bench: Bench, office: FakePlatform) -> None:
    bench.knows("payday", PAY)
    bench.knows("payday", PAY_OF_MANAGERS)
    bench.knows("canteen", SOUP)
    office.held["ann"] = MANAGERS
