"""Who gets in and what a request must bring: sessions, tokens against forged requests, headers."""

from __future__ import annotations

import hmac
import time
from collections import deque
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from cachetools import TTLCache
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.browser.config import BrowserConfig, is_loopback
from bot.desk.console.passes import SESSION_VALID
from bot.failures import log_failure

CSRF_FIELD: Final = "csrf"
PROBED: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""What machines ask by whatever address they have; nobody's session matters there."""
MOST_ATTEMPTS: Final = 10
"""Links tried in vain from one address in ten minutes."""
_ATTEMPT_SECONDS = 600
_MOST_ADDRESSES = 10_000
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_NOT_ITS_ADDRESS = "This is not the address of the console. A proxy must hand on the Host header."
_IN_THE_CLEAR = (
    "This did not come over TLS. Open the console by its own address; its proxy must be one of "
    "HOUSEVOICE_CONSOLE_PROXIES and set X-Forwarded-Proto."
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": browsers leave out the origin of a form then, which is checked.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
"""Of every response that does not say otherwise; see https://owasp.org/www-project-secure-headers.
"""
_CACHED: Final = {"Cache-Control": "max-age=3600"}
"""Of files that are the same for everybody."""


class Cookies:
    """The session's cookie: the session's token with a signature, so that no other is looked up."""

    def __init__(self, config: BrowserConfig):
        self._key = config.key
        self._secure = config.is_secure
        # The prefix binds it to this very host, and browsers take it over TLS only (RFC 6265bis).
        self._name = "__Host-housevoice" if config.is_secure else "housevoice"

    def token(self, request: Request) -> str | None:
        """The session that a request is of; None if it has none, or a forged one."""
        token, _, signature = request.cookies.get(self._name, "").partition(".")
        return token if token and _same(signature, self._signed("session", token)) else None

    def enter(self, response: Response, token: str) -> None:
        """From now on its requests are of this session."""
        response.set_cookie(
            self._name,
            f"{token}.{self._signed('session', token)}",
            max_age=int(SESSION_VALID.total_seconds()),
            secure=self._secure,
            httponly=True,
            samesite="lax",  # strict would lose the session of whoever comes back by a link
        )

    def leave(self, response: Response) -> None:
        """And from now on of none."""
        response.delete_cookie(self._name, secure=self._secure, httponly=True, samesite="lax")

    def csrf(self, token: str) -> str:
        """What every change of this session brings along."""
        return self._signed("csrf", token)

    def is_own(self, given: object, token: str) -> bool:
        """Whether that was brought along."""
        return isinstance(given, str) and _same(given, self.csrf(token))

    def _signed(self, what: str, token: str) -> str:
        message = f"{what}:{token}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, message, sha256).hexdigest()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode())


class Attempts:
    """How often somebody may try to get in, by their address."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._tried: TTLCache[str, deque[float]] = TTLCache(
            _MOST_ADDRESSES, _ATTEMPT_SECONDS, timer=clock
        )

    def spend(self, request: Request) -> bool:
        """Count one; False if that is too many."""
        address = _address(request)
        tried = self._tried.get(address) or deque[float]()
        now = self._clock()
        while tried and now - tried[0] > _ATTEMPT_SECONDS:
            tried.popleft()
        if len(tried) >= MOST_ATTEMPTS:
            return False
        tried.append(now)
        self._tried[address] = tried
        return True

    def worked(self, request: Request) -> None:
        """The last one does not count: a whole office may come from one address."""
        if tried := self._tried.get(_address(request)):
            tried.pop()


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def is_safe(request: Request) -> bool:
    """Whether it only looks."""
    return request.method in _SAFE


def is_of_own_page(request: Request, address: str) -> bool:
    """Whether a change comes from a page of ours, as the browser says where it does.

    ``address``: as people open it, which a proxy may have put another host in the place of.

    https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    own = (request.headers.get("host", ""), urlsplit(address).netloc)
    return origin is None or urlsplit(origin).netloc in own


class Outermost:
    """Around everything: foreign hosts and bodies that are too large are refused, headers set."""

    def __init__(self, app: ASGIApp, config: BrowserConfig, most_bytes: int):
        self._app = app
        self._config = config
        self._hosts = config.hosts
        self._most_bytes = most_bytes
        strict = {"Strict-Transport-Security": "max-age=31536000"} if config.is_secure else {}
        self._headers = _HEADERS | strict

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        sending = _Sending(send, self._headers | _CACHED if _is_static(scope) else self._headers)
        if (refusal := self._refusal(Request(scope))) is not None:
            await refusal(scope, receive, sending)
            return
        try:
            await self._app(scope, self._bounded(receive), sending)
        except Exception as error:  # what no page has caught: the server would log its words
            told = PlainTextResponse(f"Error {log_failure('console_failed', error)}.", 500)
            if not sending.has_begun:
                await told(scope, receive, sending)

    def _refusal(self, request: Request) -> Response | None:
        if request.url.path not in PROBED and (refusal := self._elsewhere(request)) is not None:
            return refusal
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._most_bytes:
            return PlainTextResponse("That is too large.", 413)
        return None

    def _elsewhere(self, request: Request) -> Response | None:
        """Not by its own address, or not over TLS where people open it so: on to that, or no."""
        if _hostname(request.headers.get("host", "")) not in self._hosts:
            return PlainTextResponse(_NOT_ITS_ADDRESS, 421)
        if request.url.scheme == "https" or not self._config.is_secure:
            return None
        told = request.headers.get("x-forwarded-proto")  # believed: from anybody it leads to TLS
        if told == "http" and is_safe(request):
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(f"{self._config.address}{request.url.path}{query}", 308)
        if told == "http" or not is_loopback(self._config.host):
            return PlainTextResponse(_IN_THE_CLEAR, 421)
        return None  # on this machine, past the proxy

    def _bounded(self, receive: Receive) -> Receive:
        left = self._most_bytes

        async def receiving() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            return message if left >= 0 else {"type": "http.disconnect"}

        return receiving


class _Sending:
    """Adds headers to a response that has not set them itself."""

    def __init__(self, send: Send, headers: Mapping[str, str]):
        self._send = send
        self._headers = {name.lower().encode(): value.encode() for name, value in headers.items()}
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        """ASGI."""
        if message["type"] == "http.response.start":
            self.has_begun = True
            there = {name.lower() for name, _ in message["headers"]}
            own = [each for each in self._headers.items() if each[0] not in there]
            message = {**message, "headers": [*message["headers"], *own]}
        await self._send(message)


def _is_static(scope: Scope) -> bool:
    return str(scope["path"]).startswith("/static/")


def _hostname(host: str) -> str:
    return urlsplit(f"//{host}").hostname or "" if host.isascii() else ""
