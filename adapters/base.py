"""The port of a platform: something that feeds messages to the assistant and shows the replies."""

from __future__ import annotations

from typing import Protocol


class Adapter(Protocol):
    """One platform."""

    @property
    def name(self) -> str:
        """What messages carry as their platform."""
        ...

    async def run(self) -> None:
        """Talk until told to stop."""
        ...
