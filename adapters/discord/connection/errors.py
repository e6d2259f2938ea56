"""discord.py's exceptions as ours, in one place.

Codes are listed at docs.discord.com/developers/topics/opcodes-and-status-codes#json.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import discord
from discord.http import Route

from adapters.reaching import Way
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

_WAY = Way("Discord", "DISCORD_API_URL", Route.BASE, proxied_by="DISCORD_API_URL")

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
        case discord.HTTPException(status=status):
            told = f"Discord answered {status} (code {error.code})"
            return PlatformError(
                told if _is_discords(error) else _WAY.strange(status),
                passing=status == 429 or status >= 500,
            )
        case discord.ConnectionClosed():
            return PlatformError(f"Discord closed the connection ({error.code})", passing=True)
        case _:
            return PlatformError(_WAY.lost(error), passing=True)


def not_discords() -> PlatformError:
    """For an answer of 200 that is none of Discord's."""
    return PlatformError(_WAY.strange(200))


def _is_discords(error: discord.HTTPException) -> bool:
    """Whether Discord's API refused, and not something in its place, or a path that it lacks.

    Its refusals have a code; those without one begin with the status, such as "403: Forbidden".
    """
    bare = error.status != 404 and error.text.startswith(f"{error.status}: ")
    return bool(error.code) or bare
