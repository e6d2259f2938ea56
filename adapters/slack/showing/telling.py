"""How far long work is, in a direct message that changes: a ``response_url`` ends too soon."""

from __future__ import annotations

from adapters.slack.connection.web import Web
from adapters.slack.showing.blocks import postings
from adapters.slack.showing.finding import OTHER
from bot.cards import Card


class Telling:
    """One piece of work, told to one person. Raises :class:`SlackError`."""

    def __init__(self, web: Web, user: str) -> None:
        self._web = web
        self._user = user
        self._channel = ""
        self._ts = ""

    async def tell(self, text: str) -> None:
        """Show it, in place of what was shown before."""
        await self._show(Card(text))

    async def end(self, card: Card) -> None:
        """Show how it ended, where anything was shown."""
        if self._ts:
            await self._show(Card(card.text))

    async def _show(self, card: Card) -> None:
        content = postings(card)[0].content
        if self._ts:
            await self._web.call(
                "chat.update", channel=self._channel, ts=self._ts, **content, metadata=OTHER
            )
            return
        posted = await self._web.call(
            "chat.postMessage",
            channel=self._user,
            **content,
            metadata=OTHER,
            unfurl_links=False,
            unfurl_media=False,
        )
        self._channel, self._ts = str(posted["channel"]), str(posted["ts"])
