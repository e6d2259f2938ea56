"""People who ask by a plan on the tests' Slack and Discord, and what became of each question."""

from __future__ import annotations

import asyncio
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from simcord import ChannelHandle

from adapters.slack.showing.finding import METADATA
from benchmarks.working_day import Planned
from tests.stand_ins.discord_server import DiscordServer
from tests.stand_ins.slack_server import Channel, SlackServer

PATIENCE = 600.0
"""Seconds without any answer after which those that are left are taken for lost."""
_LOOK = 0.25
_SHOWING = (
    *("assistant.threads.setStatus", "reactions.add"),
    *("chat.postMessage", "chat.startStream", "chat.appendStream", "chat.stopStream"),
)
_SAYING = ("chat.postMessage", "chat.stopStream", "chat.update")
_WAIT = re.compile(r"about (?:(?P<many>\d+) (?P<unit>second|minute)s?|a minute): \d+ before you")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that somebody asked."""

    planned: Planned
    id: str
    """Of its message on the platform."""
    thread: str
    at: float
    """When it was sent, as ``time.perf_counter`` counts."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of it."""

    answers: int
    """1 is right."""
    sign: float | None
    """Seconds until the first visible sign."""
    whole: float | None
    """Seconds until all of the answer stood there."""
    told: float | None
    """How long it was told to wait, last, in seconds; None: it was told nothing."""
    waited: float | None
    """How long it took from then on."""


@dataclass(slots=True)
class _Shown:
    """What the bot did for a question, as (moment, what)."""

    signs: list[float] = field(default_factory=list)
    words: list[float] = field(default_factory=list)
    told: list[tuple[float, float]] = field(default_factory=list)

    def fate(self, asked: Asked, answers: int) -> Fate:
        told = self.told[-1] if self.told else None  # what it was told last is what counts
        whole = max(self.words) if answers and self.words else None
        return Fate(
            answers=answers,
            sign=min(self.signs) - asked.at if self.signs else None,
            whole=whole - asked.at if whole else None,
            told=told[1] if told else None,
            waited=whole - told[0] if told and whole else None,
        )


def promised(text: str) -> float | None:
    """How many seconds a reader is told to wait; None if nothing is told."""
    if (found := _WAIT.search(text)) is None:
        return None
    return int(found["many"] or 1) * (1.0 if found["unit"] == "second" else 60.0)


