"""What is wrong with the Slack installation, for ``doctor slack``."""

from __future__ import annotations

import asyncio

from adapters.reaching import Way
from adapters.slack.agent import OLD_VIEW
from adapters.slack.config import API_URL, SlackConfig
from adapters.slack.connection.web import NOT_SLACKS, Json, SlackError, Sleep, Web
from adapters.slack.manifest import APP_SCOPE, EVENTS_PATH, SCOPES
from bot.errors import ConfigurationError, PlatformError
from bot.findings import Finding

_LISTED, _LOOKED_AT, _MESSAGES = 200, 10, 5
"""Direct conversations that are listed, those that are looked into, and messages of each."""
_OLD_ROOT = "assistant_app_thread"
_WAY = Way("Slack", "SLACK_API_URL", API_URL, proxied_by="HTTPS_PROXY")


async def examine(config: SlackConfig, *, sleep: Sleep = asyncio.sleep) -> list[Finding]:
    """Look at the tokens, the scopes, the view and the way in.

    Never raises; says nothing to anybody.
    """
    web = Web(config, sleep=sleep)
    try:
        return [*await _bot(web, config), await _way_in(web, config), *_admins(config)]
    finally:
        await web.close()


async def refusal(
    config: SlackConfig, *, sleep: Sleep = asyncio.sleep
) -> ConfigurationError | PlatformError | None:
    """Why Slack cannot be served; None if it can. Asked before anything is loaded."""
    web = Web(config, sleep=sleep)
    try:
        await web.call("auth.test")
        if config.app_token:
            await web.open_socket()
    except SlackError as error:
        if unreached := _unreached(error):
            return (
                PlatformError(unreached, passing=True)
                if error.passing
                else ConfigurationError(unreached)
            )
        return ConfigurationError(
            f"Slack does not take the tokens ({error.code}). 'doctor slack' tells which, and what "
            "to do."
        )
    finally:
        await web.close()
    return None


async def _bot(web: Web, config: SlackConfig) -> list[Finding]:
    if not config.bot_token.startswith("xoxb-"):
        return [_bad("bot token", "Not a bot token: it begins with xoxb-. Set SLACK_BOT_TOKEN.")]
    try:
        found, scopes = await web.scopes()
    except SlackError as error:
        if unreached := _unreached(error):
            return [_bad("bot token", unreached)]
        return [
            _bad(
                "bot token",
                f"Slack does not take it ({error.code}). Copy the Bot User OAuth Token from "
                "OAuth & Permissions, after installing the app again.",
            )
        ]
    return [_signed_in(found), *_scopes(scopes), await _view(web)]


def _unreached(error: SlackError) -> str | None:
    """Why Slack's API gave no answer, and what to do; None where it gave one, and that was no."""
    if error.code.startswith(NOT_SLACKS):
        return _WAY.strange(int(error.code.removeprefix(NOT_SLACKS)))
    if error.retry_after:
        return _WAY.strange(429)
    return _WAY.lost(error.__cause__) if error.passing else None


def _signed_in(found: Json) -> Finding:
    if found.get("is_enterprise_install"):
        return _bad(
            "bot token", "Installed for a whole organisation; install it in one workspace instead."
        )
    return Finding("bot token", True, f"{found.get('user')} in {found.get('team')}")


def _scopes(granted: frozenset[str]) -> list[Finding]:
    if not granted:
        return [_bad("scopes", "Slack did not say which scopes the token has.")]
    missing = [
        _bad(f"scope {scope}", f"Missing. {purpose} Add it in docs/slack.md's manifest, reinstall.")
        for scope, purpose in SCOPES.items()
        if scope not in granted
    ]
    return missing or [Finding("scopes", True, f"all {len(SCOPES)} are there")]


async def _view(web: Web) -> Finding:
    """Which kind of agent the app is, told by how its latest direct conversation began.

    Slack tells a bot token nothing of the manifest. But in the old view every conversation hangs
    under a message of the bot's own (docs.slack.dev/reference/events/message/assistant_app_thread);
    in today's it begins with what the person wrote.
    """
    try:
        direct = (await web.call("conversations.list", types="im", limit=_LISTED))["channels"]
        newest = sorted(direct, key=lambda each: each.get("updated") or 0, reverse=True)[
            :_LOOKED_AT
        ]
        began: list[Json] = []
        for each in newest:
            page = await web.call("conversations.history", channel=each["id"], limit=_MESSAGES)
            began += [message for message in page["messages"] if _begins(message)]
    except SlackError as error:
        return Finding("agent view", True, f"not looked at: {error}")
    latest = max(began, key=lambda message: float(message["ts"]), default=None)
    if latest is None:
        return Finding("agent view", True, "not known before somebody has written to the bot")
    if latest.get("subtype") == _OLD_ROOT:
        return _bad("agent view", OLD_VIEW)
    return Finding("agent view", True, "today's")


def _begins(message: Json) -> bool:
    """Whether a conversation began with it, not just a remark of the bot's own."""
    return message.get("subtype") == _OLD_ROOT or not message.get("bot_id")


async def _way_in(web: Web, config: SlackConfig) -> Finding:
    if not config.app_token:
        if config.signing_secret:
            return Finding(
                "HTTP mode", True, f"port {config.port}, path {EVENTS_PATH}, signatures are checked"
            )
        return _bad(
            "way in", "Set SLACK_APP_TOKEN for Socket Mode, or SLACK_SIGNING_SECRET for HTTP mode."
        )
    if not config.app_token.startswith("xapp-"):
        return _bad("Socket Mode", "SLACK_APP_TOKEN is no app-level token: it begins with xapp-.")
    try:
        await web.open_socket()
    except SlackError as error:
        if unreached := _unreached(error):
            return _bad("Socket Mode", unreached)
        return _bad(
            "Socket Mode",
            f"Slack opens no socket ({error.code}). The app-level token needs the scope "
            f"{APP_SCOPE}, and Socket Mode has to be on.",
        )
    return Finding("Socket Mode", True, "Slack opens a socket")


def _admins(config: SlackConfig) -> list[Finding]:
    odd = sorted(each for each in config.admins if not each.startswith(("slack:", "discord:")))
    if not odd:
        return []
    return [_bad("admins", f"Not a principal such as slack:group:S012AB: {', '.join(odd)}")]


def _bad(what: str, detail: str) -> Finding:
    return Finding(what, False, detail)
