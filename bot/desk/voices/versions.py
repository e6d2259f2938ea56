"""What admins do with the versions of a voice by command: compare, promote, roll back, try out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.answers.voices.blind import BlindChoices
from bot.answers.voices.records import Record
from bot.cards import Card, Choice
from bot.conversation.channels import Channels
from bot.desk.audit import Audit
from bot.desk.commands import Command, Invocation, Outcome, Parameter, Suggest
from bot.desk.forms import must_be_admin
from bot.desk.settling import Decision
from bot.desk.voices.blind import told
from bot.errors import ConfigurationError, UsageError
from bot.types import person
from bot.voice.versions.registry import STALE, Registry
from bot.voice.voice import Voice

COMPARED = timedelta(days=30)
"""How far back ``/voice status`` looks."""
Records = Callable[[str, datetime], Awaitable[Sequence[Record]]]


@dataclass(frozen=True, slots=True)
class VersionDesk:
    """All of it, put together by the shell."""

    registry: Registry
    records: Records
    """What was answered in a voice since when."""
    voice_for: Callable[[str | None], Voice]
    channels: Channels
    audit: Audit
    clock: Callable[[], datetime]
    choices: BlindChoices
    progress: Callable[[str], str]
    """What takes minutes of a voice said last."""

    async def let_speak(self, subject: str, by: Invocation) -> Card:
        """By a button, whose subject is ``acme-v2``."""
        await must_be_admin(by)
        name, _, id = subject.rpartition("-")
        return await self._promoted(name, id, by)

    async def decided(self, subject: str, since: datetime) -> Decision | None:
        """What became of the question whether a version shall speak; None while it is open."""
        name, _, id = subject.rpartition("-")
        try:
            served = await asyncio.to_thread(self.registry.served, name)
            newest = (await asyncio.to_thread(self.registry.versions, name))[-1].id
        except (ConfigurationError, IndexError):
            return Decision("It is gone")
        for change in served.changes:
            if (change.what, change.version) == ("promoted", id) and change.at >= since:
                return Decision("It was let speak", change.who)
        return Decision(f"It made way for {newest}") if newest != id else None

    async def status(self, by: Invocation) -> Outcome:
        """Which version speaks, what is at work, and how each did."""
        name = await self._name(by)
        voice = self.voice_for(name)
        served = await asyncio.to_thread(self.registry.served, name)
        known = {voice.version: f"{served.live} (live)"}
        lines = [f"**{name}** speaks with {served.live}."]
        for each in await asyncio.to_thread(self.registry.versions, name):
            if each.is_stale and each.id in (served.live, served.canary and served.canary.version):
                lines.append(f"{each.id} has {STALE}.")
        if served.canary is not None:
            rule = served.canary
            who = [f"{rule.share:.0%} of conversations"] if rule.share else []
            lines.append(f"On trial: {rule.version}, in {', '.join((*who, *rule.channels))}.")
            if voice.canary is not None:
                known[voice.canary.voice.version] = f"{rule.version} (on trial)"
        if said := self.progress(name):
            lines.append(said)
        lines += ["", f"Answers of the last {COMPARED.days} days:"]
        found = await self.records(name, self.clock() - COMPARED)
        lines += [
            f"- {known.get(each.version, each.version or 'unknown')}: {each.answers} answers, "
            f"{each.sure / each.answers:.0%} sure; {each.helpful} found helpful, "
            f"{each.unhelpful} not"
            for each in found
        ]
        lines += [] if found else ["none yet."]
        if wins := await self.choices.wins(name):
            lines += ["", "Blind comparisons:", *told(wins)]
        return Card("\n".join(lines))

    async def show(self, by: Invocation) -> Outcome:
        """The versions, with what the gate said of each."""
        name = await self._name(by)
        served = await asyncio.to_thread(self.registry.served, name)
        lines = []
        for each in await asyncio.to_thread(self.registry.versions, name):
            line = f"- {each.id}"
            if each.id == served.live:
                line += " (live)"
            if each.manifest is not None:
                line += f": {each.manifest.created_at:%Y-%m-%d}, on {each.manifest.base}"
            if each.is_stale:
                line += f". It has {STALE}"
            if each.fault:
                line += f". Cannot be used: {each.fault}"
            elif each.verdict is not None:
                passed = "passed" if each.verdict.passed else "not passed"
                line += f". {passed}: {' '.join(each.verdict.reasons)}"
            lines.append(line)
        return Card("\n".join(lines) or f"{name} has no versions: it speaks without a LoRA.")

    async def promote(self, by: Invocation) -> Outcome:
        """Let a version speak that has passed."""
        return await self._promoted(await self._name(by), by.values["version"].strip(), by)

    async def _promoted(self, name: str, id: str, by: Invocation) -> Card:
        async with self.audit.of(_who(by), "promoted voice", name, id):
            await asyncio.to_thread(self.registry.promote, name, id, _who(by))
        told = f"{name} speaks with {id} from the next answer on."
        return Card(f"{told} `/voice rollback` undoes it.")

    async def rollback(self, by: Invocation) -> Outcome:
        """End a trial, or speak as before."""
        name = await self._name(by)
        async with self.audit.of(_who(by), "rolled back voice", name):
            served = await asyncio.to_thread(self.registry.rollback, name, _who(by))
        return Card(f"{name} speaks with {served.live} everywhere from the next answer on.")

    async def canary(self, by: Invocation) -> Outcome:
        """Try a version on some conversations."""
        name, id = await self._name(by), by.values["version"].strip()
        share = _share(by.values.get("share", ""))
        channels = [by.place.scope] if by.values.get("here") == "yes" else []
        detail = f"{id} {share:g} {' '.join(channels)}"
        async with self.audit.of(_who(by), "canary of voice", name, detail):
            await asyncio.to_thread(
                self.registry.canary, name, id, _who(by), share=share, channels=channels
            )
        where = [*(["here"] if channels else []), *([f"in {share:.0%}"] if share else [])]
        return Card(
            f"{id} is on trial {' and '.join(where)}. `/voice status` compares, "
            "`/voice rollback` ends it."
        )

    async def suggest(self, by: Invocation, typed: str) -> Sequence[Choice]:
        """The versions that have this in their names."""
        name = await self._name(by)
        versions = await asyncio.to_thread(self.registry.versions, name)
        return [Choice(each.id, each.id) for each in versions if typed.lower() in each.id]

    async def _name(self, by: Invocation) -> str:
        asked = by.values.get("voice") or by.voice or (await self.channels.rules(by.place)).voice
        return self.voice_for(asked).name


def voice_commands(own: VersionDesk, suggest_voice: Suggest) -> Sequence[Command]:
    """The commands."""
    voice = Parameter("voice", "Of this voice.", "word", required=False, suggest=suggest_voice)
    version = Parameter(
        "version", "Such as v2; `/voice show` lists them.", "first", suggest=own.suggest
    )
    share = Parameter("share", "Of all conversations, such as 0.1.", "word", required=False)
    here = Parameter("here", "In this channel.", "yes_no", required=False)
    return [
        Command(
            "voice",
            "Which version speaks, and how it does.",
            own.status,
            "status",
            (voice,),
            admin=True,
        ),
        Command("voice", "The versions of a voice.", own.show, "show", (voice,), admin=True),
        Command(
            "voice",
            "Let a version speak that has passed its evaluation.",
            own.promote,
            "promote",
            (version, voice),
            admin=True,
        ),
        Command(
            "voice",
            "End a trial, or speak as before the last promotion.",
            own.rollback,
            "rollback",
            (voice,),
            admin=True,
        ),
        Command(
            "voice",
            "Try a version on some conversations.",
            own.canary,
            "canary",
            (version, share, here, voice),
            admin=True,
        ),
    ]


def _share(typed: str) -> float:
    if not typed:
        return 0.0
    try:
        return float(typed.replace(",", ".").removesuffix("%")) / (100 if "%" in typed else 1)
    except ValueError:
        raise UsageError("The share goes from 0 to 1, such as 0.1 for one in ten.") from None


def _who(by: Invocation) -> str:
    return person(by.place, by.user)
