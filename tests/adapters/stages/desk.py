"""The desk of a stage: all commands that there are, and ``/try``, which needs everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from bot.cards import Card, Choice, Field, Form, Values
from bot.desk.commands import Command, Commands, Invocation, Outcome, Parameter
from bot.desk.desk import Desk
from bot.desk.forms import FieldFaults, FormKind, Forms
from bot.desk.kb.digest import DIGEST
from bot.desk.kb.gaps import ANSWER, SOURCE
from bot.desk.kb.golden import GOLDEN
from bot.desk.kb.setup.setting_up import OPTIONS, SETUP
from bot.desk.source_commands import REMOVAL
from bot.desk.voices.evaluating import QUESTIONS
from bot.desk.voices.making import ADD, CREATE
from bot.desk.voices.wording import WORDING
from tests.adapters.desk_bench import Bench

EVERY_FIELD: Mapping[str, tuple[Field, ...]] = {
    "texts": (
        Field("title", "Title", "text", "Leave", required=True, help="In a few words."),
        Field("words", "Words", "long_text", "One line."),
        Field("amount", "Amount", "number", "25"),
    ),
    "choices": (
        Field("mode", "Mode", "one_of", "warm", (Choice("warm", "Warm"), Choice("dry", "Dry"))),
        Field(
            "days",
            "Days",
            "some_of",
            ("mon",),
            (Choice("mon", "Monday"), Choice("tue", "Tuesday"), Choice("wed", "Wednesday")),
        ),
        Field("room", "Room", "channel"),
    ),
}
"""Two forms that have every kind of field between them, by the action of ``/try`` that opens
them."""


OWN_FORMS = (
    *("channel", "answers", "workspace", "draft"),
    *(REMOVAL, ANSWER, SOURCE, DIGEST, WORDING, CREATE, ADD, QUESTIONS, GOLDEN, SETUP, OPTIONS),
)


@dataclass
class Tried:
    """What ``/try`` was given."""

    forms: list[tuple[str, Mapping[str, str], Values]] = field(default_factory=list)
    """Form, context and values of each that was sent in."""
    ran: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    """Name, action and values of every command that was given."""


_CITIES = ("Ghent", "Lyon", "Lisbon")


def desk_of(bench: Bench, tried: Tried) -> Desk:
    """The desk of a bench with ``/try`` besides: every kind of field, a suggestion, a failure."""

    def opens(name: str) -> Any:
        async def open(_: Invocation, subject: str = "") -> Form:
            return Form(name, f"Try {name}", EVERY_FIELD[name], context={"opened": name})

        return open

    async def take(by: Invocation, context: Mapping[str, str], values: Values) -> Card:
        if values.get("title") == "wrong":
            raise FieldFaults({"title": "That title is taken."})
        tried.forms.append((context.get("opened", ""), context, values))
        return Card("Taken in.")

    async def pick(by: Invocation) -> Outcome:
        return Card(f"You chose {by.values['city']}.")

    async def cities(_: Invocation, typed: str) -> Sequence[Choice]:
        return [Choice(each, each) for each in _CITIES if each.lower().startswith(typed.lower())]

    async def fail(_: Invocation) -> Outcome:
        raise RuntimeError("the disk is on fire")

    more = [
        *(
            Command("try", f"Try {name}.", opens(name), name, opens_form=True)
            for name in EVERY_FIELD
        ),
        Command(
            "try", "Pick a city.", pick, "pick", (Parameter("city", "Where.", suggest=cities),)
        ),
        Command("try", "Fail.", fail, "fail"),
    ]

    def handed_on(form: str) -> FormKind:
        async def submit(by: Invocation, context: Mapping[str, str], values: Values) -> Card:
            return await bench.desk.forms.submit(form, context, by, values)

        return FormKind(partial(bench.desk.forms.open, form), submit)

    forms = {name: handed_on(name) for name in OWN_FORMS}
    forms |= {name: FormKind(opens(name), take) for name in EVERY_FIELD}

    def noted(command: Command) -> Command:
        async def run(by: Invocation) -> Outcome:
            tried.ran.append((command.name, command.action, by.values))
            return await command.run(by)

        return replace(command, run=run)

    commands = [noted(each) for each in (*bench.commands.all, *more)]
    return replace(bench.desk, commands=Commands(commands), forms=Forms(forms))
