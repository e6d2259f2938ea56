"""A feed as a source: RSS or Atom, each entry a document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from knowledge.sources.options import SecretReference, option, read_options
from knowledge.sources.port import Kind, Means, SourceSpec
from knowledge.sources.web import SIGNING_IN, web_address

if TYPE_CHECKING:
    from knowledge.sources.site.entries import Feed

_LOOKS_LIKE_ONE = re.compile(r"\.(?:rss|atom)$|/(?:feed|rss|atom)(?:\.xml|/)?$", re.I)


@dataclass(frozen=True)
class FeedOptions:
    """What an admin may set."""

    linked: bool = option(
        False, "Read the page that each entry links to, also where the feed has its whole text."
    )
    listed_only: bool = option(
        False, "Forget an entry once the feed no longer lists it; else it stays."
    )
    token: SecretReference | None = option(None, SIGNING_IN)


def _recognise(typed: str) -> str | None:
    found = web_address(typed)
    return found if found and _LOOKS_LIKE_ONE.search(urlsplit(found).path) else None


def _open(spec: SourceSpec, means: Means) -> Feed:
    from knowledge.sources.site.entries import Feed  # with the client, which is slow to import

    options: FeedOptions = read_options(FeedOptions, spec.options)
    token = means.secret(options.token) if options.token else None
    return Feed(spec.location, options, means.client, means.max_bytes, token=token)


KIND = Kind(
    "a feed",
    _recognise,
    _open,
    FeedOptions,
    frozenset({"unchanged", "vanished"}),
    reads_disk=False,
    accept=web_address,
)
