"""One websocket of Socket Mode, from Slack's hello to its end.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import aiohttp
import structlog
from aiohttp import ClientWebSocketResponse, WSMsgType

from adapters.slack.connection.watchdog import Watchdog
from adapters.slack.connection.web import Json, SlackError

_GOING_AWAY: Final = (1001).to_bytes(2, "big")
"""https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1"""
_SECONDS: Final = 2.0
"""For a frame to be handed to a connection that may be dead, with all its buffers full."""
_MOST_BYTES: Final = 16 * 1024 * 1024

_log = structlog.get_logger("housevoice")


class Socket:
    """Reads from the moment it is made, until Slack has hung up or it is left."""

    def __init__(
        self,
        connection: ClientWebSocketResponse,
        watchdog: Watchdog,
        take: Callable[[Socket, Json], None],
        news: asyncio.Event,
    ):
        self._connection = connection
        self._take = take
        self._news = news
        self._greeted = asyncio.Event()
        self._left = False
        self.watchdog = watchdog
        self.farewell = ""
        """Why Slack is about to hang up."""
        self.in_hand: set[asyncio.Task[None]] = set()
        """What came by it and is not acknowledged yet."""
        self._reading = asyncio.create_task(self._read(), name="slack socket")

    @classmethod
    async def open(
        cls,
        session: aiohttp.ClientSession,
        address: str,
        proxy: str | None,
        watchdog: Watchdog,
        take: Callable[[Socket, Json], None],
        news: asyncio.Event,
    ) -> Socket:
        """Connect and wait for the greeting.

        ``take`` gets every envelope and returns at once; ``news`` is set when Slack hangs up or
        says that it will. Raises :class:`SlackError`, :class:`aiohttp.ClientError` or
        :class:`OSError`.
        """
        # The library's own heartbeat takes a process that did not run for a dead connection, and
        # its own closing throws away what Slack has sent until then.
        connection = await session.ws_connect(
            address, proxy=proxy, autoping=False, autoclose=False, max_msg_size=_MOST_BYTES
        )
        socket = cls(connection, watchdog, take, news)
        greeting = asyncio.ensure_future(socket._greeted.wait())
        try:
            await asyncio.wait({greeting, socket._reading}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            greeting.cancel()
            if not socket.is_live:
                await socket.abandon()
        if not socket.is_live:
            raise SlackError("websocket", socket.farewell or "no_hello", passing=True)
        return socket

    @property
    def is_live(self) -> bool:
        """Whether something can be sent by it."""
        return self._greeted.is_set() and not (
            self._left or self._connection.closed or self.has_ended
        )

    @property
    def has_ended(self) -> bool:
        """Whether nothing can come by it any more."""
        return self._reading.done()

    async def send(self, message: Json) -> bool:
        """Send; False: it could not be."""
        if not self.is_live:
            return False
        try:
            await self._connection.send_str(json.dumps(message))
        except (aiohttp.ClientError, OSError):
            return False
        return True

    async def ping(self) -> None:
        """Ask for a sign of life."""
        with suppress(aiohttp.ClientError, OSError):
            async with asyncio.timeout(_SECONDS):
                await self._connection.ping()

    async def leave(self, within: float) -> None:
        """Close in good order: what Slack sends until it agrees is still taken in."""
        self._left = True
        with suppress(aiohttp.ClientError, OSError):
            async with asyncio.timeout(within):
                await self._connection.send_frame(_GOING_AWAY, WSMsgType.CLOSE)
                await asyncio.wait({self._reading})
        await self.abandon()

    async def abandon(self) -> None:
        """Let go of it as it is."""
        self._left = True
        self._reading.cancel()
        await asyncio.wait({self._reading})

    async def _read(self) -> None:
        try:
            while True:
                message = await self._connection.receive()
                if message.type is WSMsgType.TEXT:
                    self._said(message.data)
                elif message.type is WSMsgType.PONG:
                    self.watchdog.alive()
                elif message.type is WSMsgType.PING:
                    with suppress(aiohttp.ClientError, OSError):
                        await self._connection.pong(message.data)
                elif message.type is not WSMsgType.BINARY:
                    return
        finally:
            self._news.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(_SECONDS):
                    await self._connection.close()

    def _said(self, text: str) -> None:
        try:
            message = json.loads(text)
            kind = message.get("type")
        except (ValueError, AttributeError, RecursionError):
            _log.warning("slack_envelope_unreadable")
            return
        self.watchdog.heard()
        if kind == "hello":
            self._greeted.set()
        elif kind == "disconnect":
            self.farewell = str(message.get("reason") or kind)
            self._news.set()
        elif message.get("envelope_id"):
            self._take(self, message)
