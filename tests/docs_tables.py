"""The generated parts of the documentation: settings, the command line's help, the house's rooms.

``python -m tests.docs_tables`` writes them anew between their markers.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pydantic import SecretStr
from typer import rich_utils
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from bot.shell.cli import cli
from bot.shell.settings import Settings
from tests.kit.rooms import BOT, KNOWLEDGE, OURS

PROJECT = Path(__file__).resolve().parent.parent
README = PROJECT / "README.md"
COMMAND_LINE = PROJECT / "docs" / "command-line.md"
ARCHITECTURE = PROJECT / "docs" / "architecture.md"
REWRITE = ".venv/bin/python -m tests.docs_tables"
PROGRAM = "housevoice"

_HELP_WIDTH = 100
"""Columns; the width of code blocks on a page."""
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_BLOCK = r"(?P<begin><!-- {name} -->\n).*?(?P<end><!-- /{name} -->)"


def variables() -> dict[str, str]:
    """Environment variable of every setting to its default, written as in ``.env``."""
    prefix = str(Settings.model_config.get("env_prefix", ""))
    return {
        str(field.validation_alias or f"{prefix}{name}".upper()): _written(field.default)
        for name, field in Settings.model_fields.items()
    }


def settings_table() -> str:
    """The configuration table, in Markdown."""
    rows = ["| Variable | Default | Meaning |", "|---|---|---|"]
    fields = Settings.model_fields.values()
    for (variable, default), field in zip(variables().items(), fields, strict=True):
        shown = f"`{default}`" if default else "not set"
        rows.append(f"| `{variable}` | {shown} | {field.description or ''} |")
    return "\n".join(rows)


def command_names() -> list[str]:
    """All commands that do something, such as ``ask`` and ``source add``, in order."""
    root = get_command(cli)
    assert isinstance(root, TyperGroup)
    return list(_leaves(root, ()))


def help_text(command: str) -> str:
    """What ``housevoice COMMAND --help`` prints, the same on every terminal.

    ``command`` may have options. Raises ValueError if it, or one of them, does not exist.
    """
    plain = {"COLUMNS": str(_HELP_WIDTH), "NO_COLOR": "1", "TERM": "dumb"}
    # typer reads its own variables once, at import: on GitHub it would draw for a real terminal.
    fixed = patch.multiple(rich_utils, MAX_WIDTH=_HELP_WIDTH, FORCE_TERMINAL=False)
    with patch.dict(os.environ, plain), fixed:
        arguments = [*shlex.split(command), "--help"]
        result = CliRunner().invoke(cli, arguments, prog_name=PROGRAM)
    if result.exit_code:
        raise ValueError(f"The bot does not take '{command}': {result.output}")
    lines = (line.rstrip() for line in _ANSI.sub("", result.output).splitlines())
    return "\n".join(lines).strip("\n")


def with_settings(page: str) -> str:
    """``page`` with the settings table between its markers brought up to date."""
    return _filled(page, "settings", f"\n{settings_table()}\n\n")


def with_help(page: str) -> str:
    """``page`` with the help of each command between its markers brought up to date."""
    for command in command_names():
        page = _filled(page, f"help: {command}", f"\n```text\n{help_text(command)}\n```\n\n")
    return page


def rooms_table() -> str:
    """Every package with what it says it is for, in Markdown."""
    rows = ["| Room | What is in it |", "|---|---|"]
    for top in OURS:
        for init in sorted((PROJECT / top).rglob("__init__.py")):
            said = ast.get_docstring(ast.parse(init.read_text("utf-8"))) or ""
            first = " ".join(said.split("\n\n")[0].split())
            folder = init.parent.relative_to(PROJECT).as_posix()
            rows.append(f"| `{folder}/` | {first.replace('``', '`')} |")
    return "\n".join(rows)


def arrows_drawing() -> str:
    """Which room rests on which, as the architecture test has it: a Mermaid flowchart."""
    rests = [
        ("bot.shell", "adapters"),
        ("bot.shell", "jobs"),
        ("bot.shell", BOT[-1]),
        ("adapters", BOT[-1]),
        ("jobs", BOT[0]),
        ("jobs", KNOWLEDGE[-1][0]),
        *((above, below) for below, above in pairwise(BOT)),
        (BOT[0], "bot"),
        (BOT[0], "knowledge.text"),
        *((each, on) for lower, level in pairwise(KNOWLEDGE) for each in level for on in lower),
        ("bot", "knowledge"),
        *((each, "knowledge") for each in KNOWLEDGE[0]),
    ]
    lines = [f"    {_node(above)} --> {_node(below)}" for above, below in rests]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def _node(room: str) -> str:
    shown = f"{room}: the nouns" if room in ("bot", "knowledge") else room
    return f'{room.replace(".", "_")}["{shown}"]'


def with_rooms(page: str) -> str:
    """``page`` with the rooms and the drawing between their markers brought up to date."""
    page = _filled(page, "rooms", f"\n{rooms_table()}\n\n")
    return _filled(page, "arrows", f"\n{arrows_drawing()}\n\n")


def main() -> None:
    """Rewrite the generated parts of README.md and of the pages in docs/ in place."""
    for path, filled in (
        (README, with_settings),
        (COMMAND_LINE, with_help),
        (ARCHITECTURE, with_rooms),
    ):
        before = path.read_text("utf-8")
        after = filled(before)
        if after != before:
            path.write_text(after, "utf-8")
            print(f"{path.relative_to(PROJECT)} rewritten")


def _written(default: Any) -> str:
    match default:
        case None | SecretStr():
            return ""
        case bool():
            return str(default).lower()
        case Path() if default.is_absolute():
            return default.relative_to(PROJECT).as_posix()
        case tuple() | list() | dict():
            return json.dumps(default)
        case _:
            return str(default)


def _leaves(group: TyperGroup, path: tuple[str, ...]) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _leaves(command, (*path, name))
        else:
            yield " ".join((*path, name))


def _filled(page: str, name: str, content: str) -> str:
    pattern = re.compile(_BLOCK.format(name=re.escape(name)), re.S)
    filled, found = pattern.subn(lambda block: block["begin"] + content + block["end"], page)
    if found != 1:
        raise ValueError(f"Markers <!-- {name} --> … <!-- /{name} --> are there {found} times.")
    return filled


if __name__ == "__main__":
    main()
