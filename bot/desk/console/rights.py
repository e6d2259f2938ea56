"""What somebody may do in the console: asked with every request, of the platform they come from.

What cannot be found out is refused: a right that was taken away in the chat is gone here as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from bot.conversation.roles import Roles
from bot.desk.console.passes import Guest
from bot.errors import PlatformError
from bot.ports import Platform
from knowledge.types import Principals

Role = Literal["reader", "lead", "admin"]
"""Asks; looks after answers as well; looks after everything."""
RANKS: Final[Mapping[Role, int]] = {"reader": 0, "lead": 1, "admin": 2}
LEAD: Final = "role:support-lead"
"""Who holds this name (``HOUSEVOICE_ROLES``) leads a support team."""


@dataclass(frozen=True, slots=True)
class Rights:
    """Looks them up."""

    present: Mapping[str, Platform]
    """The platforms that are served at the moment, by name."""
    roles: Roles

    def platform(self, guest: Guest) -> Platform:
        """The platform that somebody came from. Raises :class:`PlatformError` if it is away."""
        platform = self.present.get(guest.place.platform)
        if platform is None:
            raise PlatformError(
                f"{guest.place.platform.title()} is not connected at the moment, so that I cannot "
                "look up what you may do. Try again in a minute.",
                passing=True,
            )
        return platform

    async def role(self, guest: Guest) -> Role:
        """What they may do. Raises :class:`PlatformError`."""
        if await self.platform(guest).is_admin(guest.place, guest.user):
            return "admin"
        return "lead" if LEAD in await self.principals(guest) else "reader"

    async def principals(self, guest: Guest) -> Principals:
        """As whom they may read. Raises :class:`PlatformError`."""
        held = await self.platform(guest).principals(guest.place, guest.user)
        return self.roles.widen(held)


def may(role: Role, least: Role) -> bool:
    """Whether a role is at least this one."""
    return RANKS[role] >= RANKS[least]
