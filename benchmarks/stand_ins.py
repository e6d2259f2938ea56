"""People who ask on the tests' Slack and Discord, and what they see of the answer, and when."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from time import perf_counter
from typing import Any, Protocol

from simcord import ChannelHandle

from tests.stand_ins.discord_server import DiscordServer, Interaction, Posted
from tests.stand_ins.slack_server import Delivery, SlackServer

_PATIENCE = 1_200.0
"""Seconds after which a question is taken to stay without an answer."""
_QUIET = 0.15
"""Seconds without a call after which a platform is at rest, and the next may be asked."""
_SAYING = ("chat.postMessage", "chat.startStream", "chat.appendStream", "chat.stopStream")
_SHOWING = ("assistant.threads.setStatus", "reactions.add", *_SAYING)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one asker saw, in milliseconds after the question was sent."""

    words: float
    """The first words of the answer."""
    whole: float
    """All of it, with its sources and buttons."""
    sign: float | None = None
    """The first visible sign of any kind; None where there is none but the words."""
    acknowledged: float | None = None
    """The platform was told that it arrived; None where it does not ask for that."""
    calls: tuple[str, ...] = ()
    """What the bot called for it, in order."""


class Way(Protocol):
    """A way to ask the bot on a platform."""

    name: str

    def slow(self, seconds: float) -> None:
        """Let every call of the platform's API take so long from now on."""
        ...

    async def ask(self, questions: Sequence[str]) -> list[Seen]:
        """Ask all at once, each as somebody else; returns when all is answered and at rest."""
        ...

    def acknowledgements_ms(self) -> list[float]:
        """How long every acknowledgement took so far, those that count for no question included."""
        ...


@dataclass(slots=True)
class _Noted:
    """Calls made for one question, and when each was done."""

    asked: float
    calls: list[tuple[str, float]]

    def first(self, *methods: str) -> float:
        return min(self._of(methods))

    def last(self, *methods: str) -> float:
        return max(self._of(methods))

    def _of(self, methods: Sequence[str]) -> list[float]:
        return [(at - self.asked) * 1000 for name, at in self.calls if name in methods]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.calls)


def _with_sources(text: str) -> None:
    if "[1]" not in text:
        raise SystemExit(f"An answer came without its sources:\n{text}")


# --- Slack ------------------------------------------------------------------------------------


class SlackMention:
    """The bot is mentioned in a public channel and answers in a thread."""

    def __init__(self, name: str, server: SlackServer):
        self.name = name
        self._server = server
        self._channel = server.channel("general")
        self._numbers = count(1)
        self._seconds = 0.0

    def slow(self, seconds: float) -> None:
        """See :class:`Way`."""
        self._seconds = seconds
        self._server.faults.clear()
        if seconds:
            self._server.fail("*", latency=seconds, times=None)

    async def ask(self, questions: Sequence[str]) -> list[Seen]:
        """See :class:`Way`."""
        server, asked = self._server, dict[str, _Noted]()
        calls, deliveries = len(server.calls), len(server.deliveries.history)
        for text in questions:
            person = server.user(f"colleague{next(self._numbers)}")
            self._channel.members.append(person.id)
            at = perf_counter()
            ts = await server.say(person, self._channel, f"{server.mention} {text}")
            asked[ts] = _Noted(at, [])
        await server.until(lambda: asked.keys() <= self._answered().keys(), _PATIENCE)
        await server.settled(_QUIET, _PATIENCE)
        answered = self._answered()
        for ts in asked:
            _with_sources(server.visible(answered[ts]))
        self._note(calls, asked)
        heard = self._acknowledged(deliveries)
        return [
            Seen(
                words=noted.first(*_SAYING),
                whole=noted.last(*_SAYING, "chat.update"),
                sign=noted.first(*_SHOWING),
                acknowledged=heard[ts],
                calls=noted.names,
            )
            for ts, noted in asked.items()
        ]

    def acknowledgements_ms(self) -> list[float]:
        """See :class:`Way`."""
        return [_waited_ms(delivery) for delivery in self._server.deliveries.history]

    def _answered(self) -> Mapping[str, dict[str, Any]]:
        """The last message of each answer that has its buttons, by the question's ``ts``."""
        return {
            message["thread_ts"]: message
            for message in self._channel.messages.values()
            if any(block["type"] == "actions" for block in message.get("blocks", ()))
        }

    def _note(self, first: int, asked: Mapping[str, _Noted]) -> None:
        """Give every call to the question that it was made for."""
        answers: dict[str, str] = {}
        for call in self._server.calls[first:]:
            args = call.args
            ts = str(args.get("thread_ts") or args.get("timestamp") or args.get("ts"))
            question = answers.get(ts, ts)
            if question not in asked or not call.ok:
                continue
            asked[question].calls.append((call.method, call.at + self._seconds))
            if "ts" in call.answer:
                answers[call.answer["ts"]] = question

    def _acknowledged(self, first: int) -> Mapping[str, float]:
        """By the question's ``ts``: a mention is delivered as two events, the later one counts."""
        heard: dict[str, float] = {}
        for delivery in self._server.deliveries.history[first:]:
            ts = str(delivery.event.get("ts"))
            heard[ts] = max(heard.get(ts, 0.0), _waited_ms(delivery))
        return heard


