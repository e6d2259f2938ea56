"""The commands that there are: ``/ask``, ``/kb``, ``/voice``, ``/quiet`` and ``/help``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from bot.cards import Card, Choice, Field, Form, Values
from bot.channels import ChannelRules, Channels, WorkspaceRules
from bot.commands import (
    Ask,
    Command,
    Commands,
    FieldFaults,
    Invocation,
    Outcome,
    Parameter,
)
from bot.drafting import Drafting
from bot.errors import UsageError
from bot.history import History
from bot.types import person

_MOST_GAPS = 20
_MOST_CHOICES = 25  # Discord shows no more
_MODES = (
    Choice("mention", "When I am mentioned"),
    Choice("unprompted", "Any question that I am sure about"),
    Choice("never", "Never"),
)
_DEFAULT = "default"
_CLOSEST = Choice("closest", "Show the closest that I have, marked as not certain")
_UNKNOWN = Choice("unknown", "Say that I do not know")
_FRAMES = (
    Choice(_DEFAULT, "As everywhere"),
    Choice("full", "All of it, every time: greeting, lead-in and closing"),
    Choice("light", "A little, where it fits"),
    Choice("none", "None: the quote and its source"),
)


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A knowledge source as people see it."""

    id: str
    location: str
    documents: int
    is_public: bool
    fault: str = ""
    """Why the last reading failed, if it did."""


KnownSources = Callable[[], Awaitable[Sequence[KnownSource]]]


@dataclass(frozen=True, slots=True)
class _Own:
    channels: Channels
    history: History
    drafting: Drafting
    sources: KnownSources
    voices: Callable[[], Sequence[str]]
    clock: Callable[[], datetime]

    async def ask(self, by: Invocation) -> Outcome:
        return Ask(by.values["question"], private=by.values.get("public") != "yes")

    async def list_sources(self, by: Invocation) -> Outcome:
        lines = [
            f"- {each.location} (`{each.id}`): {_counted(each.documents)}, "
            f"{'for everyone' if each.is_public else 'limited'}"
            + (f". Last reading failed: {each.fault}" if each.fault else "")
            for each in await self.sources()
        ]
        return Card("\n".join(lines) or "There are no sources yet.")

    async def gaps(self, by: Invocation) -> Outcome:
        gaps = await self.history.gaps()
        lines = [f"- {' '.join(gap.split())}" for gap in gaps[:_MOST_GAPS]]
        if len(gaps) > _MOST_GAPS:
            lines.append(f"and {len(gaps) - _MOST_GAPS} more")
        return Card("\n".join(lines) or "Every question so far found an answer.")

    async def channel_form(self, by: Invocation) -> Outcome:
        rules = await self._rules(by)
        voices = [Choice(_DEFAULT, "The usual voice"), *(Choice(n, n) for n in self.voices())]
        voice = rules.voice if rules.voice in self.voices() else _DEFAULT
        sources = [
            Choice(each.id, each.location[-75:]) for each in (await self.sources())[:_MOST_CHOICES]
        ]
        fields = [
            Field("answers", "When I answer", "one_of", rules.answers, _MODES, required=True),
            Field(
                "bar",
                "How sure I must be to answer unasked",
                "number",
                f"{rules.bar:g}",
                help="From 0 to 1. What I am not sure about I never answer unasked.",
                required=True,
            ),
            Field("voice", "Voice", "one_of", voice or _DEFAULT, tuple(voices), required=True),
            Field(
                "daily_limit",
                "Answers a day",
                "number",
                "" if rules.daily_limit is None else str(rules.daily_limit),
                help="Empty: no limit of its own.",
            ),
        ]
        if sources:
            fields.append(
                Field(
                    "sources",
                    "Only these sources",
                    "some_of",
                    tuple(each.value for each in sources if each.value in (rules.sources or ())),
                    tuple(sources),
                    help="None chosen: all.",
                )
            )
        return Form("channel", "This channel", tuple(fields))

    async def save_channel(self, by: Invocation, _: Mapping[str, str], values: Values) -> Card:
        await self._must_be_admin(by)
        faults = _not_among(values, {"answers": _MODES})
        voice = values.get("voice") or _DEFAULT
        if voice != _DEFAULT and voice not in self.voices():
            faults["voice"] = f"Choose one of {', '.join((_DEFAULT, *self.voices()))}."
        bar = _number(values.get("bar"))
        if bar is None or not 0 <= bar <= 1:
            faults["bar"] = "Give a number from 0 to 1, such as 0.8."
        limit = _number(values.get("daily_limit"))
        if values.get("daily_limit") and (limit is None or limit < 1 or limit != int(limit)):
            faults["daily_limit"] = "Give a whole number above 0, or leave it empty."
        if faults:
            raise FieldFaults(faults)
        return await self._change(
            by,
            answers=values["answers"],
            bar=bar,
            voice=None if voice == _DEFAULT else voice,
            daily_limit=None if limit is None else int(limit),
            sources=frozenset(values.get("sources") or ()) or None,
        )

    async def answers_form(self, by: Invocation) -> Outcome:
        rules = await self._rules(by)
        return Form(
            "answers",
            "Answers in this channel",
            (
                Field(
                    "unsure",
                    "Where I am not certain",
                    "one_of",
                    (_CLOSEST if rules.unsure else _UNKNOWN).value,
                    (_CLOSEST, _UNKNOWN),
                    required=True,
                ),
                Field(
                    "frame",
                    "Voice around an answer",
                    "one_of",
                    rules.frame or _DEFAULT,
                    _FRAMES,
                    required=True,
                ),
            ),
        )

    async def save_answers(self, by: Invocation, _: Mapping[str, str], values: Values) -> Card:
        await self._must_be_admin(by)
        if faults := _not_among(values, {"unsure": (_CLOSEST, _UNKNOWN), "frame": _FRAMES}):
            raise FieldFaults(faults)
        frame = values["frame"]
        return await self._change(
            by,
            unsure=values["unsure"] == _CLOSEST.value,
            frame=None if frame == _DEFAULT else frame,
        )

    async def workspace_form(self, by: Invocation) -> Outcome:
        rules = await self.channels.workspace(by.place)
        return Form(
            "workspace",
            "This workspace",
            (
                Field(
                    "help_channel",
                    "Where people take over",
                    "channel",
                    rules.help_channel or "",
                    help='"Ask a person" posts here. Empty: there is no such button.',
                ),
            ),
        )

    async def save_workspace(self, by: Invocation, _: Mapping[str, str], values: Values) -> Card:
        await self._must_be_admin(by)
        channel = values.get("help_channel") or None
        rules = WorkspaceRules(help_channel=channel if isinstance(channel, str) else None)
        await self.channels.set_workspace(by.place, rules, person(by.place, by.user), self.clock())
        return Card(
            'Saved. "Ask a person" posts to the channel that you chose.'
            if rules.help_channel
            else 'Saved. There is no "Ask a person" now.'
        )

    async def threads(self, by: Invocation) -> Outcome:
        return await self._switch(by, "threads")

    async def forum(self, by: Invocation) -> Outcome:
        return await self._switch(by, "forum")

    async def _switch(self, by: Invocation, rule: str) -> Outcome:
        return await self._change(by, **{rule: by.values.get("off") != "yes"})

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

    async def _rules(self, by: Invocation) -> ChannelRules:
        if by.place.direct:
            raise UsageError("A direct conversation has no rules. Give the command in a channel.")
        return await self.channels.rules(by.place)

    async def _change(self, by: Invocation, **changes: object) -> Card:
        known = await self._rules(by)
        rules = ChannelRules.model_validate({**known.model_dump(), **changes})
        await self.channels.set_rules(by.place, rules, person(by.place, by.user), self.clock())
        return Card(f"Saved. {rules.told()}")

    async def _must_be_admin(self, by: Invocation) -> None:
        # A form may be sent in long after it was opened.
        if not await by.platform.is_admin(by.place, by.user):
            raise UsageError("Only admins may change this.")


