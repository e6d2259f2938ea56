"""What the tests of the dispatcher share: the bot knows about pay and the cat."""

from __future__ import annotations

import pytest

from tests.adapters.desk_bench import Bench
from tests.kit.fakes import evidence

PAY = evidence("Salaries are paid on the 25th of each month.\n", title="Pay", document="pay.md")
CAT = evidence("Robin feeds the cat on Mondays.\n", title="Cat", document="cat.md")


@pytest.fixture(autouse=True)
def _knows(bench: Bench) -> None:
    bench.knows("payday", PAY)
    bench.knows("cat", CAT)
