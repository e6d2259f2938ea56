"""What the Slack adapter has to be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

API_URL: Final = "https://slack.com/api/"


@dataclass(frozen=True, slots=True)
class SlackConfig:
    """One installation in one workspace. Secrets do not show when it is printed."""

    bot_token: str = field(repr=False)
    """``xoxb-…``"""
    app_token: str | None = field(default=None, repr=False)
    """``xapp-…``: Socket Mode, whatever else is set."""
    signing_secret: str | None = field(default=None, repr=False)
    """HTTP mode, where there is no app token."""
    port: int = 3000
    """Of HTTP mode; 0: any that is free."""
    api_url: str = API_URL
    admins: frozenset[str] = frozenset()
    """Principals of further admins, besides the workspace's own."""
    host: str = "0.0.0.0"  # noqa: S104 - Slack calls from outside; a proxy for TLS stands before it
    """Where HTTP mode listens."""
