"""Names of one's own for who may read, such as ``role:managers``, on every platform alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from knowledge.types import Principals

SUPPORT = "role:support"
"""Who looks after how the bot speaks: words answers anew, approves, compares."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Each name with the platforms' principals that stand for it; holding any one is enough."""

    members: Mapping[str, Principals] = field(default_factory=dict)

    def widen(self, principals: Principals) -> Principals:
        """The principals with all names that they stand for."""
        return principals | {name for name, any_of in self.members.items() if any_of & principals}

    @property
    def has_support(self) -> bool:
        """Whether the settings say who :data:`SUPPORT` is."""
        return SUPPORT in self.members
