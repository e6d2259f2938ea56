"""What Bolt hears and who takes it: each listener hands on, and acknowledges when it may."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from slack_bolt.async_app import AsyncAck, AsyncApp

from adapters.slack.blocks import ACTION, CARD, FORM, Json
from adapters.slack.manifest import ANSWER_THIS, SAY_IN_VOICE

Later = Callable[[Awaitable[Any]], None]
_ANY = re.compile("")


class Takers(Protocol):
    """Who takes what was heard. What raises here is not acknowledged, and comes again."""

    async def heard(self, event: Json) -> None:
        """Take in a message, an edit or a deletion; returns when it is safe."""

    async def changed(self, event: Json) -> None:
        """Note what is no longer as it was."""

    async def commanded(self, body: Json) -> None:
        """Take in a command; returns when its question, if it is one, is safe."""

    async def answer_this(self, body: Json) -> None:
        """Take in a message as a question of who pointed at it; returns when it is safe."""

    async def submitted(self, body: Json) -> Json:
        """Take in a form; returns what Slack is to do with it."""

    def later(self, doing: Awaitable[Any]) -> None:
        """Go on with something while Slack has its acknowledgement already."""

    async def say_in_voice(self, body: Json) -> None:
        """Rewrite the message that somebody pointed at."""

    async def pressed(self, body: Json) -> None:
        """Do what a button says."""

    async def home(self, event: Json) -> None:
        """Show what is to be seen where somebody opened the bot's own place."""

    async def greet(self, event: Json) -> None:
        """Offer prompts in a thread that somebody opened, in apps with the old view."""


def register(app: AsyncApp, takers: Takers) -> None:
    """Connect everything; what is not known is acknowledged and forgotten."""

    async def message(event: Json) -> None:
        await takers.heard(event)

    async def home(event: Json) -> None:
        takers.later(takers.home(event))

    async def thread_started(event: Json) -> None:
        takers.later(takers.greet(event))

    async def other_event(event: Json) -> None:
        await takers.changed(event)

    async def command(ack: AsyncAck, body: Json) -> None:
        await takers.commanded(body)
        await ack()

    async def answer_this(ack: AsyncAck, body: Json) -> None:
        await takers.answer_this(body)
        await ack()

    async def say_in_voice(ack: AsyncAck, body: Json) -> None:
        await ack()
        takers.later(takers.say_in_voice(body))

    async def pressed(ack: AsyncAck, body: Json) -> None:
        await ack()
        takers.later(takers.pressed(body))

    async def submitted(ack: AsyncAck, body: Json) -> None:
        await ack(**await takers.submitted(body))

    async def nothing(ack: AsyncAck) -> None:
        await ack()

    app.event("message")(message)
    app.event("app_mention")(message)
    app.event("app_home_opened")(home)
    app.event("assistant_thread_started")(thread_started)
    app.event(_ANY)(other_event)
    app.command(_ANY)(command)
    app.message_shortcut(ANSWER_THIS)(answer_this)
    app.message_shortcut(SAY_IN_VOICE)(say_in_voice)
    app.shortcut(_ANY)(nothing)
    app.action(re.compile(rf"^{re.escape(ACTION)}"))(pressed)
    app.action(_ANY)(nothing)
    app.view_submission(FORM)(submitted)
    app.view_submission(CARD)(nothing)
    app.view_closed(_ANY)(nothing)
