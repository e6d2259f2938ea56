"""Making a voice of a company's own writing: create, add examples, prepare them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.shell.cli.shared import Json, print_json, report_errors
from bot.shell.cli.voices import VoiceFolder, voice_cli

_SHOWN = 12
"""Dropped rows that are told in the terminal; all of them are in the report."""
_FILE = {"exists": True, "dir_okay": False, "readable": True}


@voice_cli.command("create")
def voice_create(
    name: VoiceFolder,
    examples: Annotated[
        list[Path] | None,
        typer.Argument(help="Examples: JSONL, CSV or Markdown.", **_FILE),
    ] = None,
    style_guide: Annotated[
        list[Path] | None,
        typer.Option(
            help="A style guide in Markdown: its word lists go into the guide, its examples are "
            "kept. Repeatable.",
            **_FILE,
        ),
    ] = None,
    title: Annotated[str, typer.Option(help="The voice's name for readers.")] = "",
    about: Annotated[str, typer.Option(help="Whose voice it is and how it sounds.")] = "",
    greeting: Annotated[list[str] | None, typer.Option(help="A greeting. Repeatable.")] = None,
    lead: Annotated[
        list[str] | None, typer.Option(help="A lead-in that claims nothing. Repeatable.")
    ] = None,
    closing: Annotated[list[str] | None, typer.Option(help="A closing. Repeatable.")] = None,
    sober_greeting: Annotated[
        list[str] | None,
        typer.Option(help="A greeting for bad news and the like, and nothing else. Repeatable."),
    ] = None,
    sober_closing: Annotated[
        list[str] | None,
        typer.Option(help="A closing for bad news and the like, and nothing else. Repeatable."),
    ] = None,
    forbid: Annotated[
        list[str] | None, typer.Option(help="What the voice never says. Repeatable.")
    ] = None,
    swap: Annotated[
        list[str] | None,
        typer.Option(metavar="OLD=NEW", help="A word to avoid and the one to use. Repeatable."),
    ] = None,
    sentence_words: Annotated[int, typer.Option(min=5, help="The longest sentence.")] = 24,
    exclamations: Annotated[int, typer.Option(min=0, help="The most in one text.")] = 1,
    emoji: Annotated[bool, typer.Option("--emoji", help="The voice may use emoji.")] = False,
) -> None:
    """Make a new voice: a guide, and the examples that it is to learn from."""
    with report_errors():
        from bot.errors import ConfigurationError
        from bot.shell.settings import load_settings
        from jobs.training.voice.creating import NewVoice, create

        swaps = dict(each.partition("=")[::2] for each in swap or ())
        if bad := [old for old, new in swaps.items() if not (old.strip() and new.strip())]:
            raise ConfigurationError(f"--swap takes OLD=NEW, not '{bad[0]}'.")
        voice = create(
            load_settings().voices,
            NewVoice(
                name,
                title,
                about,
                greeting or (),
                lead or (),
                closing or (),
                sober_greeting or (),
                sober_closing or (),
                forbid or (),
                swaps,
                sentence_words,
                "any" if emoji else "none",
                exclamations,
            ),
            style_guides=style_guide or (),
            examples=examples or (),
        )
        rules = voice.guide.markers
        typer.echo(
            f"Made {voice.folder}: {len(rules.swaps)} words swapped, {len(rules.forbidden)} never "
            f"said. Look over its guide.toml, then: housevoice voice prepare {name}"
        )


@voice_cli.command("add")
def voice_add(
    name: VoiceFolder,
    examples: Annotated[
        list[Path], typer.Argument(help="Examples: JSONL, CSV or Markdown.", **_FILE)
    ],
) -> None:
    """Add files of examples to a voice; 'voice prepare' makes pairs of them."""
    with report_errors():
        from bot.shell.settings import load_settings
        from bot.voice.voice import Voice
        from jobs.training.voice.preparing.prepare import add_files

        voice = Voice.load(load_settings().voices, name)
        add_files(voice.folder, examples)
        typer.echo(f"Added. Now: housevoice voice prepare {name}")


@voice_cli.command("prepare")
def voice_prepare(
    name: VoiceFolder,
    region: Annotated[
        str, typer.Option(help="Country whose phone numbers have no prefix, such as GB or DE.")
    ] = "GB",
    seed: Annotated[int, typer.Option(help="Decides the split, as in 'voice train'.")] = 0,
    json_lines: Json = False,
) -> None:
    """Check the examples and make pairs to train on; tells what was dropped, row by row."""
    with report_errors():
        from bot.shell.settings import load_settings
        from bot.shell.voicing.judging import approved
        from bot.voice.voice import Voice
        from jobs.training.voice.preparing.prepare import prepare

        voice = Voice.load(load_settings().voices, name)
        told = prepare(voice, region=region, seed=seed, from_use=asyncio.run(approved(name)))
        if json_lines:
            print_json(told)
        else:
            for note in told["dropped"][:_SHOWN]:
                typer.echo(f"{note['file']}:{note['line']}  {note['step']}: {note['reason']}")
            if (more := len(told["dropped"]) - _SHOWN) > 0:
                typer.echo(f"… and {more} more")
            typer.echo(
                f"{told['rows']} rows, {len(told['dropped'])} dropped, {told['pairs']} pairs on "
                f"{told['topics']} topics. Report: {voice.folder / 'preparation.md'}"
            )
            for each in told["missing"]:
                typer.echo(f"Missing: {each}", err=True)
        if not told["usable"]:
            raise typer.Exit(1)
