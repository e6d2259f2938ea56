"""A workspace with a person, a channel and the app's own client."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.kit.fakes import FixedClock
from tests.stand_ins.slack_server import Channel, SlackServer, User


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def slack(clock: FixedClock) -> AsyncIterator[SlackServer]:
    async with SlackServer(clock=clock, ack_seconds=0.5, retry_seconds=(0.0, 60.0)) as server:
        yield server


@pytest.fixture
def ada(slack: SlackServer) -> User:
    return slack.user("ada")


@pytest.fixture
def general(slack: SlackServer, ada: User) -> Channel:
    return slack.channel("general", members=[ada])


@pytest.fixture
def client(slack: SlackServer) -> AsyncWebClient:
    return AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])
