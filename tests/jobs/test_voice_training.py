"""Training at a set time: who is trained, that it is judged, and that only people promote."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.voices.wordings import Wordings
from bot.cards import Card
from bot.conversation.channels import Channels, WorkspaceRules
from bot.conversation.outbox import Outbox
from bot.desk.voices.making import Ended, What
from bot.errors import ConfigurationError
from bot.types import Place
from bot.voice.versions.registry import Registry
from jobs.admins import Admins
from jobs.voice_training import LEASE, VoiceTraining
from knowledge.library.leases import Leases
from knowledge.state.database import open_database
from tests.adapters.fake_platform import NAME, FakePlatform
from tests.bot.conftest import ROOT
from tests.kit.fakes import FixedClock
from tests.kit.loras import put_version

MEETING = Place(NAME, "W1", "C-meeting")
FEWEST = 3
GOOD: Mapping[str, Any] = {"usable": True, "missing": []}


class FakeFiles:
    """A voice's files that are prepared as a test sets it."""

    def __init__(self) -> None:
        self.prepared: Mapping[str, Any] | Exception = GOOD
        self.asked = "questions"

    async def prepare(self, name: str) -> Mapping[str, Any]:
        if isinstance(self.prepared, Exception):
            raise self.prepared
        return self.prepared

    def questions(self, name: str) -> str:
        return self.asked


class FakeWork:
    """Trains and judges at once. ``done``: what was begun, in order."""

    def __init__(self, voice: Path) -> None:
        self.voice = voice
        self.passes = True
        self.fails: set[str] = set()
        self.is_busy = False
        self.done: list[str] = []

    def begin(
        self, what: What, name: str, *options: str, ended: Ended | None = None
    ) -> Awaitable[bool]:
        self.done.append(" ".join((what, name, *options)))
        return self._do(what)

    async def _do(self, what: What) -> bool:
        if what in self.fails:
            return False
        if what == "train":
            self.number = sum(each.startswith("train") for each in self.done)
            put_version(self.voice, f"v{self.number}", self.number)
        else:
            shutil.rmtree(self.voice / "versions" / f"v{self.number}")
            put_version(self.voice, f"v{self.number}", self.number, passed=self.passes)
        return True

    def progress(self, name: str) -> str:
        return "No room."


class Scene:
    """A voice, whoever words its answers, and a channel where admins meet."""

    def __init__(self, engine: AsyncEngine, root: Path) -> None:
        self.engine, self.clock, self.office = engine, FixedClock(), FakePlatform()
        self.voice = root / "fernhill"
        self.voice.mkdir(parents=True)
        shutil.copy(ROOT / "voices" / "fernhill" / "guide.toml", self.voice)
        self.wordings = Wordings(engine, self.clock)
        self.outbox = Outbox(engine, self.clock)
        self.channels = Channels(engine)
        self.files, self.work = FakeFiles(), FakeWork(self.voice)
        self.registry = Registry(root, self.clock)
        self.leases = Leases(engine, self.clock)
        self.night = self.clock()
        self.job = VoiceTraining(
            engine=engine,
            last=self._last,
            fewest=FEWEST,
            voices=lambda: ["fernhill"],
            wordings=self.wordings,
            files=self.files,
            work=self.work,
            registry=self.registry,
            leases=self.leases,
            admins=Admins(self.channels, self.outbox, {NAME}, ()),
            clock=self.clock,
        )

    def _last(self, now: datetime) -> datetime | None:
        return self.night if now >= self.night else None

    async def worded(self, number: int) -> list[str]:
        ids = []
        for n in range(number):
            self.clock.tick(1)
            ids.append(await self.wordings.propose("fernhill", f"plain {n}", "x", "office:user:a"))
            await self.wordings.approve(ids[-1], "office:user:b")
        return ids

    async def next_night(self) -> list[Card]:
        """The next of the set times; what admins are told after it."""
        self.clock.tick(timedelta(days=1).total_seconds())
        self.night = self.clock()
        self.clock.tick(1)
        return await self.minute()

    async def minute(self) -> list[Card]:
        """The job's next minute; what admins are told after it."""
        await self.job.run()
        await self.outbox.run(self.office)
        told, self.office.posts = [card for _, card in self.office.posts], []
        return told


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
    try:
        scene = Scene(engine, tmp_path / "voices")
        rules = WorkspaceRules(digest_channel=MEETING.channel)
        await scene.channels.set_workspace(MEETING, rules, "x", scene.clock())
        assert await scene.minute() == []
        yield scene
    finally:
        await engine.dispose()


