"""Running the bot on its platforms, and examining the installation."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bot.cli.shared import faults_told, run

if TYPE_CHECKING:
    from bot.app import App

discord_cli = typer.Typer(help="What Discord needs now and then.", no_args_is_help=True)


def serve() -> None:
    """Answer on Slack, Discord or both, whatever is configured, until stopped."""

    async def job(app: App) -> None:
        from adapters.base import serve as serve_all

        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, stop.set)
        adapters = app.adapters()
        typer.echo("Loading the models …", err=True)
        await app.warm_up()
        typer.echo(f"Serving {' and '.join(each.name for each in adapters)}.", err=True)
        await serve_all(adapters, app.desk.dispatcher, stop, app.settings.shutdown_seconds)

    run(job)


def doctor(
    platform: Annotated[
        Literal["slack", "discord"] | None,
        typer.Argument(help="Look at this platform instead of the installation."),
    ] = None,
) -> None:
    """Check configuration, weights, store and disk, or a platform; say what to do about faults."""
    from bot.doctor import examine

    faults = 0
    for finding in asyncio.run(examine(platform)):
        faults += not finding.good
        typer.echo(f"{'ok   ' if finding.good else 'FAULT'} {finding.what}: {finding.detail}")
    if faults:
        raise typer.Exit(1)


@discord_cli.command("sync")
def discord_sync(
    guild: Annotated[
        int | None,
        typer.Option(help="Only this server's, which is seen at once; default: everywhere."),
    ] = None,
) -> None:
    """Tell Discord which commands there are. Needed once, and after updates."""
    with faults_told():
        from bot.app import sync_discord

        count = asyncio.run(sync_discord(guild))
        typer.echo(f"Discord knows {count} commands now.")
