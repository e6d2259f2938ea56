"""What an app can do at a ``response_url``, or in its answer to a command."""

from __future__ import annotations

from tests.stand_ins.slack_server.args import Args
from tests.stand_ins.slack_server.core import Core
from tests.stand_ins.slack_server.errors import SlackError
from tests.stand_ins.slack_server.methods_chat import content, show_ephemeral
from tests.stand_ins.slack_server.state import Json, ResponseUrl

RESPONSE_USES, RESPONSE_SECONDS = 5, 30 * 60
"""https://docs.slack.dev/interactivity/handling-user-interaction#message_responses"""


def respond(core: Core, target: ResponseUrl, body: Json) -> None:
    """Do what is asked at a ``response_url`` (or in the answer to a command).

    https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
    """
    channel = core.workspace.channels[target.channel]
    original = channel.messages.get(target.message_ts or "")
    if target.is_ephemeral:
        original = next(
            (each for each in core.workspace.ephemerals if each["ts"] == target.message_ts), None
        )
    args = Args(body)
    if args.flag("delete_original"):
        if original is None:
            raise SlackError("message_not_found")
        if target.is_ephemeral:
            core.workspace.ephemerals.remove(original)
        else:
            core.delete_message(channel, original["ts"])
        return
    shown = content(core, args)
    if args.flag("replace_original") and original is not None:
        if not target.is_ephemeral and original.get("bot_id") != core.workspace.bot_id:
            raise SlackError("cant_update_message")
        previous = dict(original)
        original.pop("blocks", None)
        original.update(shown)
        if not target.is_ephemeral:
            core.emit_changed(channel, original, previous)
        return
    thread_ts = args.optional("thread_ts")
    if args.text("response_type", "ephemeral") == "in_channel":
        core.bot_message(channel, thread_ts=thread_ts, **shown)
    else:
        show_ephemeral(core, channel, target.user, shown, thread_ts)
