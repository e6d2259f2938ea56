"""The forms that there are: what each asks, and what becomes of what was filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite

from bot.cards import Card, Choice, Field, Form, Values
from bot.conversation.channels import ChannelRules, Channels
from bot.desk.commands import Invocation
from bot.desk.drafting import Drafting
from bot.desk.forms import FieldFaults, FormKind, Forms, must_be_admin, not_among
from bot.desk.kb.digest import DIGEST, digest_form
from bot.desk.kb.gaps import GapDesk, gap_forms
from bot.desk.kb.golden import GOLDEN, GoldenDesk, golden_form
from bot.desk.kb.setup.setting_up import SettingUp, setup_forms
from bot.desk.source_commands import REMOVAL, removal_form
from bot.desk.voices.wording import WORDING, WordingDesk, wording_form
from bot.errors import UsageError
from bot.ports import Sources
from bot.types import person

_MOST_CHOICES = 25  # Discord shows no more
_MODES = (
    Choice("mention", "When I am mentioned"),
    Choice("unprompted", "Any question that I am sure about"),
    Choice("never", "Never"),
)
_DEFAULT = "default"
_LEARN = (Choice("no", "No"), Choice("yes", "Yes: keep draft and version as an example"))
_CLOSEST = Choice("closest", "Show the closest that I have, marked as not certain")
_UNKNOWN = Choice("unknown", "Say that I do not know")
_FRAMES = (
    Choice(_DEFAULT, "As everywhere"),
    Choice("full", "All of it, every time: greeting, lead-in and closing"),
    Choice("light", "A little, where it fits"),
    Choice("none", "None: the quote and its source"),
)


@dataclass(frozen=True, slots=True)
class _Own:
    channels: Channels
    drafting: Drafting
    wording: WordingDesk
    sources: Sources
    voices: Callable[[], Sequence[str]]
    clock: Callable[[], datetime]

    async def channel(self, by: Invocation, _: str) -> Form:
        rules = await _rules(self.channels, by)
        voices = [Choice(_DEFAULT, "The usual voice"), *(Choice(n, n) for n in self.voices())]
        voice = rules.voice if rules.voice in self.voices() else _DEFAULT
        sources = [
            Choice(each.id, each.location[-75:])
            for each in (await self.sources.all())[:_MOST_CHOICES]
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
        await must_be_admin(by)
        faults = not_among(values, {"answers": _MODES})
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
        return await change_rules(
            self.channels,
            by,
            self.clock(),
            answers=values["answers"],
            bar=bar,
            voice=None if voice == _DEFAULT else voice,
            daily_limit=None if limit is None else int(limit),
            sources=frozenset(values.get("sources") or ()) or None,
        )

    async def answers(self, by: Invocation, _: str) -> Form:
        rules = await _rules(self.channels, by)
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
        await must_be_admin(by)
        if faults := not_among(values, {"unsure": (_CLOSEST, _UNKNOWN), "frame": _FRAMES}):
            raise FieldFaults(faults)
        frame = values["frame"]
        return await change_rules(
            self.channels,
            by,
            self.clock(),
            unsure=values["unsure"] == _CLOSEST.value,
            frame=None if frame == _DEFAULT else frame,
        )

    async def workspace(self, by: Invocation, _: str) -> Form:
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
        await must_be_admin(by)
        channel = values.get("help_channel") or None
        help_channel = channel if isinstance(channel, str) else None
        known = await self.channels.workspace(by.place)
        rules = known.model_copy(update={"help_channel": help_channel})
        await self.channels.set_workspace(by.place, rules, person(by.place, by.user), self.clock())
        return Card(
            'Saved. "Ask a person" posts to the channel that you chose.'
            if rules.help_channel
            else 'Saved. There is no "Ask a person" now.'
        )

    async def draft(self, by: Invocation, id: str) -> Form:
        draft = await self.drafting.get(id, by.place, by.user)
        fields = [Field("text", "Your text", "long_text", draft.text, required=True)]
        if draft.source and await self.wording.support.holds(by):
            fields.append(
                Field(
                    "learn",
                    "May the voice learn from your version?",
                    "one_of",
                    "no",
                    _LEARN,
                    help="A second person approves it. /voice wordings takes it back.",
                    required=True,
                )
            )
        return Form("draft", "Edit", tuple(fields), "Keep", {"draft": id})

    async def save_draft(self, by: Invocation, context: Mapping[str, str], values: Values) -> Card:
        given = values.get("text", "")
        text = given if isinstance(given, str) else ""
        card = await self.drafting.edit(context["draft"], text, by.place, by.user)
        if values.get("learn") != "yes":
            return card
        draft = await self.drafting.get(context["draft"], by.place, by.user)
        note = await self.wording.keep_draft(draft.voice, draft.source, text, by)
        return replace(card, text=f"{card.text}\n\n*{note}*")


def own_forms(
    channels: Channels,
    drafting: Drafting,
    wording: WordingDesk,
    of_voices: Mapping[str, FormKind],
    gaps: GapDesk,
    voices: Callable[[], Sequence[str]],
    clock: Callable[[], datetime],
) -> Forms:
    """The registry with all forms of ours."""
    own = _Own(channels, drafting, wording, gaps.knowledge.sources, voices, clock)
    return Forms(
        {
            "channel": FormKind(own.channel, own.save_channel),
            "answers": FormKind(own.answers, own.save_answers),
            "workspace": FormKind(own.workspace, own.save_workspace),
            "draft": FormKind(own.draft, own.save_draft),
            REMOVAL: removal_form(gaps.knowledge),
            **gap_forms(gaps),
            WORDING: wording_form(wording),
            **of_voices,
            **setup_forms(SettingUp(gaps.adding)),
            GOLDEN: golden_form(GoldenDesk(gaps.knowledge)),
            DIGEST: digest_form(channels, gaps.knowledge.audit, clock),
        }
    )


async def change_rules(
    channels: Channels, by: Invocation, now: datetime, **changes: object
) -> Card:
    """Change some rules of the channel that somebody is in; the rest stays."""
    known = await _rules(channels, by)
    rules = ChannelRules.model_validate({**known.model_dump(), **changes})
    await channels.set_rules(by.place, rules, person(by.place, by.user), now)
    return Card(f"Saved. {rules.told()}")


async def _rules(channels: Channels, by: Invocation) -> ChannelRules:
    if by.place.direct:
        raise UsageError("A direct conversation has no rules. Give the command in a channel.")
    return await channels.rules(by.place)


def _number(value: str | tuple[str, ...] | None) -> float | None:
    try:
        number = float(str(value).replace(",", "."))
    except ValueError:
        return None
    return number if isfinite(number) else None
