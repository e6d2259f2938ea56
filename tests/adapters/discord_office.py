"""A Discord server with the bot at work on it, for the tests that are hostile to it."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import discord
from simcord import ChannelHandle, MemberActor
from simcord.components import COMPONENTS_V2_FLAG

from adapters.discord.adapter import DiscordAdapter
from adapters.discord.checkup import sync
from adapters.discord.config import DiscordConfig, permissions
from bot.conversation.channels import ChannelRules
from bot.conversation.inbox import LEASE
from bot.types import Place
from tests.adapters.desk_bench import Bench, open_bench
from tests.adapters.hand import Hand
from tests.adapters.slack_office import Log
from tests.kit.fakes import evidence
from tests.stand_ins.discord_server import Call, DiscordServer, Interaction, Posted
from tests.stand_ins.discord_server.world import SPOKEN

LEAVE = evidence(
    "You get 28 days of annual leave.",
    title="Annual leave",
    document="people/annual-leave.md",
    url="https://intra.example/leave",
)
ANSWER = "28 days of annual leave. [1]"
_AT_WORK = ("answer ", "discord.py: on_", "discord-ui-", "CommandTree-invoker")
"""How the names of tasks begin in which the bot deals with something."""
_CALLED = ("users", "roles", "replied_user")


@dataclass
class Office:
    """A server, and as many processes of the bot as a test starts on it."""

    discord: DiscordServer
    bench: Bench
    config: DiscordConfig
    stack: AsyncExitStack
    ann: MemberActor = field(init=False)
    """May manage the server."""
    bob: MemberActor = field(init=False)
    general: ChannelHandle = field(init=False)
    benches: list[Bench] = field(default_factory=list)
    bots: list[DiscordAdapter] = field(default_factory=list)
    hand: Hand = field(default_factory=Hand)

    # --- processes ----------------------------------------------------------------------------

    async def start(self, bench: Bench | None = None) -> DiscordAdapter:
        """One more process, asked for what others left behind."""
        bench = bench or self.bench
        bot = DiscordAdapter(self.config, bench.desk, clock=self.hand)
        self.benches.append(bench)
        self.bots.append(bot)
        await self.discord.start(bot.client)
        await bench.dispatcher.recover(bot)
        return bot

    async def replica(self) -> Bench:
        """The core of another process on the same database."""
        bench: Bench = await self.stack.enter_async_context(self.bench.replica())
        return bench

    async def crash(self, bot: DiscordAdapter | None = None) -> None:
        """A process, by default the only one, ends without a word; its lease runs out."""
        bot = bot or self.bots[-1]
        await self.discord.kill(bot.client)
        await self.bench.crash()
        self.discord.mend()
        self.bench.clock.tick(LEASE.total_seconds() + 1)

    async def start_again(self) -> DiscordAdapter:
        """The next process takes over, and answers what was left."""
        bot = await self.start(await self.replica())
        await self.rest()
        return bot

    # --- doing --------------------------------------------------------------------------------

    async def begin(
        self, text: str = "how many days of leave?", *, by: MemberActor | None = None, **where: Any
    ) -> Posted:
        """Ask by name in #general, or ``channel``, without waiting."""
        channel = where.pop("channel", self.general)
        named = f"{self.discord.mention} {text}" if channel.guild else text
        return await self.discord.say(by or self.ann, channel, named, **where)

    async def ask(self, *text: str, **where: Any) -> Posted:
        """Ask by name, and wait for all that comes of it."""
        asked = await self.begin(*text, **where)
        await self.rest()
        return asked

    async def answered(self, *text: str, **where: Any) -> Posted:
        """Ask by name; the one message that answers."""
        asked = await self.ask(*text, **where)
        found = self.answers(asked)
        assert len(found) == 1, f"{len(found)} answers:\n{self.transcript()}"
        return found[0]

    async def command(
        self, by: MemberActor, name: str, sub: str | None = None, **given: Any
    ) -> Interaction:
        """A slash command in #general, or ``channel``, and all that comes of it."""
        channel = given.pop("channel", self.general)
        used = await self.discord.command(by, channel, name, sub=sub, **given)
        await self.rest()
        return used

    async def click(self, by: MemberActor, message: Posted | None, label: str) -> Interaction:
        """A button, and all that comes of it."""
        assert message, "there is no message with buttons"
        used = await self.discord.click(by, message, label=label)
        await self.rest()
        return used

    async def rules(self, channel: ChannelHandle, **rules: object) -> None:
        """Set how the bot behaves in a channel."""
        place = Place("discord", str(self.discord.guild.id), str(channel.id))
        wanted = ChannelRules.model_validate(rules)
        await self.bench.channels.set_rules(place, wanted, "test", datetime.now(UTC))

    async def rest(self, within: float = 30.0) -> None:
        """Wait until everything is heard and said."""
        async with asyncio.timeout(within):
            await at_rest(self.discord)

    # --- looking ------------------------------------------------------------------------------

    def answers(self, asked: Posted) -> list[Posted]:
        """What the bot said in the question's thread, in reply to it, or alone with its author."""
        channel = asked.channel
        if asked.thread:
            return self.discord.replies(asked.thread)
        said = self.discord.replies(channel)
        return said if not channel.guild else [each for each in said if each.reply_to == asked.id]

    def everything(self) -> list[Posted]:
        """All that the bot has put before anybody, in any place."""
        places = self.discord.backend.messages.values()
        found = (
            Posted(self.discord.world, each)
            for place in places
            for each in place.values()
            if each.type in SPOKEN
        )
        return sorted((each for each in found if each.by_bot), key=lambda each: each.id)

    def private(self, user: MemberActor) -> list[str]:
        """What only this person sees: direct messages, and answers for their eyes only."""
        alone = self.discord.replies(self.discord.dm(user))
        seen = {each.id: each for each in [*self.discord.ephemerals(user), *alone]}
        return [each.text for _, each in sorted(seen.items()) if not each.thinking]

    def transcript(self) -> str:
        """All that was said anywhere, to read when a test fails."""
        lines = []
        for id in self.discord.backend.messages:
            channel = self.discord.world.channel_handle(id)
            said = self.discord.transcript(channel)
            if said:
                lines.append(f"#{channel._channel.name or id}:\n{said}")
        return "\n".join(lines)

    async def row(self, asked: Posted | Interaction) -> dict[str, Any]:
        """What the inbox has about a question."""
        mark = "i" if isinstance(asked, Interaction) else ""
        rows = {each["id"]: each for each in await self.bench.rows("inbox")}
        found = rows.get(f"discord:{mark}{asked.id}")
        assert found, f"never accepted; there are {list(rows)}"
        return found

    def assert_one_answer_each(self, asked: Iterable[Posted]) -> None:
        """Every question has one message of its own that is whole, and nothing else was said."""
        due: Counter[int] = Counter()  # answers, by the place where they belong
        wrong = []
        for each in asked:
            if each.channel.guild:
                due[(each.thread or each.channel).id] += 1
                if (found := len(self.answers(each))) != 1:
                    wrong.append(f"{found} answers to {each.text!r}")
            else:
                due[each.channel_id] += 1
        said = Counter(each.channel_id for each in self.everything())
        wrong += [
            f"{said[id]} messages in {id} where {due[id]} were due"
            for id in due.keys() | said.keys()
            if said[id] != due[id]
        ]
        wrong += [
            f"not whole: {each.text!r}" for each in self.everything() if ANSWER not in each.text
        ]
        assert not wrong, "\n".join(wrong[:20])


