"""The App Home: what it can do, for everybody who opens it."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.slack.connection.web import SlackError, Web
from adapters.slack.events import PLATFORM
from adapters.slack.people import People
from adapters.slack.showing.blocks import Json, home_view
from bot.desk.commands import Command
from bot.ports import Platform
from bot.types import Place


class Home:
    """Fills people's App Homes."""

    def __init__(
        self,
        platform: Platform,
        web: Web,
        people: People,
        commands: Sequence[Command],
        prompts: Sequence[str],
    ) -> None:
        self._platform = platform
        self._web = web
        self._people = people
        self._commands = commands
        self._prompts = prompts

    async def opened(self, event: Json) -> None:
        """Fill somebody's."""
        user = str(event["user"])
        place = Place(PLATFORM, self._people.me.team, str(event.get("channel") or ""), direct=True)
        try:
            admin = await self._platform.is_admin(place, user)
        except SlackError:
            admin = False
        view = home_view(self._commands, self._prompts, admin=admin)
        await self._web.call("views.publish", user_id=user, view=view)
