"""Golden questions, which every change of a source must leave answered: ``/kb golden``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import shorten
from typing import Final

from bot.cards import Card, Choice, Field, Form, Row, Values
from bot.desk.commands import Command, Invocation, Outcome, Parameter, Suggest
from bot.desk.forms import FieldFaults, FormKind, must_be_admin
from bot.desk.kb import words
from bot.desk.kb.parts import Knowledge
from bot.errors import UsageError
from bot.source_ports import HeldQuestion
from bot.types import person

GOLDEN: Final = "golden"
"""The form in which one is added."""

_SHOWN = 8
_QUOTED = 200
_MOST_CHOICES = 25
"""Of a field; with more sources than that, one is typed."""


@dataclass(frozen=True, slots=True)
class GoldenDesk:
    """What is done about golden questions."""

    knowledge: Knowledge

    async def show(self, by: Invocation) -> Outcome:
        """The newest, of one source or of all, each to be removed."""
        held = list(reversed(await self.knowledge.releases.golden()))
        of = ""
        if name := by.values.get("source"):
            known, _ = await self.knowledge.sources.show(words.typed(name))
            held = [each for each in held if each.source == known.id]
            of = f" of {known.location}"
        if not held:
            return Card(
                f"No golden questions{of} yet. One that is answered now must stay answered: a "
                "change after which it would not be waits for an admin.",
                buttons=("golden",),
            )
        places = {each.id: each.location for each in await self.knowledge.sources.all()}
        rows = tuple(Row(_told(each, places), ("drop",), str(each.id)) for each in held[:_SHOWN])
        note = f" The newest {_SHOWN}:" if len(held) > _SHOWN else ""
        return Card(
            f"{words.counted(len(held), 'golden question')}{of}, which changes must leave "
            f"answered.{note}",
            rows=rows,
            buttons=("golden",),
        )

    async def open(self, by: Invocation, _: str) -> Form:
        """The form for one more."""
        await must_be_admin(by)
        sources = await self.knowledge.sources.all()
        if not sources:
            raise UsageError("There are no sources yet. `/kb add` adds one.")
        choices = [Choice(each.id, words.tail(each.location)) for each in sources]
        few = len(choices) <= _MOST_CHOICES
        return Form(
            GOLDEN,
            "A golden question",
            (
                Field("question", "The question", "text", required=True, max_chars=500),
                Field(
                    "source",
                    "The source that answers it",
                    "one_of" if few else "text",
                    choices=tuple(choices) if few else (),
                    help="" if few else "Its id, address or path; /kb list shows them.",
                    required=True,
                ),
                Field(
                    "document",
                    "The document",
                    "text",
                    help="As /kb search names it. Empty: any of the source.",
                ),
                Field("section", "The heading over the answer", "text", help="Empty: any."),
            ),
            "Add",
        )

    async def add(self, by: Invocation, _: Mapping[str, str], values: Values) -> Card:
        """Hold changes to it."""
        await must_be_admin(by)
        given = {name: str(values.get(name) or "").strip() for name in _FIELDS}
        if not any(map(str.isalnum, given["question"])):
            raise FieldFaults({"question": "Write the question as people ask it."})
        try:
            known, _readings = await self.knowledge.sources.show(words.typed(given["source"]))
        except UsageError as error:
            raise FieldFaults({"source": str(error)}) from error
        async with self.knowledge.audit.of(_who(by), "golden", known.id) as entry:
            try:
                kept = await self.knowledge.releases.hold_to(
                    HeldQuestion(given["question"], known.id, given["document"], given["section"])
                )
            except UsageError as error:
                raise FieldFaults(
                    {"document" if given["document"] else "question": str(error)}
                ) from error
            entry.detail = f"question {kept.id}"
        unless = (
            ""
            if kept.is_answered
            else (
                " It is not answered there now, so no change can break it yet: ask it with "
                "`/kb search`, and mind how it is worded and what it names."
            )
        )
        return Card(
            f"Kept. A change of {known.location} after which that is not answered waits for an "
            f"admin.{unless} `/kb golden` lists such questions and removes them."
        )

    async def drop(self, id: str, by: Invocation) -> Card:
        """Hold nothing to it any more."""
        await must_be_admin(by)
        gone = next(
            (each for each in await self.knowledge.releases.golden() if str(each.id) == id), None
        )
        if gone is None:
            raise UsageError("That question is gone already.")
        detail = f"question {id}"
        async with self.knowledge.audit.of(_who(by), "golden removed", gone.source, detail):
            await self.knowledge.releases.let_go(gone.id)
        return Card(f'Removed: changes need not leave "{_short(gone.question)}" answered.')


_FIELDS = ("question", "source", "document", "section")


def golden_command(desk: GoldenDesk, suggest: Suggest) -> Command:
    """The command. ``suggest``: the sources that there are."""
    source = Parameter("source", "Only of this one.", "name", required=False, suggest=suggest)
    return Command(
        "kb", "Questions that must stay answered.", desk.show, "golden", (source,), admin=True
    )


def golden_form(desk: GoldenDesk) -> FormKind:
    """The form."""
    return FormKind(desk.open, desk.add)


def _told(question: HeldQuestion, places: Mapping[str, str]) -> str:
    source = places.get(question.source, question.source)
    where = " › ".join(part for part in (source, question.document, question.section) if part)
    return f"**{_short(question.question)}** ({where})"


def _short(question: str) -> str:
    return shorten(question, _QUOTED, placeholder=" …")


def _who(by: Invocation) -> str:
    return person(by.place, by.user)
