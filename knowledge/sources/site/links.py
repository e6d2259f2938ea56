"""What a page says to robots: where it leads, which address is its own, what is not to be kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from knowledge.parsing.document import PARSER_FAILURES
from knowledge.sources.others import kind_of
from knowledge.web.client import Response
from knowledge.web.url_secrets import secret_in

_MOST_LINKS = 5_000
"""Of one page; a map of a whole site has fewer."""
_MOST_CHARS = 2_000
_DEFAULT_PORTS = {"http": 80, "https": 443}
_TRACKING = re.compile(r"(?:utm_\w+|fbclid|gclid|msclkid|mc_[ce]id|_hs\w+)(?:=.*)?", re.I)
"""Parameters that say where a visitor came from: the page is the same without."""
_NO_PAGES = frozenset({"pictures", "fonts", "recordings", "archives", "drawings"})
_CODE = re.compile(r"\.(?:css|m?js|map|wasm|json|xml|ics|exe|dmg)$", re.I)
_IS_NO_PAGE = re.compile(
    r"(?:image|audio|video|font)/|(?:text|application)/(?:css|(?:x-)?javascript|calendar|zip|xml)$"
    r"|.*[/+](?:json|rss\+xml|atom\+xml)$"
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a page says of itself and others."""

    links: tuple[str, ...] = ()
    """Where it leads to, as :func:`address` puts it; none if robots are not to follow."""
    canonical: str | None = None
    """The address that it calls its own."""
    is_indexed: bool = True
    """Whether it may be kept."""


def address(base: str, href: str) -> str | None:
    """The address that a link leads to, the same for the same page; None if it is no page's."""
    try:
        parts = urlsplit(urljoin(base, href.strip()))
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not host or parts.username or parts.password:
        return None
    host = f"[{host}]" if ":" in host else host
    netloc = host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"
    query = "&".join(each for each in parts.query.split("&") if not _TRACKING.fullmatch(each))
    found = urlunsplit(SplitResult(parts.scheme, netloc, parts.path or "/", query, ""))
    if len(found) > _MOST_CHARS or re.search(r"[\s\ud800-\udfff]", found) or secret_in(found):
        return None
    return found


def may_be_page(url: str) -> bool:
    """Whether it is worth asking for: not a picture, by its ending."""
    path = urlsplit(url).path
    return not _CODE.search(path) and kind_of(path) not in _NO_PAGES


def is_page(answer: Response) -> bool:
    """Whether its server calls it something that people read."""
    return not _IS_NO_PAGE.match(answer.content_type or "")


def read_page(answer: Response) -> Said:
    """What an HTML page says; blocks for as long as parsing takes."""
    by_header = _robots(answer.headers.get("x-robots-tag", ""))
    if "html" not in (answer.content_type or "html"):
        return Said(is_indexed="noindex" not in by_header)
    import lxml.html
    from lxml import etree

    try:
        page = lxml.html.document_fromstring(answer.content)
        rules, base, canonical = set(by_header), answer.url, None
        for each in page.iter("meta", "base", "link"):
            if each.tag == "meta" and (each.get("name") or "").lower() in ("robots", "housevoice"):
                rules |= _robots(each.get("content") or "")
            elif each.tag == "base" and each.get("href") and base == answer.url:
                base = urljoin(answer.url, each.get("href"))
            elif "canonical" in (each.get("rel") or "").lower().split() and canonical is None:
                canonical = address(base, each.get("href") or "")
        found: dict[str, None] = {}
        for each in () if "nofollow" in rules else page.iter("a", "area"):
            href, rel = each.get("href"), (each.get("rel") or "").lower().split()
            if href and "nofollow" not in rel and (leads := address(base, href)):
                found[leads] = None
                if len(found) >= _MOST_LINKS:
                    break
    except (etree.LxmlError, *PARSER_FAILURES):
        return Said()  # the parser of documents says what is wrong with it
    return Said(tuple(found), canonical, "noindex" not in rules)


def _robots(said: str) -> set[str]:
    """The rules of a robots meta tag or header; ``none`` is both."""
    words = {each.strip().lower().rpartition(":")[2].strip() for each in said.split(",")}
    return words | {"noindex", "nofollow"} if "none" in words else words
