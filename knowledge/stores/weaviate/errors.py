"""What goes wrong with a Weaviate server, as one line that says what to do about it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from json import JSONDecodeError

import httpx
from grpc import StatusCode
from grpc.aio import AioRpcError
from weaviate.exceptions import (
    ResponseCannotBeDecodedError,
    UnexpectedStatusCodeError,
    WeaviateBaseError,
    WeaviateClosedClientError,
)

from knowledge.errors import StoreError, StoreUnavailable

STARTING = "tried to browse non-existing index"
"""What a server says that is up but has not opened its collections yet."""

_MOST_WORDS = 300
"""Characters of the server's own words that are passed on: they may quote a whole object."""

_REFUSED_KEY = (
    "it refuses the API key: set WEAVIATE_API_KEY to one of those that the server has in "
    "AUTHENTICATION_APIKEY_ALLOWED_KEYS"
)
_MAY_NOT = "the API key may not do this: give its user the right to read and write collections"
_STARTING = "it is starting: try again in a moment"
_GONE = "its collection is gone: run 'housevoice source refresh', which makes it again and fills it"
_FULL = "its disk is nearly full, so it takes no writes: make room on the server"
_BY_WORDS = (
    (STARTING, _STARTING),
    ("not ready", _STARTING),
    ("leader not found", _STARTING),
    ("could not find class", _GONE),
    ("class not found", _GONE),
    ("store is read-only", _FULL),
    (
        "not enough storage replicas",
        "the cluster has fewer nodes than HOUSEVOICE_WEAVIATE_REPLICAS asks for",
    ),
    ("anonymous access not enabled", _REFUSED_KEY),
    ("invalid api key", _REFUSED_KEY),
    (
        "vector lengths don't match",
        "the embedder has changed: run 'housevoice index rebuild'",
    ),
)
_BY_CODE = {
    StatusCode.UNAUTHENTICATED: _REFUSED_KEY,
    StatusCode.PERMISSION_DENIED: _MAY_NOT,
}
_BY_STATUS = {401: _REFUSED_KEY, 403: _MAY_NOT}
_ELSEWHERE = (404, 405)
_NOT_NOW = (502, 503, 504)


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is, for messages."""

    url: str
    """Without credentials."""
    grpc_port: int

    @asynccontextmanager
    async def errors(self, what: str, seconds: float) -> AsyncIterator[None]:
        """Turn what the client raises into a :class:`StoreError`; wait ``seconds`` at most."""
        try:
            async with asyncio.timeout(seconds):
                yield
        # The client lets some of its transport's errors through, such as a connect timeout, and a
        # text that is not Unicode fails where the message is packed.
        except (
            WeaviateBaseError,
            httpx.HTTPError,
            OSError,
            TimeoutError,
            UnicodeEncodeError,
            JSONDecodeError,
            KeyError,
        ) as error:
            if told := self.remedy(error, seconds):
                raise StoreUnavailable(f"Weaviate {what}: {told}.") from error
            raise StoreError(f"Weaviate {what}: {_one_line(_words(error))}.") from error

    def remedy(self, error: BaseException, seconds: float) -> str | None:
        """What to do about it, in our own words; None where only the server's tell it."""
        causes = list(_with_causes(error))
        if told := remedy_in(_words(error)):
            return told
        for each in causes:
            if isinstance(each, AioRpcError):
                return self._of_grpc(each, seconds)
            if isinstance(each, UnexpectedStatusCodeError):
                return self._of_rest(each)
            if isinstance(each, httpx.TimeoutException):
                return self._silent(seconds)
            if isinstance(each, httpx.TransportError):
                return f"nothing answers at {self.url}: start the server, or correct WEAVIATE_URL"
            if isinstance(each, ResponseCannotBeDecodedError | JSONDecodeError | KeyError):
                return self._no_weaviate()
        if isinstance(error, WeaviateClosedClientError):
            return "the passage store is closed"
        if isinstance(error, TimeoutError):
            # The client goes on trying a port that nobody listens at until it is stopped.
            return self._silent(seconds)
        return None

    def _of_grpc(self, error: AioRpcError, seconds: float) -> str | None:
        if error.code() is StatusCode.UNAVAILABLE:
            return self._no_grpc()
        if error.code() is StatusCode.DEADLINE_EXCEEDED:
            return self._silent(seconds)
        return _BY_CODE.get(error.code())

    def _of_rest(self, error: UnexpectedStatusCodeError) -> str | None:
        if error.status_code in _ELSEWHERE:
            return self._no_weaviate()
        if error.status_code in _NOT_NOW:
            return _STARTING
        return _BY_STATUS.get(error.status_code)

    def _no_grpc(self) -> str:
        return (
            f"nothing answers at its gRPC port {self.grpc_port}: see that the server runs, and set "
            "WEAVIATE_GRPC_PORT if it has another one"
        )

    def _silent(self, seconds: float) -> str:
        return (
            f"{self.url} (gRPC port {self.grpc_port}) gave no answer within {seconds:g} s: see "
            "that the server runs, and that WEAVIATE_URL and WEAVIATE_GRPC_PORT are its"
        )

    def _no_weaviate(self) -> str:
        return (
            f"what answers at {self.url} is no Weaviate: correct WEAVIATE_URL, or let the proxy "
            "pass /v1 on"
        )


def remedy_in(words: str) -> str | None:
    """What to do where the server's own words tell it."""
    return next((told for marker, told in _BY_WORDS if marker in words.lower()), None)


def starting() -> StoreError:
    """The error for a server that says it is not ready yet."""
    return StoreUnavailable(f"Weaviate cannot be used: {_STARTING}.")


def is_starting(error: BaseException) -> bool:
    """Whether the server will answer by itself in a moment."""
    return any(_STARTING in str(each) for each in _with_causes(error))


def _words(error: BaseException) -> str:
    causes = [str(getattr(each, "message", "")) or str(each) for each in _with_causes(error)]
    return "; ".join(dict.fromkeys(filter(None, causes))) or type(error).__name__


def _one_line(words: str) -> str:
    told = re.sub(r"\s+", " ", words).strip().rstrip(".")
    return told if len(told) <= _MOST_WORDS else f"{told[:_MOST_WORDS]}…"


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__
