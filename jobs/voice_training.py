"""Training of voices at a set time: those that have enough new wordings, up to a question.

What is trained is judged at once, and admins are asked whether it shall speak: nothing is promoted
here. A time that was missed is made up for once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.voices.wordings import Wordings
from bot.cards import Card
from bot.desk.voices.making import Work
from bot.errors import ConfigurationError, UsageError
from bot.voice.versions.registry import Registry, Version
from jobs.admins import Admins
from knowledge.errors import SourceBusy
from knowledge.library.leases import Leases
from knowledge.state.tables import Moment, metadata, upsert

LEASE = "voice-training"
"""One process trains, on whatever machine."""
_training = sa.Table(
    "voice_training",
    metadata,
    sa.Column("voice", sa.String(40), primary_key=True),
    sa.Column("looked_at", Moment, nullable=False),
    sa.Column("begun_at", Moment),
)
_log = structlog.get_logger("housevoice")


class Prepares(Protocol):
    """What is asked of a voice's files."""

    async def prepare(self, name: str) -> Mapping[str, Any]:
        """Make pairs of what was brought in and of approved wordings; the report."""
        ...

    def questions(self, name: str) -> str:
        """The questions that it is judged by; empty if there are none."""
        ...


@dataclass(frozen=True, slots=True)
class VoiceTraining:
    """The job, put together by the shell."""

    engine: AsyncEngine
    last: Callable[[datetime], datetime | None]
    """The last of the set times up to a moment."""
    fewest: int
    """Wordings that must have been approved since the last training."""
    voices: Callable[[], Sequence[str]]
    wordings: Wordings
    files: Prepares
    work: Work
    registry: Registry
    leases: Leases
    admins: Admins
    clock: Callable[[], datetime]

    async def run(self) -> None:
        """Train what is due; nothing where another process does, or somebody trains by hand."""
        moment = self.last(self.clock())
        if moment is None or not await self._due(moment):
            return
        try:
            async with self.leases.hold(LEASE):
                for name, begun_at in await self._due(moment):
                    await self._look(name, begun_at)
        except SourceBusy:
            _log.info("voice_training_busy")

    async def _due(self, moment: datetime) -> list[tuple[str, datetime | None]]:
        """The voices that were not looked at since then, with their last training.

        One that is new here is looked at the next time: switching this on trains nothing at once.
        """
        async with self.engine.connect() as db:
            rows = {row.voice: row for row in await db.execute(sa.select(_training))}
        for name in self.voices():
            if name not in rows:
                await self._enter(name, looked_at=self.clock())
        return [
            (name, rows[name].begun_at)
            for name in self.voices()
            if name in rows and rows[name].looked_at < moment
        ]

    async def _look(self, name: str, begun_at: datetime | None) -> None:
        if self.work.is_busy:  # somebody trains by hand: the next minute is soon enough
            return
        number, now = await self._grown(name, begun_at), self.clock()
        await self._enter(name, looked_at=now)
        if number < self.fewest:
            return
        try:
            told = await self._trained(name, number, now)
        except (UsageError, ConfigurationError) as error:
            told = Card(f"**{name} could not be trained.** {error}")
        await self.admins.tell(f"training:{name}:{now.isoformat()}", told)

    async def _grown(self, name: str, begun_at: datetime | None) -> int:
        """Wordings that were approved since its last training and are in no newest version."""
        known = self.registry.versions(name)
        made = known[-1].manifest if known else None
        learnt = frozenset(made.from_use) if made else frozenset()
        return sum(
            each.id not in learnt
            and each.approved_at is not None
            and (begun_at is None or each.approved_at > begun_at)
            for each in await self.wordings.approved(name)
        )

    async def _trained(self, name: str, number: int, now: datetime) -> Card:
        """Prepare, train and judge; what to tell admins."""
        prepared = await self.files.prepare(name)
        if not prepared["usable"]:
            await self._enter(name, looked_at=now, begun_at=now)
            missing = ", ".join(prepared["missing"])
            return Card(f"**{name} could not be trained.** Missing: {missing}.")
        before = [each.id for each in self.registry.versions(name)]
        if not await self.work.begin("train", name):  # the next time, as after it was killed
            return Card(f"**{name} could not be trained.** {self.work.progress(name)}")
        await self._enter(name, looked_at=now, begun_at=now)
        (version,) = [each for each in self.registry.versions(name) if each.id not in before]
        head = f"**{name} was trained on {number} new wordings: {version.id}.**"
        if not self.files.questions(name):
            return Card(
                f"{head} I have no questions to judge it by: `/voice questions {name}` takes "
                f"them, and `/voice evaluate {name}` judges it."
            )
        if not await self.work.begin("evaluate", name, "--version", version.id):
            return Card(f"{head} It could not be judged. {self.work.progress(name)}")
        return _asked(head, name, self.registry.version(name, version.id))

    async def _enter(self, name: str, **values: datetime) -> None:
        keep = () if "begun_at" in values else ("begun_at",)
        entry = upsert(self.engine, _training, keep=keep).values(voice=name, **values)
        async with self.engine.begin() as db:
            await db.execute(entry)


def _asked(head: str, name: str, version: Version) -> Card:
    """The question whether it shall speak, if the gate lets it; else why it does not."""
    verdict = version.verdict
    reasons = "\n".join(f"- {each}" for each in verdict.reasons) if verdict else ""
    if verdict is None or not verdict.passed:
        return Card(f"{head} It did not pass, and stays a candidate:\n{reasons}")
    how = f"`/voice promote {version.id} voice={name}` lets it speak, `/voice status` compares."
    return Card(
        f"{head} It passed. Shall it speak?\n{reasons}\n\n{how}",
        buttons=("promote",),
        subject=f"{name}-{version.id}",
    )
