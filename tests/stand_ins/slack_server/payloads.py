"""The payload files, and payloads made from them with this workspace's ids put in."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from tests.stand_ins.slack_server.state import Channel, Json, User, Workspace

FOLDER = Path(__file__).parents[2] / "payloads" / "slack"
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>|<(https?://[^|>]+)(?:\|([^>]*))?>")


@cache
def _read(name: str) -> str:
    return (FOLDER / f"{name}.json").read_text("utf-8")


def sample(name: str) -> Json:
    """A payload file as it is: real in shape, invented in ids and text."""
    payload: Json = json.loads(_read(name))
    return payload


def filled(name: str, **fields: Any) -> Json:
    """The file's shape with these values; a value that is ``...`` takes the field out.

    Every id of the file has to be replaced: one that is left over raises.
    """
    payload = sample(name)
    for field, value in fields.items():
        if value is ...:
            payload.pop(field, None)
        else:
            payload[field] = deepcopy(value)
    left = re.search(r"\"[A-Za-z]{0,2}0SAMPLE\w*\"", json.dumps(payload))
    if left:
        raise ValueError(f"{name}.json: {left[0]} was not replaced")
    return payload


def event_callback(
    workspace: Workspace, name: str, event: Json, channel: Channel | None = None
) -> Json:
    """The wrapper of the Events API around an event.

    ``event`` replaces the file's event, in the order of the file's fields; fields of the file that
    it does not have are left out. https://docs.slack.dev/apis/events-api/#event-type-structure
    """
    shape = sample(name)
    ordered = {field: event[field] for field in shape["event"] if field in event}
    event_id = workspace.new_id("Ev")
    return filled(
        name,
        token=workspace.verification_token,
        team_id=workspace.team_id,
        context_team_id=workspace.team_id,
        api_app_id=workspace.app_id,
        event=ordered | event,
        event_id=event_id,
        event_time=int(float(event.get("event_ts", workspace.seconds()))),
        authorizations=[
            shape["authorizations"][0] | {"team_id": workspace.team_id, "user_id": workspace.bot.id}
        ],
        is_ext_shared_channel=bool(channel and channel.shared),
        event_context=f"4-{event_id}",
    )


def rich_text(text: str, block_id: str) -> list[Json]:
    """What a person typed as the ``rich_text`` block that Slack's editor makes of it."""
    elements: list[Json] = []
    position = 0
    for match in _MENTION.finditer(text):
        if match.start() > position:
            elements.append({"type": "text", "text": text[position : match.start()]})
        if match[1]:
            elements.append({"type": "user", "user_id": match[1]})
        else:
            link = {"type": "link", "url": match[2]}
            elements.append(link | ({"text": match[3]} if match[3] else {}))
        position = match.end()
    if position < len(text):
        elements.append({"type": "text", "text": text[position:]})
    section = {"type": "rich_text_section", "elements": elements}
    return [{"type": "rich_text", "block_id": block_id, "elements": [section]}]


def interaction_user(user: User) -> Json:
    """``user`` in interactive payloads."""
    return {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id}


def interaction(workspace: Workspace, name: str, user: User, **fields: Any) -> Json:
    """An interactive payload by this user (https://docs.slack.dev/reference/interaction-payloads)."""
    return filled(
        name,
        token=workspace.verification_token,
        api_app_id=fields.pop("api_app_id", workspace.app_id),
        team={"id": workspace.team_id, "domain": workspace.domain},
        user=interaction_user(user),
        **fields,
    )
