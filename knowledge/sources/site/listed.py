"""Lists of pages, such as a site map or a feed: whether one is there, its pages as documents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from knowledge.errors import SourceError
from knowledge.sources.port import RawDocument, SkippedDocument
from knowledge.sources.site.links import is_page, read_page
from knowledge.sources.web_page import stated_type
from knowledge.types import Validators
from knowledge.web.client import GuardedClient, Response
from knowledge.web.url_secrets import secret_in
from knowledge.web.urls import safe_url

CLOSED = "The site asks robots not to read it."


async def check_list(
    client: GuardedClient,
    url: str,
    headers: Mapping[str, str],
    *,
    what: str,
    advice: str,
    read: Callable[[Response], object],
) -> None:
    """Raise :class:`SourceError` for what is no such list now: it will hardly be one tonight.

    ``what`` it should be, ``advice`` for when there is none, ``read``: raises for what is none.
    """
    answer = await client.get(url, headers=headers)
    if answer.status in (404, 410):
        raise SourceError(f"There is no {what} {safe_url(url)} ({answer.status}). {advice}")
    if answer.status == 200:
        await asyncio.to_thread(read, answer)


def listed_page(
    url: str, answer: Response, known: Validators | None, note: str | None
) -> RawDocument | SkippedDocument:
    """The document, called as the list calls it; blocks for as long as parsing takes."""
    if urlsplit(answer.url)[:2] != urlsplit(url)[:2]:
        return SkippedDocument(url, "It leads elsewhere.", "redirects to elsewhere")
    shown = answer.url if secret_in(answer.url) is None else url
    if answer.not_modified:
        old = known or Validators()
        newer = Validators(answer.etag or old.etag, answer.last_modified or old.last_modified, note)
        return RawDocument(url, shown, url, None, answer.content_type, newer)
    if not is_page(answer):
        return SkippedDocument(url, "It is no page.", "files for programs")
    if not read_page(answer).is_indexed:
        return SkippedDocument(url, CLOSED, "pages closed to robots")
    validators = Validators(answer.etag, answer.last_modified, note)
    return RawDocument(url, shown, url, answer.content, stated_type(answer), validators)
