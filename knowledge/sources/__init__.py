"""Where documents come from: recognising what an admin typed, and opening it."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from urllib.parse import SplitResult, urlsplit, urlunsplit

from knowledge.errors import SourceError
from knowledge.http import GuardedClient
from knowledge.http_urls import safe_url, secret_in, web_url
from knowledge.sources.base import (
    RawDocument,
    SkippedDocument,
    Source,
    SourceKind,
    SourceSpec,
    Validators,
)
from knowledge.sources.files import FileSource, FolderSource
from knowledge.sources.web import WebSource
from knowledge.types import PUBLIC, Principals

__all__ = [
    "RawDocument",
    "SkippedDocument",
    "Source",
    "SourceKind",
    "SourceSpec",
    "Validators",
    "open_source",
    "spec_for",
]

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.I)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def open_source(spec: SourceSpec, *, client: GuardedClient, max_bytes: int) -> Source:
    """The source that ``spec`` describes. ``max_bytes`` bounds each document."""
    match spec.kind:
        case "file":
            return FileSource(spec, max_bytes)
        case "folder":
            return FolderSource(spec, max_bytes)
        case "web":
            return WebSource(spec, client, max_bytes)


def spec_for(
    location: str,
    *,
    include: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    access: Principals = frozenset({PUBLIC}),
    base_url: str = "",
) -> SourceSpec:
    """Recognise a URL, folder or file and describe it; looks at the disk but not at the web.

    Raises :class:`SourceError`, saying what to do, for what is none of the three, for a URL with
    a secret in it, and for an empty access list.
    """
    typed = location.strip()
    if not typed:
        raise SourceError("Give the URL, folder or file to add.")
    if any("\ud800" <= char <= "\udfff" for text in (typed, *include, *exclude) for char in text):
        raise SourceError("The name is not written in UTF-8. Rename the file or folder.")
    if not access:
        raise SourceError("Nobody could read this source. Name at least one who may.")
    _refuse_secrets(typed)
    _refuse_secrets(base_url)
    kind: SourceKind
    if scheme := _SCHEME.match(typed):
        if scheme[1].lower() not in _DEFAULT_PORTS:
            raise SourceError(
                f"{scheme[1]}:// cannot be read. Give an http(s) address, a folder or a file."
            )
        kind, place = "web", _normalised_url(typed)
    else:
        try:
            path = Path(typed).expanduser().resolve()
            kind = "folder" if path.is_dir() else "file"
            exists = path.exists()
        except (OSError, RuntimeError, ValueError) as error:  # no such user, a loop, a NUL
            raise SourceError(f"{typed!a} is not a path. Check how it is written.") from error
        if not exists:
            raise SourceError(
                f"{path} does not exist where the bot runs. Check the path, "
                "or give a web address beginning with https://."
            )
        place = str(path)
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}:{place}").hex[:12]
    return SourceSpec(identity, kind, place, include, exclude, access, base_url)


def _refuse_secrets(url: str) -> None:
    """Raise SourceError for a URL that lets in whoever has it: it is stored and shown."""
    if "://" in url and (found := secret_in(url)) is not None:
        raise SourceError(
            f"The address has a secret in it ({found}), which would be stored and shown to "
            "readers. Take it out; pages that need signing in can be saved and added as files."
        )


def _normalised_url(typed: str) -> str:
    """Lower-case scheme and host, no default port, no fragment, at least ``/`` as path."""
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
