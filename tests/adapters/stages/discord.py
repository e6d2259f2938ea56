"""Discord as people meet it: the adapter in front of the stand-in for Discord."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from simcord import ChannelHandle, MemberActor

from adapters.base import Adapter
from adapters.discord.adapter import DiscordAdapter
from adapters.discord.config import DiscordConfig, permissions
from bot.cards import Action, Values
from bot.types import Place
from tests.adapters.desk_bench import Bench
from tests.adapters.discord_office import at_rest
from tests.adapters.stages.reading import command_of, live_links
from tests.adapters.stages.stage import (
    OpenForm,
    Person,
    Said,
    Shown,
    Stage,
    Where,
    label_on,
)
from tests.stand_ins.discord_server import DiscordServer, Interaction, Posted

_SMALL = "-# "
_SOURCE = re.compile(r"(\[\d+\]) \[?(.+?)(?:\]\(<[^>]*>\))?")


class DiscordStage(Stage):
    """A server with the channels and people of every stage, and the least permissions."""

    name = "discord"

    def __init__(self, bench: Bench):
        super().__init__(bench)
        self.server = DiscordServer(permissions=permissions(), clock=bench.clock)
        self._synced = False

    async def __aenter__(self) -> Self:
        server = await self._stack.enter_async_context(self.server)
        self._managers = server.role("Managers")
        self._people: dict[str, MemberActor] = {
            "ann": server.user("ann", roles=[self._managers]),
            "bob": server.user("bob"),
            "ida": server.user("ida", admin=True),
        }
        ann, _, ida = self._people.values()
        self._channels: dict[str, ChannelHandle] = {
            "general": server.channel("general"),
            "board": server.channel("board", private_to=[ann, ida]),
            "help": server.channel("help"),
            "forum": server.channel("forum", kind="forum"),
        }
        return self

    def make_adapter(self) -> Adapter:
        adapter = DiscordAdapter(self._config(self.server.token), self.desk)
        # How long discord.py waits for more servers after the last; they all come at once here.
        adapter.client._connection.guild_ready_timeout = 0.05
        return adapter

    def with_wrong_token(self) -> Adapter:
        return DiscordAdapter(self._config("wrong-token"), self.desk)

    def _config(self, token: str) -> DiscordConfig:
        server = self.server
        return DiscordConfig(token, server.api_url, server.gateway_url, message_content=True)

    async def start(self) -> None:
        await super().start()
        if not self._synced:
            assert isinstance(self.adapter, DiscordAdapter)
            await self.adapter.tree.sync()
            self._synced = True
        await self.server.delivered()

    # --- who and where ------------------------------------------------------------------------

    def _channel(self, where: Where, who: Person = "ann") -> ChannelHandle:
        if where == "direct":
            return self.server.dm(self._people[who])
        return self._channels[where]

    def place(self, where: Where, who: Person = "ann") -> Place:
        direct = where == "direct"
        guild = "" if direct else str(self.server.guild.id)
        return Place("discord", guild, str(self._channel(where, who).id), direct=direct)

    def user(self, who: Person) -> str:
        return str(self._people[who].id)

    def principal(self, of: Person | Where | Literal["managers"]) -> str:
        if of == "managers":
            return f"discord:role:{self._managers.id}"
        if of in self._people:
            return f"discord:user:{self._people[of].id}"
        return f"discord:channel:{self._channels[of].id}"

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
        given = list((files or {}).items())
        if where == "forum":
            post = self.server.thread(
                self._channels["forum"], text[:90], by=self._people[who], text=said, files=given
            )
            (message,) = self.server.messages(post)
        else:
            message = await self.server.say(
                self._people[who], self._channel(where, who), said, files=given
            )
        await self.hearing.of(str(message.id))
        return Said(who, where, message)

    def _addressed(self, text: str, mention: str, to: Person | None) -> str:
        called = self._people[to].mention if to else ""
        return " ".join(part for part in (mention, called, text) if part)

    async def follow_up(
        self, who: Person, answer: Shown, text: str, *, to: Person | None = None
    ) -> Said:
        said = self._addressed(text, "", to)
        message = await self.server.say(self._people[who], answer.raw.channel, said)
        await self.hearing.of(str(message.id))
        return Said(who, answer.where, message)

    async def edit(self, said: Said, text: str) -> None:
        async with self.hearing.one_more():
            await self.server.edit(
                self._people[said.who], said.raw, f"{self.server.mention} {text}"
            )

    async def delete(self, said: Said) -> None:
        async with self.hearing.one_more():
            await self.server.delete(self._people[said.who], said.raw)

    async def command(self, who: Person, where: Where, line: str) -> Shown | OpenForm | None:
        command, values = command_of(self.desk.commands, line)
        kinds = {each.name: each.kind for each in command.parameters}
        options: dict[str, Any] = {
            name: True if kinds[name] == "yes_no" else value for name, value in values.items()
        }
        channel = self._channel(where, who)
        if where == "forum":  # commands are given in a post
            channel = self.server.thread(channel, "About", by=self._people[who], text="About")
            await self.server.delivered()
        used = await self.server.command(
            self._people[who], channel, command.name, sub=command.action or None, **options
        )
        return await self._outcome(used)

    async def press(
        self, who: Person, shown: Shown, action: Action, row: int = 0
    ) -> Shown | OpenForm | None:
        return await self._outcome(
            await self.server.click(
                self._people[who],
                shown.raw,
                [
                    id
                    for id, each in shown.raw.controls.items()
                    if each["label"] == label_on(shown, action)
                ][row],
            )
        )

    async def fill_in(self, who: Person, form: OpenForm, values: Values) -> Shown:
        filled: dict[str, Any] = {}
        for control in _controls(form.raw.modal):
            name = control["custom_id"].partition(":")[2]
            value = values.get(name, form.values.get(name, ""))
            if value:
                is_text = "style" in control
                filled[control["custom_id"]] = value if is_text else self._chosen(value)
        outcome = await self._outcome(await self.server.submit(form.raw, filled))
        assert isinstance(outcome, Shown)
        return outcome

    async def correct(self, who: Person, form: OpenForm, values: Values, told: Shown) -> OpenForm:
        again = await self.server.click(self._people[who], told.raw, label="Open it again")
        opened = await self._outcome(again)
        assert isinstance(opened, OpenForm)
        return opened

    def _chosen(self, value: str | tuple[str, ...]) -> list[Any]:
        known = {str(each.id): each for each in self._channels.values()} | self._channels
        return [known.get(each, each) for each in ([value] if isinstance(value, str) else value)]

    async def suggestions(
        self, who: Person, where: Where, command: str, parameter: str, typed: str
    ) -> list[str]:
        name, _, sub = command.removeprefix("/").partition(" ")
        offered = await self.server.autocomplete(
            self._people[who], self._channel(where, who), name, parameter, typed, sub=sub or None
        )
        return [each["name"] for each in offered]

    async def menu(self, who: Person, said: Said, entry: str) -> Shown | OpenForm | None:
        return await self._outcome(
            await self.server.context_menu(self._people[who], entry, said.raw)
        )

    def is_solved(self, answer: Shown) -> bool:
        channel = self.server.backend.get_channel(answer.raw.channel.id)
        return bool(channel.thread_metadata and channel.thread_metadata.archived)

    # --- trouble ------------------------------------------------------------------------------

    @asynccontextmanager
    async def everything_comes_twice(self) -> AsyncIterator[None]:
        self.server.deliveries = 2
        yield
        await self.settled()
        self.server.deliveries = 1

    def outage(self) -> None:
        for pattern in ("POST /channels/*/messages", "POST /channels/*/messages/*/threads"):
            self.server.fail(pattern, 503, times=None)

    def outage_ends(self) -> None:
        self.server.mend()

    def lookups_fail(self) -> None:
        self.server.fail("GET /guilds/*/members/*", 503, times=None)

    # --- looking ------------------------------------------------------------------------------

    def everyone_sees(self, where: Where) -> list[Shown]:
        return [
            self._shown([each], where)
            for channel in self._of(where)
            for each in self.server.replies(channel)
        ]

    def _of(self, where: Where) -> Iterator[ChannelHandle]:
        """The channel and its threads, or all direct conversations."""
        if where == "direct":
            yield from (self.server.dm(each) for each in self._people.values())
            return
        yield self._channels[where]
        for id, channel in sorted(self.server.backend.channels.items()):
            if channel.parent_id == self._channels[where].id:
                yield self.server.world.channel_handle(id)

    def only(self, who: Person) -> list[Shown]:
        user = self._people[who]
        seen = [*self.server.ephemerals(user), *self.server.replies(self.server.dm(user))]
        return [self._shown([each], "direct") for each in sorted(seen, key=lambda each: each.id)]

    async def _outcome(self, used: Interaction) -> Shown | OpenForm | None:
        await self.settled()
        if used.modal:
            return OpenForm(used.modal["title"], _filled_in(used.modal), used)
        return self._shown(used.messages, "general") if used.messages else None

    def _shown(self, messages: Sequence[Posted], where: Where) -> Shown:
        """Several are the parts of one answer."""
        lines = [line for each in messages for line in each.text.splitlines()]
        small = [line.removeprefix(_SMALL) for line in lines if line.startswith(_SMALL)]
        found = [(each, _SOURCE.fullmatch(each)) for each in small]
        last = messages[-1]
        return Shown(
            "\n".join(line.removeprefix(_SMALL) for line in lines),
            tuple(f"{match[1]} {match[2]}" for _, match in found if match),
            next((each for each, match in found if not match), ""),
            tuple(each["label"] for each in last.controls.values()),
            tuple(name for each in messages for name in each.pings),
            live_links("\n".join(lines)),
            {
                file["filename"]: self._content(file)
                for each in messages
                for file in each._message.attachments
            },
            where=where,
            thread=str(last.channel.id) if last.channel.is_thread else None,
            raw=last,
        )

    def _content(self, file: Mapping[str, Any]) -> str:
        data = self.server.backend.cdn.get(urlsplit(file["url"]).path)
        assert data is not None
        return data.decode(errors="replace")  # a picture is not read as text

    def is_link_to(self, text: str, where: Where) -> bool:
        start = f"discord.com/channels/{self.server.guild.id}"
        return any(f"{start}/{channel.id}" in text for channel in self._of(where))

    async def settled(self) -> None:
        await at_rest(self.server)


def _controls(modal: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [label["component"] for label in modal["components"]]


def _filled_in(modal: Mapping[str, Any]) -> Values:
    """What stands in the fields of a modal, by name."""
    values: dict[str, str | tuple[str, ...]] = {}
    for control in _controls(modal):
        kind, _, name = control["custom_id"].partition(":")
        if "options" in control:
            chosen = tuple(each["value"] for each in control["options"] if each.get("default"))
            value: str | tuple[str, ...] = chosen if kind == "some_of" else "".join(chosen)
        elif control.get("default_values"):
            value = str(control["default_values"][0]["id"])
        else:
            value = control.get("value") or ""
        if value:
            values[name] = value
    return values