def own_commands(
    channels: Channels,
    history: History,
    drafting: Drafting,
    sources: KnownSources,
    voices: Callable[[], Sequence[str]],
    clock: Callable[[], datetime],
) -> Commands:
    """The registry with all commands of ours."""
    own = _Own(channels, history, drafting, sources, voices, clock)
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
        Command("kb", "What I have read.", own.list_sources, "list", admin=True),
        Command("kb", "Questions that I could not answer.", own.gaps, "gaps", admin=True),
        Command(
            "kb",
            "How I behave in this channel.",
            own.channel_form,
            "channel",
            admin=True,
            opens_form=True,
            needs="channels",
        ),
        Command(
            "kb",
            "What my answers in this channel look like.",
            own.answers_form,
            "answers",
            admin=True,
            opens_form=True,
            needs="channels",
        ),
        Command(
            "kb",
            "Where people take over.",
            own.workspace_form,
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
        Command("quiet", "Speak here only when mentioned.", own.quiet, parameters=(off,)),
    ]

    async def show_help(by: Invocation) -> Outcome:
        offered = commands.where(by.platform.features)
        return Card(offered.help_for(picked=by.platform.picks_options))

    listed.append(Command("help", "What I can do.", show_help))
    commands = Commands(
        listed,
        {
            "channel": own.save_channel,
            "answers": own.save_answers,
            "workspace": own.save_workspace,
        },
    )
    return commands


def _not_among(values: Values, allowed: Mapping[str, Sequence[Choice]]) -> dict[str, str]:
    """What is wrong with fields that take one of some choices."""
    return {
        name: f"Choose one of {', '.join(each.value for each in choices)}."
        for name, choices in allowed.items()
        if values.get(name) not in [each.value for each in choices]
    }


def _counted(documents: int) -> str:
    return "1 document" if documents == 1 else f"{documents} documents"


def _number(value: str | tuple[str, ...] | None) -> float | None:
    try:
        number = float(str(value).replace(",", "."))
    except ValueError:
        return None
    return number if isfinite(number) else None
