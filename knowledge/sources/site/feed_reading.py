"""From a feed's XML to its entries: RSS 2.0 and 1.0, and Atom (RFC 4287)."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urljoin

from knowledge.errors import SourceError
from knowledge.sources.site.links import address
from knowledge.web.client import Response
from knowledge.web.urls import safe_url

_ATOM = "http://www.w3.org/2005/Atom"
_SPACES = ("", _ATOM, "http://purl.org/rss/1.0/", "http://purl.org/rss/1.0/modules/content/")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry."""

    id: str
    """Stable, as the feed says; else its link."""
    title: str
    """Plain text."""
    link: str
    """The page that it is about; may be empty."""
    html: str
    """What the feed holds of its text; may be empty."""
    is_whole: bool
    """Whether that is marked as its content, rather than as a summary."""


def read_feed(answer: Response) -> list[Entry]:
    """Its entries in its order, each once; raises SourceError for what is no feed."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    try:
        root = etree.fromstring(answer.content.strip(), parser)
    except (etree.LxmlError, ValueError) as error:
        raise _no_feed(answer.url) from error
    kind = etree.QName(root).localname if root is not None else ""
    if kind not in ("rss", "RDF", "feed"):
        raise _no_feed(answer.url)
    entries = root.iter("{*}item") if kind != "feed" else root.iter(f"{{{_ATOM}}}entry")
    read = [_entry(each, answer.url, is_atom=kind == "feed") for each in entries]
    return list({each.id: each for each in reversed(read) if each.id}.values())[::-1]


def _entry(entry: Any, base: str, *, is_atom: bool) -> Entry:
    by_name: dict[str, Any] = {}
    links = []
    for each in entry:
        if not isinstance(each.tag, str):
            continue
        space, _, name = each.tag.rpartition("}")
        if space.strip("{") not in _SPACES:
            continue  # modules use the same names: <media:title> is not the entry's title
        if name == "link":
            links.append(each)
        else:
            by_name.setdefault("content" if name == "encoded" else name, each)
    link = _link(links, base)
    whole = by_name.get("content")
    summary = by_name.get("summary", by_name.get("description"))
    html = _html(whole if whole is not None else summary, is_atom=is_atom)
    called = by_name.get("id" if is_atom else "guid")
    said = "".join(called.itertext()).strip() if called is not None else ""
    return Entry(said or link, _plain(by_name.get("title")), link, html, whole is not None)


def _link(links: list[Any], base: str) -> str:
    """Where the entry is to be read: RSS writes it as text, Atom as the alternate's address."""
    for each in links:
        if each.get("rel", "alternate") == "alternate":
            href = each.get("href") or (each.text or "").strip()
            return (address(base, urljoin(base, href)) or "") if href else ""
    return ""


def _html(element: Any, *, is_atom: bool) -> str:
    if element is None:
        return ""
    from lxml import etree

    kind = element.get("type", "text" if is_atom else "html")
    if kind == "xhtml" or len(element):
        inner = "".join(etree.tostring(each, encoding="unicode") for each in element)
        return f"{escape(element.text or '')}{inner}"
    text = (element.text or "").strip()
    return escape(text) if kind in ("text", "text/plain") else text


def _plain(element: Any) -> str:
    """A title without the markup that HTML titles have, escaped or not."""
    if element is None:
        return ""
    import lxml.html
    from lxml import etree

    text = " ".join("".join(element.itertext()).split())
    if "<" not in text and "&" not in text:
        return text
    try:
        return " ".join(lxml.html.fromstring(f"<p>{text}</p>").text_content().split())
    except (etree.LxmlError, ValueError):
        return text


def _no_feed(url: str) -> SourceError:
    return SourceError(
        f"{safe_url(url)} is no feed (RSS or Atom). Copy the feed's address from the site, or add "
        "the page as a web page."
    )
