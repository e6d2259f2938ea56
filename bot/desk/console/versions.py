"""The voices as the console shows them: versions, how they do, a text in two of them, new pairs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from bot.answers.voices.records import Record
from bot.cards import Card
from bot.desk.audit import Audit
from bot.desk.commands import Invocation
from bot.desk.console.answers import Told
from bot.desk.voices.wording import WordingDesk
from bot.errors import UsageError
from bot.voice.rewriting import Rewriter
from bot.voice.versions.registry import Registry, Version
from bot.voice.versions.served import Served
from bot.voice.voice import Voice

COMPARED: Final = timedelta(days=30)
_REPORT = Path("evaluation") / "report.html"
_LONGEST = 3000
_MARK = re.compile(r"\s*\[\d+\]")
"""A citation's, which the program sets and no voice learns."""

Records = Callable[[str, datetime], Awaitable[Sequence[Record]]]


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
    progress: str
    """What its training or evaluation said last; empty if none was begun."""


@dataclass(frozen=True, slots=True)
class Versions:
    """Raises :class:`UsageError` and :class:`bot.errors.ConfigurationError` with what to say."""

    registry: Registry
    records: Records
    voice_for: Callable[[str | None], Voice]
    voice_names: Callable[[], Sequence[str]]
    rewriter: Rewriter
    audit: Audit
    wording: WordingDesk
    progress: Callable[[str], str]

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
            self.progress(name),
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

    async def correct(self, told: Told, wording: str, by: Invocation, *, agreed: bool) -> Card:
        """Keep a better wording of an answer, from which its voice learns once it is approved."""
        values = {"text": wording, "consent": "yes" if agreed else "no"}
        return await self.wording.keep(told.trace, by, values)
