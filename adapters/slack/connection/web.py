"""Slack's Web API: one place where calls are made, waited for, and their refusals become ours."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.config import SlackConfig
from bot.errors import PlatformError

Json = dict[str, Any]
Sleep = Callable[[float], Awaitable[None]]

LONGEST_WAIT: Final = 60
"""Seconds that one call may be made to wait by 429s in all; then the answer is tried again later.

Slack asks for a few seconds nearly always (docs.slack.dev/apis/web-api/rate-limits)."""
_TRIES = 3
_TIMEOUT = aiohttp.ClientTimeout(total=30, connect=10)
_PAGES = 20
_NOT_REPEATABLE = frozenset(
    {"chat.postMessage", "chat.postEphemeral", "chat.startStream", "chat.appendStream"}
)
"""What would be said twice if a call is repeated whose answer got lost."""
_READS = (
    "auth.",
    "conversations.",
    "users.",
    "usergroups.",
    "files.info",
    "files.getUploadURLExternal",
    "chat.getPermalink",
)
"""Methods that take no JSON but a query."""
_PASSING = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
    }
)

NOT_SLACKS: Final = "http_"
"""Begins the code of an answer that Slack's API did not give; behind it stands the HTTP status."""

_log = structlog.get_logger("housevoice")


class SlackError(PlatformError):
    """Slack refused a call, or could not be reached."""

    def __init__(
        self,
        method: str,
        code: str,
        *,
        passing: bool = False,
        lost: bool = False,
        retry_after: float = 0.0,
        needed: str = "",
    ):
        super().__init__(f"{method}: {code}{f' ({needed})' if needed else ''}", passing=passing)
        self.code = code
        """Slack's own word, such as ``not_in_channel``, or the type of a network error."""
        self.lost = lost
        """It may have been done all the same: only the answer did not come."""
        self.retry_after = retry_after


class _Forward(logging.Handler):
    """What Slack's libraries log, as types and places: their words may hold tickets and texts."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        _log.warning(
            "slack_library",
            at=f"{record.module}:{record.lineno}",
            error=type(error).__name__ if error else None,
        )


def library_logger() -> logging.Logger:
    """The logger to hand to Slack's libraries."""
    logger = logging.getLogger("housevoice.slack_library")
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(_Forward())
    return logger


