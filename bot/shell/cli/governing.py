"""Who may read a source, when it is read, and who changed that: the command line's side."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bot.shell.cli.shared import Json, SourceName, print_json, run, who_types
from bot.shell.cli.sources import source_cli

if TYPE_CHECKING:
    from bot.shell.app import App


@source_cli.command("access")
def source_access(
    source: SourceName,
    access: Annotated[
        list[str],
        typer.Argument(metavar="WHO...", help="Who may read it: public, or role:managers."),
    ],
) -> None:
    """Change who may read a source; it holds in the next search, and nothing is read again."""

    async def job(app: App) -> None:
        spec = await app.library.find(source)
        async with app.audit.of(who_types(), "access", spec.id, ", ".join(sorted(access))):
            spec = await app.library.set_access(spec.id, frozenset(access))
        typer.echo(f"{spec.shown} is for {', '.join(sorted(spec.access))} from now on.")

    run(job)


@source_cli.command("schedule")
def source_schedule(
    source: SourceName,
    when: Annotated[
        list[str],
        typer.Argument(
            metavar="WHEN...",
            help="nightly, hourly, weekly, or a line of crontab, with a time zone behind it or "
            "not: '30 6 * * 1-5 Europe/Berlin'.",
        ),
    ],
) -> None:
    """Change when 'serve' reads a source again; at first that is every night."""

    async def job(app: App) -> None:
        known, _ = await app.sources.show(source)
        words = " ".join(when)
        async with app.audit.of(who_types(), "schedule", known.id, words):
            known = await app.sources.set_schedule(known.id, words)
        then = f"next at {known.next_at:%Y-%m-%d %H:%M} UTC" if known.next_at else "never"
        typer.echo(f"{known.location} is read {known.schedule or 'nightly'}: {then}.")

    run(job)


@source_cli.command("audit")
def source_audit(
    source: Annotated[
        str | None, typer.Argument(help="Its id, path or URL; default: all, also removed ones.")
    ] = None,
    lines: Annotated[int, typer.Option("-n", min=1, help="How many changes.")] = 20,
    json_lines: Json = False,
) -> None:
    """Show who changed which source, and when; the newest first."""

    async def job(app: App) -> None:
        id = None if source is None else (await app.library.find(source)).id
        for each in await app.audit.newest(lines, id):
            if json_lines:
                print_json(asdict(each) | {"at": each.at.isoformat()})
                continue
            detail = f" ({each.detail})" if each.detail else ""
            outcome = "" if each.outcome == "done" else f": {each.outcome or 'not ended'}"
            typer.echo(
                f"{each.at:%Y-%m-%d %H:%M} UTC  {each.who}  {each.what} {each.source}"
                f"{detail}{outcome}"
            )

    run(job)
