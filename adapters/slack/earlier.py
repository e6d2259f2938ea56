"""What people said before they asked: in a thread, read once and no more than needed.

And in a direct conversation, where every message begins a thread but goes on with the talk.
"""

from __future__ import annotations

import asyncio
from collections import deque
from weakref import WeakValueDictionary

import structlog
from cachetools import LRUCache

from adapters.slack.connection.web import SlackError, Web
from adapters.slack.events import is_by_person, mentions
from adapters.slack.people import People
from adapters.slack.showing.formatting import from_slack
from bot.types import Utterance

MOST_PAGES = 3
MOST_MESSAGES = 50
_A_PAGE = 200
_THREADS_KEPT = 500
_BEGINNINGS = 4  # questions that a follow-up may lean on, as many as of one thread
_MOMENT_SECONDS = 15 * 60

_log = structlog.get_logger("housevoice")


class Threads:
    """Reads threads of channels. A thread with the bot alone is in its history already."""

    def __init__(self, web: Web, people: People):
        self._web = web
        self._people = people
        self._direct: LRUCache[str, deque[tuple[float, str]]] = LRUCache(_THREADS_KEPT)
        self._read: LRUCache[tuple[str, str], tuple[str, ...]] = LRUCache(_THREADS_KEPT)
        self._reading: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def before(self, utterance: Utterance) -> tuple[str, ...]:
        """What people said before the bot was first mentioned, oldest first."""
        place, ts = utterance.place, utterance.handle.get("ts", "")
        if place.direct and place.thread == ts:
            return self._just_before(place.channel, float(ts), utterance.text)
        if place.thread is None or place.direct or place.thread == ts:
            return ()
        key = (place.channel, place.thread)
        lock = self._reading.setdefault(key, asyncio.Lock())
        async with lock:
            if key not in self._read:
                try:
                    said, is_settled = await self._said_in(key, ts)
                except SlackError as error:
                    _log.warning("slack_thread_unread", reason=str(error))
                    return ()
                if not is_settled:
                    return said
                self._read[key] = said
            return self._read[key]

    def _just_before(self, channel: str, at: float, text: str) -> tuple[str, ...]:
        """What began the threads of a direct conversation a moment ago, as heard here."""
        known = self._direct.setdefault(channel, deque(maxlen=_BEGINNINGS))
        said = tuple(words for then, words in known if 0 < at - then < _MOMENT_SECONDS)
        if all(then != at for then, _ in known):
            known.append((at, text))
        return said

    async def _said_in(self, key: tuple[str, str], before: str) -> tuple[tuple[str, ...], bool]:
        """What they said up to now, and whether the bot was mentioned then: no more is added."""
        channel, thread = key
        me = self._people.me
        said: list[str] = []
        pages = self._web.pages(
            "conversations.replies", most=MOST_PAGES, channel=channel, ts=thread, limit=_A_PAGE
        )
        async for page in pages:
            for message in page["messages"]:
                text = str(message.get("text") or "")
                if not is_by_person(message, me):
                    continue
                if mentions(text, me):
                    return _bounded(said), True
                if message["ts"] == before:
                    return _bounded(said), False
                said.append(from_slack(text, me.user, self._people.names()))
        return _bounded(said), False


def _bounded(said: list[str]) -> tuple[str, ...]:
    """How it began, and the latest of the rest."""
    said = [text for text in said if text]
    if len(said) <= MOST_MESSAGES:
        return tuple(said)
    return (said[0], *said[len(said) - MOST_MESSAGES + 1 :])
