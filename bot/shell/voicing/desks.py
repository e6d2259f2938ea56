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
from bot.conversation.roles import Roles
from bot.desk.commands import Command, Suggest
from bot.desk.desk import Press
from bot.desk.follow_ups import FollowUps
from bot.desk.kb.audit import Audit
from bot.desk.voices.blind import Answers, BlindDesk, blind_commands
from bot.desk.voices.making import VoiceMaking, making_commands
from bot.desk.voices.versions import voice_commands
from bot.desk.voices.wording import Support, WordingDesk, wording_commands
from bot.voice.versions.registry import Registry
from bot.voice.voice import Voice

if TYPE_CHECKING:
    from bot.shell.core import Outside


@dataclass(frozen=True, slots=True)
class VoiceDesks:
    """The desks, and what they add to the registries."""

    wording: WordingDesk
    making: VoiceMaking
    commands: Callable[[Suggest], Sequence[Command]]
    actions: Mapping[Action, Press]


def voice_desks(
    outside: Outside,
    audit: Audit,
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
    making = VoiceMaking(outside.making, channels, audit, lambda: voice_for(None).name)
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

    def commands(suggest: Suggest) -> Sequence[Command]:
        versions = voice_commands(
            registry,
            partial(records, engine),
            voice_for,
            channels,
            audit,
            clock,
            choices,
            outside.making.progress,
            suggest,
        )
        return [
            *making_commands(making, suggest),
            *versions,
            *blind_commands(blind, suggest),
            *wording_commands(wording),
        ]

    return VoiceDesks(
        wording,
        making,
        commands,
        {
            "teach": wording.approve,
            "spare": wording.reject,
            "withdraw": wording.withdraw,
            "first": partial(blind.choose, "first"),
            "second": partial(blind.choose, "second"),
            "same": partial(blind.choose, "same"),
        },
    )
