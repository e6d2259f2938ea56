"""The app manifest that people paste is the one that the code was written for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.slack.checkup import examine
from adapters.slack.config import SlackConfig
from adapters.slack.manifest import EVENTS, SCOPES, SHORTCUTS
from bot.desk import Desk
from tests.slack_server import BOT_SCOPES, SlackServer

DOC = (Path(__file__).resolve().parents[2] / "docs" / "slack.md").read_text("utf-8")


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    block = re.search(r"```yaml\n(.*?)```", DOC, re.S)
    assert block is not None
    parsed: dict[str, Any] = yaml.safe_load(block[1])
    return parsed


def test_scopes_are_those_that_the_doctor_looks_for(manifest: dict[str, Any]) -> None:
    assert manifest["oauth_config"]["scopes"]["bot"] == sorted(SCOPES)


def test_every_scope_is_explained_in_the_words_of_the_doctor() -> None:
    rows = dict(re.findall(r"^\| `([a-z_]+(?::[a-z]+)?)` \| (.+) \|$", DOC, re.M))
    assert {scope: rows.get(scope) for scope in SCOPES} == dict(SCOPES)


def test_events_are_those_that_are_listened_to(manifest: dict[str, Any]) -> None:
    assert manifest["settings"]["event_subscriptions"]["bot_events"] == sorted(EVENTS)


def test_commands_are_those_of_the_registry(manifest: dict[str, Any], desk: Desk) -> None:
    offered = [each["command"] for each in manifest["features"]["slash_commands"]]
    assert sorted(offered) == sorted({f"/{each.name}" for each in desk.commands.all})


def test_hints_name_the_actions_that_there_are(manifest: dict[str, Any], desk: Desk) -> None:
    for offered in manifest["features"]["slash_commands"]:
        name = offered["command"].lstrip("/")
        for command in desk.commands.all:
            if command.name == name and command.action:
                assert command.action in offered["usage_hint"]


def test_shortcuts_are_those_that_are_taken(manifest: dict[str, Any]) -> None:
    offered = {each["callback_id"]: each["name"] for each in manifest["features"]["shortcuts"]}
    assert offered == dict(SHORTCUTS)
    assert {each["type"] for each in manifest["features"]["shortcuts"]} == {"message"}


def test_texts_keep_to_slacks_limits(manifest: dict[str, Any]) -> None:
    # https://docs.slack.dev/reference/app-manifest
    assert len(manifest["display_information"]["name"]) <= 35
    assert len(manifest["display_information"]["description"]) <= 140
    for shortcut in manifest["features"]["shortcuts"]:
        assert len(shortcut["name"]) <= 24


# --- the doctor -------------------------------------------------------------------------------


async def test_a_good_installation_is_found_good() -> None:
    async with SlackServer() as slack:
        config = SlackConfig(slack.bot_token, slack.app_token, api_url=slack.api_url)
        findings = await examine(config)
    assert [each.what for each in findings] == ["bot token", "scopes", "Socket Mode"]
    assert all(each.good for each in findings)


async def test_each_missing_scope_is_named_with_what_it_is_for() -> None:
    async with SlackServer(scopes=BOT_SCOPES - {"usergroups:read", "files:read"}) as slack:
        config = SlackConfig(slack.bot_token, slack.app_token, api_url=slack.api_url)
        bad = {each.what: each.detail for each in await examine(config) if not each.good}
    assert list(bad) == ["scope files:read", "scope usergroups:read"]
    assert SCOPES["usergroups:read"] in bad["scope usergroups:read"]


async def test_tokens_that_cannot_work_are_told_apart() -> None:
    async with SlackServer() as slack:
        swapped = await examine(
            SlackConfig(slack.app_token, slack.bot_token, api_url=slack.api_url)
        )
        unknown = await examine(SlackConfig("xoxb-no", "xapp-no", api_url=slack.api_url))
        neither = await examine(SlackConfig(slack.bot_token, api_url=slack.api_url))
    assert ["begins with xoxb-" in swapped[0].detail, "xapp-" in swapped[1].detail] == [True, True]
    assert "invalid_auth" in unknown[0].detail and "connections:write" in unknown[1].detail
    assert "SLACK_SIGNING_SECRET" in neither[-1].detail
    assert not any(each.good for each in (*swapped, *unknown, neither[-1]))


async def test_a_slack_that_cannot_be_reached_is_said_so() -> None:
    async def at_once(_: float) -> None:
        return

    nowhere = SlackConfig("xoxb-1", "xapp-1", api_url="http://127.0.0.1:9/api/")
    findings = await examine(nowhere, sleep=at_once)
    assert [each.good for each in findings] == [False, False]
    assert all("cannot be reached" in each.detail for each in findings)


def test_secrets_do_not_show_in_the_configuration() -> None:
    shown = repr(SlackConfig("xoxb-secret", "xapp-secret", "hush"))
    assert "secret" not in shown and "hush" not in shown
