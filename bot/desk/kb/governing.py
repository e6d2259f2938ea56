"""Who may read a source, and when it is read again: ``/kb access`` and ``/kb schedule``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.cards import Card
from bot.desk.audit import Audit
from bot.desk.commands import Command, Invocation, Outcome, Parameter, Suggest
from bot.desk.kb.words import (
    HOW_READERS_ARE_NAMED,
    readers,
    readers_in,
    schedule,
    typed,
)
from bot.ports import Sources
from bot.types import person


@dataclass(frozen=True, slots=True)
class _Governing:
    sources: Sources
    audit: Audit

    async def access(self, by: Invocation) -> Outcome:
        source, _ = await self.sources.show(typed(by.values["source"]))
        if not by.values.get("readers"):
            told = f"{source.location} is {readers(source.readers, by.place)}."
            return Card(f"{told} {HOW_READERS_ARE_NAMED}")
        named = readers_in(by.values["readers"], by.place)
        who = person(by.place, by.user)
        async with self.audit.of(who, "access", source.id, ", ".join(sorted(named))):
            source = await self.sources.set_access(source.id, named)
        return Card(
            f"{source.location} is {readers(source.readers, by.place)} from now on; nobody else "
            "finds it, or is told that it exists."
        )

    async def schedule(self, by: Invocation) -> Outcome:
        source, _ = await self.sources.show(typed(by.values["source"]))
        if words := by.values.get("when"):
            who = person(by.place, by.user)
            async with self.audit.of(who, "schedule", source.id, " ".join(words.split())):
                source = await self.sources.set_schedule(source.id, words)
        return Card(f"{source.location}: {schedule(source)}")


def governing_commands(sources: Sources, audit: Audit, suggest: Suggest) -> Sequence[Command]:
    """The commands. ``suggest``: the sources that there are."""
    own = _Governing(sources, audit)
    source = Parameter("source", "Its id, address or path.", "first", suggest=suggest)
    return [
        Command(
            "kb",
            "Who may read a source; it holds at once.",
            own.access,
            "access",
            (
                source,
                Parameter(
                    "readers",
                    "public, here, or channels, roles and people.",
                    "name",
                    required=False,
                ),
            ),
            admin=True,
        ),
        Command(
            "kb",
            "When a source is read again.",
            own.schedule,
            "schedule",
            (
                source,
                Parameter(
                    "when",
                    "nightly, hourly, weekly, or as in 30 6 * * 1-5 Europe/Berlin.",
                    "name",
                    required=False,
                ),
            ),
            admin=True,
        ),
    ]
