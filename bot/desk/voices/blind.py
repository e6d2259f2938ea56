"""Blind comparison: the same answer in two voices, in random order; support staff choose one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol
from uuid import uuid4

from bot.answers.turns import Question
from bot.answers.voices.blind import BlindChoices, Choice, Wins, named
from bot.cards import Card, CitedSource
from bot.conversation.channels import Channels
from bot.conversation.roles import Roles
from bot.desk.commands import Command, Invocation, Outcome, Parameter, Suggest
from bot.desk.voices.wording import Support
from bot.errors import UsageError
from bot.types import Delta, Reply, person
from bot.voice.versions.registry import Registry
from bot.voice.voice import Voice


class Answers(Protocol):
    """The chain from a question to its answer."""

    def astream(self, question: Question, /) -> AsyncIterator[Delta | Reply]:
        """The answer's pieces, then the whole."""
        ...


@dataclass(frozen=True, slots=True)
class BlindDesk:
    """All of it, put together by the shell."""

    support: Support
    choices: BlindChoices
    chain: Answers
    registry: Registry
    voice_for: Callable[[str | None], Voice]
    voices: Callable[[], Sequence[str]]
    load: Callable[[str, str], Voice]
    """A version of a voice, by both names; blocks."""
    channels: Channels
    roles: Roles
    random: Random

    async def compare(self, by: Invocation) -> Outcome:
        """Answer a question in both voices, for who asks alone."""
        await self.support.must_include(by)
        usual = self.voice_for((await self.channels.rules(by.place)).voice).name
        sides = [await self._side(by.values[name], usual) for name in ("one", "other")]
        if sides[0][0] == sides[1][0]:
            raise UsageError(f"Both are {sides[0][0]}: name two voices, or two versions.")
        self.random.shuffle(sides)
        principals = self.roles.widen(await by.platform.principals(by.place, by.user))
        replies = [
            await self._answer(by.values["question"], principals, voice) for _, voice in sides
        ]
        if not all(each.citations for each in replies):
            return Card("I do not know that one, and nothing can be compared. Ask another.")
        (first, _), (second, _) = sides
        id = await self.choices.show(first, second, person(by.place, by.user))
        return Card(
            f"Which says it better?\n\n**The first**\n\n{replies[0].answer}\n\n"
            f"**The second**\n\n{replies[1].answer}",
            sources=tuple(
                CitedSource.of(each.n, each.title, each.document, each.url)
                for each in replies[0].citations
            ),
            buttons=("first", "second", "same"),
            subject=id,
        )

    async def choose(self, choice: Choice, id: str, by: Invocation) -> Card:
        """Keep a choice. Which was which is not told: the next one shall be blind too."""
        await self.support.must_include(by)
        await self.choices.choose(id, person(by.place, by.user), choice)
        return Card("Thank you, noted. `/voice status` shows how often each was chosen.")

    async def _answer(self, text: str, principals: frozenset[str], voice: Voice) -> Reply:
        asked = Question(text, principals, voice, uuid4().hex, frame="full")
        replies = [each async for each in self.chain.astream(asked) if isinstance(each, Reply)]
        return replies[-1]

    async def _side(self, typed: str, usual: str) -> tuple[str, Voice]:
        """``acme:v2``, ``acme`` as it speaks, or ``v2`` of the voice that speaks here."""
        name, _, version = typed.strip().partition(":")
        if not version and name not in self.voices():
            name, version = usual, name
        served = await asyncio.to_thread(self.registry.served, name)
        version = version or served.live
        if version != "none":
            await asyncio.to_thread(self.registry.version, name, version)
        return named(name, version), await asyncio.to_thread(self.load, name, version)


def blind_commands(desk: BlindDesk, suggest_voice: Suggest) -> Sequence[Command]:
    """The command."""
    side = "A voice, a version such as v2, or both as acme:v2; none is without a LoRA."
    return [
        Command(
            "voice",
            "The same answer in two voices; choose without knowing whose it is.",
            desk.compare,
            "compare",
            (
                Parameter("one", side, "word", suggest=suggest_voice),
                Parameter("other", side, "word", suggest=suggest_voice),
                Parameter("question", "What is to be answered."),
            ),
        )
    ]


def told(wins: Sequence[Wins]) -> list[str]:
    """A line for each pair."""
    return [
        f"- {each.one} against {each.other}: chosen in {each.won} of {each.won + each.lost} "
        f"({each.rate:.0%}, 95%: {low:.0%} to {high:.0%}), {each.same} without a difference"
        for each in wins
        for low, high in (each.interval,)
    ]
