"""What an admin decides about the readings of a source: show them, leave them, take them back."""

from __future__ import annotations

from dataclasses import dataclass

from bot.cards import Card
from bot.desk.commands import Invocation
from bot.desk.forms import must_be_admin
from bot.desk.kb import words
from bot.desk.kb.parts import Knowledge
from bot.errors import UsageError
from bot.types import person


@dataclass(frozen=True, slots=True)
class Releases:
    """Raises :class:`UsageError` with what to say."""

    knowledge: Knowledge

    async def approve(self, source: str, by: Invocation) -> Card:
        """Show what waits, or was left as it was because it looked wrong."""
        await must_be_admin(by)
        known, _ = await self.knowledge.sources.show(source)
        async with self.knowledge.audit.of(person(by.place, by.user), "approved", known.id):
            reading = await self.knowledge.sources.approve(known.id)
            if reading is None:
                raise UsageError(f"Nothing of {known.location} waits.")
        return Card(f"{known.location}: {words.done(reading)}")

    async def reject(self, source: str, by: Invocation) -> Card:
        """Keep what is answered from; what waits does not come again."""
        await must_be_admin(by)
        known, _ = await self.knowledge.sources.show(source)
        async with self.knowledge.audit.of(person(by.place, by.user), "rejected", known.id):
            count = await self.knowledge.sources.reject(known.id)
            if not count:
                raise UsageError(f"Nothing of {known.location} waits.")
        return Card(f"{known.location}: {words.counted(count, 'document')} left as before.")

    async def restore(self, source: str, run: str, by: Invocation) -> Card:
        """Answer again from what was there after a reading; empty: before the newest change."""
        await must_be_admin(by)
        if run and not run.isdecimal():
            raise UsageError("That is not the number of a reading.")
        known, _ = await self.knowledge.sources.show(source)
        async with self.knowledge.audit.of(person(by.place, by.user), "restored", known.id, run):
            reading = await self.knowledge.sources.restore(known.id, int(run) if run else None)
        return Card(f"{known.location}: {words.done(reading)}")
