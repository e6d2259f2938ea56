"""For each kind of source a real place that holds one document, which a test writes and deletes."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.kit.web_site import Answer, Request, Site, running_site


class Place(Protocol):
    """Where a kind's documents are, for a test to write in."""

    typed: str
    options: Mapping[str, Any]

    def write(self, text: str) -> None: ...

    def delete(self) -> None: ...


@dataclass
class Disk:
    """A file, alone or in a folder."""

    typed: str
    path: Path
    options: Mapping[str, Any] = field(default_factory=dict)

    def write(self, text: str) -> None:
        self.path.write_text(text)

    def delete(self) -> None:
        self.path.unlink()


class Page:
    """A page on a site of its own, with ETags."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.typed = site.url("/page")
        self.options: Mapping[str, Any] = {}

    def write(self, text: str) -> None:
        tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:8]}"'

        def page(request: Request) -> Answer:
            if request.headers.get("if-none-match") == tag:
                return Answer(status=304, headers={"ETag": tag})
            return Answer(text.encode(), headers={"Content-Type": "text/html", "ETag": tag})

        self._site.pages["/page"] = page

    def delete(self) -> None:
        del self._site.pages["/page"]


class LinkedPage(Page):
    """A page that the site's first one leads to, which itself is not to be kept."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.typed = f"website {site.url('/')}"
        links = '<meta name="robots" content="noindex"><a href="/page">Salaries</a>'
        site.serve("/", links, Content_Type="text/html")


class MappedPage(Page):
    """A page that a site map lists, without a date."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.typed = site.url("/sitemap.xml")
        listed = f"<urlset><url><loc>{site.url('/page')}</loc></url></urlset>"
        site.serve("/sitemap.xml", listed)


class FedPage(Page):
    """A page that a feed has an entry for."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.typed = site.url("/feed.xml")
        entry = "<item><guid>pay</guid><link>/page</link></item>"
        site.serve("/feed.xml", f"<rss><channel>{entry}</channel></rss>")


_SITES = {"web": Page, "website": LinkedPage, "sitemap": MappedPage, "feed": FedPage}


@asynccontextmanager
async def place_for(kind: str, folder: Path) -> AsyncIterator[Place]:
    """The place of a kind, for as long as the block lasts; ``folder`` is there and empty."""
    if kind in _SITES:
        async with running_site() as site:
            yield _SITES[kind](site)
    else:
        path = folder / "pay.md"
        yield Disk(str(path if kind == "file" else folder), path)
