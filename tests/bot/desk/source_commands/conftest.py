"""What the tests of these commands share: there is an admin, and sources to look after."""

from __future__ import annotations

import pytest

from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import FakePlatform
from tests.bot.desk.source_commands.giving import ADMIN, HANDBOOK, WIKI
from tests.kit.fakes import FakeSources


@pytest.fixture(autouse=True)
def _has_an_admin(office: FakePlatform) -> None:
    office.admins.add(ADMIN)


@pytest.fixture
def sources(bench: Bench) -> FakeSources:
    bench.world.sources.known = [HANDBOOK, WIKI]
    return bench.world.sources
