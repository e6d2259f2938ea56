"""The digest of a night: what it tells, when it is made, and that it is made once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest_asyncio
import sqlalchemy as sa
from PIL import Image
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.gaps import Gaps
from bot.answers.history import History
from bot.conversation.channels import Channels, WorkspaceRules
from bot.conversation.outbox import Outbox
from bot.types import Asker, Message, Place, Reply
from jobs.digest import Digests
from jobs.measures import Measures
from knowledge.library.catalog import Catalog, RunReport
from knowledge.library.library import Library
from knowledge.sources.port import Means
from knowledge.state.database import open_database
from knowledge.stores.embedded import EmbeddedStore
from knowledge.web.client import GuardedClient
from tests.adapters.fake_platform import NAME, FakePlatform
from tests.kit.fakes import THRESHOLDS, FixedClock, InMemoryPassages, evidence
from tests.kit.library import file_reader
from tests.kit.word_embedder import WordEmbedder

NIGHT = datetime(2026, 3, 3, 3, tzinfo=UTC)
ADMINS = Place(NAME, "W1", "C-admins")


class Scene:
    """A library with two folders, an admin channel, and a clock."""

    def __init__(self, engine: AsyncEngine, library: Library, folder: Path) -> None:
        self.engine, self.library, self.folder = engine, library, folder
        self.clock = FixedClock(NIGHT - timedelta(hours=9))
        self.passages = InMemoryPassages()
        self.office = FakePlatform()
        self.outbox = Outbox(engine, self.clock)
        self.digests = Digests(
            library,
            Gaps(engine),
            Measures(engine),
            Channels(engine),
            self.outbox,
            self.passages.search,
            THRESHOLDS,
            lambda spec: spec.shown,
            self.clock,
        )

    async def gap(self, question: str) -> None:
        message = Message(f"m:{question}", NAME, f"{NAME}:W1:C1", Asker("a"), question)
        reply = Reply(question, "I do not know.", "none", "v", question[:30])
        await History(self.engine).record(message, reply, self.clock())

    async def posted(self) -> list[str]:
        await self.outbox.run(self.office)
        return [card.text for _, card in self.office.posts]


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
    store = await EmbeddedStore.open(tmp_path / "passages.db")
    clock = FixedClock()
    async with GuardedClient() as client:
        library = Library(
            engine,
            store,
            WordEmbedder(),
            file_reader(),
            Means(client, 10**6),
            clock=lambda: clock(),
        )
        scene = Scene(engine, library, tmp_path)
        clock.__class__ = type(scene.clock)
        library._clock = library._ingester._clock = scene.clock
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "a.md").write_text("Apples.")
            await library.add(str(tmp_path / name))
        rules = WorkspaceRules(digest_channel=ADMINS.channel)
        await scene.digests.channels.set_workspace(ADMINS, rules, "x", scene.clock())
        yield scene
    await store.close()
    await engine.dispose()


async def read_at_night(scene: Scene) -> None:
    scene.clock.now = NIGHT + timedelta(minutes=1)
    for spec in await scene.library.sources():
        await scene.library.refresh(spec.id)


async def test_it_tells_what_a_night_did(scene: Scene) -> None:
    await scene.gap("Who repairs bicycles?")
    await scene.gap("Where is the shed?")
    scene.passages.knows("shed", evidence("Behind the mill."))
    (scene.folder / "one" / "b.md").write_text("Pears.")
    (scene.folder / "two" / "a.md").unlink()
    (scene.folder / "two").rmdir()
    await read_at_night(scene)
    assert await scene.digests.post(NIGHT) == 1
    (told,) = await scene.posted()
    assert scene.office.posts[0][0] == ADMINS
    assert told.startswith("**What I know, as of 2026-03-03**\n2 sources with 3 documents.")
    assert "3 added, 0 changed, 0 removed, 0 skipped, 0 quarantined" in told
    assert "Could not be read: 1" in told and str(scene.folder / "two") in told
    assert "Longest unread: " in told and "since 2026-03-03 03:01 UTC" in told
    assert "Questions without an answer: 1 closed, 1 open." in told


async def test_it_counts_all_readings_of_a_busy_source(scene: Scene) -> None:
    spec = await scene.library.find(str(scene.folder / "one"))
    catalog, changed = Catalog(scene.engine), RunReport(spec.id, 0, 1, 0, 0, {})
    for minute in range(22):
        at = NIGHT + timedelta(minutes=minute)
        await catalog.end_run(await catalog.begin_run(spec.id, at), changed, at)
    await read_at_night(scene)
    scene.clock.now = NIGHT + timedelta(hours=1)
    await scene.digests.post(NIGHT)
    assert "2 added, 22 changed" in (await scene.posted())[0]


async def test_it_waits_for_the_last_source_but_not_for_ever(scene: Scene) -> None:
    scene.clock.now = NIGHT + timedelta(minutes=1)
    assert await scene.digests.post(NIGHT) == 0
    scene.clock.now = NIGHT + timedelta(hours=2, minutes=1)
    assert await scene.digests.post(NIGHT) == 1


async def test_a_night_has_one(scene: Scene) -> None:
    await read_at_night(scene)
    assert await scene.digests.post(NIGHT) == 1
    assert await scene.digests.post(NIGHT) == 0
    async with scene.engine.begin() as db:  # as if it had been killed before it was noted
        await db.execute(sa.text("DELETE FROM measure"))
    await scene.digests.post(NIGHT)
    assert len(await scene.posted()) == 1
    assert len(await scene.posted()) == 1


async def test_the_trend_is_a_small_picture_from_the_second_night_on(scene: Scene) -> None:
    await read_at_night(scene)
    await scene.digests.post(NIGHT)
    scene.clock.now = NIGHT + timedelta(days=1, hours=3)
    await scene.digests.post(NIGHT + timedelta(days=1))
    await scene.outbox.run(scene.office)
    first, second = (card.picture for _, card in scene.office.posts)
    assert first is None and second is not None
    image = Image.open(BytesIO(second.content))
    assert (image.format, image.size) == ("PNG", (480, 160))
    assert second.alt == "2026-03-03 to 2026-03-04: documents 2 to 2, open gaps 0 to 0"


async def test_without_a_channel_none_is_posted_and_the_night_is_counted(scene: Scene) -> None:
    rules = WorkspaceRules()
    await scene.digests.channels.set_workspace(ADMINS, rules, "x", scene.clock())
    await read_at_night(scene)
    assert await scene.digests.post(NIGHT) == 0
    assert [each.documents for each in await scene.digests.measures.newest(5)] == [2]


async def test_it_tells_what_waits_with_buttons(scene: Scene) -> None:
    for name in ("b", "c", "d"):
        (scene.folder / "one" / f"{name}.md").write_text("Pears.")
    one = await scene.library.find(str(scene.folder / "one"))
    two = await scene.library.find(str(scene.folder / "two"))
    await scene.library.refresh(one.id)
    for name in ("b", "c"):
        (scene.folder / "one" / f"{name}.md").unlink()
    long = "Pears are sweet fruit. " * 200
    (scene.folder / "two" / "a.md").write_text(long)
    await scene.library.refresh(two.id)
    (scene.folder / "two" / "a.md").write_text("Pears.")
    await read_at_night(scene)
    await scene.digests.post(NIGHT)
    (told,) = await scene.posted()
    assert "1 quarantined" in told and "Waiting for an admin: 2 sources." in told
    rows = {each.subject: each for each in scene.office.posts[0][1].rows}
    assert {each.buttons for each in rows.values()} == {("approve", "reject")}
    assert "/one**: 2 documents. 2 of 4 documents are gone" in rows[one.id].text
    assert "/two**: 1 document. Left as before: a.md. It had" in rows[two.id].text
    await scene.library.approve(one.id)
    await scene.library.reject(two.id)
    scene.clock.now = NIGHT + timedelta(days=1, hours=3)
    await scene.digests.post(NIGHT + timedelta(days=1))
    assert "Waiting" not in (await scene.posted())[1]
