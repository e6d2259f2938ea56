"""The registry of forms: what each asks and who takes in the answers, whatever opens it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.cards import Card, Form, Values
from bot.desk.commands import Invocation
from bot.errors import UsageError

Open = Callable[[Invocation, str], Awaitable[Form]]
"""Makes the form, filled in with what holds now, for a subject such as the id of a draft."""

Submit = Callable[[Invocation, Mapping[str, str], Values], Awaitable[Card]]
"""Takes what a form was opened with and what was filled in.

Raises :class:`FieldFaults` for values that cannot be taken."""


class FieldFaults(UsageError):
    """What is wrong with a form, by field."""

    def __init__(self, faults: Mapping[str, str]):
        super().__init__(" ".join(faults.values()))
        self.faults = dict(faults)


@dataclass(frozen=True, slots=True)
class FormKind:
    """One form: how it begins and how it ends."""

    open: Open
    submit: Submit


class Forms:
    """Forms by their ids."""

    def __init__(self, kinds: Mapping[str, FormKind]):
        self._kinds = dict(kinds)

    async def open(self, form: str, by: Invocation, subject: str = "") -> Form:
        """A form to be filled in. Raises :class:`UsageError`, and :class:`KeyError`."""
        return await self._kinds[form].open(by, subject)

    async def submit(
        self, form: str, context: Mapping[str, str], by: Invocation, values: Values
    ) -> Card:
        """Take in a form. Raises :class:`FieldFaults`, and :class:`UsageError`."""
        if form not in self._kinds:
            raise UsageError("That form is no longer in use. Give the command again.")
        return await self._kinds[form].submit(by, context, values)
