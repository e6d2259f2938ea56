"""A backup of what is kept, and its way back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.shell.cli.shared import report_errors


def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
) -> None:
    """Copy all that is kept into DIR, also while the bot serves."""
    from bot.shell.indexing import now
    from bot.shell.keeping.backup import back_up
    from bot.shell.settings import load_settings

    with report_errors():
        for line in back_up(load_settings(), folder, now()):
            typer.echo(line)


def restore(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What 'backup' has made.")],
) -> None:
    """Bring a backup back into a data folder that is empty or not there yet."""
    from bot.shell.keeping.backup import restore as bring_back
    from bot.shell.settings import load_settings

    with report_errors():
        for line in bring_back(load_settings(), folder):
            typer.echo(line)
