"""One page of the web, asked for only where robots.txt allows it and only if it changed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from html import unescape
from urllib.parse import urljoin, urlsplit

from knowledge.errors import SourceAway, SourceError
from knowledge.sources.port import RawDocument, SkippedDocument
from knowledge.sources.site.robots import ROBOT, Robots
from knowledge.types import Validators
from knowledge.web.client import BodyTooLarge, GuardedClient, Response
from knowledge.web.url_secrets import secret_in
from knowledge.web.urls import safe_url

GONE = frozenset({404, 410})


class WebPage:
    """One page; its document name is the URL that the admin gave, also if it redirects."""

    def __init__(
        self, url: str, client: GuardedClient, max_bytes: int, *, token: str | None = None
    ) -> None:
        """``max_bytes`` bounds what is read of the page, unpacked. ``token`` signs us in."""
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = client
        self._max_bytes = max_bytes
        self._robots: Robots | None = None

    async def check(self) -> None:
        """A page that is not there now will hardly be there tonight; all else the run tells."""
        try:
            await self._ask_robots()
            status = (await self._get(None)).status
        except SourceError:
            return
        if status in GONE:
            raise SourceError(
                f"There is no page {safe_url(self._url)} ({status}). "
                "Copy its address from the browser."
            )

    async def documents(
        self, known: Mapping[str, Validators]
    ) -> AsyncIterator[RawDocument | SkippedDocument]:
        """The page, or nothing if the server says that it is gone (404, 410)."""
        await self._ask_robots()
        validators = known.get(self._url)
        try:
            page = await self._get(validators)
        except BodyTooLarge as error:
            yield SkippedDocument(self._url, str(error))
            return
        page, is_followed = await self._followed(page)
        if page.status in GONE:
            return
        if page.not_modified:
            yield RawDocument(
                self._url,
                self._shown(page),
                page.url,
                None,
                page.content_type,
                _newer(page, validators or Validators()),
            )
        elif page.status == 200:
            yield RawDocument(
                self._url,
                self._shown(page),
                page.url,
                page.content,
                stated_type(page),
                # Those of where a page leads say nothing about the page itself.
                Validators() if is_followed else Validators(page.etag, page.last_modified),
            )
        else:
            kind = SourceAway if page.status >= 500 else SourceError
            raise kind(refusal(self._url, page.status))

    async def _get(self, validators: Validators | None) -> Response:
        return await self._client.get(
            self._url, validators=validators, headers=self._headers, max_bytes=self._max_bytes
        )

    async def _followed(self, page: Response) -> tuple[Response, bool]:
        """The page that one leads to by ``<meta http-equiv=refresh>``, as a browser follows it."""
        is_followed = False
        for _ in range(_MOST_REFRESHES):
            target = refresh_target(page)
            if target is None:
                break
            own = urlsplit(target)[:2] == urlsplit(self._url)[:2]
            page = await self._client.get(
                target, headers=self._headers if own else {}, max_bytes=self._max_bytes
            )
            is_followed = True
        return page, is_followed

    def _shown(self, page: Response) -> str:
        """Where a reader opens it: where it ended at, unless that is an address signed for us."""
        return page.url if secret_in(page.url) is None else self._url

    async def _ask_robots(self) -> None:
        """Raise SourceError if robots.txt (RFC 9309) forbids the page; it is fetched once."""
        if self._robots is None:
            self._robots = await Robots.ask(self._client, self._url)
        if not self._robots.may_read(self._url):
            raise SourceError(
                f"The site's robots.txt forbids reading {safe_url(self._url)}. "
                f"Ask its owner to allow {ROBOT}, or add the page as a file."
            )


_MOST_REFRESHES = 3
_SOON = 10
"""Seconds; a page that leads on later shows something itself, such as a picture a minute."""
_REFRESH = re.compile(
    rb"<meta\b(?=[^>]{0,500}\bhttp-equiv\s*=\s*[\"']?refresh)[^>]{0,500}?\bcontent\s*=\s*"
    rb"[\"']?\s*(\d{1,4})(?:\.\d*)?\s*[;,]\s*url\s*=\s*[\"']?([^\"'>]{1,2000})",
    re.I,
)


def refresh_target(page: Response) -> str | None:
    """Where a page leads to by itself, and soon; None where it stays."""
    if page.status != 200 or "html" not in (page.content_type or "html"):
        return None
    found = _REFRESH.search(page.content[:20_000])
    if found is None or int(found[1]) > _SOON:
        return None
    target = urljoin(page.url, unescape(found[2].decode("utf-8", "replace").strip()))
    leads_on = target.startswith(("http://", "https://")) and target != page.url
    return target if leads_on else None


def _newer(page: Response, old: Validators) -> Validators:
    """A 304 may leave out what did not change."""
    return Validators(page.etag or old.etag, page.last_modified or old.last_modified)


def stated_type(page: Response) -> str | None:
    """The type as its server stated it, with its charset."""
    if page.content_type is None or page.charset is None:
        return page.content_type
    return f"{page.content_type}; charset={page.charset}"


def refusal(url: str, status: int) -> str:
    """What to tell the admin of a page that is neither there nor gone."""
    place = safe_url(url)
    if status in (401, 403, 407):
        return (
            f"{place} may not be read without signing in ({status}). "
            "If it takes a token, name it with 'housevoice source add --token'; "
            "else save it, and add it as a file."
        )
    return (
        f"{place} answers with an error ({status}). Check that it opens in a browser; "
        "the next run tries again."
    )
