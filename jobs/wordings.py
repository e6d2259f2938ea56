"""Wordings that wait for a second person: those who may approve them are told, once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bot.answers.voices.wordings import Wording, Wordings
from bot.cards import Card
from bot.conversation.roles import SUPPORT, Roles
from bot.desk.voices.wording import told
from bot.types import Place
from jobs.admins import Admins

_HEAD = "**A wording waits for a second person.**"
_SHOW = "`/voice wordings` shows it to those who may approve it."


@dataclass(frozen=True, slots=True)
class WordingNotices:
    """Has them told: each person who is named alone, groups in the channel where people take over.

    Who is in a group is not asked of the platforms: Discord does not tell. Where nobody is named
    for :data:`SUPPORT` admins may approve, and they are told where they meet.
    """

    wordings: Wordings
    admins: Admins
    roles: Roles

    async def deliver(self) -> int:
        """Have those told of that nobody knows of; returns of how many somebody was.

        What nobody can be told of stays, until somebody can.
        """
        count = 0
        for wording in await self.wordings.untold():
            places, people = await self._audience(wording.owner)
            for place in places:
                await self._enter(wording, place, place.scope, _in_a_channel(wording))
            for person in people:
                await self._enter(wording, person, person, _whole(wording))
            if places or people:
                await self.wordings.told(wording.id)
                count += 1
        return count

    async def _enter(self, wording: Wording, to: Place | str, name: str, card: Card) -> None:
        await self.admins.outbox.enter(f"wording:{wording.id}:{name}", to, card, keeps=False)

    async def _audience(self, owner: str) -> tuple[list[Place], list[str]]:
        if not self.roles.has_support:
            places = self._served(await self.admins.channels.digest_places())
            return places, [] if places else self._people(self.admins.further, owner)
        named = self.roles.members[SUPPORT]
        places, groups = [], set[str]()
        for platform, _, rest in (each.partition(":") for each in sorted(named)):
            kind, _, id = rest.partition(":")
            if kind == "channel" and platform in self.admins.platforms:
                places.append(Place(platform, "", id))
            elif kind != "user":
                groups.add(platform)
        for platform in groups:
            places += await self._meeting(platform)
        return places, self._people(named, owner)

    async def _meeting(self, platform: str) -> list[Place]:
        """Where people take over on a platform, else where its admins meet."""
        channels = self.admins.channels
        for found in (await channels.help_places(), await channels.digest_places()):
            if places := [each for each in self._served(found) if each.platform == platform]:
                return places
        return []

    def _served(self, places: Collection[Place]) -> list[Place]:
        return [each for each in places if each.platform in self.admins.platforms]

    def _people(self, principals: Collection[str], owner: str) -> list[str]:
        """Those who are people of a platform that is served, without whose wording it is."""
        return [each for each in self.admins.people(sorted(principals)) if each != owner]


def _whole(wording: Wording) -> Card:
    return Card(f"{_HEAD}\n{told(wording)}", buttons=("teach", "spare"), subject=wording.id)


def _in_a_channel(wording: Wording) -> Card:
    """A draft is shown to those alone who may approve it: others may be there as well."""
    return _whole(wording) if wording.answer else Card(f"{_HEAD} It is of a draft. {_SHOW}")
