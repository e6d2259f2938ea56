"""``/kb console``: a link into the console that works once, for whoever asked for it."""

from __future__ import annotations

from bot.cards import Card
from bot.desk.commands import Command, Invocation, Outcome
from bot.desk.console.passes import Guest, Passes

ENTRANCE = "/enter"
"""Where the link leads, below the console's address."""


async def link_for(passes: Passes, address: str, guest: Guest) -> str:
    """A link that lets this person in."""
    return f"{address}{ENTRANCE}?pass={await passes.link(guest)}"


def console_command(passes: Passes, address: str) -> Command:
    """The command. ``address``: the console's, without a slash at its end."""

    async def run(by: Invocation) -> Outcome:
        link = await link_for(passes, address, Guest(by.place, by.user))
        return Card(
            f"[Open the console]({link}). The link is yours alone: it works once, and for ten "
            "minutes.",
            links=(link,),
        )

    return Command("kb", "A link to the console, on a web page.", run, "console")
