"""A way out for programs that fetch by themselves: a proxy on this machine that checks addresses.

A library that brings a client of its own is run where it can reach this proxy and nothing else. So
every host that it asks for, redirected to or not, is resolved and checked here, and connected to at
the very address that was checked.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from knowledge.errors import SourceError
from knowledge.web.client import GuardedClient

_MOST_HEAD = 64 * 1024
_CONNECT_TIMEOUT = 10.0
_PIECE = 64 * 1024
_HOP_BY_HOP = (b"proxy-", b"connection:", b"keep-alive:")

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[str, int], Awaitable[Streams]]


class GuardedProxy:
    """An HTTP proxy (RFC 9110 7.6) for one program; use as an async context manager."""

    def __init__(
        self,
        client: GuardedClient,
        *,
        max_bytes: int,
        connect: Connect = asyncio.open_connection,
    ) -> None:
        """``max_bytes``: of all answers together; with more, it closes."""
        self._client = client
        self._left = max_bytes
        self._connect = connect
        self._server: asyncio.Server | None = None
        self.url = ""
        """Its address, as programs take it."""
        self.refusals: list[str] = []
        """Why something was not let through, for the admin."""

    async def __aenter__(self) -> Self:
        """Begin to listen, on the loopback interface."""
        self._server = await asyncio.start_server(self._handle, "127.0.0.1", 0, limit=_MOST_HEAD)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        outward: asyncio.StreamWriter | None = None
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            method, target, *_ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
            is_tunnel = method == "CONNECT"
            url = f"https://{target}/" if is_tunnel else target
            answers, outward = await self._reach(url)
            if is_tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                outward.write(_origin_form(head, url))
            up = asyncio.create_task(_pipe(reader, outward))
            try:
                await self._answer(answers, writer)
            finally:
                up.cancel()
        except SourceError as error:
            self.refusals.append(str(error))
            writer.write(
                b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError) as error:
            with contextlib.suppress(OSError):
                writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            del error
        except asyncio.LimitOverrunError:
            pass
        finally:
            for each in (writer, outward):
                if each is not None:
                    each.close()

    async def _reach(self, url: str) -> Streams:
        """A connection to one of the checked addresses of the URL's host."""
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        failure: Exception | None = None
        for address in await self._client.addresses(url):
            try:
                async with asyncio.timeout(_CONNECT_TIMEOUT):
                    return await self._connect(address, port)
            except (OSError, TimeoutError) as error:
                failure = error
        raise OSError("No address answers.") from failure

    async def _answer(self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await answers.read(_PIECE):
            self._left -= len(piece)
            if self._left < 0:
                raise SourceError("More was sent than is read of a source.")
            writer.write(piece)
            await writer.drain()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()


def _origin_form(head: bytes, url: str) -> bytes:
    """The request as its server takes it; one for each connection, so that each host is checked."""
    first, *lines = head.rstrip(b"\r\n").split(b"\r\n")
    method, _, version = first.split(b" ", 2)
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kept = [line for line in lines if not line.lower().startswith(_HOP_BY_HOP)]
    return b"\r\n".join(
        [
            b" ".join((method, path.encode("latin-1"), version)),
            *kept,
            b"Connection: close",
            b"",
            b"",
        ]
    )
