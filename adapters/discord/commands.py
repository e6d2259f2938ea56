"""The registry's commands as Discord's: typed options, completion, groups, and two menu entries."""

from __future__ import annotations

from inspect import Parameter as Argument
from inspect import Signature
from typing import Any

import discord
from discord import app_commands

from adapters.discord.config import FEATURES
from adapters.discord.connection.client import FrontClient, Interaction
from bot.desk.commands import Command, Commands, Parameter

ANSWER_THIS = "Answer this"
IN_OUR_VOICE = "Say it in our voice"
ADD_SOURCE = "Add as a source"
_HELP, _CHOICES, _CHOICE = 100, 25, 100  # Discord's limits
_TEXT = 3_000
"""Characters of an option; a draft may be long, and Discord takes 6,000."""

_GROUP_HELP = {"kb": "What I know and how I behave.", "voice": "Our voice."}


class Tree(app_commands.CommandTree[FrontClient]):
    """All commands. Servers and direct conversations only: elsewhere the bot is not a member."""

    def __init__(self, client: FrontClient, commands: Commands) -> None:
        super().__init__(
            client,
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=False
            ),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        )
        by_name: dict[str, list[Command]] = {}
        for command in commands.where(FEATURES).all:
            by_name.setdefault(command.name, []).append(command)
        for name, several in by_name.items():
            self._add(name, several)
        self.add_command(app_commands.ContextMenu(name=ANSWER_THIS, callback=_answer_this))
        self.add_command(app_commands.ContextMenu(name=IN_OUR_VOICE, callback=_in_our_voice))
        self.add_command(app_commands.ContextMenu(name=ADD_SOURCE, callback=_add_source))

    async def on_error(
        self, interaction: Interaction, error: app_commands.AppCommandError, /
    ) -> None:
        """What discord.py could not do with a command, such as one that is no longer in use."""
        await interaction.client.front.failed(interaction, error)

    def _add(self, name: str, several: list[Command]) -> None:
        if [each.action for each in several] == [""]:
            self.add_command(_built(several[0], name))
            return
        group = app_commands.Group(name=name, description=_GROUP_HELP.get(name, name))
        for command in several:
            group.add_command(_built(command, command.action or name))
        self.add_command(group)


def _built(command: Command, name: str) -> app_commands.Command[Any, ..., None]:
    async def callback(interaction: Interaction, **given: Any) -> None:
        await interaction.client.front.command(interaction, command, given)

    arguments = [
        Argument("interaction", Argument.POSITIONAL_OR_KEYWORD, annotation=Interaction),
        *(_argument(each) for each in command.parameters),
    ]
    callback.__signature__ = Signature(arguments)  # type: ignore[attr-defined]
    described = app_commands.describe(
        **{each.name: each.help[:_HELP] for each in command.parameters}
    )
    built: app_commands.Command[Any, ..., None] = app_commands.Command(
        name=name,
        description=command.help[:_HELP],
        callback=described(callback) if command.parameters else callback,
    )
    for parameter in command.parameters:
        if parameter.suggest is not None:
            built.autocomplete(parameter.name)(_completion(command, parameter))
    return built


def _completion(command: Command, parameter: Parameter) -> Any:
    async def complete(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        found = await interaction.client.front.suggest(interaction, command, parameter.name, typed)
        return [
            app_commands.Choice(name=(each.label or each.value)[:_CHOICE], value=each.value)
            for each in found
            if 0 < len(each.value) <= _CHOICE
        ][:_CHOICES]

    return complete


def _argument(parameter: Parameter) -> Argument:
    """Discord is told the required ones first, whatever their order here."""
    default: Any
    if parameter.kind == "yes_no":
        kind: Any = bool
        default = False
    elif parameter.kind == "file":
        kind, default = discord.Attachment, None
    else:
        kind = app_commands.Range[str, 1, _TEXT]
        default = ""
    return Argument(
        parameter.name,
        Argument.KEYWORD_ONLY,
        annotation=kind,
        default=Argument.empty if parameter.required else default,
    )


async def _answer_this(interaction: Interaction, message: discord.Message) -> None:
    await interaction.client.front.answer_this(interaction, message)


async def _in_our_voice(interaction: Interaction, message: discord.Message) -> None:
    await interaction.client.front.in_our_voice(interaction, message)


async def _add_source(interaction: Interaction, message: discord.Message) -> None:
    await interaction.client.front.add_source(interaction, message)