async def at_rest(server: DiscordServer) -> None:
    """Wait until the bot knows everything, and no process in here deals with anything."""
    # Once only: discord.py holds back a bot that is asked for a heartbeat too often.
    await server.delivered()
    while True:
        working = [each for each in asyncio.all_tasks() if each.get_name().startswith(_AT_WORK)]
        if working:
            await asyncio.wait(working)
        elif server.rest.in_flight:
            await server.until(lambda: not server.rest.in_flight)
        else:
            return


@asynccontextmanager
async def office_at(
    folder: Path,
    *,
    content: bool = True,
    held: discord.Permissions | None = None,
    kind: type[Office] = Office,
    **options: Any,
) -> AsyncIterator[Office]:
    """A server whose time is that of the core.

    ``content``: the message-content intent. ``held``: the bot's permissions on the server.
    ``options``: those of the core.
    """
    async with (
        open_bench(folder, **options) as bench,
        DiscordServer(permissions=held or permissions(), clock=bench.clock) as server,
        AsyncExitStack() as stack,
    ):
        config = DiscordConfig(server.token, message_content=content)
        await sync(config, bench.commands)
        office = kind(server, bench, config, stack)
        office.ann, office.bob = server.user("Ann", admin=True), server.user("Bob")
        office.general = server.channel("general")
        bench.knows("leave", LEAVE)
        yield office
        assert server.rung == {}, "somebody was rung"
        ringing = [each for each in server.calls if _may_ring(each)]
        assert not ringing, f"mentions are allowed in {ringing}"
        shown = [each for each in office.everything() if _has_preview(each)]
        assert not shown, f"links in these get a preview: {[each.text[:300] for each in shown]}"


def without_code(text: str) -> str:
    """What a client draws as more than text."""
    return re.sub(r"```.*?```|`[^`\n]+`", "", text, flags=re.DOTALL)


def _may_ring(call: Call) -> bool:
    """Whether it shows words to people without forbidding all mentions in them."""
    if call.method not in ("POST", "PATCH") or not isinstance(call.body, dict):
        return False
    said = call.body.get("data") or call.body
    if not (said.get("content") or said.get("components")) or "title" in said:  # that is a modal
        return False
    allowed: dict[str, Any] = said.get("allowed_mentions") or {"parse": ["everyone"]}
    return bool(allowed.get("parse") != [] or any(allowed.get(each) for each in _CALLED))


def _has_preview(message: Posted) -> bool:
    """Discord makes none for addresses in components v2, nor for those in angle brackets."""
    in_components = message._message.flags & COMPONENTS_V2_FLAG
    bare = re.search(r"(?<!<)\bhttps?://", without_code(message.text))
    return bool(bare and not message.suppressed and not in_components)


def assert_logged(log: Log, event: str, *words: str) -> None:
    """That something went wrong stands in the log, in a line with these words."""
    lines = log.named(event)
    assert any(all(word in line for word in words) for line in lines), (
        f"no line {event!r} with {words}; there are:\n" + "\n".join(log.lines)
    )


def assert_nothing_to_fear(office: Office) -> None:
    """No person was shown how the bot works inside."""
    inside = re.compile(r"Traceback|\w+Error\b|\w+Exception\b|File \"|\bNone\b|discord\.\w+\.")
    shown = [each.text for each in office.everything() if inside.search(each.text)]
    assert not shown, f"people were shown: {shown}"


async def later(office: Office) -> None:
    """The lease of what could not be shown runs out, and it is tried again."""
    office.bench.clock.tick(LEASE.total_seconds() + 1)
    await office.bench.dispatcher.recover(office.bots[-1])
    await office.rest()


def moderator(office: Office) -> MemberActor:
    """Somebody who may remove what others said."""
    return office.discord.user("Mod", [office.discord.role("Mods", "manage_messages")])
