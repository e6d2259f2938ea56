"""What of a reading is shown: ``/kb approve``, ``reject``, ``restore`` and ``runs``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.cards import Card, Row
from bot.desk.commands import Command, Invocation, Outcome, Parameter, Suggest
from bot.desk.forms import must_be_admin
from bot.desk.kb import words
from bot.desk.kb.parts import Knowledge
from bot.desk.settling import Decision, decision_in
from bot.errors import UsageError
from bot.ports import KnownSource, SourceReading
from bot.types import person

_DECISIONS = {"approved": "Shown", "rejected": "Kept as it was", "removed": "Removed"}
_STATES = {"waiting": ", waits in part", "rejected": ", rejected in part"}


@dataclass(frozen=True, slots=True)
class ReleaseDesk:
    """What is decided about readings, by command and by button. A subject is a source's id."""

    knowledge: Knowledge

    async def approve(self, source: str, by: Invocation) -> Card:
        """Show what waits."""
        known = await self._known(source, by)
        async with self.knowledge.audit.of(_who(by), "approved", known.id):
            known, reading = await self.knowledge.releases.approve(known.id)
            if reading is None:
                raise UsageError(
                    f"Nothing of {known.location} waits. What was rejected before is read again "
                    "by the next reading."
                )
        return Card(f"{known.location}: {words.done(reading)}. It is answered from now.")

    async def reject(self, source: str, by: Invocation) -> Card:
        """Keep what is shown."""
        known = await self._known(source, by)
        async with self.knowledge.audit.of(_who(by), "rejected", known.id):
            known, count = await self.knowledge.releases.reject(known.id)
            if not count:
                raise UsageError(f"Nothing of {known.location} waits.")
        return Card(
            f"{known.location}: {words.counted(count, 'document')} as before. What waited does "
            "not come again; a newer version does."
        )

    async def restore(self, subject: str, by: Invocation) -> Card:
        """Go back: ``subject`` is a source's id, with a dash and the number of a reading or not."""
        source, _, number = subject.partition("-")
        known = await self._known(source, by)
        reading = int(number) if number else None
        async with self.knowledge.audit.of(_who(by), "restored", known.id, number):
            known, done = await self.knowledge.releases.restore(known.id, reading)
        return Card(
            f"{known.location} is as it was: {words.done(done)}. That is reading {done.number}; "
            f"`/kb restore {known.id}` takes it back."
        )

    async def decided(self, source: str, since: datetime) -> Decision | None:
        """What became of what waited; None while something does."""
        try:
            if (await self.knowledge.releases.undecided(source)).documents:
                return None
        except UsageError:  # there is no such source any more
            pass
        lines = await self.knowledge.audit.since(source, since)
        return decision_in(lines, _DECISIONS, "Nothing of it waits any more")

    async def show_runs(self, by: Invocation) -> Outcome:
        """The newest readings, and those that one can go back to."""
        known, readings = await self.knowledge.releases.runs(words.typed(by.values["source"]))
        if not readings:
            return Card(f"{known.location} was never read.")
        targets = await self.knowledge.releases.restorable(known.id)
        told = "Going back shows what was there after that reading." if targets else ""
        return Card(
            "\n".join(
                [f"{known.location}, times in UTC. {told}", *(_line(each) for each in readings)]
            ),
            rows=tuple(
                Row(f"**After reading {each.number}**, {words.when(each)}", ("restore",), subject)
                for each in readings
                if each.number in targets and (subject := f"{known.id}-{each.number}")
            ),
        )

    async def _known(self, source: str, by: Invocation) -> KnownSource:
        await must_be_admin(by)
        return (await self.knowledge.sources.show(source))[0]


def release_commands(desk: ReleaseDesk, suggest: Suggest) -> Sequence[Command]:
    """The commands. ``suggest``: the sources that there are."""
    whole = Parameter("source", "Its id, address or path.", "name", suggest=suggest)
    first = Parameter("source", "Its id, address or path.", "first", suggest=suggest)
    run = Parameter(
        "run", "The number of a reading; else before the newest change.", "name", required=False
    )

    async def approve(by: Invocation) -> Outcome:
        return await desk.approve(words.typed(by.values["source"]), by)

    async def reject(by: Invocation) -> Outcome:
        return await desk.reject(words.typed(by.values["source"]), by)

    async def restore(by: Invocation) -> Outcome:
        known, _ = await desk.knowledge.sources.show(words.typed(by.values["source"]))
        number = by.values.get("run", "").strip()
        if number and not number.isdecimal():
            raise UsageError(f"`/kb runs {known.id}` shows the numbers of readings.")
        return await desk.restore(f"{known.id}-{number}" if number else known.id, by)

    return [
        Command(
            "kb", "Readings, and going back to one.", desk.show_runs, "runs", (whole,), admin=True
        ),
        Command(
            "kb",
            "Show what waits, or looked wrong.",
            approve,
            "approve",
            (whole,),
            admin=True,
        ),
        Command("kb", "Keep a source as it is shown now.", reject, "reject", (whole,), admin=True),
        Command(
            "kb",
            "Bring back what was there before.",
            restore,
            "restore",
            (first, run),
            admin=True,
        ),
    ]


def _line(reading: SourceReading) -> str:
    state = _STATES.get(reading.state, "")
    return f"- {reading.number}: {words.when(reading)}{state}: {words.done(reading)}"


def _who(by: Invocation) -> str:
    return person(by.place, by.user)
