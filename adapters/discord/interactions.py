"""Commands, menu entries, buttons and forms: acknowledged at once, then handed to the core.

Discord waits three seconds for the first response. What may take longer is acknowledged before
it is done; a form must be the first response itself, and whether a question is answered in public
must be known before, so these two are found out first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import discord
import structlog
from cachetools import LRUCache

from adapters.discord import events, forum
from adapters.discord.connection.client import Interaction
from adapters.discord.connection.errors import (
    DISCORD_FAILURES,
    NO_MORE_TOKEN,
    as_ours,
    translated,
)
from adapters.discord.people import People
from adapters.discord.showing.components import faults_view, options, parts
from adapters.discord.showing.modals import OpenForms, Submission, submission_of
from bot.cards import LABELS, OPENS_FORM, Card, Choice, Form
from bot.desk.commands import Ask, Command, Invocation, Outcome
from bot.desk.desk import Desk
from bot.desk.forms import FieldFaults
from bot.errors import UsageError
from bot.failures import log_failure
from bot.ports import Platform
from bot.types import Place, Utterance
from knowledge.types import Attachment

_SEEN = 2_000  # interactions whose ids are remembered, as they may be delivered twice
_NO_TEXT = "There is no text in that message."
_BUTTON_GONE = "That button is no longer in use."
_FORM_GONE = "That form is no longer kept. Give the command again."
_TOO_LATE = "That took too long. Try again."

_log = structlog.get_logger("housevoice")


class Interactions:
    """The :class:`adapters.discord.connection.client.Front` of the adapter."""

    def __init__(self, platform: Platform, desk: Desk, people: People) -> None:
        self._platform = platform
        self._desk = desk
        self._people = people
        self._forms = OpenForms()
        self._seen: LRUCache[int, None] = LRUCache(_SEEN)
        self._waiting: dict[tuple[Place, str], Interaction] = {}

    # --- commands -----------------------------------------------------------------------------

    async def command(
        self, interaction: Interaction, command: Command, given: dict[str, Any]
    ) -> None:
        """A slash command, with the options that were given."""
        files = [each for each in given.values() if isinstance(each, discord.Attachment)]
        values = {
            name: "yes" if value is True else str(value)
            for name, value in given.items()
            if value not in (False, None, "") and value not in files
        }
        by = replace(
            self._invocation(interaction, values), files=tuple(map(events.attachment, files))
        )

        def run() -> Awaitable[Outcome]:
            return self._desk.commands.run(command, by)

        if command.opens_form or command.name == "ask":
            await self._at_once(interaction, run)
        else:
            await self._deferred(interaction, run)

    async def suggest(
        self, interaction: Interaction, command: Command, parameter: str, typed: str
    ) -> Iterable[Choice]:
        """Completions for an option; none where they cannot be had."""
        by = self._invocation(interaction, {})
        found = await self._desk.safely(self._desk.commands.suggest(command, parameter, by, typed))
        return () if isinstance(found, Card) else found

    async def answer_this(self, interaction: Interaction, message: discord.Message) -> None:
        """Answer a message for the one who wants to know."""
        text = events.readable(message, self._me(interaction))
        files = events.attachments(message)

        async def ask() -> Outcome:
            return Ask(text, private=True) if text or files else Card(_NO_TEXT)

        await self._at_once(interaction, ask, files)

    async def in_our_voice(self, interaction: Interaction, message: discord.Message) -> None:
        """Rewrite a message as a draft of the one who asks."""
        text = events.readable(message, self._me(interaction))
        by = self._invocation(interaction, {"draft": text})

        async def rewrite() -> Outcome:
            if not text:
                return Card(_NO_TEXT)
            return await self._desk.commands.run(self._desk.commands.named("voice", "say"), by)

        await self._deferred(interaction, rewrite)

    async def add_source(self, interaction: Interaction, message: discord.Message) -> None:
        """Try the file in a message, or the address that it is, as a source."""
        files = events.attachments(message)[:1]
        text = "" if files else events.readable(message, self._me(interaction))
        by = self._invocation(interaction, {"address": text} if text else {})

        async def add() -> Outcome:
            command = self._desk.commands.named("kb", "add")
            return await self._desk.commands.run(command, replace(by, files=files))

        await self._deferred(interaction, add)

    # --- buttons and forms --------------------------------------------------------------------

    async def pressed(self, interaction: Interaction, action: str, subject: str) -> None:
        """A button under an answer or a draft, perhaps one of another version."""
        by = self._invocation(interaction, {})
        known = next((each for each in LABELS if each == action), None)

        async def press() -> Outcome:
            if known is None:
                raise UsageError(_BUTTON_GONE)
            if known == "solved":
                return await forum.close_post(interaction)
            return await self._desk.press(known, subject, by)

        if action in OPENS_FORM or action == "again":  # a form, or a question that others see
            await self._at_once(interaction, press)
        else:
            await self._deferred(interaction, press)

    async def reopened(self, interaction: Interaction, key: str) -> None:
        """The button that opens a form again, with what was filled in."""
        form = self._forms.get(key)

        async def again() -> Outcome:
            return form or Card(_FORM_GONE)

        await self._at_once(interaction, again)

    async def submitted(self, interaction: Interaction) -> None:
        """A form was sent in."""
        sent = submission_of(dict(interaction.data or {}))
        if sent is None or not self._is_first(interaction):
            return
        if not await self._defer(interaction, private=True):
            return
        by = self._invocation(interaction, {})
        try:
            card = await self._desk.safely(
                self._desk.submit(sent.form, sent.context, by, sent.values)
            )
        except FieldFaults as faults:
            await self._show_faults(interaction, sent, faults)
        else:
            await self._show(interaction, card)

    async def failed(self, interaction: Interaction, error: Exception) -> None:
        """discord.py could not hand something over."""
        cause = error.__cause__ or error
        if isinstance(cause, DISCORD_FAILURES):
            _not_shown(cause)
        else:
            log_failure("command_failed", cause)

    # --- how it goes on -----------------------------------------------------------------------

    async def _deferred(
        self, interaction: Interaction, doing: Callable[[], Awaitable[Outcome]]
    ) -> None:
        """Acknowledge, do it, show what came of it to the one who wanted it."""
        if not self._is_first(interaction) or not await self._defer(interaction, private=True):
            return
        match await self._desk.safely(doing()):
            case Card() as card:
                await self._show(interaction, card)
            case _:  # neither a form nor a question may come this late
                await self._show(interaction, Card(_TOO_LATE))

    async def _at_once(
        self,
        interaction: Interaction,
        doing: Callable[[], Awaitable[Outcome]],
        files: tuple[Attachment, ...] = (),
    ) -> None:
        """Do it, and respond with what came of it."""
        if not self._is_first(interaction):
            return
        match await self._desk.safely(doing()):
            case Ask(text, private):
                await self._hear(interaction, text, files, private=private)
            case Form() as form:
                with _shown_or_logged():
                    await interaction.response.send_modal(self._forms.modal(form))
            case Card() as card:
                if await self._defer(interaction, private=True):
                    await self._show(interaction, card)

    async def _hear(
        self,
        interaction: Interaction,
        text: str,
        files: tuple[Attachment, ...],
        *,
        private: bool,
    ) -> None:
        """A question by a command: once it is taken in it is answered, whatever happens here."""
        place = self._place(interaction)
        # If this fails the answer goes elsewhere, as it does when the token has expired.
        await self._defer(interaction, private=private and not place.direct)
        utterance = Utterance(
            id=events.interaction_id(interaction.id),
            place=place,
            author=str(interaction.user.id),
            text=text,
            address="command",
            private=private,
            files=files,
            handle={
                "application": str(interaction.application_id),
                "token": interaction.token,
                "channel": str(interaction.channel_id),
            },
        )
        self._waiting[place, utterance.author] = interaction
        outcome = await self._desk.safely(self._desk.dispatcher.hear(self._platform, utterance))
        if outcome is not True:
            self.take_waiting(place, utterance.author)
        if isinstance(outcome, Card):
            await self._show(interaction, outcome)

    def take_waiting(self, place: Place, user: str) -> Interaction | None:
        """The command of this person's that still shows that the bot is thinking, if any."""
        return self._waiting.pop((place, user), None)

    async def refuse(self, interaction: Interaction, text: str) -> None:
        """Say to one person that there is no answer, where all saw that the bot was thinking."""
        with translated():
            await interaction.delete_original_response()
            await interaction.followup.send(
                **options(parts(Card(text), plain=True)[0]), ephemeral=True
            )

    async def _defer(self, interaction: Interaction, *, private: bool) -> bool:
        """Say that it was heard. False: it is too late, or another process is at it."""
        try:
            await interaction.response.defer(ephemeral=private, thinking=True)
        except DISCORD_FAILURES as error:
            _not_shown(error)
            return False
        return True

    async def _show(self, interaction: Interaction, card: Card) -> None:
        """Show a card to the one who did something: directly, if that took too long to show it."""
        shown = parts(card, plain=True)
        with _shown_or_logged():
            try:
                await interaction.edit_original_response(**options(shown[0], edit=True))
                for part in shown[1:]:
                    await interaction.followup.send(**options(part), ephemeral=True)
            except discord.HTTPException as error:
                if error.code not in NO_MORE_TOKEN:
                    raise
                for part in shown:
                    await interaction.user.send(**options(part))

    async def _show_faults(
        self, interaction: Interaction, sent: Submission, faults: FieldFaults
    ) -> None:
        labels = self._forms.labels(sent.key)
        lines = [f"**{labels.get(name, name)}**: {words}" for name, words in faults.faults.items()]
        key = sent.key if self._forms.keep(sent) else None
        with _shown_or_logged():
            await interaction.edit_original_response(view=faults_view(lines, key))

    def _is_first(self, interaction: Interaction) -> bool:
        """Whether this one has not been delivered before."""
        if interaction.id in self._seen:
            return False
        self._seen[interaction.id] = None
        return True

    def _invocation(self, interaction: Interaction, values: dict[str, str]) -> Invocation:
        self._people.learn(interaction.user, interaction.id)
        return Invocation(
            self._platform,
            self._place(interaction),
            str(interaction.user.id),
            values,
            tell=partial(self._tell, interaction),
        )

    async def _tell(self, interaction: Interaction, text: str) -> None:
        """Show how far it is, in place of what was shown before."""
        with translated():
            part = parts(Card(text), plain=True)[0]
            await interaction.edit_original_response(**options(part, edit=True))

    def _place(self, interaction: Interaction) -> Place:
        return events.place_of(
            interaction.channel, interaction.guild_id, interaction.channel_id or 0
        )

    def _me(self, interaction: Interaction) -> int:
        return interaction.client.user.id if interaction.client.user else 0


@contextmanager
def _shown_or_logged() -> Iterator[None]:
    """Inside, what Discord refuses is logged: there is nobody left to tell."""
    try:
        yield
    except DISCORD_FAILURES as error:
        _not_shown(error)


def _not_shown(error: BaseException) -> None:
    _log.warning("response_not_shown", reason=str(as_ours(error)))
