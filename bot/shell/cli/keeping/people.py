"""What is kept about a person: shown, and taken away."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bot.shell.cli.shared import run, who_types

if TYPE_CHECKING:
    from bot.shell.app import App

User = Annotated[
    str,
    typer.Option(
        "--user",
        metavar="ID",
        help="The platform and the person's id there, such as slack:user:U012AB.",
    ),
]


def export(user: User) -> None:
    """Print all that is kept about a person, as JSON."""

    async def job(app: App) -> None:
        async with app.audit.of(who_types(), "exported", detail=user):
            kept = await app.people.export(user)
        json.dump({"user": user, "kept": kept}, sys.stdout, default=str, ensure_ascii=False)
        sys.stdout.write("\n")

    run(job)


def forget(user: User) -> None:
    """Take away all that is kept about a person; it cannot be undone."""

    async def job(app: App) -> None:
        async with app.audit.of(who_types(), "forgot") as entry:
            counts = await app.people.forget(user)
            entry.detail = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        typer.echo(f"Gone, by table: {entry.detail}." if counts else f"Nothing is kept of {user}.")

    run(job)