class Crowd:
    """Asks in a channel of each platform that is new for it, every question as somebody else."""

    def __init__(self, slack: SlackServer, discord: DiscordServer, name: str):
        self._slack = slack
        self._discord = discord
        self._name = name
        self._on_slack: Channel = slack.channel(name)
        self._on_discord: ChannelHandle = discord.channel(name)
        self._first_calls = len(slack.calls), len(discord.calls)
        self.asked: list[Asked] = []

    async def ask(self, day: Iterable[Planned]) -> None:
        """Ask each at its moment; returns when the last was asked."""
        begun = perf_counter()
        for planned in day:
            await asyncio.sleep(max(0.0, begun + planned.at - perf_counter()))
            if planned.where == "discord":
                await self._ask_on_discord(planned)
            else:
                await self._ask_on_slack(planned)

    async def served(self, within: float = math.inf) -> bool:
        """Wait until all is answered, or so many seconds; False: some of it is not."""
        left, begun = len(self.asked) + 1, perf_counter()
        since = begun
        while perf_counter() - since < PATIENCE and perf_counter() - begun < within:
            now = sum(not answers for answers in self._answers())
            if not now:
                return True
            if now < left:
                left, since = now, perf_counter()
            await asyncio.sleep(_LOOK)
        return False

    async def busy(self, least: int) -> None:
        """Wait for a moment when so many were answered and others wait for their answer."""
        async with asyncio.timeout(PATIENCE):
            while not least <= sum(map(bool, self._answers())) < len(self.asked):  # noqa: ASYNC110
                await asyncio.sleep(_LOOK)

    def on_its_way(self) -> set[str]:
        """Questions, by id, that Slack has not handed over yet, or will say again."""
        unfinished = self._slack.deliveries.unfinished
        return {str(each.event.get("ts")) for each in unfinished}

    def fates(self) -> list[Fate]:
        """What became of each question, in the order of :attr:`asked`."""
        shown = self._shown_on_slack() | self._shown_on_discord()
        return [
            shown[each.id].fate(each, answers)
            for each, answers in zip(self.asked, self._answers(), strict=True)
        ]

    async def _ask_on_slack(self, planned: Planned) -> None:
        server, channel = self._slack, self._on_slack
        person = server.user(f"{self._name}{planned.number}")
        channel.members.append(person.id)
        thread = self._quiet_thread() if planned.where == "slack thread" else None
        at = perf_counter()
        ts = await server.say(person, channel, f"{server.mention} {planned.text}", thread_ts=thread)
        self.asked.append(Asked(planned, ts, thread or ts, at))

    async def _ask_on_discord(self, planned: Planned) -> None:
        server = self._discord
        person = server.user(f"{self._name} {planned.number}")
        at = perf_counter()
        said = await server.say(person, self._on_discord, f"{server.mention} {planned.text}")
        self.asked.append(Asked(planned, str(said.id), str(said.id), at))

    def _quiet_thread(self) -> str | None:
        """The thread that was answered last and in which nothing is open; None: there is none."""
        waiting = set[str]()
        found: str | None = None
        answers = self._answers_on_slack()
        for each in self.asked:
            if each.planned.where == "discord":
                continue
            if answers[each.id]:
                found = each.thread
            else:
                waiting.add(each.thread)
        return None if found in waiting else found

    # --- answers ------------------------------------------------------------------------------

    def _answers(self) -> list[int]:
        """How many answers each question has by now."""
        on_slack = self._answers_on_slack()
        return [
            self._answers_on_discord(each) if each.planned.where == "discord" else on_slack[each.id]
            for each in self.asked
        ]

    def _answers_on_slack(self) -> defaultdict[str, int]:
        """By the question's ``ts``: messages that are marked as its answer and have buttons."""
        found = defaultdict[str, int](int)
        for message in self._on_slack.messages.values():
            marked = message.get("metadata") or {}
            is_whole = any(block["type"] == "actions" for block in message.get("blocks", ()))
            if marked.get("event_type") == METADATA and is_whole:
                found[marked["event_payload"]["id"].rpartition(":")[2]] += 1
        return found

    def _answers_on_discord(self, asked: Asked) -> int:
        if int(asked.id) not in self._discord.backend.channels:
            return 0
        thread = self._discord.world.channel_handle(int(asked.id))
        return sum(bool(each.controls) for each in self._discord.replies(thread))

    # --- what was shown -----------------------------------------------------------------------

    def _shown_on_slack(self) -> dict[str, _Shown]:
        asked = [each for each in self.asked if each.planned.where != "discord"]
        shown = {each.id: _Shown() for each in asked}
        threads = defaultdict[str, list[Asked]](list)
        for each in asked:
            threads[each.thread].append(each)
        posts = dict[str, str]()  # the thread of each message of the bot
        for call in self._slack.calls[self._first_calls[0] :]:
            args = call.args
            ts = str(args.get("thread_ts") or args.get("timestamp") or args.get("ts"))
            thread = posts.get(ts, ts)
            question = _open_at(threads[thread], call.at)
            if question is None or not call.ok:
                continue
            if "ts" in call.answer:
                posts[call.answer["ts"]] = thread
            _note(shown[question.id], call.at, call.method, args)
        return shown

    def _shown_on_discord(self) -> dict[str, _Shown]:
        shown = {each.id: _Shown() for each in self.asked if each.planned.where == "discord"}
        for call in self._discord.calls[self._first_calls[1] :]:
            parts = [part for part in call.path.split("/") if part in shown]
            if not parts or call.status is None or call.status >= 400:
                continue
            found, said = shown[parts[0]], "messages" in call.path and "threads" not in call.path
            found.signs.append(call.received)
            content = str((call.body or {}).get("content", "")) if said else ""
            if said and (seconds := promised(content)) is not None:
                found.told.append((call.received, seconds))
            elif said:
                found.words.append(call.received)
        return shown


def _open_at(asked: Sequence[Asked], at: float) -> Asked | None:
    """The last question of a thread before that: nobody asks there while one is open."""
    return next((each for each in reversed(asked) if each.at <= at), None)


def _note(shown: _Shown, at: float, method: str, args: dict[str, Any]) -> None:
    if method in _SHOWING and args.get("status") != "":
        shown.signs.append(at)
    if (seconds := promised(str(args.get("status", "")))) is not None:
        shown.told.append((at, seconds))
    if method in _SAYING:
        shown.words.append(at)
