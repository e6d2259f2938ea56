"""Where the digest of each night is posted: ``/kb digest``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.cards import Card, Field, Form, Values
from bot.conversation.channels import Channels
from bot.desk.audit import Audit
from bot.desk.commands import Command, Invocation, Outcome
from bot.desk.forms import FormKind, Forms, must_be_admin
from bot.types import person

DIGEST: Final = "digest"


@dataclass(frozen=True, slots=True)
class _Digest:
    channels: Channels
    audit: Audit
    clock: Callable[[], datetime]

    async def open(self, by: Invocation, _: str) -> Form:
        rules = await self.channels.workspace(by.place)
        channel = Field(
            "channel",
            "Where admins are told each morning",
            "channel",
            rules.digest_channel or "",
            help="What was read, what failed, what is unanswered. Empty: nobody is.",
        )
        return Form(DIGEST, "The digest", (channel,))

    async def save(self, by: Invocation, _: Mapping[str, str], values: Values) -> Card:
        await must_be_admin(by)
        value = values.get("channel") or None
        channel = value if isinstance(value, str) else None
        rules = await self.channels.workspace(by.place)
        changed = rules.model_copy(update={"digest_channel": channel})
        who = person(by.place, by.user)
        async with self.audit.of(who, "digest", "workspace", channel or "nowhere"):
            await self.channels.set_workspace(by.place, changed, who, self.clock())
        return Card(
            "Saved. The digest of each night is posted to the channel that you chose."
            if channel
            else "Saved. No digest is posted."
        )


def digest_form(channels: Channels, audit: Audit, clock: Callable[[], datetime]) -> FormKind:
    """The form."""
    own = _Digest(channels, audit, clock)
    return FormKind(own.open, own.save)


def digest_command(forms: Forms) -> Command:
    """The command."""

    async def run(by: Invocation) -> Outcome:
        return await forms.open(DIGEST, by)

    return Command(
        "kb", "Where the digest of each night goes.", run, "digest", admin=True, opens_form=True
    )
