"""What a user's click or submission contains: the element that was used, the state of a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.stand_ins.slack_server.blocks import IN_INPUT, interactive_elements
from tests.stand_ins.slack_server.state import Json

_ONE = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
_MANY = {
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
}


class ImpossibleAction(AssertionError):
    """Slack's client would not let a user do this."""


def used_element(
    blocks: list[Json], action_id: str, value: Any, action_ts: str
) -> tuple[Json, Json]:
    """The action of a payload and its element, for the element with this ``action_id``.

    ``value``: of buttons that share an ``action_id`` the one that has it; of anything else what is
    chosen. https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    fitting = [
        (block, element)
        for block, element in interactive_elements(blocks)
        if element["action_id"] == action_id
    ]
    if len(fitting) > 1 and value is not None:
        fitting = [pair for pair in fitting if pair[1].get("value") == value] or fitting
    if not fitting:
        there = sorted(element["action_id"] for _, element in interactive_elements(blocks))
        raise ImpossibleAction(f"nothing with the action_id {action_id!r}; there is {there}")
    block, element = fitting[0]
    action: Json = {
        "type": element["type"],
        "action_id": action_id,
        "block_id": block["block_id"],
        "action_ts": action_ts,
    }
    if element["type"] in ("button", "icon_button"):
        kept = ("text", "value", "style", "url", "icon")
        action |= {name: element[name] for name in kept if name in element}
    elif element["type"] == "feedback_buttons":
        sides = {"positive": "positive_button", "negative": "negative_button"}
        for side, name in sides.items():
            if value in (side, element[name]["value"]):
                action |= {"text": element[name]["text"], "value": element[name]["value"]}
                break
        else:
            raise ImpossibleAction(f"feedback is positive or negative, not {value!r}")
    else:
        action |= {k: v for k, v in chosen(element, value).items() if k != "type"}
    return action, element


def chosen(element: Json, value: Any) -> Json:
    """An element's part of ``state.values`` after a user gave it this value.

    https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
    """
    kind = element["type"]
    if kind in ("static_select", "radio_buttons", "overflow"):
        picked = None if value is None else _option(element, value)
        return {"type": kind, "selected_option": picked}
    if kind in ("checkboxes", "multi_static_select"):
        return {"type": kind, "selected_options": [_option(element, each) for each in value or []]}
    if kind in _ONE:
        return {"type": kind, _ONE[kind]: value}
    if kind in _MANY:
        return {"type": kind, _MANY[kind]: list(value or [])}
    if kind == "plain_text_input" and value is not None:
        shortest, longest = element.get("min_length", 0), element.get("max_length", 3000)
        if not shortest <= len(value) <= longest:
            raise ImpossibleAction(f"{len(value)} characters; {shortest} to {longest} are taken")
    return {"type": kind, "value": value}


def form_state(blocks: list[Json], values: Mapping[str, Any]) -> dict[str, dict[str, Json]]:
    """``state.values``. ``values``: by ``action_id``, or ``(block_id, action_id)`` where needed.

    What is not given keeps its initial value. A required input that stays empty, or a value for
    nothing, is what Slack's client does not allow.
    """
    left = dict(values)
    state: dict[str, dict[str, Json]] = {}
    for block, element in interactive_elements(blocks):
        if element["type"] not in IN_INPUT:
            continue
        block_id, action_id = block["block_id"], element["action_id"]
        value = _initial(element)
        for key in (action_id, f"{block_id}.{action_id}"):
            if key in left:
                value = left.pop(key)
        if block["type"] == "input" and not block.get("optional") and value in (None, "", []):
            raise ImpossibleAction(f"{block['label']['text']!r} has to be filled in")
        state.setdefault(block_id, {})[action_id] = chosen(element, value)
    if left:
        raise ImpossibleAction(f"no input for {sorted(left)}")
    return state


def _initial(element: Json) -> Any:
    if "initial_option" in element:
        return element["initial_option"]["value"]
    if "initial_options" in element:
        return [option["value"] for option in element["initial_options"]]
    names = ("value", "user", "users", "conversation", "conversations", "channel", "channels")
    for name in (*names, "date", "time", "date_time"):
        if f"initial_{name}" in element:
            return element[f"initial_{name}"]
    return None


def _option(element: Json, value: str) -> Json:
    groups = element.get("option_groups", [])
    options = element.get("options") or [each for group in groups for each in group["options"]]
    for option in options:
        if value in (option["value"], option["text"]["text"]):
            return dict(option)
    raise ImpossibleAction(f"{value!r} is not among {[option['value'] for option in options]}")
