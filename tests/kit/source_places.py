"""For each kind of source a real place that holds one document, which a test writes and deletes."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.kit.git_host import GitHost, Repository, running_git_host
from tests.kit.services import Confluence
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


class Item(Page):
    """An item that an endpoint lists, if it is there."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.typed = f"rest {site.url('/items')}"
        self.options = {"format": "text"}
        self.delete()

    def write(self, text: str) -> None:
        self._site.serve(
            "/items", json.dumps([{"id": "pay", "text": text, "url": "https://x.example"}])
        )

    def delete(self) -> None:
        self._site.serve("/items", "[]")


class Loaded:
    """A page of a space that a loader reads."""

    def __init__(self, site: Site) -> None:
        self._space = Confluence(site)
        self.typed = "loader confluence/docs"
        given = ("space_key=DOCS", "cloud=false", "keep_markdown_format=true")
        self.options: Mapping[str, Any] = {"argument": [f"url={site.url('')}", *given]}

    def write(self, text: str) -> None:
        self._space.write("pay", "", text)

    def delete(self) -> None:
        self._space.pages.clear()


class Rows:
    """A row of a table in a SQLite file."""

    def __init__(self, folder: Path) -> None:
        (folder / "url").write_text(f"sqlite:///{folder / 'desk.db'}")
        self._database = sqlite3.connect(folder / "desk.db", isolation_level=None)
        self._database.execute("CREATE TABLE article (id TEXT, text TEXT, url TEXT)")
        self.typed = "sql articles"
        self.options: Mapping[str, Any] = {
            "database": f"file:{folder / 'url'}",
            "query": "SELECT * FROM article",
            "format": "text",
        }

    def write(self, text: str) -> None:
        self.delete()
        self._database.execute("INSERT INTO article VALUES ('pay', ?, 'https://x.example')", [text])

    def delete(self) -> None:
        self._database.execute("DELETE FROM article")

    def close(self) -> None:
        self._database.close()


class Committed:
    """A file in a Git repository."""

    def __init__(self, host: GitHost) -> None:
        self._repository = Repository(host)
        self.typed = self._repository.url
        self.options: Mapping[str, Any] = {}

    def write(self, text: str) -> None:
        self._repository.write("pay.md", text)
        self._repository.commit()

    def delete(self) -> None:
        (self._repository.work / "pay.md").unlink()
        self._repository.commit()


_SITES = {"web": Page, "website": LinkedPage, "sitemap": MappedPage, "feed": FedPage, "rest": Item}


@asynccontextmanager
async def place_for(kind: str, folder: Path) -> AsyncIterator[Place]:
    """The place of a kind, for as long as the block lasts; ``folder`` is there and empty."""
    if kind in _SITES:
        async with running_site() as site:
            yield _SITES[kind](site)
    elif kind == "loader":
        async with running_site() as site:
            yield Loaded(site)
    elif kind == "git":
        async with running_git_host(folder) as host:
            yield Committed(host)
    elif kind == "sql":
        rows = Rows(folder)
        yield rows
        rows.close()
    else:
        path = folder / "pay.md"
        yield Disk(str(path if kind == "file" else folder), path)
