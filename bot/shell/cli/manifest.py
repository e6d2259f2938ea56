"""The list of sources as a file: writing it out, and making it so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.errors import UsageError
from bot.shell.cli.shared import run, who_types
from bot.shell.cli.sources import source_cli

if TYPE_CHECKING:
    from bot.shell.app import App


@source_cli.command("export")
def source_export() -> None:
    """Print the list of sources as YAML, as 'source apply' reads it; secrets are named only."""

    async def job(app: App) -> None:
        typer.echo(await app.sources.export(), nl=False)

    run(job)


@source_cli.command("apply")
def source_apply(
    file: Annotated[Path, typer.Argument(help="A YAML file, as 'source export' writes it.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove sources that are not in the file.")
    ] = False,
) -> None:
    """Make the sources what a file says; doing it again changes nothing."""

    async def job(app: App) -> None:
        from bot.shell.sources import schedules_of
        from knowledge.errors import SourceError
        from knowledge.library.manifest import plan, read, take

        try:
            text = file.read_text("utf-8")
        except (OSError, ValueError) as error:
            raise UsageError(f"{file} cannot be read: {error}.") from error
        schedules = schedules_of(app.settings)
        wanted = read(text, app.library, schedules.read, app.uploads.located)
        steps = await plan(app.library, wanted, prune=prune)
        failed = 0
        for step in steps:
            what = f" ({', '.join(step.changes)})" if step.changes else ""
            told = ""
            if not dry_run and step.doing not in ("keep", "leave"):
                applied = {"add": "added", "change": "changed", "remove": "removed"}[step.doing]
                try:
                    async with app.audit.of(who_types(), applied, step.spec.id, "by apply" + what):
                        told = f": {await take(app.library, step)}"
                except SourceError as error:  # the others are made so all the same
                    told, failed = f": {error}", failed + 1
            typer.echo(f"{step.doing:7} {step.spec.shown}{what}{told}")
        if failed:
            raise UsageError(f"{failed} of {len(steps)} steps could not be taken.")

    run(job)
