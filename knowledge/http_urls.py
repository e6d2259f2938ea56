"""Web addresses, typed or redirected to: checked, and shown without secrets."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

import httpx

from knowledge.errors import SourceError

_SHOWN_CHARS = 200
_BROKEN = "The address is not a valid URL. Copy it from the browser."

_SECRET_WORDS = frozenset(
    """
    token accesstoken authtoken apitoken idtoken privatetoken feedtoken jwt bearer
    auth authorization key apikey accesskey secretkey authkey awsaccesskeyid sig signature hmac
    secret clientsecret
    password passwd passphrase pass pwd pw credential credentials sessionid jsessionid phpsessid otp
    """.split()
)
"""Names of parameters, or words of them, whose values let in whoever has them."""

# Values that are secrets whatever they are called, by the beginnings that their makers give them.
_SECRET_VALUE = re.compile(
    r"(?<![A-Za-z0-9])(?:eyJ[\w-]{8,}\.[\w-]{8,}\.|gh[opsur]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}"
    r"|xox[a-z]-[\w-]{10,}|xapp-[\w-]{10,}|sk-(?:proj-|ant-)?[A-Za-z0-9]{20,}|sk_live_\w{10,}|AKIA[0-9A-Z]{16}"
    r"|AIza[\w-]{30,}|hf_[A-Za-z]{20,})"
)
_PARAMETER = re.compile(r"(?<=[?&;])([^?&;=/#]+)=([^&;/#]+)")
_USER_INFO = re.compile(r"(?<=://)[^/?#@]*(?:@[^/?#@]*)*@")
_NAME_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


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
    return url.copy_with(fragment=None)


def safe_url(url: str | httpx.URL) -> str:
    """The URL as it may be logged or shown: without user info, query and fragment; never raises."""
    try:
        bare = str(httpx.URL(url).copy_with(userinfo=b"", query=None, fragment=None))
    except (httpx.InvalidURL, ValueError):
        return "an invalid address"
    return bare if len(bare) <= _SHOWN_CHARS else f"{bare[:_SHOWN_CHARS]}…"


def secret_in(url: str) -> str | None:
    """What in the URL lets in whoever has it: a parameter's name, "a password"; None if nothing."""
    if _USER_INFO.search(url):
        return "a user name or password"
    for name, value in _PARAMETER.findall(url):
        if _is_secret(name, value):
            return f"{unquote_plus(name)}="
    return "a key" if _SECRET_VALUE.search(unquote_plus(url)) else None


def without_secrets(url: str) -> str:
    """The URL as a list may show it: what :func:`secret_in` finds is left out."""
    shown = _PARAMETER.sub(
        lambda found: f"{found[1]}=…" if _is_secret(found[1], found[2]) else found[0],
        _USER_INFO.sub("", url),
    )
    return _SECRET_VALUE.sub("…", shown)


def _is_secret(name: str, value: str) -> bool:
    said = unquote_plus(name)
    words = {word.lower() for word in _NAME_PARTS.findall(said)}
    whole = re.sub(r"[^a-z]", "", said.lower())
    return bool(_SECRET_WORDS & {*words, whole} or _SECRET_VALUE.search(unquote_plus(value)))
