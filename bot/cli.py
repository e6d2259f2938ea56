"""The command line: one thin command per job. Heavy imports wait until a command needs them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import warnings
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from bot.errors import HousevoiceError, UsageError
from knowledge.errors import KnowledgeError

if TYPE_CHECKING:
    from bot.app import App
    from bot.types import Asker, Reply
    from knowledge.catalog import RunReport
    from knowledge.sources.base import SourceSpec

_PROJECT = Path(__file__).resolve().parent.parent

cli = typer.Typer(
    name="housevoice",
    help="Answers from your own knowledge, with sources, in your own voice.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
source_cli = typer.Typer(
    help="Add, list, re-read and remove knowledge sources.", no_args_is_help=True
)
voice_cli = typer.Typer(help="List voices and train their LoRA.", no_args_is_help=True)
cli.add_typer(source_cli, name="source")
cli.add_typer(voice_cli, name="voice")

As = Annotated[
    list[str] | None,
    typer.Option("--as", help="A further principal to ask as, such as role:managers. Repeatable."),
]
VoiceName = Annotated[str | None, typer.Option("--voice", help="The voice to answer in.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Batch = Annotated[
    Path | None,
    typer.Option("--batch", help='JSON lines {"id", "question"}; "-" reads standard input.'),
]


@cli.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="The question.")] = None,
    json_lines: Json = False,
    batch: Batch = None,
    voice: VoiceName = None,
    as_: As = None,
) -> None:
    """Answer a question, or each of a batch in order."""

    async def job(app: App) -> None:
        app.voice(voice)  # a wrong name is told at once
        for key, text in _questions(question, batch):
            reply = await _reply(app, text, _asker(as_), voice)
            _print_json(reply.as_json(key)) if json_lines else _print_reply(reply)

    _run(job)


@cli.command()
def search(
    words: Annotated[str | None, typer.Argument(help="What to look for.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many passages.")] = 10,
    json_lines: Json = False,
    batch: Batch = None,
    as_: As = None,
) -> None:
    """Find passages without answering: retrieval alone."""

    async def job(app: App) -> None:
        from bot.types import passage_json

        for key, text in _questions(words, batch):
            if not any(character.isalnum() for character in text):
                raise UsageError("There is nothing to look for: give some words.")
            found = await app.retriever.search(text, _asker(as_).principals, k)
            if json_lines:
                passages = [passage_json(each) for each in found]
                _print_json({"id": key, "question": text, "passages": passages})
                continue
            for n, each in enumerate(found, start=1):
                passage = each.passage
                typer.echo(f"{n}. {passage.context} ({passage.document})  {each.score:.3f}")
                typer.echo(f"   {' '.join(passage.text.split())[:200]}")
            if not found:
                typer.echo("Nothing found.")

    _run(job)


@cli.command()
def chat(
    samples: Annotated[
        bool, typer.Option("--samples", help="First read in the sample handbook and the docs.")
    ] = False,
    voice: VoiceName = None,
    as_: As = None,
) -> None:
    """Talk to the bot in the terminal; from a pipe, one question a line."""

    async def job(app: App) -> None:
        from adapters.console import Console

        app.voice(voice)  # a wrong name is told at once
        if samples:
            await _add_samples(app)
        await _warm_up(app)
        asker = _asker(as_)
        interactive = sys.stdin.isatty()
        if interactive:
            typer.echo("Ask away. /quit or Ctrl-D leaves.")
        await Console(
            app.assistant,
            asker,
            sys.stdout,
            _prompt if interactive else (lambda: sys.stdin.readline() or None),
            voice=voice,
            echo=not interactive,
        ).run()

    _run(job)


@cli.command()
def doctor() -> None:
    """Check configuration, weights, store and disk; say what to do about each fault."""
    from bot.doctor import examine

    faults = 0
    for finding in asyncio.run(examine()):
        faults += not finding.good
        typer.echo(f"{'ok   ' if finding.good else 'FAULT'} {finding.what}: {finding.detail}")
    if faults:
        raise typer.Exit(1)


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

    _run(job)


@source_cli.command("list")
def source_list(json_lines: Json = False) -> None:
    """List the sources with their passages and last run."""

    async def job(app: App) -> None:
        for spec in await app.catalog.sources():
            passages = await app.store.count(spec.id)
            documents = len(await app.catalog.documents(spec.id))
            last = await app.catalog.last_run(spec.id)
            if json_lines:
                _print_json(
                    {
                        "id": spec.id,
                        "kind": spec.kind,
                        "location": spec.location,
                        "access": sorted(spec.access),
                        "documents": documents,
                        "passages": passages,
                        "skipped": last.skipped if last else {},
                        "error": last.error if last else None,
                    }
                )
                continue
            typer.echo(
                f"{spec.id}  {spec.location}  ({', '.join(sorted(spec.access))})\n"
                f"  {documents} documents, {passages} passages"
                + (f"; last run: {_summary(last)}" if last else "; never read to the end")
            )

    _run(job)


@source_cli.command("remove")
def source_remove(source: Annotated[str, typer.Argument(help="Its id, path or URL.")]) -> None:
    """Take a source away, with all its passages."""

    async def job(app: App) -> None:
        spec = await _known(app, source)
        gone = await app.ingester.remove(spec.id)
        typer.echo(f"Removed {spec.location} with {gone} passages.")

    _run(job)


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

    _run(job)


@voice_cli.command("list")
def voice_list() -> None:
    """List the voices."""
    from bot.settings import load_settings
    from bot.tone.voice import Voice, names

    with _faults_told():
        root = load_settings().voices
        for name in names(root):
            voice = Voice.load(root, name)
            tuned = "LoRA" if voice.lora else "no LoRA"
            typer.echo(f"{name}  {len(voice.examples)} examples, {tuned}. {voice.guide.about}")


@voice_cli.command("train")
def voice_train(
    name: Annotated[str, typer.Argument(help="The voice's folder name.")],
    epochs: Annotated[int, typer.Option(min=1, max=20, help="Times through the pairs.")] = 3,
    seed: Annotated[int, typer.Option(help="Decides the split and the order.")] = 0,
) -> None:
    """Train a voice's LoRA on its examples and write its model card (minutes, on a CPU)."""
    with _faults_told():
        from bot.app import train_voice

        card = train_voice(name, epochs, seed, lambda line: typer.echo(line, err=True))
        base, tuned = card["held_out"]["base"], card["held_out"]["tuned"]
        typer.echo(
            f"Trained '{name}' in {card['training_seconds']} s. Held-out pairs: perplexity "
            f"{base['perplexity']} -> {tuned['perplexity']}, all markers kept "
            f"{base['all_markers']:.0%} -> {tuned['all_markers']:.0%}."
        )


