"""``conversations.*``: which there are, who is in them, what was said.

https://docs.slack.dev/apis/web-api/using-the-conversations-api
"""

from __future__ import annotations

from typing import Any

from tests.stand_ins.slack_server.args import Args
from tests.stand_ins.slack_server.core import Core, Method
from tests.stand_ins.slack_server.errors import SlackError
from tests.stand_ins.slack_server.methods_chat import require_scope
from tests.stand_ins.slack_server.paging import MOST_ITEMS, page
from tests.stand_ins.slack_server.state import SCOPE_PREFIX, Channel, Json, Kind

MOST_HISTORY = 999
"""https://docs.slack.dev/reference/methods/conversations.history#arguments"""
TYPES: dict[str, Kind] = {
    "public_channel": "public",
    "private_channel": "private",
    "im": "im",
    "mpim": "mpim",
}
DM_MEMBERS = 8


def channel_object(core: Core, channel: Channel) -> Json:
    """As documented: https://docs.slack.dev/reference/objects/conversation-object."""
    workspace = core.workspace
    shown: Json = {
        "id": channel.id,
        "created": channel.created,
        "is_archived": channel.archived,
        "is_im": channel.kind == "im",
        "is_org_shared": False,
        "context_team_id": workspace.team_id,
        "updated": channel.created * 1000,
    }
    if channel.kind == "im":
        other = next(id for id in channel.members if id != workspace.bot.id)
        return shown | {"user": other, "is_user_deleted": False, "priority": 0}
    teams = [workspace.team_id, *([workspace.other_team_id] if channel.shared else [])]
    return shown | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "public",
        "is_group": channel.kind == "private",
        "is_mpim": channel.kind == "mpim",
        "is_private": channel.kind != "public",
        "is_general": channel.name == "general",
        "is_shared": channel.shared,
        "is_ext_shared": channel.shared,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "shared_team_ids": teams,
        "creator": channel.members[0] if channel.members else workspace.bot.id,
        "is_member": workspace.bot.id in channel.members,
        "unlinked": 0,
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "previous_names": [],
    }


def seen_channel(core: Core, args: Args, right: str) -> Channel:
    """The conversation, if the token has the scope for its kind."""
    channel = core.workspace.visible_channel(args.text("channel"))
    require_scope(core, f"{SCOPE_PREFIX[channel.kind]}:{right}")
    return channel


def conversations_info(core: Core, args: Args) -> Json:
    channel = seen_channel(core, args, "read")
    shown = channel_object(core, channel)
    if args.flag("include_num_members") and channel.kind != "im":
        shown["num_members"] = len(channel.members)
    return {"channel": shown}


def conversations_members(core: Core, args: Args) -> Json:
    members, more = page(core, args, seen_channel(core, args, "read").members, 100)
    return {"members": members, **more}


def conversations_history(core: Core, args: Args) -> Json:
    channel = _readable(core, args)
    top = [
        message
        for message in channel.messages.values()
        if message.get("thread_ts") in (None, message["ts"])
        or message.get("subtype") == "thread_broadcast"
    ]
    newest_first = sorted(_within(args, top), key=lambda message: message["ts"], reverse=True)
    messages, more = page(core, args, newest_first, 100, MOST_HISTORY)
    return _messages(messages, more) | {"pin_count": 0}


def conversations_replies(core: Core, args: Args) -> Json:
    channel = _readable(core, args)
    ts = args.text("ts")
    thread = channel.thread(str(channel.messages.get(ts, {}).get("thread_ts", ts)))
    if not thread:
        raise SlackError("thread_not_found")
    thread.sort(key=lambda message: message["ts"])
    parent, replies = thread[:1], _within(args, thread[1:])
    messages, more = page(core, args, [*parent, *replies], MOST_ITEMS)
    return _messages(messages, more)


def _readable(core: Core, args: Args) -> Channel:
    channel = seen_channel(core, args, "history")
    if core.workspace.bot.id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _messages(messages: list[Json], more: Json) -> Json:
    has_more = bool(more["response_metadata"]["next_cursor"])
    return {"messages": messages, "has_more": has_more} | (more if has_more else {})


