"""All that the pages of the console rest on, put together by the shell."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.cards import Card
from bot.desk.commands import Invocation, Outcome
from bot.desk.console.answers import Answers, Viewer
from bot.desk.console.health import Health
from bot.desk.console.passes import Guest, Passes
from bot.desk.console.rights import Rights
from bot.desk.console.versions import Versions
from bot.desk.desk import Desk
from bot.desk.kb.adding import Adding
from bot.desk.kb.gaps import GapDesk
from bot.desk.kb.parts import Knowledge
from bot.desk.kb.releasing import ReleaseDesk
from bot.types import CONSOLE, Place, person

NAME = CONSOLE
LOCAL = Guest(Place(NAME, "", "machine", direct=True), "local")
"""Who runs the bot, and came in by what it printed at its start."""


@dataclass(frozen=True, slots=True)
class Console:
    """What people do there is done by the same desk as in a chat, as the people they are there."""

    desk: Desk
    passes: Passes
    rights: Rights
    knowledge: Knowledge
    gaps: GapDesk
    adding: Adding
    answers: Answers
    releases: ReleaseDesk
    versions: Versions
    health: Health
    figures: Callable[[], Awaitable[bytes]]
    """What is measured, as Prometheus reads it."""

    def by(
        self,
        guest: Guest,
        values: dict[str, str] | None = None,
        tell: Callable[[str], Awaitable[None]] | None = None,
    ) -> Invocation:
        """Somebody gives a command, as if they gave it where they came from."""
        platform = self.rights.platform(guest)
        return Invocation(platform, guest.place, guest.user, values or {}, tell=tell)

    async def command(self, name: str, action: str, by: Invocation) -> Outcome | Card:
        """Give a command; what went wrong is a card as well."""
        commands = self.desk.commands
        return await self.desk.safely(commands.run(commands.named(name, action), by))

    async def viewer(self, guest: Guest) -> Viewer:
        """As whom somebody looks at answers. Raises :class:`bot.errors.PlatformError`."""
        return Viewer(
            await self.rights.principals(guest),
            frozenset({guest.principal, person(LOCAL.place, asking_as(guest))}),
            guest.place.platform == NAME,
        )


def asking_as(guest: Guest) -> str:
    """The id under which somebody asks in the console: who they are elsewhere, in one word."""
    return guest.user if guest.place.platform == NAME else guest.principal
