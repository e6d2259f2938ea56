"""What Bolt hears and who takes it: each listener hands on, and acknowledges when it may."""

from __future__ import annotations

import re

from slack_bolt.async_app import AsyncAck, AsyncApp

from adapters.slack.agent import AgentView
from adapters.slack.hearing import Hearing
from adapters.slack.interactions import Interactions
from adapters.slack.later import Later
from adapters.slack.manifest import ADD_SOURCE, ANSWER_THIS, SAY_IN_VOICE
from adapters.slack.people import People
from adapters.slack.showing.blocks import ACTION, CARD, FORM, Json
from adapters.slack.showing.home import Home

_ANY = re.compile("")


def register(
    app: AsyncApp,
    hearing: Hearing,
    interactions: Interactions,
    people: People,
    agent: AgentView,
    homes: Home,
    later: Later,
) -> None:
    """Connect everything; what is not known is acknowledged and forgotten.

    What raises is not acknowledged, and comes again.
    """

    async def message(event: Json) -> None:
        await hearing.heard(event)

    async def home(event: Json) -> None:
        match event.get("tab"):
            case "home":
                later.do(homes.opened(event))
            case "messages":
                later.do(agent.conversation_opened(event))

    async def thread_started(event: Json) -> None:
        later.do(agent.thread_opened(event))

    async def other_event(event: Json) -> None:
        people.changed(event)

    async def command(ack: AsyncAck, body: Json) -> None:
        await interactions.commanded(body)
        await ack()

    async def answer_this(ack: AsyncAck, body: Json) -> None:
        await interactions.answer_this(body)
        await ack()

    async def say_in_voice(ack: AsyncAck, body: Json) -> None:
        await ack()
        later.do(interactions.say_in_voice(body))

    async def add_source(ack: AsyncAck, body: Json) -> None:
        await ack()
        later.do(interactions.add_source(body))

    async def pressed(ack: AsyncAck, body: Json) -> None:
        await ack()
        later.do(interactions.pressed(body))

    async def submitted(ack: AsyncAck, body: Json) -> None:
        await ack(**await interactions.submitted(body))

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
    app.message_shortcut(ADD_SOURCE)(add_source)
    app.shortcut(_ANY)(nothing)
    app.action(re.compile(rf"^{re.escape(ACTION)}"))(pressed)
    app.action(_ANY)(nothing)
    app.view_submission(FORM)(submitted)
    app.view_submission(CARD)(nothing)
    app.view_closed(_ANY)(nothing)
