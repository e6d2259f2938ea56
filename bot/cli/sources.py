"""Adding, listing, re-reading and removing knowledge sources."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.shared import Json, print_json, run
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.app import App
    from knowledge.catalog import RunReport
    from knowledge.sources.base import SourceSpec

_PROJECT = Path(__file__).resolve().parents[2]

source_cli = typer.Typer(
    help="Add, list, re-read and remove knowledge sources.", no_args_is_help=True
)


@source_cli.command("add")
def source_add(
    location: Annotated[str, typer.Argument(help="A file, a folder, or a page's URL.")],
    include: Annotated[
        list[str] | None, typer.Option(help="Only what matches this glob. Repeatable.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Not what matches this glob. Repeatable.")
    ] = None,
    access: Annotated[
        list[str] | None,
        typer.Option(
            help="Who may read it, such as role:managers; default: as before, at first everyone. "
            "Repeatable."
        ),
    ] = None,
    base_url: Annotated[
        str, typer.Option(help="Where readers find a folder's documents on the web.")
    ] = "",
) -> None:
    """Add a knowledge source and read it in."""

    async def job(app: App) -> None:
        from knowledge.sources import spec_for
        from knowledge.types import PUBLIC

        spec = spec_for(
            location,
            include=tuple(include or ()),
            exclude=tuple(exclude or ()),
            access=frozenset(access or {PUBLIC}),
            base_url=base_url,
        )
        if not access:
            # Adding it again must not open what was limited: that takes --access public.
            kept = {known.id: known.access for known in await app.catalog.sources()}
            spec = replace(spec, access=kept.get(spec.id, spec.access))
        await _save_and_read(app, spec)

    run(job)


@source_cli.command("list")
def source_list(json_lines: Json = False) -> None:
    """List the sources with their passages and last run."""

    async def job(app: App) -> None:
        for spec in await app.catalog.sources():
            passages = await app.store.count(spec.id)
            documents = len(await app.catalog.documents(spec.id))
            last = await app.catalog.last_run(spec.id)
            if json_lines:
                print_json(
                    {
                        "id": spec.id,
                        "kind": spec.kind,
                        "location": spec.shown,
                        "access": sorted(spec.access),
                        "documents": documents,
                        "passages": passages,
                        "skipped": last.skipped if last else {},
                        "error": last.error if last else None,
                    }
                )
                continue
            typer.echo(
                f"{spec.id}  {spec.shown}  ({', '.join(sorted(spec.access))})\n"
                f"  {documents} documents, {passages} passages"
                + (f"; last run: {_summary(last)}" if last else "; never read to the end")
            )

    run(job)


@source_cli.command("remove")
def source_remove(source: Annotated[str, typer.Argument(help="Its id, path or URL.")]) -> None:
    """Take a source away, with all its passages."""

    async def job(app: App) -> None:
        spec = await _known(app, source)
        gone = await app.ingester.remove(spec.id)
        typer.echo(f"Removed {spec.shown} with {gone} passages.")

    run(job)


@source_cli.command("refresh")
def source_refresh(
    source: Annotated[str | None, typer.Argument(help="Its id, path or URL; default: all.")] = None,
) -> None:
    """Read sources again: what changed is replaced, what vanished goes."""

    async def job(app: App) -> None:
        known = await app.catalog.sources() if source is None else [await _known(app, source)]
        failed = [spec for spec in known if (await _read(app, spec)).error]
        if failed:
            raise UsageError(f"{len(failed)} of {len(known)} sources could not be read.")

    run(job)


async def add_samples(app: App) -> None:
    """Read in the sample handbook and the project's own docs."""
    from knowledge.sources import spec_for

    for folder, include in (("samples/handbook", ()), ("docs", ("**/*.md",))):
        spec = spec_for(str(_PROJECT / folder), include=include)
        await _save_and_read(app, spec, quiet=True)


async def _save_and_read(app: App, spec: SourceSpec, *, quiet: bool = False) -> None:
    from datetime import UTC, datetime

    await app.catalog.save_source(spec, datetime.now(UTC))
    report = await _read(app, spec, quiet=quiet)
    if report.error:
        raise UsageError("The source is kept; 'source refresh' tries again.")


async def _read(app: App, spec: SourceSpec, *, quiet: bool = False) -> RunReport:
    """Read one source in, with progress on standard error and the outcome after it."""
    from rich.console import Console as Terminal
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    terminal = Terminal(stderr=True)
    columns = (
        TextColumn("Reading {task.description}"),
        BarColumn(),
        TextColumn("{task.fields[passages]} passages"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=terminal, transient=True) as bar:
        task = bar.add_task(Path(spec.shown).name or spec.shown, total=None, passages=0)
        report = await app.ingester.run(
            spec,
            app.open_source(spec),
            lambda done: bar.update(task, completed=done.documents, passages=done.passages),
        )
    if not quiet or report.added or report.changed or report.removed or report.error:
        typer.echo(f"{spec.shown}: {_summary(report)}", err=True)
        for document, reason in sorted(report.skipped.items()):
            typer.echo(f"  skipped {document}: {reason}", err=True)
    return report


def _summary(report: RunReport) -> str:
    counts = (
        f"{report.added} added, {report.changed} changed, {report.removed} removed, "
        f"{report.unchanged} unchanged, {len(report.skipped)} skipped"
    )
    return f"{counts}; it could not be read to the end: {report.error}" if report.error else counts


async def _known(app: App, name: str) -> SourceSpec:
    names = (name, _absolute(name))
    for spec in await app.catalog.sources():
        if spec.id in names or spec.location in names:
            return spec
    raise UsageError(f"There is no source '{name}'; 'source list' shows those there are.")


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().resolve())
