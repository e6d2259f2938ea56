"""A Slack channel's history, for the library to read."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

from adapters.slack.config import SlackConfig
from adapters.slack.connection.web import SlackError, Web
from adapters.slack.events import Me, is_by_person
from adapters.slack.showing.formatting import from_slack
from knowledge.errors import SourceError
from knowledge.sources.chat.port import Channel, Said, Talk

_A_PAGE = 200
_MOST_PAGES = 1_000
"""Of a channel or a thread: 200,000 messages."""
_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^<>]*)?>")
_NOT_READABLE: Final = {
    "channel_not_found": "There is no such channel, or it is private and the bot is not in it. "
    "Invite the bot there.",
    "not_in_channel": "The bot is not in that channel. Invite it there: /invite @Housevoice.",
    "missing_scope": "Slack does not let the bot read that channel's history. Give its app the "
    "scope channels:history (groups:history for private channels) and install it again.",
}


class SlackChannel:
    """One channel: :class:`knowledge.sources.chat.port.Channel`."""

    def __init__(self, web: Web, channel: str) -> None:
        self._web = web
        self._channel = channel
        self._me = Me("", "")
        self.readers = f"slack:channel:{channel}"

    async def check(self) -> None:
        """It is there, and its history can be read."""
        try:
            said = await self._web.call("auth.test")
            self._me = Me(
                said["team_id"], said["user_id"], said.get("bot_id", ""), said.get("url", "")
            )
            await self._web.call("conversations.history", channel=self._channel, limit=1)
        except SlackError as error:
            raise _as_source_error(error) from error

    async def talks(self, since: datetime | None) -> AsyncIterator[Talk]:
        """Every message that begins a thread, or could, the newest first."""
        oldest = f"{since.timestamp():.6f}" if since else None
        try:
            async for message in self._messages("conversations.history", oldest=oldest):
                replies = int(message.get("reply_count") or 0)
                if not replies and not is_by_person(message, self._me):
                    continue
                ts, latest = message["ts"], message.get("latest_reply") or message["ts"]
                edited = (message.get("edited") or {}).get("ts", "")
                yield Talk(
                    ts, _moment(ts), _moment(latest), f"{replies} {latest} {edited}".strip(),
                    is_alone=not replies,
                )  # fmt: skip
        except SlackError as error:
            raise _as_source_error(error) from error

    async def read(self, talk: Talk) -> list[Said] | None:
        """What people said in it."""
        said = []
        try:
            async for message in self._messages("conversations.replies", ts=talk.id):
                if is_by_person(message, self._me):
                    said.append(Said(message["user"], self._readable(message.get("text") or "")))
        except SlackError as error:
            if error.code == "thread_not_found":
                return None
            raise _as_source_error(error) from error
        return said

    def link(self, talk: Talk) -> str:
        """The permalink, as Slack builds it."""
        place = self._me.url.rstrip("/")
        return f"{place}/archives/{self._channel}/p{talk.id.replace('.', '')}" if place else ""

    async def _messages(self, method: str, **args: Any) -> AsyncIterator[dict[str, Any]]:
        pages = self._web.pages(
            method, most=_MOST_PAGES, channel=self._channel, limit=_A_PAGE, **args
        )
        async for page in pages:
            for message in page["messages"]:
                yield message

    def _readable(self, text: str) -> str:
        """As Markdown, with people as ``<@id>``, however Slack wrote them."""
        marked = _MENTION.sub(lambda found: f"\ue000{found[1]}\ue001", text)
        return from_slack(marked, self._me.user).replace("\ue000", "<@").replace("\ue001", ">")


class SlackChannels:
    """Opens channels of one workspace."""

    def __init__(self, config: SlackConfig) -> None:
        self._config = config

    @asynccontextmanager
    async def open(self, channel: str) -> AsyncIterator[Channel]:
        """The channel; a connection is held for as long as the block lasts."""
        web = Web(self._config)
        try:
            yield SlackChannel(web, channel)
        finally:
            await web.close()


def _moment(ts: str) -> datetime:
    return datetime.fromtimestamp(float(ts), UTC)


def _as_source_error(error: SlackError) -> SourceError:
    told = _NOT_READABLE.get(error.code)
    return SourceError(
        told or f"Slack could not be asked ({error.code}). The next run tries again."
    )
