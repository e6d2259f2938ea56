"""Adding, listing, showing, re-reading, pausing and removing knowledge sources."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.errors import UsageError
from bot.shell.cli.shared import Json, SourceName, print_json, rebuild_index, run, who_types
from bot.shell.cli.source_json import measure_as_json, run_as_json, source_as_json
from bot.shell.cli.source_words import measured, skipped, summary, tell
from knowledge.sources.chat.history import ChatOptions
from knowledge.sources.options import Option, SecretReference, options_of
from knowledge.sources.registry import Kinds
from knowledge.types import counted

if TYPE_CHECKING:
    from bot.shell.app import App
    from knowledge.library.ingest import Progress
    from knowledge.library.library import SourceState

_PROJECT = Path(__file__).resolve().parents[3]

source_cli = typer.Typer(
    help="Add, list, re-read and remove knowledge sources.", no_args_is_help=True
)


def _add(
    location: Annotated[str, typer.Argument(help="A file, a folder, or a page's URL.")],
    access: Annotated[
        list[str] | None,
        typer.Option(
            help="Who may read it, such as role:managers; default: as before, at first everyone. "
            "Repeatable."
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="Which kind of source it is; default: told by what it looks like."),
    ] = None,
    **options: Any,
) -> None:
    """Add a knowledge source and read it in."""

    async def job(app: App) -> None:
        async with app.audit.of(who_types(), "added", location) as entry:
            with _Bar(location) as bar:
                spec, report = await app.library.add(
                    location,
                    kind=kind,
                    options={n: value for n, value in options.items() if value not in (None, [])},
                    access=frozenset(access) if access else None,
                    by=who_types(),
                    progress=bar,
                )
            entry.source = spec.id
        tell(spec.shown, report)
        if report.error:
            raise UsageError("The source is kept; 'source refresh' tries again.")

    run(job)


def _with_options_of_kinds(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each that a kind of source declares."""
    kinds = Kinds()
    declared: dict[str, tuple[Option, list[str]]] = {}
    of_kinds: dict[str, type[Any]] = {name: kinds.named(name).options for name in kinds.names()}
    # Which platforms are configured is not known yet.
    of_kinds |= dict.fromkeys(("slack-channel", "discord-channel"), ChatOptions)
    for name, options in of_kinds.items():
        for each in options_of(options):
            declared.setdefault(each.name, (each, []))[1].append(name)
    given = inspect.signature(command, eval_str=True)
    fixed = [each for each in given.parameters.values() if each.kind is not each.VAR_KEYWORD]
    added = [_parameter(each, of) for each, of in declared.values()]
    command.__signature__ = given.replace(parameters=[*fixed, *added])  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in (*fixed, *added)}
    return command


def _parameter(option: Option, of: list[str]) -> inspect.Parameter:
    told = f"{option.help} ({', '.join(of)})"
    if option.is_list:
        typed: Any = Annotated[list[str] | None, typer.Option(help=f"{told} Repeatable.")]
    else:
        plain = str if option.type is SecretReference else option.type
        typed = Annotated[plain | None, typer.Option(help=told)]
    return inspect.Parameter(
        option.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=typed
    )


source_cli.command("add")(_with_options_of_kinds(_add))


@source_cli.command("list")
def source_list(json_lines: Json = False) -> None:
    """List the sources with their passages and last run."""

    async def job(app: App) -> None:
        for state in await app.library.states():
            if json_lines:
                print_json(source_as_json(state))
            else:
                typer.echo("\n".join(_lines(state)))

    run(job)


@source_cli.command("show")
def source_show(source: SourceName, json_lines: Json = False) -> None:
    """Show a source with its last runs, and why documents were skipped."""

    async def job(app: App) -> None:
        state, runs = await app.library.show(source)
        if json_lines:
            of_runs = {"runs": [run_as_json(each) for each in runs]}
            taken = await app.library.measures(state.spec.id)
            of_data = {"measures": [measure_as_json(each) for each in taken]}
            print_json(source_as_json(state) | of_runs | of_data)
            return
        options = [f"  {name}: {value}" for name, value in state.spec.options.items()]
        lines = [*_lines(state), f"  kind: {state.spec.kind}", *options]
        for each in runs:
            ended = f"{each.finished_at:%H:%M}" if each.finished_at else "not ended"
            lines.append(
                f"  {each.id}: {each.started_at:%Y-%m-%d %H:%M} to {ended}: {summary(each.report)}"
            )
        if state.last_run:
            lines += skipped(state.last_run.report)
        lines += measured(await app.library.measures(state.spec.id))
        typer.echo("\n".join(lines))

    run(job)


