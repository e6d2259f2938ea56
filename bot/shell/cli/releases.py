"""What of a run is shown: approving, rejecting and restoring, and what every run is held to."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bot.errors import UsageError
from bot.shell.cli.shared import Json, SourceName, print_json, run, who_types
from bot.shell.cli.source_json import run_as_json
from bot.shell.cli.source_words import summary, tell
from bot.shell.cli.sources import source_cli

if TYPE_CHECKING:
    from bot.shell.app import App

golden_cli = typer.Typer(
    help="Questions that must stay answered when sources change.", no_args_is_help=True
)


@source_cli.command("runs")
def source_runs(
    source: SourceName,
    lines: Annotated[int, typer.Option("-n", min=1, help="How many runs.")] = 20,
    json_lines: Json = False,
) -> None:
    """Show the runs of a source with their numbers, the newest first."""

    async def job(app: App) -> None:
        for each in await app.library.runs(source, lines):
            if json_lines:
                print_json(run_as_json(each))
            else:
                ended = "" if each.state == "done" else f" [{each.state}]"
                typer.echo(
                    f"{each.id}  {each.started_at:%Y-%m-%d %H:%M} UTC{ended}  "
                    f"{summary(each.report)}"
                )

    run(job)


@source_cli.command("approve")
def source_approve(source: SourceName) -> None:
    """Show what waits for an admin, or was left as it was because it looked wrong."""

    async def job(app: App) -> None:
        spec = await app.library.find(source)
        async with app.audit.of(who_types(), "approved", spec.id):
            report = await app.library.approve(spec.id)
        if report is None:
            raise UsageError(
                f"Nothing of {spec.shown} waits. What was rejected before is read by the next run."
            )
        tell(spec.shown, report)

    run(job)


@source_cli.command("reject")
def source_reject(source: SourceName) -> None:
    """Keep what is answered from as it is; what waits does not come again."""

    async def job(app: App) -> None:
        spec = await app.library.find(source)
        async with app.audit.of(who_types(), "rejected", spec.id):
            count = await app.library.reject(spec.id)
        if not count:
            raise UsageError(f"Nothing of {spec.shown} waits.")
        typer.echo(f"{spec.shown}: {count} documents stay as they are.")

    run(job)


@source_cli.command("restore")
def source_restore(
    source: SourceName,
    run_number: Annotated[
        int | None,
        typer.Argument(
            metavar="RUN",
            help="Answer from what was there after this run; default: before the newest change.",
        ),
    ] = None,
) -> None:
    """Bring back what was answered from before; what it replaces does not come again by itself."""

    async def job(app: App) -> None:
        spec = await app.library.find(source)
        async with app.audit.of(who_types(), "restored", spec.id, str(run_number or "")):
            report = await app.library.restore(spec.id, run_number)
        tell(spec.shown, report)

    run(job)


@golden_cli.command("add")
def golden_add(
    question: Annotated[str, typer.Argument(help="As people ask it, in quotes.")],
    source: Annotated[str, typer.Option(help="The source that answers it: id, path or URL.")],
    document: Annotated[
        str, typer.Option(help="Its document, as 'search' names it; default: any.")
    ] = "",
    section: Annotated[str, typer.Option(help="The heading over the answer; default: any.")] = "",
) -> None:
    """Hold every change to a question: it stays answered, or the change waits for an admin."""

    async def job(app: App) -> None:
        from knowledge.library.release.golden import GoldenQuestion

        spec = await app.library.find(source)
        async with app.audit.of(who_types(), "golden", spec.id) as entry:
            added = await app.library.golden.add(
                GoldenQuestion(question, spec.id, document, section)
            )
            entry.detail = f"question {added.id}"
        typer.echo(f"{added.id}: {added.question}")
        if not await app.library.golden.is_answered(added):
            typer.echo(
                "It is not answered there now, so no change can break it yet. 'search' shows what "
                "it finds: mind its wording, the document and the section.",
                err=True,
            )

    run(job)


@golden_cli.command("list")
def golden_list(json_lines: Json = False) -> None:
    """List the questions that were added, with where their answer is expected."""

    async def job(app: App) -> None:
        for each in await app.library.golden.all():
            if json_lines:
                print_json(asdict(each))
                continue
            where = " › ".join(part for part in (each.source, each.document, each.section) if part)
            typer.echo(f"{each.id}: {each.question}  ({where}, {each.origin})")

    run(job)


@golden_cli.command("remove")
def golden_remove(
    number: Annotated[int, typer.Argument(help="As 'golden list' shows it.")],
) -> None:
    """Hold nothing to this question any more."""

    async def job(app: App) -> None:
        async with app.audit.of(who_types(), "golden removed", detail=f"question {number}"):
            await app.library.golden.remove(number)
        typer.echo(f"Question {number} is removed.")

    run(job)
