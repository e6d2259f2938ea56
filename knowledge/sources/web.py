"""One page of the web as a source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit, urlunsplit

from knowledge.errors import SourceError
from knowledge.sources.options import SecretReference, option, read_options
from knowledge.sources.port import OCR_HELP, Kind, Means, SourceSpec

if TYPE_CHECKING:
    from knowledge.sources.web_page import WebPage

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.I)
_DEFAULT_PORTS = {"http": 80, "https": 443}
SIGNING_IN = "Where a bearer token for what needs signing in is: env:NAME or file:PATH."


@dataclass(frozen=True)
class WebOptions:
    """What an admin may set."""

    token: SecretReference | None = option(None, SIGNING_IN)
    ocr: bool = option(False, OCR_HELP)


def _recognise(typed: str) -> str | None:
    scheme = _SCHEME.match(typed)
    if scheme is None:
        return None
    if scheme[1].lower() not in _DEFAULT_PORTS:
        raise SourceError(
            f"{scheme[1]}:// cannot be read. Give an http(s) address, a folder or a file."
        )
    return normalised_url(typed)


def _open(spec: SourceSpec, means: Means) -> WebPage:
    from knowledge.sources.web_page import WebPage  # with the client, which is slow to import

    options: WebOptions = read_options(WebOptions, spec.options)
    token = means.secret(options.token) if options.token else None
    return WebPage(spec.location, means.client, means.max_bytes, token=token)


def web_address(typed: str) -> str | None:
    """The address that was typed, normalised; None if it is none of the web."""
    scheme = _SCHEME.match(typed)
    known = scheme is not None and scheme[1].lower() in _DEFAULT_PORTS
    return normalised_url(typed) if known else None


def normalised_url(typed: str) -> str:
    """Lower-case scheme and host, no default port, no fragment, at least ``/`` as path.

    Raises :class:`SourceError` for what no server can be asked for.
    """
    from knowledge.web.urls import safe_url, web_url  # slow to import

    if re.search(r"\s", typed):
        raise SourceError("The address is not valid. Copy it from the browser.")
    try:
        parts = urlsplit(typed)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise SourceError(
            f"{safe_url(typed)} is not a valid address. Copy it from the browser."
        ) from error
    if not host:
        raise SourceError("The address is not valid. Copy it from the browser.")
    web_url(typed)  # what cannot be asked is refused now, not in the next run
    host = f"[{host}]" if ":" in host else host
    netloc = host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"
    return urlunsplit(SplitResult(parts.scheme, netloc, parts.path or "/", parts.query, ""))


KIND = Kind(
    "a web page",
    _recognise,
    _open,
    WebOptions,
    frozenset({"unchanged", "vanished"}),
    reads_disk=False,
)
