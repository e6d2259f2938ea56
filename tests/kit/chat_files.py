"""A chat server with files, and the bot's reader of what comes with questions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.library.attachments import AttachmentReader
from knowledge.retrieval.retriever import Retriever
from knowledge.state.database import open_database
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.port import PassageStore
from knowledge.types import Attachment, Passage, Unread, conversation_principal
from knowledge.web.client import GuardedClient
from tests.kit.fakes import FakeReader, FixedClock
from tests.kit.library import file_reader
from tests.kit.web_site import Site, running_site
from tests.kit.word_embedder import WordEmbedder

MAX_BYTES = 50_000
HERE, THERE = "slack:T1:C1:17.1", "slack:T1:C1:17.2"


def reasons(unread: dict[str, Unread]) -> dict[str, str]:
    """By file, why none of it was read."""
    assert not any(each.is_partly for each in unread.values())
    return {name: each.reason for name, each in unread.items()}


class Room:
    """A chat server with files, and what the bot keeps of them."""

    def __init__(
        self, site: Site, store: PassageStore, engine: AsyncEngine, client: GuardedClient
    ) -> None:
        self.site = site
        self.store = store
        self.engine = engine
        self.client = client
        self.embedder = WordEmbedder()
        self.clock = FixedClock()

    def reader(self, store: object = None, **options: Any) -> AttachmentReader:
        """A reader, as after a restart; ``store`` may be something between."""
        return AttachmentReader(
            store or self.store,  # type: ignore[arg-type]
            self.embedder,
            file_reader(),
            self.client,
            self.engine,
            clock=self.clock,
            **{"max_bytes": MAX_BYTES, **options},
        )

    def file(
        self,
        name: str,
        body: bytes | str = "",
        *,
        at: str = "/file",
        served: str | None = None,
        status: int = 200,
        **of: Any,
    ) -> Attachment:
        """A file that its chat server hands out."""
        headers = {"Content_Type": served} if served else {}
        self.site.serve(at, body, status, **headers)
        return Attachment(name, self.site.url(at), **of)

    async def found(self, words: str, *principals: str) -> list[str]:
        """The documents whose passages hold all of the words, as somebody finds them."""
        evidence = await Retriever(self.store, self.embedder, FakeReader()).search(
            words, frozenset(principals), 100
        )
        return sorted({each.passage.document for each in evidence if each.answers == 1})

    async def passages(self, conversation: str = HERE) -> list[Passage]:
        """All that the files of a conversation hold."""
        vector = await self.embedder.embed_question("anything")
        readers = frozenset({conversation_principal(conversation)})
        found = await self.store.search("", vector, readers, 1000, alpha=1)
        return sorted((one.passage for one in found), key=lambda p: (p.document, p.position))

    async def entries(self) -> list[str]:
        """The documents that are entered as kept."""
        async with self.engine.connect() as db:
            rows = await db.execute(sa.text("SELECT document FROM attachment ORDER BY document"))
            return [row.document for row in rows]


@asynccontextmanager
async def open_room(folder: Path) -> AsyncIterator[Room]:
    """A room whose site, database and store are its own."""
    async with AsyncExitStack() as opened:
        site = await opened.enter_async_context(running_site())
        engine = await open_database(f"sqlite:///{folder / 'state.db'}")
        opened.push_async_callback(engine.dispose)
        store = await EmbeddedStore.open(folder / "passages.db")
        opened.push_async_callback(store.close)
        client = GuardedClient(allow=("127.0.0.0/8",))
        opened.push_async_callback(client.aclose)
        yield Room(site, store, engine, client)
