"""A small real web site on the loopback interface for tests: each path is a function."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

Headers = dict[str, str]


@dataclass(frozen=True)
class Request:
    """What arrived: the target as sent, and headers by lower-case name."""

    target: str
    headers: Mapping[str, str]
    method: str = "GET"
    body: bytes = b""


@dataclass
class Answer:
    """What goes back; ``pause`` is awaited between headers and body."""

    body: bytes = b""
    status: int = 200
    headers: Headers = field(default_factory=dict)
    length: int | None = None
    pause: Callable[[], Awaitable[object]] | None = None


Page = Callable[[Request], Answer]


class Site:
    """Pages by path, and the requests that came in; an unknown path is a 404."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.requests: list[Request] = []
        self.port = 0

    def url(self, path: str, host: str = "127.0.0.1", scheme: str = "http") -> str:
        """The address of a path on this site."""
        return f"{scheme}://{host}:{self.port}{path}"

    def serve(self, path: str, body: bytes | str = b"", status: int = 200, **headers: str) -> None:
        """Answer always the same; underscores in header names are hyphens."""
        content = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = lambda _request: Answer(content, status, named)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.partition(": ") for line in head[1:] if line)
            headers = {name.lower(): value for name, _, value in pairs}
            method, target, _ = head[0].split()
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            request = Request(target, headers, method, body)
            self.requests.append(request)
            missing: Page = lambda _request: Answer(b"not here", 404)  # noqa: E731
            answer = self.pages.get(request.target.split("?")[0], missing)(request)
            sent = b"" if answer.status in (204, 304) else answer.body  # RFC 9110 6.4.1
            length = len(sent) if answer.length is None else answer.length
            told = {"Connection": "close", **answer.headers}
            if "Transfer-Encoding" not in told:
                told["Content-Length"] = str(length)
            lines = [f"HTTP/1.1 {answer.status} X", *(f"{n}: {v}" for n, v in told.items())]
            writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
            await writer.drain()
            if answer.pause is not None:
                await answer.pause()
            writer.write(sent)
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def running_site(tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    """A site that listens until the block ends."""
    site = Site()
    server = await asyncio.start_server(site._handle, "127.0.0.1", 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
