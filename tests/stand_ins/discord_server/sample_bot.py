"""A small real bot with which the tests of the stand-in try discord.py's features on it."""

from __future__ import annotations

import re
from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands

Use = discord.Interaction[Any]


class Feedback(ui.DynamicItem[ui.Button[Any]], template=r"useful:(?P<trace>\w+)"):
    """A button that works for every trace, after a restart as well."""

    def __init__(self, trace: str):
        super().__init__(ui.Button(label="Useful", custom_id=f"useful:{trace}"))
        self.trace = trace

    @classmethod
    async def from_custom_id(cls, _: Use, __: ui.Item[Any], match: re.Match[str], /) -> Feedback:
        return cls(match["trace"])

    async def callback(self, interaction: Use) -> None:
        await interaction.response.send_message(f"Noted: {self.trace}", ephemeral=True)


class Why(ui.Modal, title="Why?"):
    """A modal with a text and a select in labels."""

    reason: ui.Label[Any] = ui.Label(
        text="Reason", component=ui.TextInput(custom_id="reason", max_length=200)
    )
    topic: ui.Label[Any] = ui.Label(
        text="Topic",
        component=ui.Select(
            custom_id="topic",
            options=[discord.SelectOption(label=each) for each in ("Leave", "Travel")],
        ),
    )

    async def on_submit(self, interaction: Use) -> None:
        assert isinstance(self.reason.component, ui.TextInput)
        assert isinstance(self.topic.component, ui.Select)
        said = f"{self.topic.component.values[0]}: {self.reason.component.value}"
        await interaction.response.send_message(said, ephemeral=True)


class Answer(ui.LayoutView):
    """An answer in components v2 with a button that lasts."""

    def __init__(self, text: str, trace: str):
        super().__init__(timeout=None)
        self.add_item(
            ui.Container(ui.TextDisplay(text), ui.Separator(), ui.TextDisplay("-# Rev 7"))
        )
        row: ui.ActionRow[Any] = ui.ActionRow(
            Feedback(trace), ui.Button(label="Handbook", url="https://handbook.example/leave")
        )
        self.add_item(row)


class SampleBot(commands.Bot):
    """Echoes what it is asked, in every way that Discord offers."""

    def __init__(self, intents: discord.Intents | None = None, **options: Any):
        super().__init__(
            command_prefix=commands.when_mentioned,
            intents=intents or discord.Intents.default(),
            allowed_mentions=discord.AllowedMentions.none(),
            **options,
        )
        self.heard: list[discord.Message] = []
        self.raw: list[str] = []
        self.resumes = 0
        self.used: list[int] = []

    async def setup_hook(self) -> None:
        self.add_dynamic_items(Feedback)
        self.tree.add_command(app_commands.Command(name="ask", description="Ask", callback=ask))
        self.tree.add_command(app_commands.Command(name="why", description="Why", callback=why))
        self.tree.add_command(app_commands.ContextMenu(name="Answer this", callback=answer_this))
        await self.tree.sync()

    async def on_resumed(self) -> None:
        self.resumes += 1

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        if event.message.author != self.user:
            self.raw.append(f"edit {event.message.content}")

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        self.raw.append(f"delete {event.message_id}")

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        self.raw.append(f"react {event.emoji}")

    async def on_message(self, message: discord.Message, /) -> None:
        if message.author.bot or message.type not in (
            discord.MessageType.default,
            discord.MessageType.reply,
        ):
            return
        self.heard.append(message)
        called = self.user in message.mentions or message.guild is None
        if not called:
            return
        async with message.channel.typing():
            read = [
                f"{each.filename}: {(await each.read()).decode()}" for each in message.attachments
            ]
        await message.reply("\n".join([f"You said: {message.content}", *read]))


async def suggest(_: Use, typed: str) -> list[app_commands.Choice[str]]:
    """As many choices as were typed, to go over the bound."""
    count = int(typed) if typed.isdigit() else 2
    return [app_commands.Choice(name=f"{typed} {n}", value=str(n)) for n in range(count)]


@app_commands.describe(question="What you want to know", public="Whether all may see it")
@app_commands.autocomplete(question=suggest)
async def ask(interaction: Use, question: str, public: bool = False) -> None:
    """Answer late, so that the deferring shows."""
    interaction.client.used.append(interaction.id)
    await interaction.response.defer(ephemeral=not public, thinking=True)
    await interaction.followup.send(view=Answer(question.upper(), f"t{interaction.id}"))


async def why(interaction: Use) -> None:
    """Open a modal."""
    await interaction.response.send_modal(Why())


async def answer_this(interaction: Use, message: discord.Message) -> None:
    """Answer a message from its menu."""
    await interaction.response.send_message(f"To: {message.content}", ephemeral=True)
