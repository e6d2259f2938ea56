"""Reads the entries of a feed: what the feed holds of them, or the pages that they link to."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from knowledge.errors import SourceAway, SourceError
from knowledge.sources.port import RawDocument, SkippedDocument
from knowledge.sources.site.asking import AT_ONCE, Asking, Sleep, in_order
from knowledge.sources.site.feed_reading import Entry, read_feed
from knowledge.sources.site.listed import CLOSED, check_list, listed_page
from knowledge.sources.site.robots import Robots
from knowledge.types import Validators
from knowledge.web.client import GuardedClient
from knowledge.web.urls import safe_url

if TYPE_CHECKING:
    from knowledge.sources.site.feed import FeedOptions

_PAGE = "page"
"""The note of a document that is the linked page, not what the feed holds."""

Found = RawDocument | SkippedDocument


class Feed:
    """The entries of a feed, in its order; a document is called by its entry's id.

    Feeds list what is newest: an entry that is no longer listed stays as it was read, and if it
    was read from its page, as long as that is there.
    """

    def __init__(
        self,
        url: str,
        options: FeedOptions,
        client: GuardedClient,
        max_bytes: int,
        *,
        token: str | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """``max_bytes`` bounds what is read of a page. ``token`` signs us in at the feed's site."""
        self._url = url
        self._options = options
        self._client = client
        self._token = token
        self._max_bytes = max_bytes
        self._sleep = sleep
        self._sites: dict[tuple[str, str], tuple[Robots | SourceError, Asking]] = {}

    async def check(self) -> None:
        """What is no feed is refused."""
        await check_list(
            self._client,
            self._url,
            self._headers,
            what="feed",
            advice="Copy its address from the site.",
            read=read_feed,
        )

    async def documents(self, known: Mapping[str, Validators]) -> AsyncIterator[Found]:
        """Every entry that is listed, then those that were; raises SourceError without a feed."""
        self._sites.clear()  # what robots.txt says holds for a run
        answer = await self._client.get(self._url, headers=self._headers)
        if answer.status != 200:
            raise SourceAway(
                f"The feed {safe_url(self._url)} cannot be read ({answer.status}). "
                "The next run tries again."
            )
        entries = await asyncio.to_thread(read_feed, answer)
        listed = {each.id for each in entries}
        if not self._options.listed_only:
            entries += [
                Entry(each, "", "", "", False)
                for each in sorted(known)
                if each not in listed and known[each].note
            ]

        async def ask(entry: Entry) -> Found | None:
            if entry.id not in listed:
                return await self._unlisted(entry.id, known[entry.id])
            return await self._entry(entry, known.get(entry.id))

        async with aclosing(in_order(deque(entries), ask, AT_ONCE)) as asked:
            async for _, found in asked:
                if found is not None:
                    yield found

    async def _entry(self, entry: Entry, known: Validators | None) -> Found | None:
        if entry.link and (self._options.linked or not entry.is_whole):
            found = await self._page(entry.id, entry.link, known)
            if found is not None or not entry.html:
                return found
        if not entry.html:
            return SkippedDocument(entry.id, "It has no text and no link.", "items without text")
        title = escape(entry.title)
        page = (
            f"<!doctype html><html><head><title>{title}</title></head>"
            f"<body><h1>{title}</h1>\n{entry.html}</body></html>"
        ).encode("utf-8", "replace")
        note = f"entry {hashlib.sha256(page).hexdigest()[:32]}"
        content = None if known and known.note == note else page
        place = entry.link or self._url
        kind = "text/html; charset=utf-8"
        return RawDocument(entry.id, place, place, content, kind, Validators(note=note))

    async def _page(self, id: str, link: str, known: Validators | None) -> Found | None:
        """The page as a document; None if it is gone."""
        robots, asking = await self._site(link)
        if isinstance(robots, SourceError):
            return SkippedDocument(id, str(robots), is_kept=True)
        if not robots.may_read(link):
            return SkippedDocument(id, CLOSED, "pages closed to robots")
        before = known if known and (known.note or "").startswith(_PAGE) else None
        try:
            answer = await asking.page(link, before)
        except SourceError as error:  # this page's site is down; the others' need not be
            return SkippedDocument(id, str(error), is_kept=True)
        if answer is None:
            return None
        if isinstance(answer, SkippedDocument):
            return SkippedDocument(id, answer.reason, is_kept=answer.is_kept)
        note = f"{_PAGE} {link}"
        found = await asyncio.to_thread(listed_page, link, answer, before, note)
        if isinstance(found, SkippedDocument):
            return SkippedDocument(id, found.reason, found.kind)
        return RawDocument(
            id, found.url, found.name, found.content, found.content_type, found.validators
        )

    async def _unlisted(self, id: str, known: Validators) -> Found | None:
        kind, _, link = (known.note or "").partition(" ")
        if kind == _PAGE and link:
            return await self._page(id, link, known)
        return RawDocument(id, self._url, id, None, None, known)

    async def _site(self, link: str) -> tuple[Robots | SourceError, Asking]:
        """What the page's site allows, asked once in a run, and who asks it."""
        origin = urlsplit(link)[:2]
        if origin not in self._sites:
            own = origin == urlsplit(self._url)[:2]
            asking = Asking(
                self._client, self._max_bytes, token=self._token if own else None, sleep=self._sleep
            )
            robots: Robots | SourceError
            try:
                robots = rules = await Robots.ask(self._client, link)
                asking.pause = rules.delay
            except SourceError as error:
                robots = error
            self._sites.setdefault(origin, (robots, asking))
        return self._sites[origin]

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}
