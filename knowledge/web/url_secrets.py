"""Secrets in addresses: found, so that they are not stored, and left out of what is shown."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

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
