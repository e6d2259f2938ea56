"""The command line: one thin command per job. Heavy imports wait until a command needs them."""

from __future__ import annotations

import os
import sys
import warnings

import typer

from bot.shell.cli import (  # noqa: F401 - they enter their commands
    governing,
    manifest,
    voice_making,
    voice_versions,
)
from bot.shell.cli.index import index_cli
from bot.shell.cli.keeping.backups import backup, restore
from bot.shell.cli.keeping.people import export, forget
from bot.shell.cli.releases import golden_cli
from bot.shell.cli.running import console, discord_cli, doctor, serve
from bot.shell.cli.sources import source_cli
from bot.shell.cli.talk import ask, chat, kb, search
from bot.shell.cli.voices import voice_cli

cli = typer.Typer(
    name="housevoice",
    help="Answers from your own knowledge, with sources, in your own voice.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _command in (ask, search, chat, kb, serve, console, doctor, backup, restore, export, forget):
    # What looks like an option behind 'kb' is the chat's, such as --whom=.
    cli.command(context_settings={"ignore_unknown_options": _command is kb})(_command)
cli.add_typer(source_cli, name="source")
cli.add_typer(index_cli, name="index")
cli.add_typer(golden_cli, name="golden")
cli.add_typer(voice_cli, name="voice")
cli.add_typer(discord_cli, name="discord")


def main() -> None:
    """Entry point of ``housevoice``."""
    if not sys.warnoptions:
        # Libraries warn of their own deprecations: matter for the tests, noise for a user.
        warnings.simplefilter("ignore")
    os.environ.setdefault("TQDM_DISABLE", "1")  # other people's progress bars
    os.umask(0o077)  # whatever is written holds the company's knowledge
    cli()