def without_proxy(url: str) -> bool:
    """Whether the environment's proxy is not for this address; Slack's library does not ask."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "127.0.0.1", "::1") or bool(proxy_bypass(host))


class Web:
    """The Web API of one workspace. Every method raises :class:`SlackError`."""

    def __init__(self, config: SlackConfig, *, sleep: Sleep = asyncio.sleep):
        self._config = config
        self._sleep = sleep
        self._session: aiohttp.ClientSession | None = None
        self._clients: dict[bool, AsyncWebClient] = {}

    def client(self, *, patient: bool = True) -> AsyncWebClient:
        """The library's own client; ``patient``: it waits out rate limits. Needs a running loop."""
        session = self._open_session()
        if patient not in self._clients:
            client = AsyncWebClient(
                token=self._config.bot_token,
                base_url=self._config.api_url,
                session=session,
                logger=library_logger(),
                retry_handlers=[_Patience(self._sleep)] if patient else [],
            )
            if without_proxy(self._config.api_url):
                client.proxy = None
            self._clients[patient] = client
        return self._clients[patient]

    async def call(self, method: str, *, patient: bool = True, **args: Any) -> Json:
        """One call; ``patient`` False for what is not worth waiting for."""
        given = {name: value for name, value in args.items() if value is not None}
        body, _ = await self._call(method, given, patient)
        return body

    async def scopes(self, method: str = "auth.test") -> tuple[Json, frozenset[str]]:
        """The answer of a call, and the scopes that the token has."""
        body, headers = await self._call(method, {}, True)
        named = next((v for k, v in headers.items() if k.lower() == "x-oauth-scopes"), "")
        return body, frozenset(scope.strip() for scope in named.split(",") if scope.strip())

    async def pages(self, method: str, *, most: int = _PAGES, **args: Any) -> AsyncIterator[Json]:
        """The pages of a listing, at most so many.

        Raises :class:`SlackError` with the code ``too_many_pages`` where there are more than the
        default of them, since a list that is cut short must not be taken for whole.
        """
        cursor = ""
        for _ in range(most):
            page = await self.call(method, cursor=cursor or None, **args)
            yield page
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return
        if most == _PAGES:
            raise SlackError(method, "too_many_pages")

    async def open_socket(self) -> str:
        """The address of a new websocket."""
        app_token = self._config.app_token or ""
        body, _ = await self._call("apps.connections.open", {}, True, app_token)
        return str(body["url"])

    async def respond(self, response_url: str, payload: Json) -> None:
        """Say something at a ``response_url``, valid for half an hour and five times."""
        client = self.client()
        proxy = None if without_proxy(response_url) else client.proxy
        try:
            async with self._open_session().post(
                response_url, json=payload, proxy=proxy, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise SlackError(
                        "response_url",
                        f"{NOT_SLACKS}{response.status}",
                        passing=response.status == 429 or response.status >= 500,
                        lost=response.status >= 500,
                    )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unreachable("response_url", error) from error

    async def upload(
        self, channel: str, thread: str | None, name: str, title: str, content: bytes
    ) -> None:
        """Share a file: https://docs.slack.dev/messaging/working-with-files#uploading_files."""
        place = await self.call("files.getUploadURLExternal", filename=name, length=len(content))
        url = str(place["upload_url"])
        proxy = None if without_proxy(url) else self.client().proxy
        try:
            async with self._open_session().post(
                url, data=content, proxy=proxy, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise SlackError("upload", f"{NOT_SLACKS}{response.status}")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unreachable("upload", error) from error
        files = [{"id": place["file_id"], "title": title}]
        await self.call(
            "files.completeUploadExternal", files=files, channel_id=channel, thread_ts=thread
        )

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
            self._clients.clear()
        return self._session

    async def _call(
        self, method: str, args: Json, patient: bool, token: str | None = None
    ) -> tuple[Json, Mapping[str, str]]:
        headers = {"Authorization": f"Bearer {token}"} if token else None
        client = self.client(patient=patient)
        try:
            if method.startswith(_READS) and method not in ("conversations.open",):
                response = await client.api_call(
                    method, http_verb="GET", params=args, headers=headers
                )
            else:
                response = await client.api_call(method, json=args, headers=headers)
        except SlackApiError as error:
            raise _refused(method, error) from error
        except (aiohttp.ClientError, SlackClientError, TimeoutError, OSError) as error:
            raise _unreachable(method, error) from error
        except AttributeError as error:  # the library takes every answer for an object
            raise SlackError(method, NOT_SLACKS + "200", lost=True) from error
        data = response.data
        if not isinstance(data, dict):
            raise SlackError(method, NOT_SLACKS + "200", lost=True)
        return data, response.headers


class _Patience(AsyncRetryHandler):
    """Waits out 429s as long as Slack asks, within bounds; repeats what is safe to repeat.

    The library's own handlers know no bound for a wait, and repeat messages that were posted.
    """

    def __init__(self, sleep: Sleep):
        super().__init__(max_retry_count=_TRIES)
        self._sleep = sleep

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if error is None and response is not None and response.status_code == 429:
            waited = (state.custom_values or {}).get("waited", 0.0)
            return bool(waited + _retry_after(response.headers) <= LONGEST_WAIT)
        method = urlsplit(request.url).path.rpartition("/")[2]
        if isinstance(error, aiohttp.ClientConnectorError):
            return True  # never got there
        if method in _NOT_REPEATABLE:
            return False
        failed = response is not None and response.status_code >= 500
        broken = isinstance(error, aiohttp.ClientConnectionError | TimeoutError)
        return failed or broken

    async def prepare_for_next_attempt_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> None:
        seconds = 0.5 * 2**state.current_attempt
        if error is None and response is not None and response.status_code == 429:
            seconds = _retry_after(response.headers)
            values = state.custom_values or {}
            state.custom_values = {**values, "waited": values.get("waited", 0.0) + seconds}
        state.next_attempt_requested = True
        await self._sleep(seconds)
        state.increment_current_attempt()


def _retry_after(headers: Mapping[str, Any]) -> float:
    """Seconds. https://docs.slack.dev/apis/web-api/rate-limits."""
    value = next((v for k, v in headers.items() if k.lower() == "retry-after"), 1)
    try:
        return max(1.0, float(value[0] if isinstance(value, list) else value))
    except (TypeError, ValueError, IndexError):
        return 1.0


def _refused(method: str, error: SlackApiError) -> SlackError:
    data = getattr(error.response, "data", None)
    body: Json = data if isinstance(data, dict) else {}
    status = int(
        getattr(error.response, "status_code", 0) or getattr(error.response, "status", 200) or 200
    )
    said = body.get("error") if body.get("ok") is False else None
    code = str(said or f"{NOT_SLACKS}{status}")
    headers = getattr(error.response, "headers", None) or {}
    limited = status == 429 or code in ("ratelimited", "rate_limited")
    return SlackError(
        method,
        code,
        passing=limited or code in _PASSING or status >= 500,
        lost=status >= 500,
        retry_after=_retry_after(headers) if limited else 0.0,
        needed=str(body.get("needed") or ""),
    )


def _unreachable(method: str, error: Exception) -> SlackError:
    """The network failed; its words are left out, since they may hold addresses with tickets."""
    lost = not isinstance(error, aiohttp.ClientConnectorError)
    return SlackError(method, type(error).__name__, passing=True, lost=lost)
