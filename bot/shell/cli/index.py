"""Building the index anew beside the one that answers, switching between them, dropping one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from bot.shell.cli.shared import Json, print_json, report_errors

if TYPE_CHECKING:
    from knowledge.library.index.index import Index
    from knowledge.library.index.rebuild import Rebuilding, Shown

index_cli = typer.Typer(
    help="Build the index anew beside the one that answers, and switch to it.",
    no_args_is_help=True,
)
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="As 'index status' shows it.")]

_STATES = {"current": "answers", "building": "being built", "aside": "kept beside"}


def _run(job: Callable[[Index, Rebuilding], Awaitable[None]]) -> None:
    async def with_index() -> None:
        from bot.shell.data_folder import open_data_folder
        from bot.shell.indexing import opened_rebuilding
        from bot.shell.settings import load_settings
        from bot.shell.watching.log import configure_log

        settings = load_settings()
        configure_log(settings.log_level)
        open_data_folder(settings.data)
        async with opened_rebuilding(settings) as opened:
            await job(*opened)

    with report_errors():
        asyncio.run(with_index())


@index_cli.command("rebuild")
def index_rebuild(
    afresh: Annotated[
        bool,
        typer.Option(
            "--afresh",
            help="Begin with an empty one, where the current one is lost; 'source refresh' fills "
            "it.",
        ),
    ] = False,
    no_switch: Annotated[
        bool, typer.Option("--no-switch", help="Leave it beside; 'index switch' lets it answer.")
    ] = False,
) -> None:
    """Build the index anew from its passages, as the settings want it, and switch to it.

    The old one answers meanwhile and is kept for a day.
    """

    async def job(_: Index, rebuilding: Rebuilding) -> None:
        await rebuilding.rebuild(_tell, switch=not no_switch, afresh=afresh)

    _run(job)


@index_cli.command("status")
def index_status(json_lines: Json = False) -> None:
    """Show which indexes there are, which one answers, and whether it is as the settings want."""

    async def job(index: Index, rebuilding: Rebuilding) -> None:
        shown, working = await rebuilding.status()
        for each in shown:
            if json_lines:
                print_json(_as_json(each))
                continue
            made = each.generation.making
            passages = "cannot be opened" if each.passages is None else f"{each.passages} passages"
            typer.echo(
                f"{each.generation.number}  {_STATES[each.generation.state]}  {made.place}, "
                f"{passages}, embedded by {made.embedder_name} ({made.dimension} dimensions)"
            )
        if working is not None:
            _tell(f"Worked on by {working.holder} since {working.since:%Y-%m-%d %H:%M} UTC.")
        if reason := await index.reason():
            _tell(f"{reason} 'index rebuild' builds it anew; so does 'serve' when it starts.")

    _run(job)


@index_cli.command("switch")
def index_switch(
    number: Annotated[
        int | None,
        typer.Argument(metavar="[NUMBER]", help="Default: the newest that is kept beside."),
    ] = None,
) -> None:
    """Let another index answer, once it has what was written since; also one from before."""

    async def job(_: Index, rebuilding: Rebuilding) -> None:
        await rebuilding.switch(number, _tell)

    _run(job)


@index_cli.command("drop")
def index_drop(number: Number) -> None:
    """Delete an index that does not answer."""

    async def job(_: Index, rebuilding: Rebuilding) -> None:
        await rebuilding.drop(number)
        typer.echo(f"Dropped index {number}.")

    _run(job)


def _tell(line: str) -> None:
    typer.echo(line, err=True)


def _as_json(shown: Shown) -> dict[str, object]:
    generation, made = shown.generation, shown.generation.making
    return {
        "number": generation.number,
        "state": generation.state,
        "place": made.place,
        "passages": shown.passages,
        "embedder": made.embedder_name,
        "dimensions": made.dimension,
        "layout": made.layout,
        "begun_at": generation.begun_at.isoformat(),
    }
