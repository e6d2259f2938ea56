"""A server with the bot on it and two people in a channel."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simcord import ChannelHandle, MemberActor

from adapters.discord.adapter import DiscordAdapter
from adapters.discord.config import DiscordConfig
from bot.conversation.channels import ChannelRules
from bot.types import Place, Utterance
from tests.adapters.desk_bench import Bench
from tests.adapters.discord_office import at_rest
from tests.stand_ins.discord_server import DiscordServer, Interaction, Posted

ANSWER = "28 days of annual leave. [1]"


@dataclass
class Scene:
    """A server with the bot on it and two people in a channel."""

    server: DiscordServer
    bench: Bench
    config: DiscordConfig
    adapter: DiscordAdapter = field(init=False)
    ann: MemberActor = field(init=False)
    bob: MemberActor = field(init=False)
    general: ChannelHandle = field(init=False)

    async def start(self, bench: Bench | None = None) -> None:
        self.adapter = DiscordAdapter(self.config, (bench or self.bench).desk)
        await self.server.start(self.adapter.client)

    async def done(self) -> None:
        """Wait until everything heard is answered and shown."""
        await at_rest(self.server)

    async def rules(self, channel: ChannelHandle, **rules: object) -> None:
        guild = str(self.server.guild.id)
        await self.bench.channels.set_rules(
            Place("discord", guild, str(channel.id)),
            ChannelRules.model_validate(rules),
            "test",
            datetime.now(UTC),
        )

    async def ask(self, text: str = "how many days of leave?") -> Posted:
        """Ann mentions the bot in the channel; the answer, wherever it is."""
        asked = await self.server.say(self.ann, self.general, f"{self.server.mention} {text}")
        await self.done()
        (answer,) = self.server.replies(asked.thread or self.general)
        return answer

    async def command(
        self, user: MemberActor, name: str, sub: str | None = None, **given: Any
    ) -> Interaction:
        used = await self.server.command(user, self.general, name, sub=sub, **given)
        await self.done()
        return used

    async def click(self, user: MemberActor, message: Posted, label: str) -> Interaction:
        used = await self.server.click(user, message, label=label)
        await self.done()
        return used


def message_of(used: Interaction) -> Posted:
    assert used.message
    return used.message


def utterance_of(scene: Scene, message: Posted, *, thread: int) -> Utterance:
    """Ann's message as the bot has heard it."""
    guild, channel = str(scene.server.guild.id), str(scene.general.id)
    handle = {"channel": str(message.channel_id), "message": str(message.id)}
    place = Place("discord", guild, channel, str(thread))
    return Utterance(
        f"discord:{message.id}", place, str(scene.ann.id), "leave?", "mention", handle=handle
    )
