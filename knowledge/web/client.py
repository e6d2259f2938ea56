"""The only way out to the web: GET requests that cannot be turned against the inner network.

An admin's URL is fetched by a server that may reach what the admin may not: cloud metadata, other
services on the host, the company's network. So the host is resolved here, every address is checked,
and the connection goes to the very address that was checked (no second look-up that could answer
differently, "DNS rebinding"). TLS and the Host header still name the host.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Self

import httpx

from knowledge.errors import SourceAway, SourceError
from knowledge.types import Validators
from knowledge.web.addresses import AddressGuard, Resolve, resolve_host
from knowledge.web.urls import redirected, safe_url, web_url

MAX_BYTES = 20 * 1024 * 1024
MAX_REDIRECTS = 5
MAX_RETRIES = 3
MAX_WAIT = 60.0
"""Seconds; a server that asks for a longer pause is asked again in the next run instead."""
TIMEOUT = 30.0
"""Seconds for one answer with all its redirects, so that a slow drip cannot hold a run up."""

_BUSY = frozenset({429, 503})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LOCATION = "housevoice.location"
_SAFE_HEADERS = frozenset({"accept", "accept-language"})
"""Headers of a caller's that another host may see too; all others could be credentials."""


@dataclass(frozen=True, slots=True)
class Response:
    """The final answer to a GET, whatever its status."""

    url: str
    """After redirects, without fragment and user info."""
    status: int
    content: bytes
    """Decompressed; empty if ``not_modified``."""
    content_type: str | None
    """Lower case, without parameters."""
    charset: str | None
    etag: str | None
    last_modified: str | None
    not_modified: bool


class BodyTooLarge(SourceError):
    """The answer has more bytes than are read."""


class _RedactUrls(logging.Filter):
    """httpx logs each URL in full; queries hold tokens."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                safe_url(arg) if isinstance(arg, httpx.URL) else arg for arg in record.args
            )
        return True


_REDACT_URLS = _RedactUrls()


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
        self._client = httpx.AsyncClient(
            headers={"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "gzip"},
            # A cookie would be sent by address, to whatever host shares it: keep none.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            event_hooks={"response": [_keep_location]},
            # Connections are pooled by address too; one verified for a host is not for another.
            limits=httpx.Limits(max_connections=20, max_keepalive_connections=0),
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
            trust_env=False,
            verify=ssl_context or httpx.create_ssl_context(),
        )
        logging.getLogger("httpx").addFilter(_REDACT_URLS)

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
        await self._client.aclose()

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

        Raises :class:`BodyTooLarge`, :class:`SourceError` for addresses that may not be fetched and
        :class:`knowledge.errors.SourceAway` for failures that may pass; a 404 is an answer.
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
                location = answer.extensions[_LOCATION]
                if answer.status_code in _REDIRECTS and location is not None:
                    source, target = target, redirected(target, location)
                    if _origin(source) != _origin(target):
                        own = {k: v for k, v in own.items() if k.lower() in _SAFE_HEADERS}
                        target = target.copy_with(userinfo=b"")
                    continue
                if answer.status_code in _BUSY:
                    return None, answer.headers.get("retry-after")
                not_modified = answer.status_code == 304
                content = b"" if not_modified else await _body(answer, target, limit)
                return _response(answer, target, content, not_modified), None
            except httpx.HTTPError as error:
                raise SourceAway(
                    f"The answer of {safe_url(target)} broke off. The next run tries again."
                ) from error
            finally:
                await answer.aclose()
        raise SourceError(
            f"{safe_url(url)} redirects more than {MAX_REDIRECTS} times. "
            "Open it in a browser and add the address that it ends at."
        )

    async def _send(self, url: httpx.URL, headers: Mapping[str, str]) -> httpx.Response:
        """Ask one hop, its body not yet read; tries the host's addresses in turn."""
        port = url.port or (443 if url.scheme == "https" else 80)
        failure: httpx.HTTPError | None = None
        host = url.raw_host.decode("ascii")  # international names in their ASCII form
        for address in await self._guard.addresses(host, port):
            request = self._client.build_request(
                "GET",
                url.copy_with(host=str(address)),
                headers={**headers, "Host": url.netloc.decode("ascii")},
                extensions={"sni_hostname": host},
            )
            try:
                return await self._client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
            except httpx.HTTPError as error:
                failure = error
                break
        raise SourceAway(
            f"{safe_url(url)} could not be reached. Check the address, that the server runs and "
            "that its certificate is valid."
        ) from failure


async def _keep_location(response: httpx.Response) -> None:
    """Put a redirect's target where httpx does not look: it reads all, and fails at broken ones."""
    response.extensions[_LOCATION] = response.headers.get("location")
    if response.has_redirect_location:
        del response.headers["location"]


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


async def _body(answer: httpx.Response, url: httpx.URL, limit: int) -> bytes:
    """The body, decompressed here piece by piece: no answer can make us hold more than ``limit``.

    httpx would unpack each piece as a whole, and one of 64 kB can hold 64 MB.
    """
    declared = answer.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(url, limit)
    encoding = answer.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        unpack = None
    elif encoding in ("gzip", "x-gzip", "deflate"):
        unpack = zlib.decompressobj(wbits=47)  # 32 + 15: gzip or zlib, told by the header
    else:
        raise SourceError(
            f"{safe_url(url)} sends a compression that was not asked for ({encoding}). "
            "Tell the site's owner, or add the page as a file."
        )
    content = bytearray()
    async for piece in answer.aiter_raw():
        if unpack is None:
            content += piece
        else:
            try:
                content += unpack.decompress(piece, limit + 1 - len(content))
            except zlib.error as error:
                raise SourceError(
                    f"The answer of {safe_url(url)} is damaged. The next run tries again."
                ) from error
        if len(content) > limit:
            raise _too_large(url, limit)
    if unpack is not None and content and not unpack.eof:
        raise SourceAway(f"The answer of {safe_url(url)} broke off. The next run tries again.")
    return bytes(content)


def _too_large(url: httpx.URL, limit: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"{safe_url(url)} has more than the {limit / 2**20:.1f} MB that are read. "
        "Add a smaller page, or the document in parts."
    )


def _response(
    answer: httpx.Response, url: httpx.URL, content: bytes, not_modified: bool
) -> Response:
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Response(
        url=str(url.copy_with(userinfo=b"")),
        status=answer.status_code,
        content=content,
        content_type=media_type or None,
        charset=answer.charset_encoding,
        etag=answer.headers.get("etag"),
        last_modified=answer.headers.get("last-modified"),
        not_modified=not_modified,
    )
