"""What every platform hands what it hears to: questions, commands, buttons and forms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from bot.cards import Action, Card, Values
from bot.conversation.dispatcher import Dispatcher
from bot.desk.commands import Commands, Invocation, Outcome
from bot.desk.drafting import Drafting
from bot.desk.follow_ups import FollowUps
from bot.desk.forms import FieldFaults, Forms
from bot.errors import ConfigurationError, UsageError
from bot.failures import log_failure

_FAILED = "Something went wrong on my side. If it stays so, tell an admin: error {error_id}."
_T = TypeVar("_T")
Press = Callable[[str, Invocation], Awaitable[Outcome]]
"""Does what a button says about its subject."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The whole of the bot, as an adapter sees it."""

    dispatcher: Dispatcher
    commands: Commands
    forms: Forms
    follow_ups: FollowUps
    drafting: Drafting
    actions: Mapping[Action, Press] = field(default_factory=dict)
    """What is done by the buttons of commands about knowledge."""
    prompts: tuple[str, ...] = ()
    """Questions that newcomers are offered."""

    async def press(self, action: Action, subject: str, by: Invocation) -> Outcome:
        """Do what a button says; the outcome is for who pressed it.

        Raises :class:`UsageError` with what to tell them. ``solved`` is the platform's own.
        """
        place, user, platform = by.place, by.user, by.platform
        match action:
            case "helpful" | "unhelpful":
                return Card(
                    await self.follow_ups.rate(subject, place, user, helpful=action == "helpful")
                )
            case "why":
                return await self.follow_ups.why(subject, place, user, platform)
            case "person":
                return await self.follow_ups.ask_person(subject, place, user, platform)
            case "share":
                await self.follow_ups.share(subject, place, user, platform)
                return Card("Shared.")
            case "send":
                return await self.drafting.send(subject, place, user, platform)
            case "edit":
                return await self.forms.open("draft", by, subject)
            case "copy":
                draft = await self.drafting.get(subject, place, user)
                fence = "`" * max(3, 1 + _longest_run(draft.text))
                return Card(f"{fence}\n{draft.text}\n{fence}")
            case "again":
                return await self.follow_ups.again(subject, place, user)
            case "solved":
                raise UsageError("There is nothing to solve here.")
            case _:
                return await self.actions[action](subject, by)

    async def submit(
        self, form: str, context: Mapping[str, str], by: Invocation, values: Values
    ) -> Card:
        """Take in a form. Raises :class:`FieldFaults`, and :class:`UsageError`."""
        return await self.forms.submit(form, context, by, values)

    async def safely(self, doing: Awaitable[_T]) -> _T | Card:
        """Do it; what a person did wrong, or what went wrong here, becomes a card.

        Lets :class:`FieldFaults` through: a form shows them beside its fields.
        """
        try:
            return await doing
        except FieldFaults:
            raise
        except (UsageError, ConfigurationError) as error:
            return Card(str(error))
        except Exception as error:  # whatever broke: a person gets an id, and the log the place
            return Card(_FAILED.format(error_id=log_failure("action_failed", error)))


def _longest_run(text: str) -> int:
    runs = [len(run) for run in "".join(c if c == "`" else " " for c in text).split()]
    return max(runs, default=0)
