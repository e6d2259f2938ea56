"""What a server answered: read within bounds, and put as the rest of the house takes it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp
import httpx

from knowledge.errors import SourceAway, SourceError
from knowledge.web.urls import safe_url, without_user


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
    headers: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """By lower-case name."""


class BodyTooLarge(SourceError):
    """The answer has more bytes than are read."""


async def read_body(answer: aiohttp.ClientResponse, url: httpx.URL, limit: int) -> bytes:
    """The body, decompressed here piece by piece: no answer can make us hold more than ``limit``.

    aiohttp would unpack each piece as a whole, and one of 64 kB can hold 64 MB.
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
    async for piece in answer.content.iter_any():
        if unpack is None:
            content += piece
        else:
            try:
                content += unpack.decompress(piece, limit + 1 - len(content))
            except zlib.error as error:
                raise SourceAway(
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


def as_response(
    answer: aiohttp.ClientResponse, url: httpx.URL, content: bytes, not_modified: bool
) -> Response:
    """The answer of ``url``, whose body was read."""
    headers = {name.lower(): _as_text(value) for name, value in answer.headers.items()}
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    charset = answer.charset if media_type else None
    return Response(
        url=str(without_user(url)),
        status=answer.status,
        content=content,
        content_type=media_type or None,
        charset=charset.lower() if charset else None,
        etag=headers.get("etag"),
        last_modified=headers.get("last-modified"),
        not_modified=not_modified,
        headers=headers,
    )


def _as_text(value: str) -> str:
    """A header as text that can be kept: bytes that are no UTF-8 are spelt as question marks."""
    return value.encode("utf-8", "replace").decode("utf-8")