@source_cli.command("refresh")
def source_refresh(
    source: Annotated[str | None, typer.Argument(help="Its id, path or URL; default: all.")] = None,
) -> None:
    """Read sources again: what changed is replaced, what vanished goes."""

    async def job(app: App) -> None:
        from knowledge.errors import SourceError

        await rebuild_index(app)
        if source is not None:
            known = [await app.library.find(source)]
        else:
            known = [each for each in await app.library.sources() if not each.is_paused]
        if not known:
            typer.echo("There is no source to read.")
        failed = 0
        for spec in known:
            try:
                async with app.audit.of(who_types(), "refreshed", spec.id):
                    with _Bar(spec.shown) as bar:
                        report = await app.library.refresh(spec.id, bar)
            except SourceError as error:  # busy or paused: the others are read
                typer.echo(f"{spec.shown}: {error}", err=True)
                failed += 1
            else:
                tell(spec.shown, report)
                failed += report.error is not None
        if failed:
            raise UsageError(f"{failed} of {len(known)} sources could not be read.")

    run(job)


@source_cli.command("pause")
def source_pause(source: SourceName) -> None:
    """Leave a source as it is until it is resumed; what was read stays answerable."""

    async def job(app: App) -> None:
        spec = await app.library.find(source)
        async with app.audit.of(who_types(), "paused", spec.id):
            await app.library.pause(spec.id)
        typer.echo(f"{spec.shown} is paused.")

    run(job)


@source_cli.command("resume")
def source_resume(source: SourceName) -> None:
    """Read a paused source again from the next refresh on."""

    async def job(app: App) -> None:
        spec = await app.library.find(source)
        async with app.audit.of(who_types(), "resumed", spec.id):
            await app.library.pause(spec.id, is_paused=False)
        typer.echo(f"{spec.shown} is read again from the next refresh on.")

    run(job)


@source_cli.command("remove")
def source_remove(
    source: SourceName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take a source away, with all its passages; asks before it does."""

    async def job(app: App) -> None:
        known, _ = await app.sources.show(source)
        if not yes and not _agreed(
            f"Remove {known.location} with {counted('passages', known.passages)}?"
        ):
            typer.echo(f"{known.location} stays as it is.")
            return
        async with app.audit.of(who_types(), "removed", known.id, known.location):
            gone = await app.sources.remove(known.id)
        typer.echo(f"Removed {known.location} with {counted('passages', gone)}.")

    run(job)


def _agreed(question: str) -> bool:
    try:
        return typer.confirm(question, err=True)
    except typer.Abort as error:
        typer.echo(err=True)  # behind the question
        raise UsageError("Nobody answered, so nothing is removed. Give --yes.") from error


async def add_samples(app: App) -> None:
    """Read in the sample handbook and the project's docs, without what only its engineers read."""
    docs = {"include": ["**/*.md"], "exclude": ["architecture.md", "benchmarks.md"]}
    for folder, options in (("samples/handbook", {}), ("docs", docs)):
        with _Bar(folder) as bar:
            spec, report = await app.library.add(
                str(_PROJECT / folder), options=options, progress=bar
            )
        if report.added or report.changed or report.removed or report.error:
            tell(spec.shown, report)
        if report.error:
            raise UsageError("The source is kept; 'source refresh' tries again.")


class _Bar:
    """How far a run is, at a terminal, from its first document to its end."""

    def __init__(self, what: str) -> None:
        from rich.console import Console as Terminal
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            TextColumn("Reading {task.description}"),
            BarColumn(),
            TextColumn("{task.fields[passages]} passages"),
            TimeElapsedColumn(),
            console=Terminal(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(Path(what).name or what, total=None, passages=0)

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar.live.is_started:  # else it prints an empty line
            self._bar.stop()

    def __call__(self, done: Progress) -> None:
        if self._bar.console.is_terminal:
            self._bar.start()
        self._bar.update(self._task, completed=done.documents, passages=done.passages)


def _lines(state: SourceState) -> list[str]:
    spec, last = state.spec, state.last_run
    read = f"last run: {summary(last.report)}" if last else "never read to the end"
    lines = [
        f"{spec.id}  {spec.shown}  ({', '.join(sorted(spec.access))})",
        f"  {state.documents} documents, {state.passages} passages; {read}",
    ]
    if spec.is_paused:
        lines.append("  paused")
    elif spec.schedule:
        lines.append(f"  read {spec.schedule}")
    if state.reading:
        lines.append(
            f"  being read by {state.reading.holder} since {state.reading.since:%Y-%m-%d %H:%M} UTC"
        )
    return lines
