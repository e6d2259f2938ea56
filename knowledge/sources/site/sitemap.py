"""A site map as a source: the pages that a site lists for robots (sitemaps.org)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from knowledge.sources.globs import EXCLUDE, INCLUDE
from knowledge.sources.options import SecretReference, option, read_options
from knowledge.sources.port import OCR_HELP, Kind, Means, SourceSpec
from knowledge.sources.site.pauses import refuse_endless
from knowledge.sources.site.website import MAX_PAGES, PAUSE, refuse_below
from knowledge.sources.web import SIGNING_IN, web_address

if TYPE_CHECKING:
    from knowledge.sources.site.listing import SiteMap

_LOOKS_LIKE_ONE = re.compile(r"/[\w.-]*sitemap[\w.-]*\.(?:xml|xml\.gz|txt)$", re.I)


@dataclass(frozen=True)
class SitemapOptions:
    """What an admin may set."""

    include: tuple[str, ...] = option((), INCLUDE)
    exclude: tuple[str, ...] = option((), EXCLUDE)
    max_pages: int = option(1000, MAX_PAGES)
    pause: int = option(0, PAUSE)
    every_page: bool = option(
        False, "Ask for every page, also where the date in the site map is as it was."
    )
    token: SecretReference | None = option(None, SIGNING_IN)
    ocr: bool = option(False, OCR_HELP)


def _recognise(typed: str) -> str | None:
    found = web_address(typed)
    return found if found and _LOOKS_LIKE_ONE.search(urlsplit(found).path) else None


def _open(spec: SourceSpec, means: Means) -> SiteMap:
    from knowledge.sources.site.listing import SiteMap  # with the client, which is slow to import

    options: SitemapOptions = read_options(SitemapOptions, spec.options)
    refuse_below(1, max_pages=options.max_pages)
    refuse_below(0, pause=options.pause)
    refuse_endless(options.pause)
    token = means.secret(options.token) if options.token else None
    return SiteMap(spec.location, options, means.client, means.max_bytes, token=token)


KIND = Kind(
    "a site map",
    _recognise,
    _open,
    SitemapOptions,
    frozenset({"unchanged", "vanished"}),
    reads_disk=False,
    accept=web_address,
)
