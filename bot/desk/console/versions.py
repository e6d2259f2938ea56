"""The voices as the console shows them: versions, how they do, a text in two of them, new pairs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from bot.answers.by_voice import Record
from bot.cards import Card
from bot.desk.console.answers import Told
from bot.desk.kb.audit import Audit
from bot.errors import ConfigurationError, UsageError
from bot.voice.grounding import same_facts
from bot.voice.rewriting import Rewriter
from bot.voice.versions.registry import Registry, Version
from bot.voice.versions.served import Served
from bot.voice.voice import Voice
from bot.voice.wording import no_names

COMPARED: Final = timedelta(days=30)
_REPORT = Path("evaluation") / "report.html"
_LONGEST = 3000
_MARK = re.compile(r"\s*\[\d+\]")
"""A citation's, which the program sets and no voice learns."""

Records = Callable[[str, datetime], Awaitable[Sequence[Record]]]
Teach = Callable[[str, str, str, str], Awaitable[None]]
"""Keeps a pair for a voice's next training: voice, question, plain and voiced answer."""


@dataclass(frozen=True, slots=True)
class VoiceState:
    """A voice as it stands."""

    name: str
    served: Served
    versions: Sequence[Version]
    records: Sequence[Record]
    """The last 30 days, by version."""
    called: dict[str, str]
    """How the versions are called that records and answers name by a digest."""


@dataclass(frozen=True, slots=True)
class Versions:
    """Raises :class:`UsageError` and :class:`bot.errors.ConfigurationError` with what to say."""

    registry: Registry
    records: Records
    voice_for: Callable[[str | None], Voice]
    voice_names: Callable[[], Sequence[str]]
    rewriter: Rewriter
    audit: Audit
    teach: Teach

    async def all(self) -> list[VoiceState]:
        """Every voice."""
        return [await self.one(name) for name in self.voice_names()]

    async def one(self, name: str) -> VoiceState:
        """One voice by its name."""
        if name not in self.voice_names():
            raise UsageError(f"There is no voice '{name}'.")
        voice = self.voice_for(name)
        served = await asyncio.to_thread(self.registry.served, name)
        called = {voice.version: f"{served.live} (live)"}
        if served.canary is not None and voice.canary is not None:
            called[voice.canary.voice.version] = f"{served.canary.version} (on trial)"
        return VoiceState(
            name,
            served,
            await asyncio.to_thread(self.registry.versions, name),
            await self.records(name, self.audit.now() - COMPARED),
            called,
        )

    async def report(self, name: str, version: str) -> str:
        """The page of a version's evaluation."""
        if name not in self.voice_names():
            raise UsageError(f"There is no voice '{name}'.")
        known = await asyncio.to_thread(self.registry.version, name, version)
        try:
            return await asyncio.to_thread((known.folder / _REPORT).read_text, "utf-8")
        except OSError as error:
            raise UsageError(
                f"{version} was not judged yet: 'voice evaluate {name} --version {version}'."
            ) from error

    async def said_by(self, text: str, names: Sequence[str]) -> dict[str, Card]:
        """A text as these voices say it, by name; nothing is kept."""
        if not text.strip():
            raise UsageError("Write a text to be said.")
        if len(text) > _LONGEST:
            raise UsageError(f"At most {_LONGEST} characters at a time.")
        told = {}
        for name in dict.fromkeys(names):
            if name not in self.voice_names():
                raise UsageError(f"There is no voice '{name}'.")
            told[name] = Card((await self.rewriter.rewrite(text, self.voice_for(name))).text)
        return told

    async def correct(self, told: Told, wording: str, who: str) -> Card:
        """Keep a better wording of an answer as a pair that its voice learns from."""
        reply, wording = told.trace.reply, wording.strip()
        plain = "\n\n".join(each.quote for each in reply.citations)
        if not plain:
            raise UsageError("There is no source behind this answer to learn from.")
        if not wording or len(wording) > _LONGEST:
            raise UsageError(f"Write the answer as it should be, in at most {_LONGEST} characters.")
        voiced = _MARK.sub("", wording)
        kept = same_facts(plain, voiced, no_names(self.voice_for(reply.voice)))
        if lost := [kind for kind, same in kept.items() if not same]:
            raise UsageError(
                f"The {', '.join(lost)} are not those of the source. A voice learns how to speak, "
                "not facts: correct the source for that."
            )
        async with self.audit.of(who, "corrected", f"answer:{told.trace.id}", reply.voice):
            try:
                await self.teach(reply.voice, reply.question, plain, voiced)
            except OSError as error:
                raise ConfigurationError(
                    f"The folder of the voice '{reply.voice}' cannot be written ({error.strerror})."
                ) from error
        return Card(
            f"Kept. 'voice prepare {reply.voice}' and 'voice train {reply.voice}' on the machine "
            "teach it to the voice."
        )
