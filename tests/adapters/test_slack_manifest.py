"""The app manifests that people paste: Slack takes them, and the code was written for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from pydantic import ValidationError

from adapters.slack.adapter import SlackAdapter
from adapters.slack.checkup import examine
from adapters.slack.config import SlackConfig
from adapters.slack.manifest import EVENTS, EVENTS_PATH, SCOPES, SHORTCUTS
from bot.desk.commands import Command
from bot.desk.desk import Desk
from tests.stand_ins.slack_server import BOT_SCOPES, SlackServer
from tests.stand_ins.slack_server.app_manifest import Manifest

HEADING = "Apps made before July 2026"
DOC = (Path(__file__).resolve().parents[2] / "docs" / "slack.md").read_text("utf-8")


SOCKET, HTTP = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", DOC, re.S))


@pytest.fixture
def manifest() -> dict[str, Any]:
    parsed: dict[str, Any] = deepcopy(SOCKET)
    return parsed


# --- Slack's own rules ------------------------------------------------------------------------


@pytest.mark.parametrize("given", [SOCKET, HTTP], ids=["socket", "http"])
def test_slack_takes_it_for_a_new_app(given: dict[str, Any]) -> None:
    Manifest.model_validate(given)


@pytest.mark.parametrize(
    "changes",
    [
        {"features": {"agent_view": None, "assistant_view": {"assistant_description": "Ask."}}},
        {"features": {"agent_view": {"agent_description": "x" * 301}}},
        {"features": {"agent_view": {"suggested_prompts": [{"title": "a", "message": "b"}] * 5}}},
        {"features": {"agent_view": {"suggested_prompts": [{"title": "a"}]}}},
        {"features": {"app_home": {"messages_tab_enabled": False}}},
        {"display_information": {"name": "x" * 36}},
        {"display_information": {"description": "x" * 141}},
        {"oauth_config": {"scopes": {"bot": ["chat:write"]}}},
        {"settings": {"event_subscriptions": {"bot_events": ["message.im"]}}},
        {"settings": {"socket_mode_enabled": False}},
        {"settings": {"a_setting_that_there_is_not": True}},
    ],
    ids=str,
)
def test_what_slack_refuses_would_be_noticed(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Manifest.model_validate(_changed(SOCKET, changes))


def test_http_mode_differs_in_its_addresses_only() -> None:
    asked_at = f"https://housevoice.example{EVENTS_PATH}"
    expected = deepcopy(SOCKET)
    expected["settings"]["socket_mode_enabled"] = False
    expected["settings"]["event_subscriptions"]["request_url"] = asked_at
    expected["settings"]["interactivity"]["request_url"] = asked_at
    for command in expected["features"]["slash_commands"]:
        command["url"] = asked_at
    assert expected == HTTP


def test_the_page_tells_how_to_move() -> None:
    assert f"\n## {HEADING}\n" in DOC


def test_there_is_nothing_left_of_the_old_view(manifest: dict[str, Any]) -> None:
    assert "assistant_view" not in manifest["features"]
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert [each for each in events if each.startswith("assistant_")] == []
    assert {"app_home_opened", "app_context_changed", "message.im"} <= set(events)


def _changed(given: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``given`` with these values; None takes one out."""
    result = deepcopy(given)
    for name, value in changes.items():
        if value is None:
            del result[name]
        elif isinstance(value, dict) and isinstance(result.get(name), dict):
            result[name] = _changed(result[name], value)
        else:
            result[name] = value
    return result


# --- the code that it is for ------------------------------------------------------------------


def test_scopes_are_those_that_the_doctor_looks_for(manifest: dict[str, Any]) -> None:
    assert manifest["oauth_config"]["scopes"]["bot"] == sorted(SCOPES)


def test_every_scope_is_explained_in_the_words_of_the_doctor() -> None:
    rows = dict(re.findall(r"^\| `([a-z_]+(?::[a-z]+)?)` \| (.+) \|$", DOC, re.M))
    assert {scope: rows.get(scope) for scope in SCOPES} == dict(SCOPES)


def test_events_are_those_that_are_listened_to(manifest: dict[str, Any]) -> None:
    assert manifest["settings"]["event_subscriptions"]["bot_events"] == sorted(EVENTS)


def own_commands(desk: Desk) -> Sequence[Command]:
    return desk.commands.where(SlackAdapter(SlackConfig("xoxb-1"), desk).features).all


def test_commands_are_those_of_the_registry(manifest: dict[str, Any], desk: Desk) -> None:
    offered = [each["command"] for each in manifest["features"]["slash_commands"]]
    assert sorted(offered) == sorted({f"/{each.name}" for each in own_commands(desk)})


def test_hints_name_the_actions_that_there_are(manifest: dict[str, Any], desk: Desk) -> None:
    for offered in manifest["features"]["slash_commands"]:
        name = offered["command"].lstrip("/")
        actions = [each.action for each in desk.commands.all if each.name == name and each.action]
        of_use = [each.action for each in own_commands(desk) if each.name == name and each.action]
        hinted = re.findall(r"\w+", offered.get("usage_hint", ""))
        assert [each for each in actions if each in hinted] == of_use


def test_shortcuts_are_those_that_are_taken(manifest: dict[str, Any]) -> None:
    offered = {each["callback_id"]: each["name"] for each in manifest["features"]["shortcuts"]}
    assert offered == dict(SHORTCUTS)
    assert {each["type"] for each in manifest["features"]["shortcuts"]} == {"message"}


# --- the doctor -------------------------------------------------------------------------------


async def test_a_good_installation_is_found_good() -> None:
    async with SlackServer() as slack:
        config = SlackConfig(slack.bot_token, slack.app_token, api_url=slack.api_url)
        findings = await examine(config)
    assert [each.what for each in findings] == ["bot token", "scopes", "agent view", "Socket Mode"]
    assert all(each.good for each in findings)


@pytest.mark.parametrize(("view", "good"), [("assistant", False), ("agent", True)])
async def test_an_app_that_still_has_the_old_view_is_told_so(
    view: Literal["assistant", "agent"], good: bool
) -> None:
    async with SlackServer() as slack:
        config = SlackConfig(slack.bot_token, slack.app_token, api_url=slack.api_url)
        ada, bob = slack.user("ada"), slack.user("bob")
        await slack.say(bob, slack.dm(bob), "A message from before the app was an agent.")
        slack.workspace.view = "assistant"
        await slack.start_assistant_thread(ada)
        if view == "agent":
            slack.workspace.view = view
            await slack.say(ada, slack.dm(ada), "How many days of leave?")
        found = {each.what: each for each in await examine(config)}["agent view"]
    assert found.good == good
    assert good or ("February 2027" in found.detail and HEADING in found.detail)


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
