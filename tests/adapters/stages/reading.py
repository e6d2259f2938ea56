"""How what stands on a platform is read, and how what is typed there is meant."""

from __future__ import annotations

import re

from bot.desk.commands import Command, Commands

_CODE = re.compile(r"(`+).+?\1", re.S)
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>()|\]]+")


def live_links(markup: str) -> frozenset[str]:
    """Addresses outside of code: both platforms make a link of any."""
    return frozenset(_ADDRESS.findall(_CODE.sub(" ", markup)))


def command_of(commands: Commands, line: str) -> tuple[Command, dict[str, str]]:
    """Which command a line is, and its values, as a person with a menu would enter them."""
    name, _, rest = line.removeprefix("/").partition(" ")
    return commands.parse(name, rest)
