"""What the commands share: opening the bot, telling faults, printing."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.errors import HousevoiceError
from knowledge.errors import KnowledgeError, remedy

if TYPE_CHECKING:
    from bot.shell.app import App
    from bot.types import Asker

As = Annotated[
    list[str] | None,
    typer.Option("--as", help="A further principal to ask as, such as role:managers. Repeatable."),
]
VoiceName = Annotated[str | None, typer.Option("--voice", help="The voice to answer in.")]
SourceName = Annotated[str, typer.Argument(metavar="SOURCE", help="Its id, path or URL.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


class report_errors:
    """Errors that are fit for a person end the command with one line instead of a trace."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (HousevoiceError, KnowledgeError)):
            typer.echo(f"Error: {error}", err=True)
            raise typer.Exit(1) from error
        if error is not None and (told := remedy(error)) is not None:
            # What could not be begun for it cannot be ended properly either.
            sys.unraisablehook = lambda _: None
            typer.echo(f"Error: {told[:1].upper()}{told[1:]}.", err=True)
            raise typer.Exit(1) from error
        if isinstance(error, KeyboardInterrupt):
            raise typer.Exit(130) from error
        if isinstance(error, BrokenPipeError):  # the reader of a pipe has gone: not our fault
            sys.stderr.close()
            raise typer.Exit(0) from error


def run(
    job: Callable[[App], Coroutine[Any, Any, None]],
    *,
    leave_at_once: bool = False,
    **changed: object,
) -> None:
    """Do a job with an opened bot; its faults end the command.

    ``leave_at_once``: do not wait for threads that still compute what nobody waits for.
    ``changed``: settings that this command has otherwise than they are configured.
    """

    async def with_app() -> None:
        from bot.shell.app import open_app
        from bot.shell.settings import load_settings

        async with open_app(load_settings().model_copy(update=changed)) as app:
            await job(app)
        if leave_at_once:
            sys.stderr.flush()
            os._exit(0)

    with report_errors():
        asyncio.run(with_app())


async def tell_index(app: App, until: str = "It answers as it is until 'index rebuild'.") -> None:
    """Say so where the index is not as the settings want it; build it anew if it cannot answer.

    ``until``: what is said where it can.
    """
    if reason := await app.index.reason():
        if await app.index.can_answer():
            typer.echo(f"{reason} {until}", err=True)
        else:
            await rebuild_index(app)


async def rebuild_index(app: App) -> None:
    """Build the index anew where it is not as the settings want it, and say so.

    Where that cannot be, the one that there is goes on.
    """
    if reason := await app.index.reason():
        typer.echo(reason, err=True)
        try:
            await app.rebuilding.rebuild(lambda line: typer.echo(line, err=True))
        except KnowledgeError as error:
            typer.echo(f"The index was not built anew: {error}", err=True)


def asker_as(principals: list[str] | None) -> Asker:
    """Who asks in the terminal, with these further principals."""
    from bot.types import Asker
    from knowledge.types import PUBLIC

    return Asker("user:console", frozenset({PUBLIC, "user:console", *(principals or ())}))


def who_types() -> str:
    """Who has the shell, for the audit."""
    try:
        return f"shell:user:{getpass.getuser()}"
    except (KeyError, OSError):  # a user without a name, as in some containers
        return "shell:user:unknown"


def print_json(value: dict[str, Any]) -> None:
    """One line of JSON, at once."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()
