"""The only way out to the web: GET requests that cannot be turned against the inner network.

An admin's URL is fetched by a server that may reach what the admin may not: cloud metadata, other
services on the host, the company's network. So the host is resolved here, every address is checked,
and the connection goes to the very address that was checked (no second look-up that could answer
differently, "DNS rebinding"). TLS and the Host header still name the host, and a connection is used
again for that host only.
"""

from __future__ import annotations

import asyncio
import base64
import random
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self
from urllib.parse import unquote_to_bytes

import aiohttp
import httpx
import yarl
from aiohttp.abc import AbstractResolver, ResolveResult

from knowledge.errors import SourceAway, SourceError
from knowledge.types import Validators
from knowledge.web.addresses import AddressGuard, Resolve, resolve_host
from knowledge.web.answers import BodyTooLarge, Response, as_response, read_body
from knowledge.web.urls import redirected, safe_url, web_url, without_user

__all__ = ["BodyTooLarge", "GuardedClient", "Response"]

MAX_BYTES = 20 * 1024 * 1024
MAX_REDIRECTS = 5
MAX_RETRIES = 3
MAX_WAIT = 60.0
"""Seconds; a server that asks for a longer pause is asked again in the next run instead."""
TIMEOUT = 30.0
"""Seconds for one answer with all its redirects, so that a slow drip cannot hold a run up."""
_CONNECT_TIMEOUT = 10.0

_BUSY = frozenset({429, 503})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CONNECTIONS = 20
_IDLE = 15.0
"""Seconds for which a connection waits for the next request to its host."""
_FAILURES = (aiohttp.ClientError, OSError, ValueError)
"""What aiohttp raises where an answer cannot be had; ValueError for broken headers."""
_SAFE_HEADERS = frozenset({"accept", "accept-language"})
"""Headers of a caller's that another host may see too; all others could be credentials."""


