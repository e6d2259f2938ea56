"""Reads the items of a JSON endpoint, page by page."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from knowledge.errors import SourceError
from knowledge.sources.port import RawDocument, SkippedDocument
from knowledge.sources.records.record import Fields, as_document, field_of, plain
from knowledge.sources.web_page import refusal
from knowledge.types import Validators
from knowledge.web.client import GuardedClient, Response
from knowledge.web.urls import safe_url

if TYPE_CHECKING:
    from knowledge.sources.records.rest import RestOptions

_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_REL_NEXT = re.compile(r";\s*rel\s*=\s*(?:\"[^\"]*\bnext\b[^\"]*\"|next\b)", re.I)
_COUNTS = ("comments", "user_notes_count")
"""Where GitHub, Gitea and GitLab say how many comments an item has: of none they are not asked."""
_COMMENT_PAGES = 10
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")


class Endpoint:
    """The items that an endpoint lists; a document is called by its item's id."""

    def __init__(
        self,
        url: str,
        options: RestOptions,
        fields: Fields,
        client: GuardedClient,
        *,
        token: str | None = None,
    ) -> None:
        """``token`` signs us in; as a bearer token unless it says how, as in ``Basic …``."""
        if not _HEADER.fullmatch(options.header):
            raise SourceError("The option header must be the name of a header.")
        self._url = url
        self._options = options
        self._fields = fields
        self._client = client
        self._headers = {"Accept": "application/json"}
        if token:
            is_bare = options.header.lower() == "authorization" and " " not in token
            self._headers[options.header] = f"Bearer {token}" if is_bare else token

    async def check(self) -> None:
        """An answer that is not as the options say will hardly be so tonight."""
        answer = await self._client.get(self._first(), headers=self._headers)
        if answer.status in (400, 404, 405, 410):
            raise SourceError(
                f"{safe_url(self._url)} cannot be asked ({answer.status}). Check the address."
            )
        if answer.status == 200:
            items = self._items(_json(answer))
            found = [as_document(each, self._fields, n, {}) for n, each in enumerate(items, 1)]
            if found and not any(isinstance(each, RawDocument) for each in found):
                raise SourceError(
                    f"No item of {safe_url(self._url)} has an id in {self._fields.id} and a text "
                    f"in {', '.join(self._fields.text)}. An item has: {_names(items[0])}."
                )

    async def documents(
        self, known: Mapping[str, Validators]
    ) -> AsyncIterator[RawDocument | SkippedDocument]:
        """Every item, in the endpoint's order. Raises SourceError if a page cannot be read."""
        url: str | None = self._first()
        asked: set[str] = set()
        given: set[str] = set()
        number, page = 0, self._options.first_page
        while url is not None:
            if url in asked:
                raise SourceError(
                    f"{safe_url(self._url)} leads from page to page without an end. "
                    "Check the options for pages."
                )
            asked.add(url)
            answer = await self._client.get(url, headers=self._headers)
            if answer.status != 200:
                raise SourceError(refusal(self._url, answer.status))
            body = _json(answer)
            items = self._items(body)
            fresh = 0
            for each in items:
                number += 1
                if number > self._options.max_records:
                    raise SourceError(
                        f"{safe_url(self._url)} has more than {self._options.max_records} items. "
                        "Raise --max-records, or ask for fewer in its address."
                    )
                found = await self._document(each, number, known)
                if found.document not in given:
                    given.add(found.document)
                    fresh += 1
                    yield found
            page += 1
            # Some endpoints answer with their last page for ever.
            url = self._next(answer, body, page) if items and fresh else None

    async def _document(
        self, item: Any, number: int, known: Mapping[str, Validators]
    ) -> RawDocument | SkippedDocument:
        found = as_document(item, self._fields, number, known)
        options = self._options
        if options.without and field_of(item, options.without):
            return SkippedDocument(found.document, "It is another kind of item.", "other items")
        if not options.comments or isinstance(found, SkippedDocument) or found.content is None:
            return found
        try:
            comments = await self._comments(item)
        except SourceError as error:
            return SkippedDocument(found.document, str(error), is_kept=True)
        return as_document(item, self._fields, number, known, comments)

    async def _comments(self, item: Any) -> list[str]:
        """What people wrote below an item, oldest first; nothing that the service noted itself."""
        url: str | None = plain(field_of(item, self._options.comments))
        if not url or any(field_of(item, count) == 0 for count in _COUNTS):
            return []
        url = self._same_site(urljoin(self._url, url))
        texts: dict[str, str] = {}
        for _ in range(_COMMENT_PAGES):
            if url is None:
                break
            answer = await self._client.get(url, headers=self._headers)
            if answer.status != 200:
                raise SourceError(refusal(url, answer.status))
            for each in self._listed(_json(answer)):
                text = plain(field_of(each, "body"))
                if text and not field_of(each, "system"):
                    texts[plain(field_of(each, "created_at")) + plain(field_of(each, "id"))] = text
            url = self._linked(answer)
        return [text for _, text in sorted(texts.items())]

    @staticmethod
    def _listed(body: Any) -> list[Any]:
        return body if isinstance(body, list) else []

    def _first(self) -> str:
        if self._options.page_parameter:
            return _with(self._url, self._options.page_parameter, str(self._options.first_page))
        return self._url

    def _items(self, body: Any) -> list[Any]:
        place = self._options.items
        found = field_of(body, place) if place else body
        if isinstance(found, dict) and not place and self._fields.id in found:
            return [found]
        if not isinstance(found, list):
            raise SourceError(
                f"The answer of {safe_url(self._url)} has no list at {place or 'its top'}; "
                f"there is: {_names(body)}. Check --items."
            )
        return found

    def _next(self, answer: Response, body: Any, page: int) -> str | None:
        """Where the next page is; None after the last."""
        options = self._options
        if options.next:
            said = plain(field_of(body, options.next))
            if not said or said in ("False", "false"):
                return None
            if options.cursor_parameter:
                return _with(self._url, options.cursor_parameter, said)
            return self._same_site(urljoin(answer.url, said))
        if options.page_parameter:
            return _with(self._url, options.page_parameter, str(page))
        return self._linked(answer)

    def _linked(self, answer: Response) -> str | None:
        for place, parameters in _LINK.findall(answer.headers.get("link", "")):  # RFC 8288
            if _REL_NEXT.search(parameters):
                return self._same_site(urljoin(answer.url, place))
        return None

    def _same_site(self, url: str) -> str:
        """The token goes there: only to the site that it is for."""
        if urlsplit(url)[:2] != urlsplit(self._url)[:2]:
            raise SourceError(
                f"The next page of {safe_url(self._url)} is on another site, {safe_url(url)}, "
                "which is not asked. Add the endpoint at that address."
            )
        return url


def _json(answer: Response) -> Any:
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError) as error:
        raise SourceError(
            f"{safe_url(answer.url)} does not answer with JSON. Check the address, and whether it "
            "takes a token."
        ) from error


def _with(url: str, parameter: str, value: str) -> str:
    parts = urlsplit(url)
    kept = [each for each in parse_qsl(parts.query, keep_blank_values=True) if each[0] != parameter]
    return urlunsplit(parts._replace(query=urlencode([*kept, (parameter, value)])))


def _names(body: Any) -> str:
    if isinstance(body, dict):
        return ", ".join(list(map(str, body))[:20]) or "an empty object"
    return f"a list of {len(body)}" if isinstance(body, list) else "a single value"
