"""Socket Mode: a websocket to Slack that is watched, and replaced when it goes silent.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog
from aiohttp import WSMessage
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from adapters.slack.config import SlackConfig
from adapters.slack.watchdog import Patience, Watchdog
from adapters.slack.web import SlackError, Web, library_logger, without_proxy
from bot.errors import ConfigurationError

_ANSWERED_WITHIN = 3.0
_LASTING = 30.0
"""Seconds after which a websocket that ends is replaced without a pause."""
_ADVICE = (
    "SLACK_APP_TOKEN is not taken by Slack ({code}). Make an app-level token with the scope "
    "connections:write, and switch Socket Mode on; see docs/slack.md."
)
_log = structlog.get_logger("housevoice")


class _Client(SocketModeClient):
    """The library's client, which reconnects at once whenever Slack hangs up.

    Where Slack does so each time, as with too many websockets, that would never pause.
    """

    longest_pause = 60.0
    _pause = _opened = 0.0

    async def issue_new_wss_url(self) -> str:
        """An address for the next websocket; waits longer each time that the last one was short."""
        lasted = time.monotonic() - self._opened if self._opened else _LASTING
        longer = min(max(1.0, 2 * self._pause), self.longest_pause)
        self._pause = 0.0 if lasted >= _LASTING else longer
        await asyncio.sleep(self._pause)
        if self.closed:
            return self.wss_uri or ""  # which nobody opens any more
        address = await super().issue_new_wss_url()
        self._opened = time.monotonic()
        return address


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
    ):
        self._app_token = config.app_token or ""
        self._web = web
        self._app = app
        self._patience = patience
        self._clock = clock
        self._client: SocketModeClient | None = None
        self._watchdog = Watchdog(patience, clock)
        self._stopping = asyncio.Event()
        self._in_hand: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Connect. Raises :class:`ConfigurationError` for a token that cannot work."""
        try:
            await self._replace()
        except (SlackError, TimeoutError) as error:
            raise ConfigurationError(f"Slack cannot be reached: {error}") from error

    async def run(self) -> None:
        """Watch the connection until :meth:`stop`.

        Raises :class:`ConfigurationError` when Slack takes the token no longer.
        """
        pause = 0.0
        while not await self._stops_within(max(self._patience.check, pause)):
            client = self._client
            verdict = self._watchdog.look(client.last_ping_pong_time if client else None)
            if client is not None and verdict == "fine":
                pause = 0.0
                continue
            _log.warning("slack_socket_replaced", verdict=verdict)
            try:
                await self._replace(keep_old=verdict == "quiet")
                pause = 0.0
            except (SlackError, TimeoutError) as error:
                pause = min(max(1.0, 2 * pause), self._patience.longest_pause)
                _log.warning("slack_socket_failed", error=type(error).__name__, pause_s=pause)

    async def stop(self) -> None:
        """Acknowledge what is in hand, then hang up."""
        self._stopping.set()
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=_ANSWERED_WITHIN)
        await self._hang_up(self._client)
        self._client = None

    async def _replace(self, *, keep_old: bool = False) -> None:
        """A new client each time: the library's own reconnecting may be what is stuck."""
        old = self._client
        if not keep_old:
            await self._hang_up(old)
            self._client = old = None
        try:
            address = await self._web.open_socket()
        except SlackError as error:
            if error.passing:
                raise
            raise ConfigurationError(_ADVICE.format(code=error.code)) from error
        client = _Client(
            self._app_token,
            logger=library_logger(),
            web_client=self._web.client(),
            ping_interval=self._patience.ping,
        )
        client.longest_pause = self._patience.longest_pause
        if without_proxy(address):
            client.proxy = None
        client.wss_uri = address
        client.socket_mode_request_listeners.append(self._take)
        client.on_message_listeners.append(self._noticed)
        try:
            await asyncio.wait_for(client.connect(), self._patience.connect)  # type: ignore[no-untyped-call]
        except TimeoutError:
            await self._hang_up(client)
            raise
        self._watchdog = Watchdog(self._patience, self._clock)
        self._client = client
        await self._hang_up(old)
        if self._stopping.is_set():
            await self._hang_up(client)
            self._client = None

    async def _take(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        """As Bolt's own handler does, in a task that can be waited for."""
        task = asyncio.ensure_future(self._dispatch(client, request))
        self._in_hand.add(task)
        task.add_done_callback(self._in_hand.discard)
        await task

    async def _dispatch(
        self, client: AsyncBaseSocketModeClient, request: SocketModeRequest
    ) -> None:
        started = time.time()
        response = await run_async_bolt_app(self._app, request)
        await send_async_response(client, request, response, started)

    async def _noticed(self, _: WSMessage) -> None:
        self._watchdog.heard()

    async def _hang_up(self, client: SocketModeClient | None) -> None:
        if client is None:
            return
        try:
            await asyncio.wait_for(client.close(), self._patience.connect)  # type: ignore[no-untyped-call]
        except (OSError, TimeoutError) as error:
            _log.info("slack_socket_not_closed", error=type(error).__name__)
        tasks = [client.message_processor, client.current_session_monitor, client.message_receiver]
        await asyncio.gather(*filter(None, tasks), return_exceptions=True)

    async def _stops_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True
