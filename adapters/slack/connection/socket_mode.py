"""Socket Mode: one websocket to Slack at a time, watched, and replaced before it is given up.

The next one is taken over first: what came by the old one is acknowledged on whichever lives, and
the old one is read to its end. Slack does not deliver a command again.
https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.request import SocketModeRequest

from adapters.slack.config import SlackConfig
from adapters.slack.connection.socket import Socket
from adapters.slack.connection.watchdog import Patience, Watchdog
from adapters.slack.connection.web import Json, SlackError, Sleep, Web, without_proxy
from bot.errors import ConfigurationError
from bot.failures import log_failure

_ANSWERED_WITHIN = 3.0
_ADVICE = (
    "SLACK_APP_TOKEN is not taken by Slack ({code}). Make an app-level token with the scope "
    "connections:write, and switch Socket Mode on; see docs/slack.md."
)
_log = structlog.get_logger("housevoice")


class SocketListener:
    """Listens until it is stopped."""

    def __init__(
        self,
        config: SlackConfig,
        web: Web,
        app: AsyncApp,
        *,
        patience: Patience,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ):
        """``sleep``: how it waits for its next look or attempt."""
        self._app_token = config.app_token or ""
        self._web = web
        self._app = app
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._session: aiohttp.ClientSession | None = None
        self._current: Socket | None = None
        self._opened = clock()
        self._pause = 0.0
        self._leaving: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._taken_over = asyncio.Event()
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Connect. Raises :class:`ConfigurationError` for a token that cannot work."""
        try:
            await self._take_over()
        except SlackError as error:
            await self.stop()
            raise ConfigurationError(f"Slack cannot be reached: {error}") from error

    async def run(self) -> None:
        """Watch the connection until :meth:`stop`.

        Raises :class:`ConfigurationError` when Slack takes the token no longer.
        """
        while not self._stopping.is_set():
            await self._passes(self._patience.check, self._news)
            self._news.clear()
            reason = await self._wanting()
            if reason and not self._stopping.is_set():
                _log.warning("slack_socket_replaced", reason=reason)
                await self._replace()

    async def stop(self) -> None:
        """Acknowledge what is in hand, then hang up."""
        self._stopping.set()
        self._news.set()
        current, self._current = self._current, None
        if current is not None:
            self._leave(current)
        if self._leaving:
            await asyncio.wait(self._leaving)
        if self._session is not None:
            await self._session.close()

    # --- connections --------------------------------------------------------------------------

    async def _wanting(self) -> str:
        """Why another connection is wanted; empty: this one is fine."""
        socket = self._current
        if socket is None or socket.has_ended:
            return "ended"
        if socket.farewell:
            return socket.farewell
        verdict = socket.watchdog.look()
        await socket.ping()
        return "" if verdict == "fine" else verdict

    async def _replace(self) -> None:
        """Try until it works. Where Slack hangs up again and again, less and less often."""
        if self._clock() - self._opened >= self._patience.lasting:
            self._pause = 0.0
        while True:
            await self._passes(self._pause, self._stopping)
            if self._stopping.is_set():
                return
            self._pause = min(max(1.0, 2 * self._pause), self._patience.longest_pause)
            try:
                await self._take_over()
            except SlackError as error:
                _log.warning("slack_socket_failed", reason=str(error), pause_s=self._pause)
            else:
                return

    async def _take_over(self) -> None:
        """Open the next one; only when Slack has greeted it the old one is left."""
        try:
            address = await self._web.open_socket()
        except SlackError as error:
            if error.passing:
                raise
            raise ConfigurationError(_ADVICE.format(code=error.code)) from error
        socket = await self._open(address)
        old, self._current = self._current, socket
        self._opened = self._clock()
        self._taken_over.set()
        if old is not None:
            self._leave(old)
        if self._stopping.is_set():
            await self.stop()

    async def _open(self, address: str) -> Socket:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        proxy = None if without_proxy(address) else self._web.client().proxy
        watchdog = Watchdog(self._patience, self._clock)
        try:
            async with asyncio.timeout(self._patience.connect):
                return await Socket.open(
                    self._session, address, proxy, watchdog, self._take, self._news
                )
        except (aiohttp.ClientError, OSError, RuntimeError) as error:  # their words hold tickets
            raise SlackError("websocket", type(error).__name__, passing=True) from error

    def _leave(self, socket: Socket) -> None:
        task = asyncio.create_task(self._leave_in_order(socket), name="slack socket left")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _leave_in_order(self, socket: Socket) -> None:
        if socket.in_hand:
            await asyncio.wait(socket.in_hand, timeout=_ANSWERED_WITHIN)
        await socket.leave(self._patience.farewell)
        if socket.in_hand:  # it came last
            await asyncio.wait(socket.in_hand, timeout=_ANSWERED_WITHIN)

    # --- envelopes ----------------------------------------------------------------------------

    def _take(self, socket: Socket, envelope: Json) -> None:
        if self._stopping.is_set() and not socket.is_live:
            return  # it could not be acknowledged any more; Slack delivers it to the next process
        task = asyncio.create_task(self._answer(socket, envelope), name="slack envelope")
        socket.in_hand.add(task)
        task.add_done_callback(socket.in_hand.discard)

    async def _answer(self, socket: Socket, envelope: Json) -> None:
        request = SocketModeRequest.from_dict(envelope)
        if request is None:
            return
        try:
            response = await run_async_bolt_app(self._app, request)
        except Exception as error:  # nobody else would hear of it
            log_failure("slack_not_taken", error)
            return
        if response.status != 200:
            return
        try:
            async with asyncio.timeout(_ANSWERED_WITHIN):
                await self._acknowledge(socket, _acknowledgement(request, response))
        except TimeoutError:
            _log.warning("slack_not_acknowledged")

    async def _acknowledge(self, socket: Socket, message: Json) -> None:
        """Where it came from, or on what was opened since."""
        while not await socket.send(message):
            if self._current is None or self._current is socket or not self._current.is_live:
                self._taken_over.clear()
                await self._taken_over.wait()
            if self._current is not None:
                socket = self._current

    async def _passes(self, seconds: float, event: asyncio.Event) -> None:
        """Wait so long, or until something happens."""
        waits = [
            asyncio.ensure_future(self._sleep(seconds)),
            asyncio.ensure_future(event.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()


def _acknowledgement(request: SocketModeRequest, response: BoltResponse) -> Json:
    """https://docs.slack.dev/apis/events-api/using-socket-mode#acknowledge."""
    message: Json = {"envelope_id": request.envelope_id}
    if response.body:
        kind = response.headers.get("content-type", [""])[0]
        is_json = kind.startswith("application/json")
        message["payload"] = json.loads(response.body) if is_json else {"text": response.body}
    return message
