"""Socket Mode: websocket connections, each envelope to one of them, acknowledgements back.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Literal
from uuid import uuid4

from aiohttp import WSCloseCode, WSMsgType, web

from tests.stand_ins.slack_server.delivery import Attempt, Delivery
from tests.stand_ins.slack_server.state import Json, Workspace

MOST_CONNECTIONS = 10
"""https://docs.slack.dev/apis/events-api/using-socket-mode#connections"""
CONNECTION_SECONDS = 18_060
Reason = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]


@dataclass
class Connection:
    """One websocket of the app."""

    number: int
    socket: web.WebSocketResponse
    request: web.Request
    sends: bool = True
    pongs: bool = True
    retiring: bool = False
    delivered: int = 0
    pings: int = 0
    """How often the app asked for a sign of life."""
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    """Its answer to a ping of ours has come."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    cut: asyncio.Event = field(default_factory=asyncio.Event)
    """It ended without a word. After one that ended in good order, what came by it may be
    acknowledged on another: Slack's own clients do."""

    @property
    def usable(self) -> bool:
        """Would Slack pick it for the next envelope?"""
        return not (self.socket.closed or self.retiring or self.gone.is_set())


class SocketMode:
    """The app's websockets as a transport."""

    def __init__(self, workspace: Workspace, notify: Callable[[], None], ack_seconds: float):
        self._workspace = workspace
        self._notify = notify
        self._ack_seconds = ack_seconds
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._opened = asyncio.Event()
        self._turn = 0
        self._count = 0
        self.connections: list[Connection] = []
        self.refused = 0
        """How many connections were too many."""
        self.greets = True
        """Whether a new connection is told hello, without which nothing is sent by it."""
        self.protocol_errors: list[str] = []
        """What the app sent that Slack would not understand, and acknowledgements too late."""

    # --- connections --------------------------------------------------------------------------

    @property
    def open_now(self) -> list[Connection]:
        """Connections that have not ended."""
        return [each for each in self.connections if not each.gone.is_set()]

    def open_url(self, host: str) -> str:
        """A websocket address that can be used once, as ``apps.connections.open`` gives it."""
        ticket = str(uuid4())
        self._tickets.add(ticket)
        return f"ws://{host}/link/?ticket={ticket}&app_id={self._workspace.app_id}"

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it ends."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=404, text="Not found")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        self._count += 1
        connection = Connection(self._count, socket, request)
        open_now = self.open_now
        if len(open_now) >= MOST_CONNECTIONS:
            self.refused += 1
            await self._say_disconnect(connection, "too_many_websockets")
            await socket.close()
            self._notify()
            return socket
        self.connections.append(connection)
        try:
            if self.greets:
                await socket.send_json(self._hello(len(open_now) + 1))
            connection.retiring = not self.greets
            self._opened.set()
            self._notify()
            await self._listen(connection)
        except ConnectionError:
            pass  # the app went away while it was greeted
        finally:
            connection.gone.set()
            in_order = socket.close_code in (WSCloseCode.OK, WSCloseCode.GOING_AWAY)
            if not (in_order or connection.retiring):
                connection.cut.set()
            self._notify()
        return socket

    def _hello(self, connections: int) -> Json:
        return {
            "type": "hello",
            "num_connections": connections,
            "debug_info": {
                "host": "applink-stand-in-1",
                "build_number": 1,
                "approximate_connection_time": CONNECTION_SECONDS,
            },
            "connection_info": {"app_id": self._workspace.app_id},
        }

    async def _listen(self, connection: Connection) -> None:
        async for message in connection.socket:
            if message.type is WSMsgType.PING:
                if connection.pongs:
                    await connection.socket.pong(message.data)
                connection.pings += 1
                self._notify()
            elif message.type is WSMsgType.PONG:
                connection.answered.set()
            elif message.type is WSMsgType.TEXT:
                self._acknowledge(message.data)

    def _acknowledge(self, text: str) -> None:
        try:
            answer = json.loads(text)
            envelope_id = answer["envelope_id"]
        except (ValueError, KeyError, TypeError):
            self.protocol_errors.append(f"not an acknowledgement: {text[:200]}")
            return
        future = self._waiting.pop(envelope_id, None)
        if future is None or future.done():
            self.protocol_errors.append(f"unknown, repeated or late envelope: {envelope_id}")
            return
        future.set_result(answer.get("payload") or {})

    async def disconnect(self, reason: Reason, connection: Connection | None = None) -> None:
        """Announce the end of a connection (all by default), and end it unless it is a warning."""
        for each in [connection] if connection else list(self.connections):
            if each.gone.is_set():
                continue
            await self._say_disconnect(each, reason)
            if reason != "warning":
                each.retiring = True
                await each.socket.close()

    async def _say_disconnect(self, connection: Connection, reason: Reason) -> None:
        debug_info = {"host": "applink-stand-in-1"}
        await connection.socket.send_json(
            {"type": "disconnect", "reason": reason, "debug_info": debug_info}
        )

    def drop(self, connection: Connection | None = None) -> None:
        """Cut connections (all by default) without a word, as a broken network does."""
        for each in [connection] if connection else list(self.connections):
            transport = each.request.transport
            if transport is not None:
                transport.abort()
            each.gone.set()
            each.cut.set()

    def silence(self, *, pong: bool = False, connection: Connection | None = None) -> None:
        """Let connections (all that are open, by default) stay open but say nothing any more.

        ``pong``: they still answer pings, which is the silence that is hardest to notice.
        """
        for each in [connection] if connection else list(self.connections):
            each.sends, each.pongs = False, pong

    async def caught_up(self, connection: Connection) -> None:
        """Wait until the app has read all that was sent by this connection."""
        connection.answered.clear()
        await connection.socket.ping()
        await connection.answered.wait()

    async def close(self) -> None:
        """End all connections."""
        for each in self.connections:
            each.gone.set()
            await each.socket.close()

    # --- transport ----------------------------------------------------------------------------

    async def attempt(self, delivery: Delivery, attempt: Attempt, reason: str) -> None:
        """Send the envelope to the next connection and wait for its acknowledgement.

        An event waits for a connection; what a user does while there is none is lost, and they
        are told so.
        """
        connection = self._next()
        while connection is None:
            if delivery.kind != "events_api":
                attempt.failure = "connection_failed"
                return
            self._opened.clear()
            await self._opened.wait()
            connection = self._next()
        envelope_id = str(uuid4())
        acknowledged: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = acknowledged
        envelope: Json = {
            "envelope_id": envelope_id,
            "payload": delivery.payload,
            "type": delivery.kind,
            "accepts_response_payload": delivery.kind != "events_api",
        }
        if delivery.kind == "events_api":
            envelope["retry_attempt"] = attempt.number + bool(delivery.copy_of)
            envelope["retry_reason"] = "timeout" if reason else ""
        attempt.connection, attempt.sent_at = connection.number, perf_counter()
        connection.delivered += 1
        lost = asyncio.ensure_future(connection.cut.wait())
        try:
            if connection.sends:
                await connection.socket.send_json(envelope)
            waited: set[asyncio.Future[Any]] = {acknowledged, lost}
            await asyncio.wait(
                waited,
                timeout=self._ack_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        except ConnectionError:
            pass  # counts as not acknowledged
        finally:
            lost.cancel()
            self._waiting.pop(envelope_id, None)
        if acknowledged.done():
            attempt.acked_at, attempt.answer = perf_counter(), acknowledged.result()
        else:
            attempt.failure = "timeout"

    def _next(self) -> Connection | None:
        usable = [connection for connection in self.connections if connection.usable]
        if not usable:
            return None
        self._turn += 1
        return usable[self._turn % len(usable)]
