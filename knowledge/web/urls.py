"""Web addresses, typed or redirected to: checked, and shown without what could be a secret."""

from __future__ import annotations

import httpx

from knowledge.errors import SourceError

_SHOWN_CHARS = 200
_BROKEN = "The address is not a valid URL. Copy it from the browser."


def web_url(url: str) -> httpx.URL:
    """``url`` without its fragment. Raises :class:`SourceError` if no web server can be asked."""
    try:
        return _web_only(httpx.URL(url))
    # Not only InvalidURL: of lone surrogates, broken international names and absurd ports.
    except (httpx.InvalidURL, ValueError) as error:
        raise SourceError(_BROKEN) from error


def redirected(base: httpx.URL, location: str) -> httpx.URL:
    """Where ``base`` redirects to. Raises :class:`SourceError` if no web server can be asked."""
    try:
        return _web_only(base.join(location))
    except (httpx.InvalidURL, ValueError, SourceError) as error:
        raise SourceError(
            f"{safe_url(base)} redirects to what is not a web address. Open it in a browser and "
            "add the address that it ends at, or tell the site's owner."
        ) from error


def _web_only(url: httpx.URL) -> httpx.URL:
    if url.scheme not in ("http", "https") or not url.raw_host:
        raise SourceError(f"{safe_url(url)} is not a web address: it must begin with https://.")
    if url.port is not None and not 0 < url.port < 2**16:
        raise SourceError(f"{safe_url(url)} has no port that there can be: 1 to 65535.")
    return url.copy_with(fragment=None) if "#" in str(url) else url


def without_user(url: httpx.URL) -> httpx.URL:
    """The URL without a user's name and password."""
    return url.copy_with(userinfo=b"") if url.userinfo else url


def safe_url(url: str | httpx.URL) -> str:
    """The URL as it may be logged or shown: without user info, query and fragment; never raises."""
    try:
        bare = str(httpx.URL(url).copy_with(userinfo=b"", query=None, fragment=None))
    except (httpx.InvalidURL, ValueError):
        return "an invalid address"
    return bare if len(bare) <= _SHOWN_CHARS else f"{bare[:_SHOWN_CHARS]}…"
