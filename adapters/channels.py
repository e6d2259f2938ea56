"""How people write which channel they mean, on each platform; no vendor is imported here."""

from __future__ import annotations

import re

_SLACK = re.compile(
    r"(?P<mark><?#)(?P<id>[CG][A-Z0-9]{2,20})(?:\|[^<>]*>?|>)?"
    r"|https://[\w.-]+\.slack\.com/archives/(?P<linked>[CG][A-Z0-9]{2,20})(?:/.*)?"
)
_SLACK_ID = re.compile(r"[CG][A-Z0-9]{2,20}")
_DISCORD = re.compile(
    r"<?#(?P<id>\d{15,22})>?"
    r"|https://(?:[\w-]+\.)?discord\.com/channels/\d{15,22}/(?P<linked>\d{15,22})(?:/.*)?"
)
_DISCORD_ID = re.compile(r"\d{15,22}")


def slack_channel(typed: str) -> str | None:
    """The id, from a mention of the channel or from its address; None if it is neither."""
    found = _SLACK.fullmatch(typed.strip())
    return (found["id"] or found["linked"]) if found else None


def named_slack_channel(typed: str) -> str | None:
    """The same, or the id by itself."""
    return typed if _SLACK_ID.fullmatch(typed) else slack_channel(typed)


def discord_channel(typed: str) -> str | None:
    """The id, from a mention of the channel or from its address; None if it is neither."""
    found = _DISCORD.fullmatch(typed.strip())
    return (found["id"] or found["linked"]) if found else None


def named_discord_channel(typed: str) -> str | None:
    """The same, or the id by itself."""
    return typed if _DISCORD_ID.fullmatch(typed) else discord_channel(typed)
