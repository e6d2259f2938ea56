"""Asking: single questions, batches, bare retrieval, and a conversation in the terminal."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from bot.errors import UsageError
from bot.shell.cli.shared import As, Json, VoiceName, asker_as, print_json, run, tell_index
from bot.shell.cli.sources import add_samples

if TYPE_CHECKING:
    from adapters.terminal.adapter import Console
    from bot.shell.app import App
    from bot.types import Asker, Reply

_FIELD = re.compile(r"\w+=")
Batch = Annotated[
    Path | None,
    typer.Option("--batch", help='JSON lines {"id", "question"}; "-" reads standard input.'),
]


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
        await tell_index(app)
        for key, text in _questions(question, batch):
            reply = await _reply(app, text, asker_as(as_), voice)
            print_json(reply.as_json(key)) if json_lines else _print_reply(reply)

    run(job)


def search(
    words: Annotated[str | None, typer.Argument(help="What to look for.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many passages.")] = 10,
    json_lines: Json = False,
    batch: Batch = None,
    as_: As = None,
) -> None:
    """Find passages without answering: retrieval alone."""

    async def job(app: App) -> None:
        from dataclasses import asdict

        from bot.types import ReadPassage

        await tell_index(app)
        for key, text in _questions(words, batch):
            if not any(character.isalnum() for character in text):
                raise UsageError("There is nothing to look for: give some words.")
            found = await app.retriever.search(text, asker_as(as_).principals, k)
            if json_lines:
                passages = [asdict(ReadPassage.of(each)) for each in found]
                print_json({"id": key, "question": text, "passages": passages})
                continue
            for n, each in enumerate(found, start=1):
                passage = each.passage
                typer.echo(f"{n}. {passage.context} ({passage.document})  {each.score:.3f}")
                typer.echo(f"   {' '.join(passage.text.split())[:200]}")
            if not found:
                typer.echo("Nothing found.")

    run(job)


def kb(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORDS...", help="What stands behind /kb in chat, such as: gaps."),
    ] = None,
    as_: As = None,
) -> None:
    """Do a /kb command as in chat; in a terminal, also what its buttons offer."""

    async def job(app: App) -> None:
        await tell_index(app)
        console = _console(app, as_)
        await console.command(f"kb {' '.join(map(_as_in_chat, words or ()))}")
        if sys.stdin.isatty() and console.offers:
            typer.echo("/quit or Ctrl-D leaves.")
            await _attend(app, console)

    run(job)


def chat(
    samples: Annotated[
        bool, typer.Option("--samples", help="First read in the sample handbook and the docs.")
    ] = False,
    voice: VoiceName = None,
    as_: As = None,
) -> None:
    """Talk to the bot in the terminal; from a pipe, one question a line."""

    async def job(app: App) -> None:
        app.voice(voice)  # a wrong name is told at once
        if samples:
            await add_samples(app)
        await tell_index(app)
        await _warm_up(app)
        if sys.stdin.isatty():
            typer.echo("Ask away. /quit or Ctrl-D leaves.")
        await _attend(app, _console(app, as_, voice))

    # Who has the shell may ask as often as they like.
    run(job, person_hourly_limit=0, workspace_daily_limit=0)


def _console(app: App, principals: list[str] | None, voice: str | None = None) -> Console:
    from adapters.terminal.adapter import Console

    interactive = sys.stdin.isatty()
    return Console(
        app.desk,
        asker_as(principals),
        sys.stdout,
        _prompt if interactive else (lambda: sys.stdin.readline() or None),
        voice=voice,
        echo=not interactive,
    )


async def _attend(app: App, console: Console) -> None:
    """Answer line by line until the input ends, and what is brought from elsewhere as well."""
    attending = asyncio.create_task(app.errands.attend(console))
    try:
        await console.listen()
        await app.errands.run(console)
    finally:
        attending.cancel()


def _as_in_chat(word: str) -> str:
    """A word that the shell took the quotes off; a form's field needs them."""
    return shlex.quote(word) if _FIELD.match(word) else word


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
    from adapters.terminal.sources import source_line

    typer.echo(reply.answer)
    for citation in reply.citations:
        typer.echo(source_line(citation))
    typer.echo()


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