def _waited_ms(delivery: Delivery) -> float:
    """From the first attempt on, so that one which Slack had to send again counts as late."""
    for attempt in delivery.attempts:
        if attempt.acked_at is not None:
            return (attempt.acked_at - delivery.attempts[0].sent_at) * 1000
    raise SystemExit(f"Never acknowledged: {delivery.event.get('type')}.")


# --- Discord ----------------------------------------------------------------------------------


class _OnDiscord:
    def __init__(self, name: str, server: DiscordServer, channel: ChannelHandle):
        self.name = name
        self._server = server
        self._channel = channel
        self._numbers = count(1)
        self._seconds = 0.0

    def slow(self, seconds: float) -> None:
        """See :class:`Way`."""
        self._seconds = seconds
        self._server.mend()
        if seconds:
            self._server.fail("**", 200, latency=seconds, times=None)

    async def _at_rest(self) -> None:
        # The server's own wait asks for heartbeats, which discord.py would take for late ones.
        seen = -1
        while seen != len(self._server.calls) or self._server.rest.in_flight:
            seen = len(self._server.calls)
            await asyncio.sleep(_QUIET)

    def _note(self, first: int, asked: Mapping[str, _Noted]) -> None:
        """Give every call to the question whose id or token stands first in its path."""
        for call in self._server.calls[first:]:
            question = next((part for part in call.path.split("/") if part in asked), None)
            if question is not None:
                path = re.sub(r"/\d+", "/*", call.path.replace(question, "*"))
                done = call.received + self._seconds
                asked[question].calls.append((f"{call.method} {path}", done))


class DiscordMention(_OnDiscord):
    """The bot is mentioned in a channel and answers in a thread of its own."""

    async def ask(self, questions: Sequence[str]) -> list[Seen]:
        """See :class:`Way`."""
        server, asked = self._server, dict[str, _Noted]()
        calls = len(server.calls)
        people = [server.user(f"{self.name} {next(self._numbers)}") for _ in questions]
        for person, text in zip(people, questions, strict=True):
            at = perf_counter()
            said = await server.say(person, self._channel, f"{server.mention} {text}")
            asked[str(said.id)] = _Noted(at, [])
        await server.until(lambda: all(map(self._answer, asked)), _PATIENCE)
        await self._at_rest()
        for id in asked:
            if answer := self._answer(id):
                _with_sources(answer.text)
        self._note(calls, asked)
        thread, typing = "POST /channels/*/messages/*/threads", "POST /channels/*/typing"
        post, edit = "POST /channels/*/messages", "PATCH /channels/*/messages/*"
        return [
            Seen(
                words=noted.first(post),
                whole=noted.last(post, edit),
                sign=noted.first(thread, typing, post),
                calls=noted.names,
            )
            for noted in asked.values()
        ]

    def acknowledgements_ms(self) -> list[float]:
        """Messages are not acknowledged."""
        return []

    def _answer(self, question: str) -> Posted | None:
        """The last message of the answer, once it has its buttons."""
        if int(question) not in self._server.backend.channels:
            return None
        thread = self._server.world.channel_handle(int(question))
        return next((each for each in self._server.replies(thread) if each.controls), None)


class DiscordCommand(_OnDiscord):
    """``/ask``, which only the asker sees answered."""

    async def ask(self, questions: Sequence[str]) -> list[Seen]:
        """See :class:`Way`."""
        server, asked = self._server, dict[str, _Noted]()
        calls = len(server.calls)
        people = [server.user(f"{self.name} {next(self._numbers)}") for _ in questions]
        used: list[Interaction] = []
        for person, text in zip(people, questions, strict=True):
            interaction = await server.command(
                person, self._channel, "ask", question=text, wait=False
            )
            used.append(interaction)
            asked[interaction.token] = _Noted(interaction.started, [])
        await server.until(lambda: all(map(self._is_whole, used)), _PATIENCE)
        await self._at_rest()
        for interaction in used:
            _with_sources(interaction.text)
        self._note(calls, asked)
        defer = "POST /interactions/*/*/callback"
        edit, post = "PATCH /webhooks/*/*/messages/@original", "POST /webhooks/*/*"
        return [
            Seen(
                words=noted.first(edit),
                whole=noted.last(edit, post),
                sign=noted.first(defer),
                acknowledged=noted.first(defer),
                calls=noted.names,
            )
            for noted in asked.values()
        ]

    def acknowledgements_ms(self) -> list[float]:
        """Without the time that :meth:`slow` adds to the call."""
        return self._server.latencies_ms()

    @staticmethod
    def _is_whole(used: Interaction) -> bool:
        return bool(used.messages and used.messages[-1].controls)
