"""Replies and remarks that one person sees: at a ``response_url``, in the channel, or directly.

https://docs.slack.dev/interactivity/handling-user-interaction
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog

from adapters.slack.connection.web import SlackError, Web
from adapters.slack.showing.blocks import Posting, postings
from bot.cards import Card
from bot.types import Utterance

LOOKING: Final = "Looking it up …"
_RESPONSE_SECONDS = 29 * 60
_RESPONSE_USES = 4
"""Of the five that there are; the first may have said that it is being looked up."""
_AT_ONCE = 1.0
"""Seconds for an answer to come without that being said first: a command's own sign stays above it,
since Slack replaces only messages with buttons."""

_log = structlog.get_logger("housevoice")


class PrivateReply:
    """A reply that only the asker sees.

    Such messages cannot be found again: after a crash between showing and noting it, the answer
    is shown once more.
    """

    def __init__(
        self,
        web: Web,
        utterance: Utterance,
        *,
        wall_clock: Callable[[], float] = time.time,
    ):
        self._web = web
        self._utterance = utterance
        self._wall_clock = wall_clock
        self._over = asyncio.Event()
        self._sign = asyncio.create_task(self._show_sign(), name="slack sign")

    @property
    def shown(self) -> tuple[str, ...]:
        """Nothing that could be taken up again."""
        return ()

    async def grow(self, text: str) -> None:
        """A ``response_url`` works five times only: it shows the whole at once."""

    async def wait(self, words: str) -> None:
        """Show how long it will take."""
        if await self._sign:
            await self._respond(Posting(f"That takes {words}.", []), replaces=False)

    async def finish(self, card: Card) -> None:
        """Show it where Slack still lets us: at the command, in the channel, or directly."""
        self._over.set()
        looking = await self._sign
        may_replace = looking and self._utterance.handle.get("replaces") == "yes"
        for number, part in enumerate(postings(card)):
            replaces = number == 0 and may_replace
            if number < _RESPONSE_USES and await self._respond(part, replaces=replaces):
                continue
            await whisper(
                self._web,
                self._utterance.place.channel,
                self._utterance.place.thread,
                self._utterance.author,
                part,
            )

    async def erase(self) -> None:
        """Take it back as far as can be."""
        self._over.set()
        await self._sign
        url = response_url(self._utterance, self._wall_clock())
        if url and self._utterance.handle.get("replaces") == "yes":
            try:
                await self._web.respond(url, {"delete_original": True})
            except SlackError as error:
                _log.info("slack_not_erased", message_id=self._utterance.id, reason=str(error))

    async def _show_sign(self) -> bool:
        try:
            await asyncio.wait_for(self._over.wait(), _AT_ONCE)
        except TimeoutError:
            pass
        else:
            return False
        return await self._respond(Posting(LOOKING, []), replaces=False)

    async def _respond(self, part: Posting, *, replaces: bool) -> bool:
        url = response_url(self._utterance, self._wall_clock())
        if not url:
            return False
        thread = self._utterance.handle.get("thread", "")
        return await respond(self._web, url, part, thread=thread, replaces=replaces)


def response_url(utterance: Utterance, now: float) -> str:
    """Where a command or shortcut can be answered; empty when that is over. ``now``: epoch."""
    age = now - float(utterance.handle.get("at") or 0)
    return utterance.handle.get("response_url", "") if age < _RESPONSE_SECONDS else ""


async def respond(
    web: Web, url: str, part: Posting, *, thread: str = "", replaces: bool = False
) -> bool:
    """Show something privately at a ``response_url``; False: it is not taken any more."""
    payload = {"response_type": "ephemeral", "replace_original": replaces, **part.content}
    if thread:
        payload["thread_ts"] = thread
    try:
        await web.respond(url, payload)
    except SlackError as error:
        _log.info("slack_response_refused", reason=str(error))
        return False
    return True


async def whisper(web: Web, channel: str, thread: str | None, user: str, part: Posting) -> None:
    """Show something to one person: where they are, or in a direct message where it cannot be.

    Raises :class:`SlackError`.
    """
    try:
        await web.call(
            "chat.postEphemeral",
            channel=channel,
            user=user,
            thread_ts=thread,
            **part.content,
        )
    except SlackError as error:
        if error.passing:
            raise
        await web.call(
            "chat.postMessage",
            channel=user,
            **part.content,
            unfurl_links=False,
            unfurl_media=False,
        )
