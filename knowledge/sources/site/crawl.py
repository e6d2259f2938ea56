"""Reads a website by following its links, politely and within bounds."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from knowledge.errors import SourceError
from knowledge.sources.port import RawDocument, SkippedDocument
from knowledge.sources.site.asking import AT_ONCE, Asking, Sleep, in_order
from knowledge.sources.site.links import address, is_page, may_be_page, read_page
from knowledge.sources.site.robots import Robots
from knowledge.sources.site.scope import Scope
from knowledge.sources.web_page import refresh_target, stated_type
from knowledge.types import Validators
from knowledge.web.client import GuardedClient, Response
from knowledge.web.urls import safe_url

if TYPE_CHECKING:
    from knowledge.sources.site.website import WebsiteOptions

_MOST_BEYOND = 10_000
"""Addresses beyond the maximum that are counted: a calendar leads to ever more."""
_CLOSED = "The site asks robots not to read it."

Found = RawDocument | SkippedDocument
Answer = Response | SkippedDocument | None


class WebSite:
    """The pages that can be reached from the first one by links, and those known from before.

    A document is called by its page's address. Pages that a site shows under several addresses
    are read once, under the one that they call canonical.
    """

    def __init__(
        self,
        start: str,
        options: WebsiteOptions,
        client: GuardedClient,
        max_bytes: int,
        *,
        token: str | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """``max_bytes`` bounds what is read of a page, unpacked. ``token`` signs us in."""
        self._start = address(start, "") or start
        self._options = options
        self._client = client
        self._scope = Scope(start, options.include, options.exclude)
        self._max_bytes = max_bytes
        self._token = token
        self._sleep = sleep

    async def check(self) -> None:
        """A first page that is not there, or is elsewhere, will hardly be better tonight."""
        try:
            await self._robots()
            answer = await self._asking(0).page(self._start, None)
        except SourceError:
            return
        if answer is None:
            raise SourceError(
                f"There is no page {safe_url(self._start)}. Copy its address from the browser."
            )
        if isinstance(answer, Response):
            self._refuse_elsewhere(answer)

    async def documents(self, known: Mapping[str, Validators]) -> AsyncIterator[Found]:
        """Every page, in the order in which links lead to it; those known from before come first.

        Raises :class:`SourceError` if the first page cannot be read, or robots.txt forbids it.
        """
        robots = await self._robots()
        pause = max(robots.delay, self._options.pause / 1000)
        crawl = _Crawl(self._scope, self._options, robots, self._asking(pause), known)
        async with aclosing(crawl.answers(self._start, 1 if pause else AT_ONCE)) as answers:
            async for url, answer in answers:
                if url == self._start:
                    self._refuse_unread(answer)
                for each in await crawl.read(url, answer):
                    yield each
        for each in crawl.left_out():
            yield each

    def _asking(self, pause: float) -> Asking:
        return Asking(
            self._client, self._max_bytes, token=self._token, pause=pause, sleep=self._sleep
        )

    async def _robots(self) -> Robots:
        robots = await Robots.ask(self._client, self._start)
        if not robots.may_read(self._start):
            raise SourceError(
                f"The site's robots.txt forbids reading {safe_url(self._start)}. "
                "Ask its owner to allow it."
            )
        return robots

    def _refuse_unread(self, answer: Answer) -> None:
        """Without its first page nothing is known of a site: nothing has vanished."""
        if answer is None:
            raise SourceError(
                f"The first page {safe_url(self._start)} is not there any more, so nothing was "
                "changed. Add the site's new address and remove this source."
            )
        if isinstance(answer, SkippedDocument):
            raise SourceError(answer.reason)
        self._refuse_elsewhere(answer)

    def _refuse_elsewhere(self, answer: Response) -> None:
        if not self._scope.has(address(answer.url, "") or ""):
            raise SourceError(
                f"{safe_url(self._start)} leads to {safe_url(answer.url)}, which is not part of "
                "it. Add that address instead, or one that is open to everybody if it asks to "
                "sign in."
            )


@dataclass
class _Crawl:
    """One run over a site."""

    scope: Scope
    options: WebsiteOptions
    robots: Robots
    asking: Asking
    known: Mapping[str, Validators]
    depths: dict[str, int] = field(default_factory=dict)
    """Every address that was met, to how many links away from the first page it is."""
    queue: deque[str] = field(default_factory=deque)
    was_read: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    """Addresses whose document was told."""
    copies: dict[str, str] = field(default_factory=dict)
    """Addresses left out, to the one that they call canonical."""
    forbidden: list[str] = field(default_factory=list)
    beyond: list[str] = field(default_factory=list)

    def answers(self, start: str, at_once: int) -> AsyncGenerator[tuple[str, Answer], None]:
        """Each page's answer in the order of the queue, which :meth:`read` makes longer."""
        self._meet(start, 0)
        for url in sorted(self.known):
            note = self.known[url].note or ""
            self._meet(url, int(note) if note.isdecimal() else 0)
        ask = partial(_ask, self.asking, self.known)
        return in_order(self.queue, ask, at_once)

    async def read(self, url: str, answer: Answer) -> list[Found]:
        """The documents that come of an answer, none or one; meets what the page leads to."""
        self.was_read.add(url)
        if not isinstance(answer, Response):
            self._revive_copies_of(url)
            return [answer] if answer is not None else []
        final = url if answer.url == url else address(answer.url, "") or url
        depth = self.depths[url]
        if answer.not_modified:
            if final != url:  # it is where that address leads to that has not changed
                self._meet(final, depth)
                return []
            return [self._unchanged(url, answer)]
        if final != url:
            if not self.scope.has(final) or not self.robots.may_read(final):
                return [SkippedDocument(url, "It leads elsewhere.", "redirects to elsewhere")]
            if final in self.depths and final not in self.copies:
                return []  # was read, or will be
            self.depths.setdefault(final, depth)
            self.was_read.add(final)
            url = final
        return await self._document(url, answer, depth)

    async def _document(self, url: str, answer: Response, depth: int) -> list[Found]:
        if not is_page(answer):
            return [SkippedDocument(url, "It is no page.", "files for programs")]
        if leads_on := refresh_target(answer):
            self._meet(address(url, leads_on) or url, depth)
            return [SkippedDocument(url, "It leads elsewhere.", "redirects to elsewhere")]
        said = await asyncio.to_thread(read_page, answer)
        for link in said.links:
            self._meet(link, depth + 1)
        if not said.is_indexed:
            return [SkippedDocument(url, _CLOSED, "pages closed to robots")]
        if said.canonical is not None and self._stands_for(said.canonical, url):
            self.copies[url] = said.canonical
            self._meet(said.canonical, depth)
            return []
        self.copies.pop(url, None)
        self.given.add(url)
        validators = Validators(answer.etag, answer.last_modified, str(depth))
        return [RawDocument(url, url, url, answer.content, stated_type(answer), validators)]

    def left_out(self) -> list[Found]:
        """What was met and not read."""
        found: list[Found] = [
            *(SkippedDocument(url, _CLOSED, "pages closed to robots") for url in self.forbidden),
            *(SkippedDocument(url, "It is a copy.", "duplicates") for url in self.copies),
        ]
        if self.beyond:
            found.append(beyond_maximum(self.beyond, self.options.max_pages))
        return found

    def _meet(self, url: str, depth: int) -> None:
        """Put an address into the queue, if it is meant and was not met before."""
        if url in self.depths or depth > self.options.depth:
            return
        if not self.scope.has(url) or not may_be_page(url):
            return
        if len(self.beyond) >= _MOST_BEYOND:
            return
        self.depths[url] = depth
        if not self.robots.may_read(url):
            self.forbidden.append(url)
        elif len(self.depths) - len(self.forbidden) > self.options.max_pages:
            self.beyond.append(url)
        else:
            self.queue.append(url)

    def _unchanged(self, url: str, answer: Response) -> RawDocument:
        self.given.add(url)
        old = self.known.get(url, Validators())
        validators = Validators(
            answer.etag or old.etag, answer.last_modified or old.last_modified, old.note
        )
        return RawDocument(url, url, url, None, answer.content_type, validators)

    def _stands_for(self, canonical: str, url: str) -> bool:
        """Whether the page is read under its canonical address instead.

        Not if that one was read and gave nothing, such as where each calls the other canonical.
        """
        return (
            canonical != url
            and self.scope.has(canonical)
            and self.robots.may_read(canonical)
            and (canonical in self.given or canonical not in self.was_read)
        )

    def _revive_copies_of(self, url: str) -> None:
        """A canonical address that is not there stands for nobody: one copy is read after all."""
        for copy in [each for each, canonical in self.copies.items() if canonical == url][:1]:
            del self.copies[copy]
            self.queue.append(copy)


async def _ask(asking: Asking, known: Mapping[str, Validators], url: str) -> Answer:
    return await asking.page(url, known.get(url))


def beyond_maximum(urls: list[str], most: int) -> SkippedDocument:
    """What to tell of addresses that were not asked for."""
    return SkippedDocument(
        f"beyond the {most} pages",
        f"{len(urls)} further addresses, such as {urls[0]}, were not asked for. Raise --max-pages, "
        "or choose with --include and --exclude.",
    )
