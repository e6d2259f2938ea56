"""Telling admins what cannot wait: where they meet, else each alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from bot.cards import Card
from bot.conversation.channels import Channels
from bot.conversation.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Admins:
    """Has them told by whatever process serves their platform."""

    channels: Channels
    outbox: Outbox
    platforms: Collection[str]
    """Those that are served."""
    further: Collection[str]
    """Principals of further admins; people among them are told where nobody else can be."""

    async def tell(
        self, id: str, card: Card, alone: Card | None = None, also: str | None = None
    ) -> bool:
        """Have it posted, once of an ``id``; whether there is anybody who will be told.

        ``alone``: what somebody is told in a direct conversation, where on Discord nobody is an
        admin, so that there are no buttons in it. ``also``: the principal of whom it concerns.
        """
        alone = alone or replace(card, buttons=(), subject="")
        places = await self.channels.digest_places()
        for place in places:
            await self.outbox.enter(f"{id}:{place.scope}", place, card)
        people = self.people([also] if also else [])
        people = people or ([] if places else self.people(self.further))
        for each in people:
            await self.outbox.enter(f"{id}:{each}", each, alone)
        return bool(places or people)

    def people(self, principals: Collection[str]) -> list[str]:
        """Those that are people of a platform that is served."""
        return [
            each
            for each in principals
            if each.split(":")[1:2] == ["user"] and each.partition(":")[0] in self.platforms
        ]
