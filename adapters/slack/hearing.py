"""What people write: messages, edits and deletions, from Slack's events to the dispatcher."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from cachetools import LRUCache

from adapters.slack.connection.web import SlackError, Web
from adapters.slack.events import Deleted, Edited, Heard, attachment, read
from adapters.slack.people import People
from adapters.slack.showing.blocks import Json
from bot.conversation.dispatcher import Dispatcher
from bot.ports import Platform
from bot.types import Utterance
from knowledge.types import Attachment

_FRESH = 5_000  # ids of utterances that this process heard itself
_FILE_SECONDS = 0.8


class Hearing:
    """Hands on what was said. What raises is not acknowledged, and Slack sends it again."""

    def __init__(self, platform: Platform, dispatcher: Dispatcher, web: Web, people: People):
        self._platform = platform
        self._dispatcher = dispatcher
        self._web = web
        self._people = people
        self._fresh: LRUCache[str, None] = LRUCache(_FRESH)
        self._edits: LRUCache[str, float] = LRUCache(_FRESH)
        self._editing = asyncio.Lock()

    async def heard(self, event: Json) -> None:
        """Take in what an event tells; it is safe when this returns."""
        match read(event, self._people.me, self._people.names()):
            case Heard(utterance, unlisted):
                await self.take(utterance, unlisted)
            case Edited(utterance, at, soon):
                await self._edited(utterance, at, soon)
            case Deleted(place, id, soon):
                await self._dispatcher.deleted(self._platform, place, id, may_come=soon)

    async def take(self, utterance: Utterance, unlisted: tuple[str, ...] = ()) -> bool:
        """Take in an utterance; False if another process may have begun to answer it.

        ``unlisted``: ids of files that are known by nothing else.
        """
        if unlisted:
            files = await asyncio.gather(*map(self._listed, unlisted))
            utterance = replace(utterance, files=(*utterance.files, *files))
        if not await self._dispatcher.hear(self._platform, utterance):
            return False
        self._fresh[utterance.id] = None
        return True

    def is_fresh(self, id: str) -> bool:
        """Whether this process took the utterance in, so that nobody else answers it."""
        return id in self._fresh

    async def _edited(self, utterance: Utterance, at: float, soon: bool) -> None:
        """Events overtake each other: older words do not replace newer ones."""
        async with self._editing:
            if at <= self._edits.get(utterance.id, 0.0):
                return
            is_changed = await self._dispatcher.edited(self._platform, utterance)
            # It may be here before what it changes; if that comes this moment, it is changed.
            if not is_changed and soon and not await self.take(utterance):
                await self._dispatcher.edited(self._platform, utterance)
            self._edits[utterance.id] = at

    async def _listed(self, id: str) -> Attachment:
        """A file of a shared channel, of which events tell the id only."""
        try:
            async with asyncio.timeout(_FILE_SECONDS):
                found = await self._web.call("files.info", patient=False, file=id)
        except (SlackError, TimeoutError):
            return Attachment(name=id, url="")
        return attachment(found["file"])