def main() -> None:
    """Entry point of ``python -m bot`` and ``housevoice``."""
    if not sys.warnoptions:
        # Libraries warn of their own deprecations: matter for the tests, noise for a user.
        warnings.simplefilter("ignore")
    os.environ.setdefault("TQDM_DISABLE", "1")  # other people's progress bars
    cli()


# --- what the commands share ------------------------------------------------------------------


class _faults_told:
    """Errors that are fit for a person end the command with one line instead of a trace."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (HousevoiceError, KnowledgeError)):
            typer.echo(f"Error: {error}", err=True)
            raise typer.Exit(1) from error
        if isinstance(error, KeyboardInterrupt):
            raise typer.Exit(130) from error
        if isinstance(error, BrokenPipeError):  # the reader of a pipe has gone: not our fault
            sys.stderr.close()
            raise typer.Exit(0) from error


def _run(job: Callable[[App], Coroutine[Any, Any, None]]) -> None:
    async def with_app() -> None:
        from bot.app import open_app
        from bot.settings import load_settings

        async with open_app(load_settings()) as app:
            await job(app)

    with _faults_told():
        asyncio.run(with_app())


def _questions(one: str | None, batch: Path | None) -> Iterator[tuple[str, str]]:
    """Id and text of what was asked, from the argument or the batch."""
    if (one is None) == (batch is None):
        raise UsageError("Give either a question or --batch FILE.")
    if one is not None:
        yield uuid4().hex, one
    elif str(batch) == "-":
        yield from _batch(sys.stdin)
    elif batch is not None:
        try:
            with batch.open(encoding="utf-8", errors="surrogateescape") as lines:
                yield from _batch(lines)
        except OSError as error:
            raise UsageError(f"{batch} cannot be read: {error.strerror}.") from error


def _batch(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line.encode(errors="surrogateescape").decode())
            question = row["question"]
            if not isinstance(question, str):
                raise TypeError
            yield str(row.get("id", number)), question
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise UsageError(
                f'Line {number} of the batch is not JSON with "id" and "question".'
            ) from error


def _asker(principals: list[str] | None) -> Asker:
    from bot.types import Asker
    from knowledge.types import PUBLIC

    return Asker("user:console", frozenset({PUBLIC, "user:console", *(principals or ())}))


async def _reply(app: App, text: str, asker: Asker, voice: str | None) -> Reply:
    from bot.types import Message, Reply

    key = uuid4().hex
    message = Message(f"cli:{key}", "cli", f"cli:{key}", asker, text, voice=voice)
    last = None
    async for piece in app.assistant.answer(message):
        last = piece
    if not isinstance(last, Reply):
        raise UsageError("That message was answered before.")
    return last


def _print_reply(reply: Reply) -> None:
    from adapters.console import source_line

    typer.echo(reply.answer)
    for citation in reply.citations:
        typer.echo(source_line(citation))
    typer.echo()


def _print_json(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _prompt() -> str | None:
    try:
        return input("\n> ")
    except EOFError:
        return None


async def _warm_up(app: App) -> None:
    """Load the models; the first time ever that includes converting the packaged one."""
    if sys.stderr.isatty():
        from rich.console import Console as Terminal

        with Terminal(stderr=True).status("Loading the models (20 s the first time) …"):
            await app.warm_up()
    else:
        await app.warm_up()


async def _add_samples(app: App) -> None:
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
        task = bar.add_task(Path(spec.location).name or spec.location, total=None, passages=0)
        report = await app.ingester.run(
            spec,
            app.open_source(spec),
            lambda done: bar.update(task, completed=done.documents, passages=done.passages),
        )
    if not quiet or report.added or report.changed or report.removed or report.error:
        typer.echo(f"{spec.location}: {_summary(report)}", err=True)
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
