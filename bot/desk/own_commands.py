"""The commands that there are: ``/ask``, ``/kb``, ``/voice``, ``/quiet`` and ``/help``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bot.cards import Card, Choice
from bot.conversation.channels import Channels
from bot.desk.commands import (
    Ask,
    Command,
    Commands,
    Invocation,
    Outcome,
    Parameter,
    Suggest,
)
from bot.desk.drafting import Drafting
from bot.desk.forms import Forms
from bot.desk.kb.digest import digest_command
from bot.desk.kb.gaps import GapDesk, gap_commands
from bot.desk.kb.looking import looking_command
from bot.desk.own_forms import change_rules
from bot.desk.source_commands import source_commands


@dataclass(frozen=True, slots=True)
class _Own:
    channels: Channels
    drafting: Drafting
    voices: Callable[[], Sequence[str]]
    clock: Callable[[], datetime]

    async def ask(self, by: Invocation) -> Outcome:
        return Ask(by.values["question"], private=by.values.get("public") != "yes")

    async def threads(self, by: Invocation) -> Outcome:
        return await self._switch(by, "threads")

    async def forum(self, by: Invocation) -> Outcome:
        return await self._switch(by, "forum")

    async def _switch(self, by: Invocation, rule: str) -> Outcome:
        changes = {rule: by.values.get("off") != "yes"}
        return await change_rules(self.channels, by, self.clock(), **changes)

    async def list_voices(self, by: Invocation) -> Outcome:
        rules = await self.channels.rules(by.place)
        chosen = by.voice or rules.voice or "the usual one"
        listed = "\n".join(f"- `{name}`" for name in self.voices())
        return Card(f"Here I speak in {chosen}. There are:\n{listed}")

    async def say(self, by: Invocation) -> Outcome:
        voice = by.values.get("voice") or by.voice
        return await self.drafting.rewrite(by.values["draft"], by.place, by.user, voice)

    async def suggest(self, _: Invocation, typed: str) -> Sequence[Choice]:
        return [Choice(name, name) for name in self.voices() if typed.lower() in name]

    async def quiet(self, by: Invocation) -> Outcome:
        resume = by.values.get("off") == "yes"
        await self.channels.set_quiet(by.place, not resume, self.clock())
        return Card(
            "I am back: I listen here again."
            if resume
            else "I will be quiet here until I am mentioned. `/quiet off` ends that."
        )


def own_commands(
    channels: Channels,
    drafting: Drafting,
    forms: Forms,
    gaps: GapDesk,
    voices: Callable[[], Sequence[str]],
    clock: Callable[[], datetime],
    of_voices: Callable[[Suggest], Sequence[Command]],
    *further: Command,
) -> Commands:
    """The registry with all commands of ours.

    ``forms``: what some of them open. ``of_voices``: those for making and judging voices.
    ``further``: those of others.
    """
    own = _Own(channels, drafting, voices, clock)
    off = Parameter("off", "Switch it off again.", "yes_no", required=False)
    listed = [
        Command(
            "ask",
            "Ask me something; only you see the answer.",
            own.ask,
            parameters=(
                Parameter("public", "Let everyone here see the answer.", "yes_no", required=False),
                Parameter("question", "What would you like to know?"),
            ),
        ),
        *source_commands(gaps.knowledge, gaps.adding, forms),
        looking_command(gaps.knowledge),
        *gap_commands(gaps),
        digest_command(forms),
        Command(
            "kb",
            "How I behave in this channel.",
            partial(forms.open, "channel"),
            "channel",
            admin=True,
            opens_form=True,
            needs="channels",
        ),
        Command(
            "kb",
            "What my answers in this channel look like.",
            partial(forms.open, "answers"),
            "answers",
            admin=True,
            opens_form=True,
            needs="channels",
        ),
        Command(
            "kb",
            "Where people take over.",
            partial(forms.open, "workspace"),
            "workspace",
            admin=True,
            opens_form=True,
        ),
        Command(
            "kb", "Answer in threads.", own.threads, "threads", (off,), admin=True, needs="threads"
        ),
        Command(
            "kb",
            "Answer every new forum post.",
            own.forum,
            "forum",
            (off,),
            admin=True,
            needs="forums",
        ),
        Command("voice", "The voices that I can speak in.", own.list_voices, "list"),
        Command(
            "voice",
            "Say a draft of yours in our voice.",
            own.say,
            "say",
            (
                Parameter("voice", "In this voice.", "word", required=False, suggest=own.suggest),
                Parameter("draft", "Your text."),
            ),
        ),
        *of_voices(own.suggest),
        *further,
        Command("quiet", "Speak here only when mentioned.", own.quiet, parameters=(off,)),
    ]

    async def show_help(by: Invocation) -> Outcome:
        offered = commands.where(by.platform.features)
        return Card(offered.help_for(picked=by.platform.picks_options))

    listed.append(Command("help", "What I can do.", show_help))
    commands = Commands(listed)
    return commands
