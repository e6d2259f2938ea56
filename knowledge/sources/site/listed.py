"""A page that a list names, such as a site map or a feed, as a document."""

from __future__ import annotations

from urllib.parse import urlsplit

from knowledge.sources.port import RawDocument, SkippedDocument
from knowledge.sources.site.links import is_page, read_page
from knowledge.sources.web_page import stated_type
from knowledge.types import Validators
from knowledge.web.client import Response
from knowledge.web.url_secrets import secret_in

CLOSED = "The site asks robots not to read it."


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
