"""What people do with voices where they talk, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import SystemRandom
from typing import TYPE_CHECKING

from bot.answers.voices.blind import BlindChoices
from bot.answers.voices.records import records
from bot.answers.voices.wordings import Wordings
from bot.cards import Action
from bot.conversation.channels import Channels
from bot.conversation.outbox import Outbox
from bot.conversation.roles import Roles
from bot.desk.audit import Audit
from bot.desk.commands import Command, Suggest
from bot.desk.desk import Press
from bot.desk.follow_ups import FollowUps
from bot.desk.forms import FormKind
from bot.desk.settling import Decided
from bot.desk.voices.blind import Answers, BlindDesk, blind_commands
from bot.desk.voices.evaluating import (
    QUESTIONS,
    VoiceEvaluating,
    evaluating_commands,
    evaluating_form,
)
from bot.desk.voices.making import VoiceMaking, making_commands, making_forms
from bot.desk.voices.versions import VersionDesk, voice_commands
from bot.desk.voices.wording import Support, WordingDesk, wording_commands
from bot.voice.versions.registry import Registry
from bot.voice.voice import Voice

if TYPE_CHECKING:
    from bot.shell.core import Outside


@dataclass(frozen=True, slots=True)
class VoiceDesks:
    """The desks, and what they add to the registries."""

    wording: WordingDesk
    forms: Mapping[str, FormKind]
    commands: Callable[[Suggest], Sequence[Command]]
    actions: Mapping[Action, Press]
    decided: Mapping[Action, Decided]


def voice_desks(
    outside: Outside,
    audit: Audit,
    outbox: Outbox,
    channels: Channels,
    follow_ups: FollowUps,
    chain: Answers,
    roles: Roles,
) -> VoiceDesks:
    """Put them together."""
    engine, clock, voice_for = outside.engine, outside.clock, outside.voice
    support, choices = Support(roles), BlindChoices(engine, clock)
    registry = Registry(outside.voices, clock)
    wording = WordingDesk(
        support,
        Wordings(engine, clock),
        follow_ups,
        outside.passages,
        voice_for,
        channels,
        audit,
        outside.making.unlearn,
        clock,
    )
    work = outside.work
    making = VoiceMaking(outside.making, work, channels, audit, lambda: voice_for(None).name)
    evaluating = VoiceEvaluating(outside.making, work, registry, outbox, audit)
    blind = BlindDesk(
        support,
        choices,
        chain,
        registry,
        voice_for,
        outside.voice_names,
        partial(Voice.load, outside.voices),
        channels,
        roles,
        SystemRandom(),
    )

    versions = VersionDesk(
        registry,
        partial(records, engine),
        voice_for,
        channels,
        audit,
        clock,
        choices,
        work.progress,
    )

    def commands(suggest: Suggest) -> Sequence[Command]:
        return [
            *making_commands(making, suggest),
            *evaluating_commands(evaluating, suggest),
            *voice_commands(versions, suggest),
            *blind_commands(blind, suggest),
            *wording_commands(wording),
        ]

    return VoiceDesks(
        wording,
        {**making_forms(making), QUESTIONS: evaluating_form(evaluating)},
        commands,
        {
            "teach": wording.approve,
            "spare": wording.reject,
            "withdraw": wording.withdraw,
            "first": partial(blind.choose, "first"),
            "second": partial(blind.choose, "second"),
            "same": partial(blind.choose, "same"),
            "promote": versions.let_speak,
        },
        {"teach": wording.decided, "promote": versions.decided},
    )
