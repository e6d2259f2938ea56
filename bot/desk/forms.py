"""The registry of forms: what each asks and who takes in the answers, whatever opens it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.cards import Card, Choice, Form, Values
from bot.desk.commands import Invocation
from bot.errors import UsageError

Open = Callable[[Invocation, str], Awaitable[Form]]
"""Makes the form, filled in with what holds now, for a subject such as the id of a draft."""

Submit = Callable[[Invocation, Mapping[str, str], Values], Awaitable[Card]]
"""Takes what a form was opened with and what was filled in.

Raises :class:`FieldFaults` for values that cannot be taken."""


async def must_be_admin(by: Invocation) -> None:
    """Raise :class:`UsageError` for others: a form may be sent in long after it was opened."""
    if not await by.platform.is_admin(by.place, by.user):
        raise UsageError("Only admins may change this.")


def not_among(values: Values, allowed: Mapping[str, Sequence[Choice]]) -> dict[str, str]:
    """What is wrong with fields that take one of some choices."""
    return {
        name: f"Choose one of {', '.join(each.value for each in choices)}."
        for name, choices in allowed.items()
        if values.get(name) not in [each.value for each in choices]
    }


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
