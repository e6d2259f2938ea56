"""discord.py's exceptions as ours, in one place.

Codes are listed at docs.discord.com/developers/topics/opcodes-and-status-codes#json.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import discord

from bot.errors import ConfigurationError, HousevoiceError, PlatformError

UNKNOWN_MESSAGE = 10008
NOT_A_TEXT_CHANNEL = 50008
THREAD_EXISTS = 160004
CANNOT_REPLY = 160002
"""The bot may not read the history, which it would have to for a reply."""
NO_MORE_TOKEN = frozenset({10015, 10062, 50027})
"""Unknown webhook, unknown interaction, invalid token: an interaction that is over."""

_SIGN_IN_FAILED = (
    "Discord refused the token. Copy it again from the developer portal (Bot, Reset Token) into "
    "DISCORD_TOKEN."
)
_NO_INTENT = (
    "Discord refused the message-content intent. Switch it on in the developer portal (Bot, "
    "Message Content Intent), or unset HOUSEVOICE_DISCORD_MESSAGE_CONTENT."
)

DISCORD_FAILURES = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)
"""Whatever a call to Discord can raise."""


@contextmanager
def translated() -> Iterator[None]:
    """Inside, what Discord refuses or cannot do is raised as an error of ours."""
    try:
        yield
    except DISCORD_FAILURES as error:
        raise as_ours(error) from error


def as_ours(error: BaseException) -> HousevoiceError:
    """The same failure, in words without anything that somebody said."""
    match error:
        case discord.LoginFailure():
            return ConfigurationError(_SIGN_IN_FAILED)
        case discord.PrivilegedIntentsRequired():
            return ConfigurationError(_NO_INTENT)
        case discord.RateLimited():
            return PlatformError("Discord asks to wait", passing=True)
        case discord.HTTPException(status=404, code=0):  # not of Discord's own, which have a code
            return PlatformError("Discord's API is not there (404). Check DISCORD_API_URL.")
        case discord.HTTPException():
            return PlatformError(
                f"Discord answered {error.status} (code {error.code})",
                passing=error.status == 429 or error.status >= 500,
            )
        case discord.ConnectionClosed():
            return PlatformError(f"Discord closed the connection ({error.code})", passing=True)
        case _:
            return PlatformError(
                f"Discord cannot be reached ({type(error).__name__}). Check the network, the proxy "
                "and DISCORD_API_URL.",
                passing=True,
            )