class _Checked(AbstractResolver):
    """Tells aiohttp the addresses that a host may be connected at, and no other."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET6 if address.version == 6 else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in await self._guard.addresses(host, port)
        ]

    async def close(self) -> None:
        """Nothing is held."""


class GuardedClient:
    """Fetches public web pages, and inner ones only where ``allow`` names them.

    Use as an async context manager, or call :meth:`aclose`. One client serves the whole process.
    Proxies from the environment are not used: they would resolve the host themselves.
    """

    def __init__(
        self,
        *,
        allow: Sequence[str] = (),
        max_bytes: int = MAX_BYTES,
        timeout: float = TIMEOUT,
        user_agent: str = "Housevoice/0.1",
        ssl_context: ssl.SSLContext | None = None,
        resolve: Resolve = resolve_host,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``allow`` holds host names and networks (CIDR) that need not be public addresses.

        ``timeout`` is in seconds for one answer with its redirects; ``now`` is Unix time.
        """
        self._guard = AddressGuard(allow, resolve)
        self._max_bytes = max_bytes
        self._timeout = timeout
        self._sleep = sleep
        self._now = now
        self._user_agent = user_agent
        self._ssl = ssl_context
        self._opened: aiohttp.ClientSession | None = None

    def _session(self) -> aiohttp.ClientSession:
        """Opened with the first request: it belongs to the loop that runs then."""
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=_Checked(self._guard),
                    use_dns_cache=False,
                    ssl=self._ssl or ssl.create_default_context(),
                    limit=_CONNECTIONS,
                    keepalive_timeout=_IDLE,
                ),
                headers={
                    "User-Agent": self._user_agent,
                    "Accept": "*/*",
                    "Accept-Encoding": "gzip",
                },
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                # Of the whole answer by :meth:`get`; a host has several addresses to be tried.
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=min(self._timeout, _CONNECT_TIMEOUT)
                ),
                trust_env=False,
            )
        return self._opened

    async def __aenter__(self) -> Self:
        """The client itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        if self._opened is not None:
            await self._opened.close()

    async def addresses(self, url: str) -> list[str]:
        """The checked addresses of a URL's host, best first, for a program that fetches by itself.

        It has to connect to one of these and follow no redirect. Raises :class:`SourceError`.
        """
        target = web_url(url)
        found = await self._guard.addresses(target.raw_host.decode("ascii"), _port(target))
        return [str(each) for each in found]

    async def get(
        self,
        url: str,
        *,
        validators: Validators | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
    ) -> Response:
        """Fetch ``url``, following up to :data:`MAX_REDIRECTS` redirects.

        A server that is busy (429, 503) is asked again, after the pause that it asked for. With
        ``validators``, an unchanged document comes back as ``not_modified`` and without content.
        ``max_bytes`` lowers the client's bound. ``headers`` go to the URL's own origin only.

        Raises :class:`BodyTooLarge`, :class:`SourceError` for addresses that may not be fetched,
        and :class:`knowledge.errors.SourceAway` for failures that may pass; a 404 is an answer.
        """
        limit = min(self._max_bytes, max_bytes or self._max_bytes)
        attempt = 0
        while True:
            try:
                async with asyncio.timeout(self._timeout):
                    response, retry_after = await self._follow(url, validators, headers, limit)
            except TimeoutError as error:
                raise SourceAway(
                    f"{safe_url(url)} did not answer in full within {self._timeout:g} s. "
                    "Check that it opens in a browser; the next run tries again."
                ) from error
            if response is not None:
                return response
            wait = self._pause(retry_after, attempt)
            if attempt >= MAX_RETRIES or wait > MAX_WAIT:
                raise SourceAway(
                    f"{safe_url(url)} is busy and asks to wait. The next run tries again; "
                    "if it stays so, ask the site's owner to allow more requests.",
                    wait,
                )
            attempt += 1
            await self._sleep(wait)

    def _pause(self, retry_after: str | None, attempt: int) -> float:
        """Seconds to wait: as asked (RFC 9110 10.2.3), else 1, 2, 4 … with some jitter."""
        if retry_after is not None:
            try:
                return max(0.0, float(retry_after))
            except ValueError:
                pass
            try:
                return max(0.0, parsedate_to_datetime(retry_after).timestamp() - self._now())
            except (ValueError, OverflowError):
                pass
        return 2.0**attempt * random.uniform(1.0, 1.25)  # noqa: S311  # jitter is no secret

    async def _follow(
        self,
        url: str,
        validators: Validators | None,
        headers: Mapping[str, str] | None,
        limit: int,
    ) -> tuple[Response | None, str | None]:
        """The final answer, or None and its Retry-After if the server was busy."""
        target = web_url(url)
        own = {name: value for name, value in (headers or {}).items() if name.lower() != "host"}
        conditions = _conditions(validators)
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._send(target, {**own, **conditions})
            try:
                location = answer.headers.get("location")
                if answer.status in _REDIRECTS and location is not None:
                    source, target = target, redirected(target, location)
                    if _origin(source) != _origin(target):
                        own = {k: v for k, v in own.items() if k.lower() in _SAFE_HEADERS}
                        target = without_user(target)
                    continue
                if answer.status in _BUSY:
                    return None, answer.headers.get("retry-after")
                not_modified = answer.status == 304
                content = b"" if not_modified else await read_body(answer, target, limit)
                return as_response(answer, target, content, not_modified), None
            except _FAILURES as error:
                raise SourceAway(
                    f"The answer of {safe_url(target)} broke off. The next run tries again."
                ) from error
            finally:
                # What was read to its end goes back to the pool by itself; the rest is closed.
                answer.close()
        raise SourceError(
            f"{safe_url(url)} redirects more than {MAX_REDIRECTS} times. "
            "Open it in a browser and add the address that it ends at."
        )

    async def _send(self, url: httpx.URL, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        """Ask one hop, its body not yet read; tries the host's addresses in turn."""
        host = url.raw_host.decode("ascii")  # international names in their ASCII form
        asked = {**_signed_in(url, headers), "Host": url.netloc.decode("ascii")}
        target = without_user(url)
        if _is_number(host):  # these aiohttp connects to without asking the resolver
            checked = await self._guard.addresses(host, _port(url))
            if str(checked[0]) != host:
                target = target.copy_with(host=str(checked[0]))
        try:
            return await self._session().get(
                yarl.URL(str(target), encoded=True), headers=asked, allow_redirects=False
            )
        except aiohttp.ClientResponseError as error:
            raise SourceError(
                f"{safe_url(url)} answers in a way that is not HTTP. Check that it opens in a "
                "browser, and tell the site's owner."
            ) from error
        except (*_FAILURES, TimeoutError) as error:
            raise SourceAway(
                f"{safe_url(url)} could not be reached. Check the address, that the server runs "
                "and that its certificate is valid."
            ) from error


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _signed_in(url: httpx.URL, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers, with the URL's user and password (RFC 7617) where they sign in nobody else."""
    if not url.userinfo or any(name.lower() == "authorization" for name in headers):
        return dict(headers)
    user, _, password = url.userinfo.partition(b":")
    both = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    return {**headers, "Authorization": f"Basic {base64.b64encode(both).decode()}"}


def _origin(url: httpx.URL) -> tuple[str, bytes, int | None]:
    return url.scheme, url.raw_host, url.port


def _conditions(validators: Validators | None) -> dict[str, str]:
    """Headers that ask for a newer version; a validator that no header can hold is left out."""
    if validators is None:
        return {}
    asked = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
    return {
        name: value
        for name, value in asked.items()
        if value and value.isascii() and value.isprintable()
    }
