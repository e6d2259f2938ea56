"""HTTP mode: Slack's signed requests, and a health check for what watches over the process.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from typing import Any, Final
from urllib.parse import parse_qsl

from aiohttp import web
from cachetools import TTLCache
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from adapters.slack.config import SlackConfig
from adapters.slack.connection.web import Json
from adapters.slack.manifest import EVENTS_PATH
from bot.errors import ConfigurationError

MOST_BYTES: Final = 2 * 1024 * 1024
_VALID_SECONDS = 5 * 60
"""How long Slack's signature is taken, and therefore remembered."""
_SHUTDOWN_SECONDS = 3.0
_REQUEST_SECONDS = 5.0
"""For a head, and again for a body: Slack sends both at once, and waits 3 s for the answer."""
_LINGER_SECONDS = 1.0
"""For what is still sent after it was refused."""
_DEEPEST = 64
"""Levels of a payload; Slack's have some ten."""
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")
_CERTIFICATE_CHECK: Final = b"ssl_check=1"
"""Slack tries the certificate now and then, wants 200 and nothing else, and does not sign it.

https://docs.slack.dev/interactivity/implementing-slash-commands
"""


class HttpListener:
    """Serves Slack until it is stopped."""

    def __init__(self, config: SlackConfig, app: AsyncApp):
        self._config = config
        self._app = app
        self._verifier = SignatureVerifier(config.signing_secret or "")
        # No more than Slack signed in ten minutes.
        self._taken: TTLCache[str, None] = TTLCache(math.inf, 2 * _VALID_SECONDS)
        self._runner: web.AppRunner | None = None
        self._stopping = asyncio.Event()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._runner.addresses[0][1]) if self._runner else self._config.port

    async def start(self) -> None:
        """Begin to listen. Raises :class:`ConfigurationError` where the port is taken."""
        serving = web.Application(client_max_size=MOST_BYTES)
        serving.router.add_post(EVENTS_PATH, self._take)
        serving.router.add_get("/health", self._health)
        self._runner = web.AppRunner(
            serving,
            access_log=None,
            shutdown_timeout=_SHUTDOWN_SECONDS,
            handle_signals=False,
            keepalive_timeout=_REQUEST_SECONDS,  # also for the head, of the first request too
            lingering_time=_LINGER_SECONDS,
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._config.host, self._config.port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise ConfigurationError(
                f"Port {self._config.port} cannot be opened ({error.strerror}). "
                "Choose another with HOUSEVOICE_SLACK_PORT."
            ) from error

    async def run(self) -> None:
        """Wait until :meth:`stop`."""
        await self._stopping.wait()

    async def stop(self) -> None:
        """Answer what is in hand and close the port."""
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def _take(self, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(_REQUEST_SECONDS):
                body = await request.read()
        except TimeoutError:
            late = web.Response(status=408, text="too slow")
            late.force_close()
            return late
        if body.startswith(_CERTIFICATE_CHECK):
            return web.Response()
        signature = request.headers.get("X-Slack-Signature", "")
        timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
        if not self._is_slacks(body, timestamp, signature):
            return web.Response(status=401, text="invalid request")
        try:
            payload = _parsed(body, request.content_type)
        except (ValueError, RecursionError):
            return web.Response(status=400, text="not understood")
        if not self._takes(signature):
            return web.Response()  # a replay; Slack signs its own retries anew
        # Bolt would read the body again, and loses a form whose text holds the word "payload"; a
        # body that is parsed already it takes in the other mode, where nothing is left to verify.
        heard = AsyncBoltRequest(body=payload, mode="socket_mode")
        response = await self._app.async_dispatch(heard)
        if response.status != 200:
            self._taken.pop(signature, None)
        return await to_aiohttp_response(response)

    def _is_slacks(self, body: bytes, timestamp: str, signature: str) -> bool:
        """Whoever finds the address may send anything at all."""
        if not _TIMESTAMP.fullmatch(timestamp):
            return False
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except (ValueError, TypeError):  # no text, no ASCII
            return False

    def _takes(self, signature: str) -> bool:
        """Whether it comes for the first time; from now on it does not."""
        if signature in self._taken:
            return False
        self._taken[signature] = None
        return True


def _parsed(body: bytes, content_type: str) -> Json:
    """Events are JSON, commands a form, and interactions JSON in a form.

    https://docs.slack.dev/interactivity/handling-user-interaction
    """
    if content_type == "application/json":
        parsed = json.loads(body)
    else:
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        parsed = json.loads(form["payload"]) if set(form) == {"payload"} else form
    if not isinstance(parsed, dict) or _is_deep(parsed):
        raise ValueError("no object as Slack sends them")
    return parsed


def _is_deep(parsed: Json) -> bool:
    """Whether what works through it level by level might not come to its end."""
    level: list[Any] = [parsed]
    for _ in range(_DEEPEST):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
    return bool(level)
