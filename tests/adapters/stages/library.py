"""A stage before a real library and a real site, for what admins do with sources."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.shell.releases import LibraryReleases
from bot.shell.sources import LibrarySources
from jobs.schedules import Schedules
from knowledge.library.library import Library
from knowledge.library.release.building import Checks
from knowledge.library.uploads import Uploads
from knowledge.sources.port import Means
from knowledge.state.database import open_database
from knowledge.stores.embedded import EmbeddedStore
from knowledge.web.client import GuardedClient
from tests.adapters.stages.playing import shown
from tests.adapters.stages.stage import Stage, Where, opened
from tests.adapters.stages.stages import STAGES
from tests.kit.fakes import FakeReader
from tests.kit.library import file_reader
from tests.kit.web_site import Site, running_site
from tests.kit.word_embedder import WordEmbedder

PAGE = "<html><title>Help</title><h1>Help</h1><p>Ring twice for the porter.</p></html>"


@dataclass(frozen=True)
class Scene:
    """A stage before a real library and a real site."""

    stage: Stage
    library: Library
    store: EmbeddedStore
    site: Site

    async def says(self, line: str) -> str:
        return shown(await self.stage.command("ida", "general", line)).text.replace("`", "")

    async def adds(self, line: str, where: Where = "general") -> str:
        """Give a command that adds something, look at what was found, and keep it."""
        tried = shown(await self.stage.command("ida", where, line))
        return shown(await self.stage.press("ida", tried, "keep")).text.replace("`", "")


@asynccontextmanager
async def scene(platform: str, folder: Path, *allowed: str) -> AsyncIterator[Scene]:
    """``allowed``: networks inside which pages may be fetched."""
    engine = await open_database(f"sqlite:///{folder / 'library.db'}")
    store = await EmbeddedStore.open(folder / "passages.db")
    async with running_site() as site, GuardedClient(allow=allowed) as client:
        site.serve("/robots.txt", status=404)
        site.serve("/help", PAGE, Content_Type="text/html")
        means = Means(client, 10**6)
        checks = Checks(FakeReader(), 0.5)
        library = Library(engine, store, WordEmbedder(), file_reader(), means, checks=checks)
        uploads = Uploads(folder / "uploads", means)
        sources = LibrarySources(library, uploads, lambda: Schedules("0 3 * * *"))
        releases = LibraryReleases(library, sources)
        given = {"sources": sources, "releases": releases}
        async with opened(STAGES[platform], folder, **given) as stage:
            yield Scene(stage, library, store, site)
    await store.close()
    await engine.dispose()
