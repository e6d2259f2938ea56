"""What the tests of the Slack adapter share: a Slack, and the bot at work in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.adapters.desk_bench import Bench
from tests.adapters.slack_adapter.office import Office, at_work
from tests.adapters.slack_office import LEAVE
from tests.stand_ins.slack_server import SlackServer


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer(retry_seconds=(0.0, 0.2, 0.5)) as server:
        yield server


@pytest.fixture
async def office(slack: SlackServer, bench: Bench) -> AsyncIterator[Office]:
    ada, bob = slack.user("ada", is_admin=True), slack.user("bob")
    general = slack.channel("general", members=[ada, bob])
    bench.knows("leave", LEAVE)
    async with at_work(slack, bench) as bot:
        yield Office(slack, bench, bot, ada, bob, general)
