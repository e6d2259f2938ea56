"""Reads the pages that a site map lists, and those only that have changed since."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

from knowledge.errors import SourceAway, SourceError
from knowledge.sources.port import RawDocument, SkippedDocument
from knowledge.sources.site.asking import AT_ONCE, Asking, Sleep, in_order
from knowledge.sources.site.crawl import beyond_maximum
from knowledge.sources.site.links import address
from knowledge.sources.site.listed import CLOSED, check_list, listed_page
from knowledge.sources.site.robots import Robots
from knowledge.sources.site.scope import Scope
from knowledge.types import Validators
from knowledge.web.client import GuardedClient, Response
from knowledge.web.urls import safe_url

if TYPE_CHECKING:
    from knowledge.sources.site.sitemap import SitemapOptions

_MOST_BYTES = 50 * 2**20
"""Of one site map, unpacked, by its protocol."""
_MOST_LISTS = 500
_DEEPEST = 3
"""Site maps that list site maps; by the protocol an index lists no other index."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d")

Found = RawDocument | SkippedDocument


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry of a site map."""

    url: str
    changed: str = ""
    """When, as it stands there."""


class SiteMap:
    """The pages that a site map lists, in its order; a document is called by its page's address."""

    def __init__(
        self,
        url: str,
        options: SitemapOptions,
        client: GuardedClient,
        max_bytes: int,
        *,
        token: str | None = None,
        sleep: Sleep = asyncio.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``max_bytes`` bounds what is read of a page, unpacked. ``token`` signs us in."""
        self._url = url
        self._options = options
        self._client = client
        self._token = token
        self._max_bytes = max_bytes
        self._sleep = sleep
        self._now = now
        top = urlunsplit((*urlsplit(url)[:2], "/", "", ""))
        self._scope = Scope(top, options.include, options.exclude)

    async def check(self) -> None:
        """What is no site map is refused."""
        await check_list(
            self._client,
            self._url,
            self._headers,
            what="site map",
            advice="The site's robots.txt often names it.",
            read=_entries,
        )

    async def documents(self, known: Mapping[str, Validators]) -> AsyncIterator[Found]:
        """Every page that is listed and there.

        Raises :class:`SourceError` if any part of the list cannot be read.
        """
        robots = await Robots.ask(self._client, self._url)
        listed = await self._listed()
        wanted = {each.url: each for each in listed if self._scope.has(each.url)}
        others = [each.url for each in listed if not self._scope.is_same_site(each.url)]
        if others and len(others) == len(listed):
            raise SourceError(
                f"{safe_url(self._url)} lists pages of another site only, such as "
                f"{safe_url(others[0])}. Add the site map at that address."
            )
        for other in dict.fromkeys(others):
            yield SkippedDocument(other, "It is of another site.", "pages of other sites")
        allowed = [each for each in wanted.values() if robots.may_read(each.url)]
        for each in wanted.values():
            if not robots.may_read(each.url):
                yield SkippedDocument(each.url, CLOSED, "pages closed to robots")
        pages = _Pages(
            Asking(
                self._client,
                self._max_bytes,
                token=self._token,
                pause=(pause := max(robots.delay, self._options.pause / 1000)),
                sleep=self._sleep,
            ),
            known,
            self._now().date(),
            every_page=self._options.every_page,
        )
        queue = deque(allowed[: self._options.max_pages])
        async with aclosing(in_order(queue, pages.ask, 1 if pause else AT_ONCE)) as asked:
            async for _, found in asked:
                if found is not None:
                    yield found
        if beyond := [each.url for each in allowed[self._options.max_pages :]]:
            yield beyond_maximum(beyond, self._options.max_pages)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    async def _listed(self) -> list[Listed]:
        """The entries of the site map and of all that it lists; raises SourceError."""
        waiting = deque([(self._url, 0)])
        seen, found = {self._url}, []
        while waiting:
            url, depth = waiting.popleft()
            answer = await self._client.get(url, headers=self._headers)
            if answer.status != 200:
                raise SourceAway(
                    f"The site map {safe_url(url)} cannot be read ({answer.status}), so it is not "
                    "known which pages there are. The next run tries again."
                )
            is_index, entries = await asyncio.to_thread(_entries, answer)
            if not is_index:
                found += entries
                continue
            for each in entries:
                if each.url not in seen and self._scope.is_same_site(each.url):
                    seen.add(each.url)
                    waiting.append((each.url, depth + 1))
            if depth >= _DEEPEST or len(seen) > _MOST_LISTS:
                raise SourceError(
                    f"{safe_url(self._url)} lists more site maps than are read: {_MOST_LISTS}, "
                    f"{_DEEPEST} deep. Add one of those that it lists."
                )
        return found


@dataclass(frozen=True)
class _Pages:
    """Asks for listed pages in one run."""

    asking: Asking
    known: Mapping[str, Validators]
    today: date
    every_page: bool

    async def ask(self, page: Listed) -> Found | None:
        """The page as a document; not even asked for if the list says that it is as it was."""
        known = self.known.get(page.url)
        note = f"as of {page.changed}" if _is_over(page.changed, self.today) else None
        if known and note and known.note == note and not self.every_page:
            return RawDocument(page.url, page.url, page.url, None, None, known)
        answer = await self.asking.page(page.url, known)
        if answer is None:
            return SkippedDocument(page.url, "It is not there.", "pages listed but not there")
        if isinstance(answer, SkippedDocument):
            return answer
        return await asyncio.to_thread(listed_page, page.url, answer, known, note)


def _is_over(changed: str, today: date) -> bool:
    """Whether a later change would have a later date.

    A bare day can change again until it is over everywhere on earth, a day and a half later.
    """
    if not changed or not _DAY.fullmatch(changed):
        return bool(changed)
    try:
        return date.fromisoformat(changed) < today - timedelta(days=1)
    except ValueError:
        return False


def _entries(answer: Response) -> tuple[bool, list[Listed]]:
    """Whether it lists site maps, and what it lists; raises SourceError for what is none."""
    from lxml import etree

    content = _unpacked(answer)
    if not content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        lines = content.decode("utf-8-sig", "replace").split()
        urls = [url for line in lines if (url := address(answer.url, line))]
        if not urls or not lines[0].startswith(("http://", "https://")):
            raise _no_site_map(answer.url)
        return False, [Listed(url) for url in urls]
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    try:
        root = etree.fromstring(content, parser)
    except etree.LxmlError as error:
        raise _no_site_map(answer.url) from error
    kind = etree.QName(root).localname if root is not None else ""
    if kind not in ("urlset", "sitemapindex"):
        raise _no_site_map(answer.url)
    found = []
    for entry in root:
        said = {
            etree.QName(each).localname: (each.text or "").strip()
            for each in entry
            if isinstance(each.tag, str)
        }
        if url := address(answer.url, urljoin(answer.url, said.get("loc", ""))):
            found.append(Listed(url, said.get("lastmod", "")))
    return kind == "sitemapindex", found


def _unpacked(answer: Response) -> bytes:
    if not answer.content.startswith(b"\x1f\x8b"):
        return answer.content
    unpack = zlib.decompressobj(wbits=31)
    try:
        content = unpack.decompress(answer.content, _MOST_BYTES)
    except zlib.error as error:
        raise _no_site_map(answer.url) from error
    if not unpack.eof:
        raise SourceError(
            f"The site map {safe_url(answer.url)} unpacks to more than {_MOST_BYTES // 2**20} MB, "
            "or is cut off. Tell the site's owner."
        )
    return content


def _no_site_map(url: str) -> SourceError:
    return SourceError(
        f"{safe_url(url)} is no site map. Check its address: the site's robots.txt often names it."
    )
