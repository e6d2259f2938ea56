"""What people do besides writing: commands, shortcuts, buttons, forms, and the App Home."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

import structlog

from adapters.slack.connection.web import SlackError, Web
from adapters.slack.events import PLATFORM, attachments
from adapters.slack.hearing import Hearing
from adapters.slack.later import Later
from adapters.slack.people import People
from adapters.slack.showing.blocks import (
    ACTION,
    Json,
    Posting,
    card_view,
    form_context,
    form_view,
    postings,
    values,
)
from adapters.slack.showing.formatting import from_slack
from adapters.slack.showing.private import respond, whisper
from adapters.slack.showing.spot import Spot, handle
from adapters.slack.showing.telling import Telling
from bot.cards import LABELS, Action, Card, Form
from bot.desk.commands import Ask, Invocation, Outcome
from bot.desk.desk import Desk
from bot.desk.forms import FieldFaults
from bot.errors import UsageError
from bot.ports import Platform
from bot.types import Place, Utterance

ACKNOWLEDGED_WITHIN: Final = 1.8
"""Seconds for what has to be safe, or known, before Slack is told that it arrived: it waits 3."""
_SOON = 0.5
_SIGN_AFTER = 1.5
"""Seconds after which a command that is not done says that it was heard."""
_LOOK_UP_SECONDS = 0.8
_WORKING = Card("Working …")
_NO_TEXT = Card("There is no text in that message.")
_TOO_LATE = "Slack closed the window before I was ready. Please try once more."
_REWRITE_TITLE = "In our voice"

_log = structlog.get_logger("housevoice")


class Interactions:
    """Takes what people do to the desk, and shows them what comes back."""

    def __init__(
        self,
        platform: Platform,
        desk: Desk,
        web: Web,
        people: People,
        hearing: Hearing,
        later: Later,
    ):
        self._platform = platform
        self._desk = desk
        self._commands = desk.commands.where(platform.features)
        self._web = web
        self._people = people
        self._hearing = hearing
        self._later = later

    # --- commands ---------------------------------------------------------------------------

    async def commanded(self, body: Json) -> None:
        """A question is safe when this returns; anything else goes on by itself."""
        spot = Spot(
            await self._place(str(body["channel_id"]), str(body["user_id"])),
            str(body["user_id"]),
            str(body.get("response_url") or ""),
        )
        running = asyncio.ensure_future(self._desk.safely(self._run(body, spot)))
        await asyncio.wait({running}, timeout=_SOON)
        if running.done() and isinstance(asked := running.result(), Ask):
            await self._ask(body, spot, asked)
        else:
            self._later.do(self._outcome(body, spot, running))

    async def _run(self, body: Json, spot: Spot) -> Outcome | None:
        """None: it was shown already, in a modal that had to be opened at once."""
        name = str(body["command"]).lstrip("/")
        command, given = self._commands.parse(name, str(body.get("text") or ""))
        by = self._by(spot, given)
        if not command.opens_form:
            telling = Telling(self._web, spot.user)
            told = replace(by, tell=telling.tell)
            outcome = await self._signed(spot, self._commands.run(command, told))
            await self._ended(telling, outcome)
            return outcome
        modal = await self._open(str(body["trigger_id"]), spot, command.usage()[:24])
        await self._show(modal, await self._desk.safely(self._commands.run(command, by)))
        return None

    async def _signed(self, spot: Spot, doing: Awaitable[Outcome]) -> Outcome:
        """Do it; what takes long, such as reading a source, is told to be at work."""
        running = asyncio.ensure_future(doing)
        try:
            await asyncio.wait({running}, timeout=_SIGN_AFTER)
            if not running.done() and spot.response_url:
                await respond(self._web, spot.response_url, Posting(_WORKING.text, []))
            return await running
        finally:
            running.cancel()

    async def _ended(self, telling: Telling, outcome: Outcome) -> None:
        if isinstance(outcome, Card):
            with suppress(SlackError):  # it is shown where it was asked for as well
                await telling.end(outcome)

    async def _outcome(
        self, body: Json, spot: Spot, running: asyncio.Future[Outcome | Card | None]
    ) -> None:
        outcome = await running
        if isinstance(outcome, Ask):
            await self._ask(body, spot, outcome)
        elif outcome is not None:
            await self._show(spot, outcome)

    async def _ask(self, body: Json, spot: Spot, asked: Ask) -> None:
        trigger = str(body["trigger_id"])
        utterance = Utterance(
            id=f"{PLATFORM}:{self._people.me.team}:command:{trigger}"[:200],
            place=spot.place,
            author=spot.user,
            text=asked.text,
            address="command",
            private=asked.private,
            handle=handle(spot) | {"replaces": "yes"},
        )
        await self._hearing.take(utterance)

    # --- shortcuts --------------------------------------------------------------------------

    async def answer_this(self, body: Json) -> None:
        """Somebody wants a message answered, for themselves."""
        message, spot = body["message"], await self._pointed_at(body)
        files, unlisted = attachments(message)
        text = self._text_of(message)
        if not text and not files and not unlisted:
            self._later.do(self._show(spot, _NO_TEXT))
            return
        utterance = Utterance(
            id=f"{PLATFORM}:{self._people.me.team}:shortcut:{body['trigger_id']}"[:200],
            place=spot.place,
            author=spot.user,
            text=text,
            address="command",
            private=True,
            files=files,
            handle=handle(spot) | {"ts": str(body["message_ts"]), "thread": spot.thread},
        )
        await self._hearing.take(utterance, unlisted)

    async def say_in_voice(self, body: Json) -> None:
        """Rewrite a message, in a modal that is there at once."""
        spot = await self._pointed_at(body)
        modal = await self._open(str(body["trigger_id"]), spot, _REWRITE_TITLE)
        text = self._text_of(body["message"])
        if not text:
            await self._show(modal, _NO_TEXT)
            return
        rewriting = self._desk.drafting.rewrite(text, spot.place, spot.user)
        await self._show(modal, await self._desk.safely(rewriting))

    async def add_source(self, body: Json) -> None:
        """Try the file in a message, or the address that it is, as a source."""
        message, spot = body["message"], await self._pointed_at(body)
        files, _ = attachments(message)
        command = self._commands.named("kb", "add")
        given = {} if files else {"address": self._text_of(message)}
        by = replace(self._by(spot, given), files=files[:1])
        doing = self._desk.safely(self._signed(spot, self._commands.run(command, by)))
        await self._show(spot, await doing)

    def _text_of(self, message: Json) -> str:
        names = self._people.names()
        return from_slack(str(message.get("text") or ""), self._people.me.user, names)

    async def _pointed_at(self, body: Json) -> Spot:
        """What is said about a message goes into its thread."""
        message, user = body["message"], str(body["user"]["id"])
        thread = str(message.get("thread_ts") or body["message_ts"])
        place = await self._place(str(body["channel"]["id"]), user, thread)
        return Spot(
            place,
            user,
            str(body.get("response_url") or ""),
            str(message.get("thread_ts") or ""),
        )

    # --- buttons and forms ------------------------------------------------------------------

    async def pressed(self, body: Json) -> None:
        """A button of ours."""
        action = str(body["actions"][0]["action_id"]).removeprefix(ACTION)
        if action not in LABELS:
            return
        subject, spot = str(body["actions"][0].get("value") or ""), await self._used(body)
        if action == "why":
            spot = await self._open(str(body["trigger_id"]), spot, LABELS["why"])
        await self._people.meet(spot.user)
        known: Action = next(each for each in LABELS if each == action)
        telling = Telling(self._web, spot.user)
        by = replace(self._by(spot), tell=telling.tell)
        outcome = await self._desk.safely(self._desk.press(known, subject, by))
        await self._ended(telling, outcome)
        if isinstance(outcome, Ask):
            await self._ask(body, spot, outcome)
        elif isinstance(outcome, Form) and not spot.view:
            await self._open_form(str(body["trigger_id"]), spot, outcome)
        else:
            await self._show(spot, outcome)

    async def submitted(self, body: Json) -> Json:
        """A form: faults beside its fields, or a card in its place."""
        view, user = body["view"], str(body["user"]["id"])
        form, context, place = form_context(view)
        spot = Spot(place, user, view=str(view["id"]), title=view["title"]["text"])
        doing = asyncio.ensure_future(
            self._desk.safely(
                self._desk.submit(form, context, self._by(spot), values(view["state"]))
            )
        )
        await asyncio.wait({doing}, timeout=ACKNOWLEDGED_WITHIN)
        if not doing.done():
            self._later.do(self._submitted_late(spot, doing))
            return {"response_action": "update", "view": card_view(_WORKING, spot.title, place)}
        try:
            card = doing.result()
        except FieldFaults as faults:
            return {"response_action": "errors", "errors": faults.faults}
        return {"response_action": "update", "view": card_view(card, spot.title, place)}

    async def _submitted_late(self, spot: Spot, doing: asyncio.Future[Card]) -> None:
        try:
            card = await doing
        except FieldFaults as faults:
            card = Card(str(faults))
        await self._show(spot, card)

    async def _used(self, body: Json) -> Spot:
        """Where a button stands: in a message, or in a modal that remembers its place."""
        user, view = str(body["user"]["id"]), body.get("view")
        if view:
            *_, place = form_context(view)
            return Spot(place, user, view=str(view["id"]), title=view["title"]["text"])
        container = body.get("container") or {}
        thread = container.get("thread_ts") or (body.get("message") or {}).get("thread_ts")
        channel = str((body.get("channel") or {}).get("id") or container.get("channel_id"))
        place = await self._place(channel, user, str(thread) if thread else None)
        return Spot(place, user, str(body.get("response_url") or ""), str(thread or ""))

    # --- showing ----------------------------------------------------------------------------

    async def _open(self, trigger: str, spot: Spot, title: str) -> Spot:
        """A modal at once, since Slack opens none three seconds later; the outcome follows.

        In a modal already: that one. Where none can be opened the outcome is shown without.
        """
        if spot.view:
            return spot
        try:
            opened = await self._web.call(
                "views.open",
                patient=False,
                trigger_id=trigger,
                view=card_view(_WORKING, title, spot.place),
            )
        except SlackError as error:
            _log.info("slack_modal_refused", reason=str(error))
            return spot
        return Spot(
            spot.place, spot.user, spot.response_url, spot.thread, str(opened["view"]["id"]), title
        )

    async def _open_form(self, trigger: str, spot: Spot, form: Form) -> None:
        try:
            view = form_view(form, spot.place)
            await self._web.call("views.open", patient=False, trigger_id=trigger, view=view)
        except UsageError as error:
            await self._show(spot, Card(str(error)))
        except SlackError as error:
            _log.info("slack_modal_refused", reason=str(error))
            await self._show(spot, Card(_TOO_LATE))

    async def _show(self, spot: Spot, outcome: Card | Form | Ask | None) -> None:
        """Show it to them alone: in the modal they look at, else where they are."""
        if isinstance(outcome, Ask) or outcome is None:
            return
        if spot.view and await self._show_in_modal(spot, outcome):
            return
        card = outcome if isinstance(outcome, Card) else Card(_TOO_LATE)
        for part in postings(card):
            shown = bool(spot.response_url) and await respond(
                self._web, spot.response_url, part, thread=spot.thread
            )
            if not shown:
                thread = spot.thread or None
                await whisper(self._web, spot.place.channel, thread, spot.user, part)

    async def _show_in_modal(self, spot: Spot, outcome: Card | Form) -> bool:
        try:
            if isinstance(outcome, Form):
                view = form_view(outcome, spot.place)
            else:
                view = card_view(outcome, spot.title, spot.place)
        except UsageError as error:
            view = card_view(Card(str(error)), spot.title, spot.place)
        try:
            await self._web.call("views.update", view_id=spot.view, view=view)
        except SlackError as error:
            _log.info("slack_modal_refused", reason=str(error))  # they closed it
            return False
        return True

    # --- who and where ----------------------------------------------------------------------

    async def _place(self, channel: str, user: str, thread: str | None = None) -> Place:
        """A direct message between two people is a place that others see."""
        direct = False
        if channel.startswith("D"):
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_UP_SECONDS):
                    direct = await self._people.is_direct_with(channel, user)
        return Place(PLATFORM, self._people.me.team, channel, thread, direct)

    def _by(self, spot: Spot, given: Mapping[str, str] | None = None) -> Invocation:
        return Invocation(self._platform, spot.place, spot.user, given or {})