async def test_enough_new_wordings_are_trained_judged_and_asked_about(scene: Scene) -> None:
    await scene.worded(FEWEST)
    [card] = await scene.next_night()
    assert scene.work.done == ["train fernhill", "evaluate fernhill --version v1"]
    assert "trained on 3 new wordings: v1" in card.text and "Shall it speak?" in card.text
    assert "tone: +0.30" in card.text
    assert (card.buttons, card.subject) == (("promote",), "fernhill-v1")
    assert scene.registry.served("fernhill").live == "original", "nobody has promoted it"


async def test_it_is_done_once_a_night_and_not_again_without_new_wordings(scene: Scene) -> None:
    await scene.worded(FEWEST)
    assert len(await scene.next_night()) == 1
    assert await scene.minute() == [] and await scene.next_night() == []
    await scene.worded(FEWEST)
    assert await scene.minute() == [], "that is for the next night"
    [card] = await scene.next_night()
    assert card.subject == "fernhill-v2"


async def test_too_few_wordings_wait_until_there_are_more(scene: Scene) -> None:
    await scene.worded(FEWEST - 1)
    assert await scene.next_night() == [] and scene.work.done == []
    await scene.worded(1)
    assert len(await scene.next_night()) == 1


async def test_what_the_newest_version_has_learnt_is_not_new(scene: Scene) -> None:
    ids = await scene.worded(FEWEST)
    folder = put_version(scene.voice, "v7", 7)
    manifest = json.loads((folder / "version.json").read_text("utf-8"))
    (folder / "version.json").write_text(json.dumps({**manifest, "from_use": ids}), "utf-8")
    assert await scene.next_night() == [] and scene.work.done == []


async def test_switched_on_with_many_wordings_it_waits_for_its_time(tmp_path: Path) -> None:
    engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
    try:
        scene = Scene(engine, tmp_path / "voices")
        await scene.worded(FEWEST)
        await scene.minute()
        await scene.minute()
        assert scene.work.done == []
        await scene.next_night()
        assert scene.work.done[0] == "train fernhill"
    finally:
        await engine.dispose()


async def test_one_that_does_not_pass_stays_a_candidate_without_a_button(scene: Scene) -> None:
    scene.work.passes = False
    await scene.worded(FEWEST)
    [card] = await scene.next_night()
    assert "stays a candidate" in card.text and "refusals: 0.10 fewer" in card.text
    assert not card.buttons


async def test_without_questions_it_is_trained_and_says_what_is_missing(scene: Scene) -> None:
    scene.files.asked = ""
    await scene.worded(FEWEST)
    [card] = await scene.next_night()
    assert scene.work.done == ["train fernhill"] and "`/voice questions fernhill`" in card.text
    assert not card.buttons


async def test_a_training_that_failed_is_told_and_tried_the_next_night(scene: Scene) -> None:
    scene.work.fails = {"train"}
    await scene.worded(FEWEST)
    [card] = await scene.next_night()
    assert "could not be trained" in card.text and "No room." in card.text
    assert await scene.minute() == []
    scene.work.fails = set()
    [card] = await scene.next_night()
    assert "Shall it speak?" in card.text


async def test_what_cannot_be_prepared_is_told_once(scene: Scene) -> None:
    await scene.worded(FEWEST)
    scene.files.prepared = {"usable": False, "missing": ["12 more usable pairs"]}
    [card] = await scene.next_night()
    assert "Missing: 12 more usable pairs." in card.text and scene.work.done == []
    assert await scene.next_night() == []


async def test_files_that_cannot_be_read_are_told(scene: Scene) -> None:
    await scene.worded(FEWEST)
    scene.files.prepared = ConfigurationError("examples.jsonl, line 3: no JSON.")
    [card] = await scene.next_night()
    assert "line 3: no JSON." in card.text


async def test_it_waits_for_another_process_and_for_who_trains_by_hand(scene: Scene) -> None:
    await scene.worded(FEWEST)
    scene.work.is_busy = True
    assert await scene.next_night() == [] and scene.work.done == []
    scene.work.is_busy = False
    async with Leases(scene.engine, scene.clock, holder="another").hold(LEASE):
        assert await scene.minute() == [] and scene.work.done == []
    scene.work.is_busy = True
    assert await scene.minute() == [] and scene.work.done == []
    scene.work.is_busy = False
    assert len(await scene.minute()) == 1
