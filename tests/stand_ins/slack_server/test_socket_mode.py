"""Socket Mode with the real socket client: balance, retries, silence, disorder."""

from __future__ import annotations

import aiohttp
import pytest
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from tests.stand_ins.slack_server import Channel, SlackServer, User

# --- Socket Mode ------------------------------------------------------------------------------


class Socket:
    """A real socket client that keeps what it gets, and acknowledges if it is meant to."""

    def __init__(self, slack: SlackServer, *, acknowledges: bool = True):
        web = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        self.client = SocketModeClient(slack.app_token, web_client=web, ping_interval=0.2)
        self.acknowledges = acknowledges
        self.got: list[SocketModeRequest] = []
        self.client.socket_mode_request_listeners.append(self._take)

    async def _take(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        self.got.append(request)
        if self.acknowledges:
            response = SocketModeResponse(envelope_id=request.envelope_id)
            await client.send_socket_mode_response(response)

    async def __aenter__(self) -> Socket:
        await self.client.connect()  # type: ignore[no-untyped-call]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()  # type: ignore[no-untyped-call]


async def test_each_event_goes_to_one_of_the_connections(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    async with Socket(slack) as first, Socket(slack) as second:
        for number in range(10):
            await slack.say(ada, general, f"message {number}")
        await slack.settled()
        assert len(first.got) == len(second.got) == 5
        assert len(slack.latencies_ms()) == 10
        assert not slack.socket_mode.protocol_errors


async def test_a_mention_comes_as_two_events_with_one_ts(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    async with Socket(slack) as socket:
        ts = await slack.say(ada, general, f"{slack.mention} hello")
        await slack.settled()
    events = [request.payload["event"] for request in socket.got]
    assert [event["type"] for event in events] == ["message", "app_mention"]
    assert {event["ts"] for event in events} == {ts}
    assert len({request.payload["event_id"] for request in socket.got}) == 2


async def test_an_unacknowledged_event_comes_again_and_says_so(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    async with Socket(slack, acknowledges=False) as socket:
        await slack.say(ada, general, "hello")
        await slack.until(lambda: len(socket.got) == 2)
        socket.acknowledges = True
        await slack.until(lambda: slack.deliveries.history[0].waits)
        slack.retry_now()
        await slack.until(lambda: slack.deliveries.history[0].finished)
    assert [request.retry_attempt for request in socket.got] == [0, 1, 2]
    assert [request.retry_reason for request in socket.got] == ["", "timeout", "timeout"]
    assert len({request.envelope_id for request in socket.got}) == 3
    assert len({request.payload["event_id"] for request in socket.got}) == 1


async def test_events_wait_for_a_connection(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    await slack.say(ada, general, "hello")
    async with Socket(slack) as socket:
        await slack.settled()
        assert len(socket.got) == 1


async def test_a_dropped_connection_hands_its_event_to_the_next(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    async with Socket(slack, acknowledges=False) as socket:
        await slack.say(ada, general, "hello")
        await slack.until(lambda: socket.got)
        slack.socket_mode.drop()
        async with Socket(slack) as other:
            await slack.until(lambda: other.got or len(socket.got) > 1)


async def test_the_client_follows_a_refresh(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    async with Socket(slack) as socket:
        await slack.socket_mode.disconnect("refresh_requested")
        await slack.until(lambda: len(slack.socket_mode.connections) == 2)
        await slack.say(ada, general, "hello")
        await slack.until(lambda: socket.got)


async def test_a_silent_socket_neither_sends_nor_pongs(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    async with Socket(slack) as socket:
        slack.socket_mode.silence()
        await slack.say(ada, general, "hello")
        await slack.until(lambda: any(a.failure for a in slack.deliveries.history[0].attempts))
        assert not socket.got
        # the client notices by itself that nobody pongs
        await slack.until(lambda: len(slack.socket_mode.connections) > 1)


async def test_every_event_can_come_twice_and_out_of_order(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    async with Socket(slack) as socket:
        async with slack.out_of_order(seed=1, copies=2):
            said = [await slack.say(ada, general, str(number)) for number in range(20)]
        await slack.settled()
    got = [request.payload["event"]["ts"] for request in socket.got]
    assert sorted(got) == sorted(said * 2)
    assert got != sorted(got)
    assert {request.retry_attempt for request in socket.got} == {0, 1}


async def test_an_eleventh_connection_is_sent_away(slack: SlackServer) -> None:
    client = AsyncWebClient(base_url=slack.api_url)
    async with aiohttp.ClientSession() as session:
        sockets, greetings = [], []
        for _ in range(11):
            opened = await client.apps_connections_open(app_token=slack.app_token)
            sockets.append(await session.ws_connect(opened["url"]))
            greetings.append(await sockets[-1].receive_json())
        assert [greeting.get("num_connections") for greeting in greetings[:10]] == [*range(1, 11)]
        assert greetings[10]["reason"] == "too_many_websockets"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(opened["url"])  # a ticket is good once
        for socket in sockets:
            await socket.close()


async def test_without_the_scope_or_membership_there_is_no_event(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    elsewhere = slack.channel("random", members=[ada], with_bot=False)
    await slack.say(ada, elsewhere, f"{slack.mention} hello")
    slack.bot_scopes -= {"channels:history"}
    await slack.say(ada, general, f"{slack.mention} hello")
    assert [delivery.event["type"] for delivery in slack.deliveries.history] == ["app_mention"]
