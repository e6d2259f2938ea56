"""What cannot wait for the digest: that a source waits for an admin, or fails night after night."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.cards import Action, Card
from jobs.admins import Admins
from jobs.reingest import NIGHTS
from knowledge.errors import SourceError
from knowledge.library.kept.notices import Notice
from knowledge.library.library import Library
from knowledge.sources.port import SourceSpec

_HEADS = {"waiting": "**A source waits for an admin.**", "failing": "**A source cannot be read.**"}


@dataclass(frozen=True, slots=True)
class Notifying:
    """Has notices posted: to the admins' channels, and to whoever added the source."""

    library: Library
    admins: Admins
    shown: Callable[[SourceSpec], str]
    """How a source is called."""
    clock: Callable[[], datetime]

    async def deliver(self) -> int:
        """Have all that is pending posted; returns how many notices were.

        What is no longer so is dropped. What nobody can be told of stays, until somebody can.
        """
        told, over = [], []
        for notice in await self.library.notices.pending():
            try:
                spec = await self.library.find(notice.source)
            except SourceError:  # removed meanwhile
                over.append(notice.id)
                continue
            if not await self._holds(notice):
                over.append(notice.id)
            elif await self._tell(notice, spec):
                told.append(notice.id)
        if told or over:  # it is done every minute
            await self.library.notices.delivered([*told, *over], self.clock())
        return len(told)

    async def _holds(self, notice: Notice) -> bool:
        if notice.kind == "waiting":
            return bool(await self.library.undecided(notice.source))
        task = await self.library.tasks.of(notice.source)
        return task is not None and task.failed_nights >= NIGHTS

    async def _tell(self, notice: Notice, spec: SourceSpec) -> bool:
        """Whether there is anybody who will be told."""
        text = f"{_HEADS[notice.kind]} {self.shown(spec)}: {notice.text}"
        waits = notice.kind == "waiting"
        buttons: tuple[Action, ...] = ("approve", "reject") if waits else ()
        card = Card(text, buttons=buttons, subject=spec.id)
        decide = f"`/kb approve {spec.id}` shows it, `/kb reject {spec.id}` keeps what there was."
        alone = Card(f"{text} {decide}" if waits else f"{text} `/kb show {spec.id}` tells more.")
        return await self.admins.tell(f"notice:{notice.id}", card, alone, notice.audience)
