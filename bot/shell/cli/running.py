"""Running the bot on its platforms, and examining the installation."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bot.errors import ConfigurationError
from bot.shell.cli.shared import report_errors, run, tell_index

if TYPE_CHECKING:
    from bot.shell.app import App
    from bot.shell.platforms import PlatformChoice

discord_cli = typer.Typer(help="What Discord needs now and then.", no_args_is_help=True)


LOCAL_CONSOLE = "127.0.0.1:8080"
_SWITCH_SECONDS = 0.0005
"""After which a thread that computes lets the loop go on; Python's own 0.005 is waited for at each
word to the database or a platform, twenty-fold its time."""


def serve(
    console: Annotated[
        bool, typer.Option("--console", help=f"With the console, by default on {LOCAL_CONSOLE}.")
    ] = False,
) -> None:
    """Answer on Slack, Discord or both, whatever is configured, until stopped."""

    async def job(app: App) -> None:
        from adapters.base import serve as serve_all
        from bot.desk.console.console import NAME
        from bot.shell.platforms import platforms
        from jobs.schedule import scheduled

        sys.setswitchinterval(_SWITCH_SECONDS)
        stop = asyncio.Event()
        grace = app.settings.shutdown_seconds

        def stopping() -> None:
            stop.set()
            # A thread that computes an answer cannot be stopped, and what was accepted is kept.
            last = threading.Timer(grace, os._exit, (0,))
            last.daemon = True
            last.start()

        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, stopping)
        jobs = app.jobs()
        choices = platforms(app.settings, app.desk, app.console)
        await _check(choices)
        await tell_index(app, "It is built anew; until then the old one answers.")
        _tell("Loading the models …")
        if await _unless(stop, app.warm_up()):
            openings = [each.open for each in choices]
            async with scheduled(jobs):
                if all(each.name == NAME for each in choices):
                    _tell(f"Open the console: {await _console_link(app)}")
                await serve_all(
                    openings,
                    app.desk.dispatcher,
                    stop,
                    grace,
                    errands=app.errands,
                    present=app.present,
                    tell=_tell,
                )

    run(job, leave_at_once=True, **_with_console(console))


def console() -> None:
    """Print a link into the console for whoever has this shell. It works once, for ten minutes."""

    async def job(app: App) -> None:
        typer.echo(await _console_link(app))

    run(job, **_with_console(True))


def _with_console(wanted: bool) -> dict[str, Any]:
    """The setting that is changed for a console where none is configured."""
    from bot.shell.settings import load_settings

    with report_errors():
        return {"console": LOCAL_CONSOLE} if wanted and load_settings().console is None else {}


async def _console_link(app: App) -> str:
    from bot.desk.console.command import link_for
    from bot.desk.console.console import LOCAL

    return await link_for(app.console.passes, app.settings.console_address, LOCAL)


async def _check(platforms: Sequence[PlatformChoice]) -> None:
    """Ask the platforms whether they take the tokens, before minutes go into loading.

    Raises :class:`ConfigurationError` if none does; those that do are served without the others.
    """
    refusals = await asyncio.gather(*(each.refusal() for each in platforms))
    if all(isinstance(each, ConfigurationError) for each in refusals):
        raise ConfigurationError(" ".join(str(each) for each in refusals))
    for platform, refusal in zip(platforms, refusals, strict=True):
        if refusal is not None:
            _tell(f"Not serving {platform.name} yet: {refusal}")


async def _unless(stop: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Do the work, but no longer than until ``stop``; whether it was done."""
    doing, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not doing.done():
        doing.cancel()
        return False
    doing.result()  # raises what went wrong
    return not stop.is_set()


def _tell(line: str) -> None:
    typer.echo(line, err=True)


def doctor(
    platform: Annotated[
        Literal["slack", "discord"] | None,
        typer.Argument(help="Look at this platform instead of the installation."),
    ] = None,
) -> None:
    """Check configuration, weights, store and disk, or a platform; say what to do about faults."""
    from bot.shell.doctor import examine

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
    with report_errors():
        count = asyncio.run(_sync(guild))
        typer.echo(f"Discord knows {count} commands now.")


async def _sync(guild: int | None) -> int:
    """Tell Discord which commands there are; returns how many."""
    from adapters.discord.checkup import sync
    from bot.shell.app import open_app
    from bot.shell.platforms import discord_config
    from bot.shell.settings import load_settings

    settings = load_settings()
    config = discord_config(settings)
    if config is None:
        raise ConfigurationError("Set DISCORD_TOKEN first; docs/discord.md tells where it is.")
    async with open_app(settings) as app:
        return await sync(config, app.desk.commands, guild)