def _within(args: Args, messages: list[Json]) -> list[Json]:
    """``oldest`` and ``latest``, which are part of it with ``inclusive`` only."""
    bounds = []
    for name, error in (("oldest", "invalid_ts_oldest"), ("latest", "invalid_ts_latest")):
        try:
            bounds.append(float(args.text(name) or (0 if name == "oldest" else "inf")))
        except ValueError:
            raise SlackError(error) from None
    oldest, latest = bounds
    inclusive = args.flag("inclusive")
    return [
        message
        for message in messages
        if oldest < float(message["ts"]) < latest
        or (inclusive and float(message["ts"]) in (oldest, latest))
    ]


def conversations_list(core: Core, args: Args) -> Json:
    return _channels(core, args, _visible(core))


def _channels(core: Core, args: Args, channels: list[Channel]) -> Json:
    kinds = []
    for name in args.names("types") or ["public_channel"]:
        if name not in TYPES:
            raise SlackError("invalid_types")
        require_scope(core, f"{SCOPE_PREFIX[TYPES[name]]}:read")
        kinds.append(TYPES[name])
    hide = args.flag("exclude_archived")
    fitting = [c for c in channels if c.kind in kinds and not (hide and c.archived)]
    shown, more = page(core, args, fitting, 100)
    return {"channels": [channel_object(core, channel) for channel in shown], **more}


def _visible(core: Core) -> list[Channel]:
    bot = core.workspace.bot.id
    return [c for c in core.workspace.channels.values() if c.kind == "public" or bot in c.members]


def conversations_open(core: Core, args: Args) -> Json:
    if channel_id := args.optional("channel"):
        channel = core.workspace.visible_channel(channel_id)
        return {"no_op": True, "already_open": True, "channel": {"id": channel.id}}
    users = args.names("users")
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > DM_MEMBERS:
        raise SlackError("too_many_users")
    if any(core.workspace.user(user).deleted for user in users):
        raise SlackError("user_disabled")
    if len(users) == 1:
        channel = core.workspace.direct(users[0])
    else:
        require_scope(core, "mpim:write")
        names = "--".join(core.workspace.user(user).name for user in users)
        members = [*users, core.workspace.bot.id]
        same = [c for c in core.workspace.channels.values() if set(c.members) == set(members)]
        group = next((c for c in same if c.kind == "mpim"), None)
        channel = group or core.workspace.add_channel(f"mpdm-{names}-1", "mpim", members)
    shown: Any = channel_object(core, channel) if args.flag("return_im") else {"id": channel.id}
    return {"channel": shown}


def conversations_join(core: Core, args: Args) -> Json:
    channel = core.workspace.visible_channel(args.text("channel"))
    if channel.kind != "public":
        raise SlackError("method_not_supported_for_channel_type")
    if channel.archived:
        raise SlackError("is_archived")
    bot = core.workspace.bot.id
    if bot in channel.members:
        note = {"warnings": ["already_in_channel"]}
        return {
            "channel": channel_object(core, channel),
            "warning": "already_in_channel",
            "response_metadata": note,
        }
    channel.members.append(bot)
    return {"channel": channel_object(core, channel)}


def users_conversations(core: Core, args: Args) -> Json:
    user = args.text("user", core.workspace.bot.id)
    core.workspace.user(user)
    return _channels(core, args, [c for c in _visible(core) if user in c.members])


METHODS = {
    "users.conversations": Method(users_conversations, takes_json=False),
    "conversations.info": Method(conversations_info, None, ("channel",), takes_json=False),
    "conversations.members": Method(conversations_members, None, ("channel",), takes_json=False),
    "conversations.history": Method(conversations_history, None, ("channel",), takes_json=False),
    "conversations.replies": Method(
        conversations_replies, None, ("channel", "ts"), takes_json=False
    ),
    "conversations.list": Method(conversations_list, takes_json=False),
    "conversations.open": Method(conversations_open, "im:write"),
    "conversations.join": Method(conversations_join, "channels:join", ("channel",)),
}
