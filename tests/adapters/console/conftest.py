"""What the tests of the terminal share: a talk."""

from __future__ import annotations

import pytest

from tests.adapters.console.talk import Talk
from tests.adapters.desk_bench import Bench
from tests.kit.fakes import evidence

PAY = evidence("Salaries arrive on the 28th.", title="Pay", document="pay.md")


@pytest.fixture
def talk(bench: Bench) -> Talk:
    bench.knows("salaries", PAY)
    return Talk(bench)
