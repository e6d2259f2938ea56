"""Slack as people meet it: the adapter over Socket Mode, in front of the stand-in for Slack."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Literal, Self

from adapters.base import Adapter
from adapters.slack.adapter import SlackAdapter
from adapters.slack.config import SlackConfig
from adapters.slack.interactions import _WORKING
from adapters.slack.manifest import SHORTCUTS
from adapters.slack.showing.blocks import FORM
from adapters.slack.showing.private import LOOKING
from bot.cards import Action, Values
from bot.types import Place
from tests.adapters.desk_bench import Bench
from tests.adapters.slack_office import at_rest
from tests.adapters.stages.hearing import PATIENCE
from tests.adapters.stages.reading import live_links
from tests.adapters.stages.stage import (
    OpenForm,
    Person,
    Said,
    Shown,
    Stage,
    Where,
    label_on,
)
from tests.stand_ins.slack_server import Channel, Json, SlackServer, User

_SOURCE = re.compile(r"(\[\d+\]) (?:<[^|>]+\|([^>]+)>|(.+))")
_PROMISES = (LOOKING, _WORKING.text)
_POSTING = (
    "chat.postMessage",
    "chat.postEphemeral",
    "chat.startStream",
    "chat.appendStream",
    "chat.stopStream",
    "chat.update",
)
_LOOKING_UP = (
    "users.info",
    "users.conversations",
    "usergroups.list",
    "conversations.info",
    "conversations.members",
)


class SlackStage(Stage):
    """A workspace with the channels and people of every stage."""

    name = "slack"

    def __init__(self, bench: Bench):
        super().__init__(bench)
        self.server = SlackServer(clock=bench.clock)

    async def __aenter__(self) -> Self:
        server = await self._stack.enter_async_context(self.server)
        self._people: dict[str, User] = {
            "ann": server.user("ann"),
            "bob": server.user("bob"),
            "ida": server.user("ida", is_admin=True),
            "stan": server.user("stan", is_stranger=True),
        }
        ann, bob, ida, stan = self._people.values()
        self._managers = server.usergroup("managers", [ann])
        self._channels: dict[str, Channel] = {
            "general": server.channel("general", members=[ann, bob, ida]),
            "board": server.channel("board", private=True, members=[ann, ida]),
            "help": server.channel("help", members=[bob, ida]),
            "shared": server.channel("shared", shared=True, members=[ann, stan]),
        }
        return self

    async def __aexit__(self, *error: object) -> None:
        await super().__aexit__(*error)
        if error[0] is None:
            left = [each.text for each in self.server.workspace.statuses.values() if each.text]
            assert left == [], "it looks as if it were still at work"
            assert self.server.socket_mode.protocol_errors == []

    def make_adapter(self) -> Adapter:
        return SlackAdapter(self._config(self.server.bot_token), self.desk)

    def with_wrong_token(self) -> Adapter:
        return SlackAdapter(self._config("xoxb-wrong"), self.desk)

    def _config(self, token: str) -> SlackConfig:
        return SlackConfig(token, self.server.app_token, api_url=self.server.api_url)

    # --- who and where ------------------------------------------------------------------------

    def _channel(self, where: Where, who: Person = "ann") -> Channel:
        return self.server.dm(self._people[who]) if where == "direct" else self._channels[where]

    def place(self, where: Where, who: Person = "ann") -> Place:
        channel = self._channel(where, who)
        return Place("slack", self.server.team_id, channel.id, direct=where == "direct")

    def user(self, who: Person) -> str:
        return self._people[who].id

    def principal(self, of: Person | Where | Literal["managers"]) -> str:
        if of == "managers":
            return f"slack:group:{self._managers.id}"
        if of in self._people:
            return f"slack:user:{self._people[of].id}"
        return f"slack:channel:{self._channels[of].id}"

    # --- doing --------------------------------------------------------------------------------

    async def say(
        self,
        who: Person,
        where: Where,
        text: str,
        *,
        mention: bool = True,
        files: Mapping[str, bytes] | None = None,
        to: Person | None = None,
    ) -> Said:
        named = mention and where != "direct"
        said = self._addressed(text, self.server.mention if named else "", to)
        channel = self._channel(where, who)
        ts = await self.server.say(
            self._people[who], channel, said, files=list((files or {}).items())
        )
        return Said(who, where, (channel, ts))

    def _addressed(self, text: str, mention: str, to: Person | None) -> str:
        called = f"<@{self._people[to].id}>" if to else ""
        return " ".join(part for part in (mention, called, text) if part)

    async def follow_up(
        self, who: Person, answer: Shown, text: str, *, to: Person | None = None
    ) -> Said:
        channel = answer.raw[0]
        ts = await self.server.say(
            self._people[who], channel, self._addressed(text, "", to), thread_ts=answer.thread
        )
        return Said(who, answer.where, (channel, ts))

    async def edit(self, said: Said, text: str) -> None:
        channel, ts = said.raw
        async with self.hearing.one_more():
            await self.server.edit(
                self._people[said.who], channel, ts, f"{self.server.mention} {text}"
            )

    async def delete(self, said: Said) -> None:
        async with self.hearing.one_more():
            await self.server.delete(*said.raw)

    async def command(self, who: Person, where: Where, line: str) -> Shown | OpenForm | None:
        await self._close_modals(who)
        before = self._in_private(who)
        name, _, rest = line.partition(" ")
        await self.server.command(self._people[who], self._channel(where, who), name, rest)
        return await self._news(who, before)

    async def press(
        self, who: Person, shown: Shown, action: Action, row: int = 0
    ) -> Shown | OpenForm | None:
        source = shown.raw[1]
        if "id" not in source:
            await self._close_modals(who)
        before = self._in_private(who)
        name = label_on(shown, action)
        button = [each for each in _buttons(source) if each["text"]["text"] == name][row]
        await self.server.click(self._people[who], source, button["action_id"], button.get("value"))
        return await self._news(who, before)

    async def fill_in(self, who: Person, form: OpenForm, values: Values) -> Shown:
        filled = {
            f"{name}.value": self._filled(value)
            for name, value in {**form.values, **values}.items()
        }
        delivery = await self.server.submit(form.raw, filled)
        await self.settled()
        if errors := delivery.answer.get("errors"):
            return Shown("\n".join(errors.values()))
        return self._view(form.raw)

    async def correct(self, who: Person, form: OpenForm, values: Values, told: Shown) -> OpenForm:
        assert form.raw in self.server.views(self._people[who]), "the modal has closed"
        return OpenForm(form.title, {**form.values, **values}, form.raw)

    def _filled(self, value: str | tuple[str, ...]) -> Any:
        if isinstance(value, str) and value in self._channels:
            return self._channels[value].id
        return value

    async def suggestions(
        self, who: Person, where: Where, command: str, parameter: str, typed: str
    ) -> list[str]:
        raise NotImplementedError

    async def menu(self, who: Person, said: Said, entry: str) -> Shown | OpenForm | None:
        await self._close_modals(who)
        before = self._in_private(who)
        (callback,) = (id for id, name in SHORTCUTS.items() if name == entry)
        await self.server.shortcut(self._people[who], callback, *said.raw)
        return await self._news(who, before)

    async def _close_modals(self, who: Person) -> None:
        for view in reversed(self.server.views(self._people[who])):
            await self.server.close(view)

    def is_solved(self, answer: Shown) -> bool:
        raise NotImplementedError

    # --- trouble ------------------------------------------------------------------------------

    def everything_comes_twice(self) -> Any:
        return self.server.out_of_order(copies=2)

    def outage(self) -> None:
        for method in _POSTING:
            self.server.fail(method, status=503, times=None)

    def outage_ends(self) -> None:
        self.server.faults.clear()

    def lookups_fail(self) -> None:
        for method in _LOOKING_UP:
            self.server.fail(method, error="internal_error", times=None)

    # --- looking ------------------------------------------------------------------------------

    def everyone_sees(self, where: Where) -> list[Shown]:
        if where != "direct":
            channels = [self._channels[where]]
        else:
            channels = [self.server.dm(each) for each in self._people.values()]
        return [
            self._message(channel, message, where)
            for channel in channels
            for message in self.server.replies(channel)
        ]

    def only(self, who: Person) -> list[Shown]:
        user = self._people[who]
        return [
            *(self._message(None, each) for each in self.server.ephemerals(user)),
            *(self._view(each) for each in self.server.views(user)),
        ]

    def _in_private(self, who: Person) -> dict[str, str]:
        user = self._people[who]
        shown = [*self.server.ephemerals(user), *self.server.views(user)]
        return {_id(each): self.server.visible(each) for each in shown}

    async def _news(self, who: Person, before: Mapping[str, str]) -> Shown | OpenForm | None:
        """What this person sees now that was not there before, or was otherwise."""
        await self.settled()
        news: list[Json] = []

        def told() -> bool:
            """Whether something has come of it, and is no promise of more."""
            user = self._people[who]
            shown = [*self.server.ephemerals(user), *self.server.views(user)]
            news[:] = [each for each in shown if before.get(_id(each)) != self.server.visible(each)]
            return bool(news) and not any(
                words in self.server.visible(news[-1]) for words in _PROMISES
            )

        with suppress(TimeoutError):
            await self.server.until(told, PATIENCE)
        if not news:
            return None
        last = news[-1]
        if last.get("callback_id") == FORM:
            return OpenForm(last["title"]["text"], _filled_in(last), last)
        return self._view(last) if "callback_id" in last else self._message(None, last)

    def _message(self, channel: Channel | None, message: Json, where: Where = "general") -> Shown:
        return self._shown(channel, message, where)

    def _view(self, view: Json) -> Shown:
        return self._shown(None, view, "general")

    def _shown(self, channel: Channel | None, source: Json, where: Where) -> Shown:
        context = [
            str(element["text"])
            for block in source.get("blocks") or []
            if block["type"] == "context"
            for element in block["elements"]
        ]
        found = [(each, _SOURCE.fullmatch(each)) for each in context]
        return Shown(
            self.server.visible(source),
            tuple(f"{match[1]} {match[2] or match[3]}" for _, match in found if match),
            next((each for each, match in found if not match), ""),
            tuple(each["text"]["text"] for each in _buttons(source)),
            tuple(self.server.pings(source)),
            live_links("\n".join(_markup(source.get("blocks") or []))),
            where=where,
            thread=source.get("thread_ts"),
            raw=(channel, source),
        )

    def is_link_to(self, text: str, where: Where) -> bool:
        return f"/archives/{self._channels[where].id}" in text

    async def settled(self) -> None:
        await at_rest(self.server)


def _id(message_or_view: Json) -> str:
    return str(message_or_view.get("id") or message_or_view["ts"])


def _markup(part: Any) -> Iterator[str]:
    """The texts of blocks in which Slack makes links."""
    if isinstance(part, dict) and part.get("type") in ("mrkdwn", "markdown"):
        yield str(part["text"])
    elif isinstance(part, dict | list):
        for each in part.values() if isinstance(part, dict) else part:
            yield from _markup(each)


def _buttons(source: Json) -> list[Json]:
    return [
        element
        for block in source.get("blocks") or []
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def _filled_in(view: Json) -> Values:
    """What stands in the fields of a modal, by name."""
    values: dict[str, str | tuple[str, ...]] = {}
    for block in view["blocks"]:
        element = block.get("element", {})
        for key, initial in element.items():
            if not key.startswith("initial_"):
                continue
            if key == "initial_options":
                values[block["block_id"]] = tuple(each["value"] for each in initial)
            else:
                values[block["block_id"]] = (
                    initial["value"] if isinstance(initial, dict) else initial
                )
    return values
