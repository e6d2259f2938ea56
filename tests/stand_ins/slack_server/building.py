"""Blocks and modals for the tests of the stand-in, and what a call was refused with."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from tests.stand_ins.slack_server import Json


async def error_of(call: Awaitable[Any]) -> Json:
    with pytest.raises(SlackApiError) as refused:
        await call
    answer = refused.value.response.data
    assert isinstance(answer, dict)
    return answer


def section(text: str, **fields: Any) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **fields}


def button(action_id: str, label: str = "Why?", **fields: Any) -> Json:
    text = {"type": "plain_text", "text": label}
    return {"type": "button", "action_id": action_id, "text": text, **fields}


def modal(*blocks: Json, **fields: Any) -> Json:
    def plain(text: str) -> Json:
        return {"type": "plain_text", "text": text}

    made = {"type": "modal", "title": plain("In our voice"), "submit": plain("Go")}
    return made | {"callback_id": "say", "blocks": list(blocks)} | fields


def text_input(action_id: str, **fields: Any) -> Json:
    return {
        "type": "input",
        "block_id": f"{action_id}-block",
        "label": {"type": "plain_text", "text": action_id.capitalize()},
        "element": {"type": "plain_text_input", "action_id": action_id, **fields},
    }


FEEDBACK: Json = {
    "type": "context_actions",
    "elements": [
        {
            "type": "feedback_buttons",
            "action_id": "feedback",
            "positive_button": {"text": {"type": "plain_text", "text": "Good"}, "value": "good"},
            "negative_button": {"text": {"type": "plain_text", "text": "Bad"}, "value": "bad"},
        }
    ],
}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def options(count: int) -> Json:
    return {
        "type": "static_select",
        "action_id": "pick",
        "options": [
            {"text": {"type": "plain_text", "text": f"Option {n}"}, "value": f"o{n}"}
            for n in range(count)
        ],
    }
