"""Text as Discord writes it, and incoming messages as Markdown.

A message holds 2,000 characters (docs.discord.com/developers/resources/message#create-message), the
text of one with components v2 4,000 together (…/components/reference). Discord counts code points
(github.com/discord/discord-api-docs/issues/1315). Its Markdown has headings to the third level, no
tables, no rules, and underline, spoilers and small print of its own; its mentions and timestamps
are listed in docs.discord.com/developers/reference#message-formatting.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Final

from adapters.markdown.mentions import break_up
from adapters.markdown.rewriting import Writer
from adapters.markdown.splitting import split

MESSAGE_LIMIT: Final = 2_000
COMPONENTS_LIMIT: Final = 4_000

_MENTION = re.compile(
    r"@(?=everyone|here)"
    r"|<(?=@[!&]?\d|#\d|/[^<>\n]{1,100}:\d|a?:\w{1,64}:\d|t:-?\d|id:\w|sound:\d)"
)


def inert(text: str) -> str:
    """``text`` in which nothing is a mention, a custom emoji, a command or a timestamp.

    A second lock: messages are also sent with ``allowed_mentions`` none. Idempotent.
    """
    return break_up(text, _MENTION)


class DiscordMarkdown(Writer):
    """The Markdown that Discord shows in a message."""

    bold_from = 4
    url = re.compile(rf"{Writer.url.pattern}|discord(?:\.gg|(?:app)?\.com/invite)/[\w-]+", re.I)

    def finish(self, text: str) -> str:
        """No mention is live."""
        return inert(text)

    def escape(self, text: str) -> str:
        """Two bars hide what is between them; HTML means nothing."""
        return super().escape(text).replace("||", "\\|\\|").replace("\\<", "<")

    def link(self, label: str, url: str) -> str:
        """In angle brackets no preview is fetched."""
        return f"[{label}](<{url}>)"

    def pairs(self, underscores: str) -> bool:
        """Two underline, in a word too."""
        return len(underscores) > 1


def discord_pieces(
    markdown: str, links: Collection[str] = (), limit: int = MESSAGE_LIMIT
) -> list[str]:
    """The messages that an answer takes. ``links``: the cited URLs, which alone stay links."""
    return split(DiscordMarkdown(links).write(markdown), limit)


_TOKEN = re.compile(
    r"<(?:(?P<mark>@[!&]?|\#)(?P<id>\d+)|/(?P<command>[^<>\n:]{1,100}):\d+"
    r"|a?:(?P<emoji>\w+):\d+|t:(?P<time>-?\d{1,12})(?::[a-zA-Z])?|(?P<url>[a-z]+://[^<>\s]+))>"
)


def from_discord(text: str, bot_id: int, names: Mapping[int, str] | None = None) -> str:
    """An incoming message as the model should read it, without mentions of the bot.

    names: what the users, roles and channels mentioned are called, by id. Timestamps become UTC,
    custom emoji their names.
    """
    named = names or {}

    def readable(match: re.Match[str]) -> str:
        if match["id"]:
            return match["mark"][0] + named.get(int(match["id"]), match["id"])
        if match["time"]:
            return _utc(int(match["time"])) or match[0]
        if match["emoji"]:
            return f":{match['emoji']}:"
        return f"/{match['command']}" if match["command"] else match["url"]

    # The mention goes with one space, so that no gap shows where it stood.
    text = re.sub(rf"<@!?{bot_id}>[ ]?", "", text)
    return _TOKEN.sub(readable, text).strip()


def _utc(seconds: int) -> str | None:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return None  # A year that no calendar has.
