"""The platforms that there are, and which of them the settings name. No vendor is imported here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pydantic import SecretStr

from adapters import channels
from bot.desk.console.console import NAME, Console
from bot.desk.desk import Desk
from bot.errors import ConfigurationError, HousevoiceError
from bot.shell.data_folder import signing_key
from bot.shell.settings import Settings
from knowledge.errors import SourceError
from knowledge.sources.chat.history import chat_kind
from knowledge.sources.port import Kind

if TYPE_CHECKING:
    from adapters.base import Adapter
    from adapters.browser.config import BrowserConfig
    from adapters.discord.config import DiscordConfig
    from adapters.slack.config import SlackConfig
    from knowledge.sources.chat.port import Channels


@dataclass(frozen=True, slots=True)
class PlatformChoice:
    """A platform that is configured."""

    name: str
    refusal: Callable[[], Awaitable[HousevoiceError | None]]
    """Why it cannot be served, by asking it; None if it can."""
    open: Callable[[], Adapter]


def platforms(
    settings: Settings, desk: Desk, console: Console | None = None
) -> list[PlatformChoice]:
    """The platforms that are configured; :class:`ConfigurationError` if there is none.

    ``console``: what that rests on, which is one of them then if the settings want it.
    """
    found: list[PlatformChoice] = []
    if (slack := slack_config(settings)) is not None:
        from adapters.slack import checkup as slack_checkup
        from adapters.slack.adapter import SlackAdapter

        found.append(
            PlatformChoice(
                "slack",
                partial(slack_checkup.refusal, slack),
                partial(SlackAdapter, slack, desk),
            )
        )
    if (discord := discord_config(settings)) is not None:
        from adapters.discord import checkup as discord_checkup
        from adapters.discord.adapter import DiscordAdapter

        found.append(
            PlatformChoice(
                "discord",
                partial(discord_checkup.refusal, discord),
                partial(DiscordAdapter, discord, desk),
            )
        )
    if console is not None and (browser := browser_config(settings)) is not None:
        from adapters.browser.adapter import BrowserAdapter

        found.append(PlatformChoice(NAME, _no_refusal, partial(BrowserAdapter, browser, console)))
    if not found:
        raise ConfigurationError(
            "No platform is configured. For Slack set SLACK_BOT_TOKEN with SLACK_APP_TOKEN "
            "(docs/slack.md), for Discord set DISCORD_TOKEN (docs/discord.md); 'serve --console' "
            "works without either."
        )
    return found


def served(settings: Settings) -> frozenset[str]:
    """The names of the platforms that are configured."""
    tokens = {"slack": settings.slack_bot_token, "discord": settings.discord_token}
    return frozenset(name for name, token in tokens.items() if token is not None)


def kinds_of(settings: Settings) -> dict[str, Kind]:
    """The kinds of sources that the configured platforms bring along, by name."""
    found: dict[str, Kind] = {}
    if settings.slack_bot_token is not None:
        found["slack-channel"] = chat_kind(
            "a Slack channel, given as #channel or by its address",
            lambda: _slack_channels(settings),
            channels.slack_channel,
            channels.named_slack_channel,
        )
    if settings.discord_token is not None:
        found["discord-channel"] = chat_kind(
            "a Discord channel, given as #channel or by its address",
            lambda: _discord_channels(settings),
            channels.discord_channel,
            channels.named_discord_channel,
        )
    return found


def _slack_channels(settings: Settings) -> Channels:
    from adapters.slack.history import SlackChannels

    try:
        config = slack_config(settings)
    except ConfigurationError as error:
        raise SourceError(str(error)) from error
    if config is None:
        raise SourceError("Slack is not configured any more: set SLACK_BOT_TOKEN.")
    return SlackChannels(config)


def _discord_channels(settings: Settings) -> Channels:
    from adapters.discord.history import DiscordChannels

    config = discord_config(settings)
    if config is None:
        raise SourceError("Discord is not configured any more: set DISCORD_TOKEN.")
    return DiscordChannels(config)


def slack_config(settings: Settings) -> SlackConfig | None:
    """What the Slack adapter needs; None if Slack is not configured."""
    from adapters.slack.config import SlackConfig

    if settings.slack_bot_token is None:
        return None
    if settings.slack_app_token is None and settings.slack_signing_secret is None:
        raise ConfigurationError(
            "For Slack set SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP) as well; "
            "docs/slack.md tells where they are."
        )
    return SlackConfig(
        bot_token=settings.slack_bot_token.get_secret_value(),
        app_token=_secret(settings.slack_app_token),
        signing_secret=_secret(settings.slack_signing_secret),
        port=settings.slack_port,
        api_url=settings.slack_api_url,
        admins=frozenset(settings.admins),
    )


def discord_config(settings: Settings) -> DiscordConfig | None:
    """What the Discord adapter needs; None if Discord is not configured."""
    from adapters.discord.config import DiscordConfig

    if settings.discord_token is None:
        return None
    return DiscordConfig(
        token=settings.discord_token.get_secret_value(),
        api_url=settings.discord_api_url,
        gateway_url=settings.discord_gateway_url,
        message_content=settings.discord_message_content,
        shards=settings.discord_shards,
        admins=frozenset(settings.admins),
    )


async def _no_refusal() -> None:
    """Nobody else is asked for the console."""


def browser_config(settings: Settings) -> BrowserConfig | None:
    """What the console needs; None if there is none. Raises :class:`ConfigurationError`."""
    from adapters.browser.config import BrowserConfig, host_and_port

    if settings.console is None:
        return None
    host, port = host_and_port(settings.console)
    return BrowserConfig(
        host=host,
        port=port,
        address=settings.console_address,
        key=signing_key(settings.data),
        certificate=settings.console_certificate,
        private_key=settings.console_key,
        proxies=settings.console_proxies,
        metrics_token=_secret(settings.metrics_token),
    )


def _secret(value: SecretStr | None) -> str | None:
    return None if value is None else value.get_secret_value()
