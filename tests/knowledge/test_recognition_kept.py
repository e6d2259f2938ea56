"""Recognised text as it is kept: of sources that ask for it, and of files of a question."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from fpdf import FPDF

from knowledge.documents.pool import ReaderPool
from knowledge.errors import SourceError
from knowledge.library.attachments import AttachmentReader
from knowledge.library.library import Library
from knowledge.sources.port import Means
from knowledge.state.database import open_database
from knowledge.stores.embedded import EmbeddedStore
from knowledge.types import PUBLIC, Attachment, Passage, Unread, conversation_principal
from knowledge.web.client import GuardedClient
from tests.kit.pictures import Says, blank, drawn, file_of
from tests.kit.web_site import running_site
from tests.kit.word_embedder import WordEmbedder, count_words

HERE = "slack:T1:C1:17.1"
MARK = "Recognised text, 93 % certain"


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    opened = ReaderPool(count_words, Says(("Ring the bell twice.",)))
    yield opened
    opened.close()


class House:
    """A store with what reads into it. ``recognises``: whether there is an engine."""

    def __init__(self, pool: ReaderPool, store: EmbeddedStore, client: GuardedClient) -> None:
        self.pool, self.store, self.client = pool, store, client

    async def passages(self, principal: str = PUBLIC) -> list[Passage]:
        """All that somebody may read."""
        vector = await WordEmbedder().embed_question("anything")
        found = await self.store.search("", vector, frozenset({principal}), 100, alpha=1)
        return sorted((each.passage for each in found), key=lambda p: (p.document, p.position))


@pytest_asyncio.fixture
async def house(pool: ReaderPool, tmp_path: Path) -> AsyncIterator[House]:
    async with AsyncExitStack() as opened:
        store = await EmbeddedStore.open(tmp_path / "passages.db")
        opened.push_async_callback(store.close)
        client = GuardedClient(allow=("127.0.0.0/8",))
        opened.push_async_callback(client.aclose)
        yield House(pool, store, client)


@pytest_asyncio.fixture
async def libraries(house: House, tmp_path: Path) -> AsyncIterator[tuple[Library, Library]]:
    """Over one data folder: with an engine, and before one was installed."""
    engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")

    def library(*, recognises: bool) -> Library:
        means = Means(house.client, 10**6, recognises=recognises)
        return Library(engine, house.store, WordEmbedder(), house.pool, means)

    yield library(recognises=True), library(recognises=False)
    await engine.dispose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "pay.md").write_text("Salaries arrive monthly.")
    (folder / "sign.png").write_bytes(file_of(drawn("x")))
    (folder / "wall.png").write_bytes(file_of(blank()))
    return folder


def scan(pages: int = 2) -> bytes:
    """A PDF whose first page is text and whose others are pictures."""
    document = FPDF(unit="pt")
    document.add_page()
    document.set_font("helvetica", size=11)
    document.text(60, 120, "The rent is due on Friday.")
    for _ in range(1, pages):
        document.add_page()
        document.image(blank(), 0, 0, document.w, document.h)
    return bytes(document.output())


class TestSource:
    async def test_reads_pictures_where_it_asks_for_it(
        self, libraries: tuple[Library, Library], house: House, folder: Path
    ) -> None:
        _, report = await libraries[0].add(str(folder), options={"ocr": True})
        assert (report.added, report.others) == (2, {"pictures without text": 1})
        sign = (await house.passages())[1]
        assert (sign.context, sign.text) == (f"Sign › {MARK}", "Ring the bell twice.")

    async def test_leaves_them_alone_by_default(
        self, libraries: tuple[Library, Library], folder: Path
    ) -> None:
        _, report = await libraries[0].add(str(folder))
        assert (report.added, report.skipped, report.others) == (1, {}, {"pictures": 2})

    async def test_is_not_added_where_no_engine_is_installed(
        self, libraries: tuple[Library, Library], folder: Path
    ) -> None:
        with pytest.raises(SourceError, match=r"not installed here.*\.\[ocr\]"):
            await libraries[1].add(str(folder), options={"ocr": True})
        assert await libraries[1].sources() == []

    async def test_is_read_again_once_it_asks_for_it(
        self, libraries: tuple[Library, Library], house: House, folder: Path
    ) -> None:
        await libraries[0].add(str(folder))
        await libraries[0].add(str(folder), options={"ocr": True})
        assert [each.document for each in await house.passages()] == ["pay.md", "sign.png"]

    async def test_keeps_its_documents_when_the_engine_is_gone(
        self, libraries: tuple[Library, Library], house: House, folder: Path
    ) -> None:
        spec, _ = await libraries[0].add(str(folder), options={"ocr": True})
        report = await libraries[1].refresh(spec.id)
        assert (report.error, report.others) == (None, {"pictures": 2})
        assert [each.document for each in await house.passages()] == ["pay.md"]


class TestFileOfAQuestion:
    async def read(
        self, house: House, tmp_path: Path, name: str, content: bytes, *, recognises: bool
    ) -> dict[str, Unread]:
        engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
        async with running_site() as site:
            site.serve("/file", content)
            reader = AttachmentReader(
                house.store, WordEmbedder(), house.pool, house.client, engine, recognises=recognises
            )
            unread = await reader.read(HERE, [Attachment(name, site.url("/file"))])
        await engine.dispose()
        return unread

    async def test_is_read_if_it_is_a_picture(self, house: House, tmp_path: Path) -> None:
        content = file_of(drawn("x"))
        assert await self.read(house, tmp_path, "sign.png", content, recognises=True) == {}
        (sign,) = await house.passages(conversation_principal(HERE))
        assert (sign.context, sign.text) == (f"Sign › {MARK}", "Ring the bell twice.")

    async def test_is_refused_if_it_is_a_picture_and_there_is_no_engine(
        self, house: House, tmp_path: Path
    ) -> None:
        content = file_of(drawn("x"))
        unread = await self.read(house, tmp_path, "sign.png", content, recognises=False)
        assert unread == {"sign.png": Unread("Images are not read.")}

    @pytest.mark.parametrize("name", ["photo.heic", "drawing.svg"])
    async def test_is_refused_if_it_is_a_picture_of_another_kind(
        self, house: House, tmp_path: Path, name: str
    ) -> None:
        unread = await self.read(house, tmp_path, name, b"<svg/>", recognises=True)
        assert unread == {name: Unread("Images are not read.")}

    async def test_tells_a_picture_without_text(self, house: House, tmp_path: Path) -> None:
        unread = await self.read(house, tmp_path, "wall.png", file_of(blank()), recognises=True)
        assert unread == {"wall.png": Unread("No text was recognised in the picture.")}

    @pytest.mark.parametrize("recognises", [True, False])
    async def test_tells_what_was_left_out_of_it(
        self, house: House, tmp_path: Path, recognises: bool
    ) -> None:
        unread = await self.read(house, tmp_path, "lease.pdf", scan(3), recognises=recognises)
        told = "but for 2 pages without text (2, 3), it was read"
        assert unread == {"lease.pdf": Unread(told, is_partly=True)}
        (passage,) = await house.passages(conversation_principal(HERE))
        assert passage.text == "The rent is due on Friday."
