"""Judging a version of a voice where one talks: its questions, the work, and the report of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final
from uuid import uuid4

from bot.cards import Card, Field, Form, Values
from bot.conversation.outbox import Outbox
from bot.desk.audit import Audit
from bot.desk.commands import Command, Invocation, Outcome, Parameter, Suggest
from bot.desk.forms import FieldFaults, FormKind, must_be_admin
from bot.desk.voices.making import Making, Work
from bot.errors import ConfigurationError, UsageError
from bot.types import person
from bot.voice.versions.registry import Registry, Version

QUESTIONS: Final = "voice_questions"
"""The form in which the questions stand."""
_LONGEST = 3000
_REPORT = Path("evaluation") / "report.md"


@dataclass(frozen=True, slots=True)
class VoiceEvaluating:
    """All of it, put together by the shell."""

    making: Making
    work: Work
    registry: Registry
    outbox: Outbox
    audit: Audit

    async def evaluate(self, by: Invocation) -> Outcome:
        """Begin to judge a version; who asked for it is told the report when it is done."""
        name, who = by.values["voice"].strip(), person(by.place, by.user)
        version = await self.newest(name, by.values.get("version", "").strip())
        async with self.audit.of(who, "judged voice", f"voice:{name}", version.id):
            if by.files:
                file = by.platform.with_credentials(by.files[0])
                await self.making.keep_question_file(name, file)
            if not self.making.questions(name):
                raise UsageError(
                    f"I have no questions to judge {name} by. `/voice questions {name}` takes them."
                )
            ended = partial(self._tell, who, name, version)
            self.work.begin("evaluate", name, "--version", version.id, ended=ended)
        return Card(
            f"{version.id} of {name} is being judged, which takes minutes. `/voice status` tells "
            "how far it is, and I write you the report when it is done."
        )

    async def newest(self, name: str, id: str = "") -> Version:
        """A version, by default the newest. Raises :class:`UsageError` where there is none."""
        if id:
            return await asyncio.to_thread(self.registry.version, name, id)
        known = await asyncio.to_thread(self.registry.versions, name)
        if not known:
            raise UsageError(f"{name} has no versions: `/voice train voice={name}` makes one.")
        return known[-1]

    async def _tell(self, who: str, name: str, version: Version, went_well: bool) -> None:
        card = await self.report(name, version, went_well)
        await self.outbox.enter(f"judged:{uuid4().hex}", who, card)

    async def report(self, name: str, version: Version, went_well: bool) -> Card:
        """What came of it, as the command line says it."""
        failed = f"{version.id} of {name} could not be judged. {self.work.progress(name)}"
        if not went_well:
            return Card(failed)
        try:
            judged = await asyncio.to_thread(self.registry.version, name, version.id)
            text = await asyncio.to_thread((judged.folder / _REPORT).read_text, "utf-8")
        except (OSError, UsageError):  # it was taken away meanwhile
            return Card(failed)
        passed = judged.verdict is not None and judged.verdict.passed
        how = f"\n\n`/voice promote {version.id} voice={name}` lets it speak." if passed else ""
        return Card(text.strip() + how)

    async def ask(self, by: Invocation, _: str = "") -> Form:
        """The form with the questions that there are."""
        await must_be_admin(by)
        name = by.values["voice"].strip()
        kept = self.making.questions(name).strip()
        if len(kept) > _LONGEST:
            raise UsageError(
                f"{name} has more questions than a form holds: hand over a file of them with "
                "`/voice evaluate`, or change questions.jsonl in the voice's folder."
            )
        lines = Field(
            "questions",
            "Questions, one a line",
            "long_text",
            kept,
            help='{"question": …, "answer": …}, or "answerable": false where there is none.',
            required=True,
            max_chars=_LONGEST,
        )
        return Form(QUESTIONS, "Questions", (lines,), "Keep them", {"voice": name})

    async def asked(self, by: Invocation, context: Mapping[str, str], values: Values) -> Card:
        """Judge it by these from now on."""
        await must_be_admin(by)
        name, text = context["voice"], str(values.get("questions", ""))
        who = person(by.place, by.user)
        async with self.audit.of(who, "set questions", f"voice:{name}") as entry:
            try:
                number = await self.making.keep_questions(name, text)
            except ConfigurationError as error:
                raise FieldFaults({"questions": str(error)}) from error
            entry.detail = str(number)
        return Card(f"{number} questions. `/voice evaluate {name}` judges by them.")


def evaluating_commands(desk: VoiceEvaluating, suggest_voice: Suggest) -> Sequence[Command]:
    """The commands."""
    voice = Parameter("voice", "The voice.", "first", suggest=suggest_voice)
    version = Parameter("version", "Such as v2; else the newest.", "word", required=False)
    file = Parameter("file", "Questions as JSONL; else those it has.", "file", required=False)
    return [
        Command(
            "voice",
            "Judge a version on your questions; it takes minutes.",
            desk.evaluate,
            "evaluate",
            (voice, version, file),
            admin=True,
        ),
        Command(
            "voice",
            "The questions that a voice is judged by.",
            desk.ask,
            "questions",
            (voice,),
            admin=True,
            opens_form=True,
        ),
    ]


def evaluating_form(desk: VoiceEvaluating) -> FormKind:
    """The form."""
    return FormKind(desk.ask, desk.asked)
