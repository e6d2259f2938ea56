"""A website as a source: its pages, found by following links from one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.errors import SourceError
from knowledge.sources.globs import EXCLUDE, INCLUDE
from knowledge.sources.options import SecretReference, option, read_options
from knowledge.sources.port import OCR_HELP, Kind, Means, SourceSpec
from knowledge.sources.site.pauses import refuse_endless
from knowledge.sources.web import SIGNING_IN, web_address

if TYPE_CHECKING:
    from knowledge.sources.site.crawl import WebSite

MAX_PAGES = "So many pages at most."
PAUSE = "Milliseconds between two requests; a longer Crawl-delay in robots.txt is kept anyway."


@dataclass(frozen=True)
class WebsiteOptions:
    """What an admin may set."""

    include: tuple[str, ...] = option((), INCLUDE)
    exclude: tuple[str, ...] = option((), EXCLUDE)
    depth: int = option(20, "How many links away from the first page, at most.")
    max_pages: int = option(1000, MAX_PAGES)
    pause: int = option(0, PAUSE)
    token: SecretReference | None = option(None, SIGNING_IN)
    ocr: bool = option(False, OCR_HELP)


def _open(spec: SourceSpec, means: Means) -> WebSite:
    from knowledge.sources.site.crawl import WebSite  # with the client, which is slow to import

    options: WebsiteOptions = read_options(WebsiteOptions, spec.options)
    refuse_below(1, max_pages=options.max_pages)
    refuse_below(0, depth=options.depth, pause=options.pause)
    refuse_endless(options.pause)
    token = means.secret(options.token) if options.token else None
    return WebSite(spec.location, options, means.client, means.max_bytes, token=token)


def refuse_below(least: int, **given: int) -> None:
    """Raise :class:`SourceError` for an option with a smaller number."""
    for name, value in given.items():
        if value < least:
            raise SourceError(f"The option {name.replace('_', '-')} must be at least {least}.")


KIND = Kind(
    "a website",
    web_address,
    _open,
    WebsiteOptions,
    frozenset({"unchanged", "vanished"}),
    reads_disk=False,
)
