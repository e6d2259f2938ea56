"""``chat.*`` and ``reactions.*``: posting, changing, streaming and reacting.

https://docs.slack.dev/reference/methods?family=chat
"""

from __future__ import annotations

from typing import Any

from tests.stand_ins.slack_server.args import Args
from tests.stand_ins.slack_server.blocks import MARKDOWN_CHARS, check_blocks
from tests.stand_ins.slack_server.core import Core, Method
from tests.stand_ins.slack_server.errors import SlackError, invalid_blocks
from tests.stand_ins.slack_server.state import Channel, Json, Stream

TEXT_CHARS = 40_000
"""https://docs.slack.dev/reference/methods/chat.postMessage#truncating: Slack cuts a longer text;
here it is refused, so that nothing is lost unseen."""
UPDATE_CHARS = 4_000
"""https://docs.slack.dev/reference/methods/chat.update#errors: ``msg_too_long``."""
ATTACHMENTS = 100
REACTIONS_PER_USER = 23
"""https://docs.slack.dev/reference/methods/reactions.add#errors"""


def checked_blocks(core: Core, args: Args) -> list[Json] | None:
    """The blocks of a message, with ids; None: the argument is absent."""
    if args.values.get("blocks") in (None, ""):
        return None
    try:
        blocks = args.json("blocks")
    except SlackError:
        raise SlackError("invalid_blocks_format") from None
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    errors = check_blocks(blocks)
    if errors:
        raise invalid_blocks(errors)
    return core.with_block_ids(blocks)


def content(core: Core, args: Args, most: int = TEXT_CHARS) -> Json:
    """What a message shows: ``text``, ``blocks``, ``attachments``, ``markdown_text``."""
    blocks, text = checked_blocks(core, args), args.text("text")
    markdown, attachments = args.optional("markdown_text"), args.json("attachments") or []
    if markdown and (text or blocks):
        raise SlackError("markdown_text_conflict")
    if not (text or blocks or markdown or attachments):
        raise SlackError("no_text")
    if len(text) > most or len(markdown or "") > MARKDOWN_CHARS:
        raise SlackError("msg_too_long")
    if len(attachments) > ATTACHMENTS:
        raise SlackError("too_many_attachments")
    for attachment in attachments:
        if errors := check_blocks(attachment.get("blocks", [])):
            raise SlackError("invalid_attachments", errors=errors)
    if markdown:
        text, blocks = markdown, core.with_block_ids([{"type": "markdown", "text": markdown}])
    shown: Json = {"text": text}
    if blocks is not None:
        shown["blocks"] = blocks
    if attachments:
        shown["attachments"] = attachments
    return shown | _metadata(args)


def _metadata(args: Args) -> Json:
    """The ``metadata`` argument. https://docs.slack.dev/messaging/message-metadata."""
    metadata = args.json("metadata")
    if metadata is None:
        return {}
    if not isinstance(metadata, dict) or not {"event_type", "event_payload"} <= set(metadata):
        raise SlackError("invalid_metadata_format")
    return {"metadata": metadata}


def parent_of(channel: Channel, ts: str | None) -> str | None:
    """The parent's ts for a ``thread_ts``, which may name a reply or nothing that exists."""
    if ts is None:
        return None
    message = channel.messages.get(ts)
    if message is None:
        if not channel.thread(ts):  # replies may outlive their parent
            raise SlackError("thread_not_found")
        return ts
    return str(message.get("thread_ts", ts))


def _customised(core: Core, args: Args) -> Json:
    """As documented: https://docs.slack.dev/reference/scopes/chat.write.customize."""
    given = {name for name in ("username", "icon_emoji", "icon_url") if name in args}
    if not given:
        return {}
    require_scope(core, "chat:write.customize")
    return {"username": args.values["username"]} if "username" in given else {}


def require_scope(core: Core, scope: str) -> None:
    """Refuse when the bot's token lacks it."""
    if scope not in core.bot_scopes:
        provided = ",".join(sorted(core.bot_scopes))
        raise SlackError("missing_scope", needed=scope, provided=provided)


def writable(core: Core, id: str) -> Channel:
    """A conversation that the bot may post to.

    https://docs.slack.dev/reference/scopes/chat.write.public
    """
    channel = core.workspace.destination(id)
    if channel.archived:
        raise SlackError("is_archived")
    if core.workspace.bot.id not in channel.members and not (
        channel.kind == "public" and "chat:write.public" in core.bot_scopes
    ):
        raise SlackError("not_in_channel")
    return channel


def own_message(core: Core, args: Args, refusal: str) -> tuple[Channel, Json]:
    """A message that this app posted."""
    channel = core.workspace.visible_channel(args.text("channel"))
    message = core.workspace.message(channel, args.text("ts"))
    if message.get("bot_id") != core.workspace.bot_id:
        raise SlackError(refusal)
    return channel, message


# --- posting ----------------------------------------------------------------------------------


def post_message(core: Core, args: Args) -> Json:
    shown = content(core, args)
    channel = writable(core, args.text("channel"))
    thread_ts = parent_of(channel, args.optional("thread_ts"))
    if thread_ts and args.flag("reply_broadcast"):
        shown["subtype"] = "thread_broadcast"
    message = core.bot_message(channel, thread_ts=thread_ts, **shown, **_customised(core, args))
    return {"channel": channel.id, "ts": message["ts"], "message": message}


def post_ephemeral(core: Core, args: Args) -> Json:
    shown = content(core, args)
    channel = writable(core, args.text("channel"))
    user = core.workspace.user(args.text("user")).id
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    ts = show_ephemeral(core, channel, user, shown, args.optional("thread_ts"))
    return {"message_ts": ts}


def show_ephemeral(
    core: Core, channel: Channel, user: str, shown: Json, thread_ts: str | None
) -> str:
    """Show something to one user only; it is in no history."""
    ts = core.workspace.next_ts()
    core.workspace.ephemerals.append(
        {"ts": ts, "channel": channel.id, "to": user, "type": "message", "subtype": "bot_message"}
        | {"bot_id": core.workspace.bot_id, "app_id": core.workspace.app_id, "is_ephemeral": True}
        | ({"thread_ts": thread_ts} if thread_ts else {})
        | shown
    )
    core.notify()
    return ts


def update(core: Core, args: Args) -> Json:
    """A new text without blocks takes the old blocks away; only then it is marked as edited.

    https://docs.slack.dev/reference/methods/chat.update#arguments
    """
    channel, message = own_message(core, args, "cant_update_message")
    stream = core.workspace.streams.get((channel.id, message["ts"]))
    if stream is not None and stream_is_open(core, stream):
        raise SlackError("streaming_state_conflict")
    shown = content(core, args, UPDATE_CHARS)
    previous = dict(message)
    if "blocks" not in shown and shown["text"]:
        message.pop("blocks", None)
    if "blocks" not in shown:
        message["edited"] = {"user": core.workspace.bot.id, "ts": core.workspace.next_ts()}
    message.update(shown)
    core.emit_changed(channel, message, previous)
    return {
        "channel": channel.id,
        "ts": message["ts"],
        "text": message["text"],
        "message": message,
    }


def delete(core: Core, args: Args) -> Json:
    channel, message = own_message(core, args, "cant_delete_message")
    core.delete_message(channel, message["ts"])
    return {"channel": channel.id, "ts": message["ts"]}


def get_permalink(core: Core, args: Args) -> Json:
    channel = core.workspace.visible_channel(args.text("channel"))
    message = core.workspace.message(channel, args.text("message_ts"))
    return {"channel": channel.id, "permalink": permalink(core, channel, message)}


def permalink(core: Core, channel: Channel, message: Json) -> str:
    """A message's address (https://docs.slack.dev/reference/methods/chat.getPermalink)."""
    link = f"https://{core.workspace.domain}.slack.com/archives/{channel.id}"
    link += f"/p{message['ts'].replace('.', '')}"
    parent = message.get("thread_ts")
    return (
        f"{link}?thread_ts={parent}&cid={channel.id}"
        if parent not in (None, message["ts"])
        else link
    )


# --- streaming --------------------------------------------------------------------------------


def start_stream(core: Core, args: Args) -> Json:
    """Newer pages also allow a stream without ``thread_ts`` in channels; here it is required."""
    channel = writable(core, args.text("channel"))
    if channel.kind != "im":
        for name in ("recipient_team_id", "recipient_user_id"):
            if not args.optional(name):
                raise SlackError(f"missing_{name}")
        core.workspace.user(args.text("recipient_user_id"))
        teams = (core.workspace.team_id, core.workspace.other_team_id)
        if args.text("recipient_team_id") not in teams:
            raise SlackError("team_not_found")
    thread_ts = parent_of(channel, args.text("thread_ts"))
    text = _streamed(args)
    _check_room(core, text)
    message = core.bot_message(
        channel,
        thread_ts=thread_ts,
        streaming_state="in_progress",
        text=text,
        blocks=_markdown(core, text),
        **_customised(core, args),
    )
    key = (channel.id, message["ts"])
    core.workspace.streams[key] = Stream(*key, core.clock(), text)
    core.workspace.streaming.add(key)
    return {"channel": channel.id, "ts": message["ts"]}


def append_stream(core: Core, args: Args) -> Json:
    channel, message, stream = _open_stream(core, args)
    text = _streamed(args)
    if not text and not args.json("chunks"):
        raise SlackError("no_text")
    _check_room(core, stream.text + text)
    _grow(core, message, stream, text)
    stream.appends += 1
    return {"channel": channel.id, "ts": message["ts"]}


def stop_stream(core: Core, args: Args) -> Json:
    channel, message, stream = _open_stream(core, args)
    blocks, text = checked_blocks(core, args) or [], _streamed(args)
    _check_room(core, stream.text + text)
    previous = dict(message)
    _grow(core, message, stream, text)
    message["blocks"] = [*message.get("blocks", []), *blocks]
    message.update(_metadata(args))
    close_stream(core, stream)
    core.emit_changed(channel, message, previous)
    return {"channel": channel.id, "ts": message["ts"], "message": message}


def stream_is_open(core: Core, stream: Stream) -> bool:
    """Does it still take text? Slack closes it by itself after a while."""
    most = core.faults.stream_appends
    too_old = core.workspace.age(stream.started) >= core.faults.stream_seconds
    if stream.open and (too_old or (most is not None and stream.appends >= most)):
        close_stream(core, stream)
    return stream.open


def close_stream(core: Core, stream: Stream) -> None:
    """The message stays as it is from now on."""
    stream.open = False
    core.workspace.streaming.discard((stream.channel, stream.ts))
    message = core.workspace.channels[stream.channel].messages.get(stream.ts)
    if message is not None:
        message["streaming_state"] = "completed"
    core.notify()


def _open_stream(core: Core, args: Args) -> tuple[Channel, Json, Stream]:
    channel, message = own_message(core, args, "message_not_owned_by_app")
    stream = core.workspace.streams.get((channel.id, message["ts"]))
    if stream is not None and stream.stopped_by_user:
        raise SlackError("stopped_by_user")
    if stream is None or not stream_is_open(core, stream):
        raise SlackError("message_not_in_streaming_state")
    return channel, message, stream


def _streamed(args: Args) -> str:
    """``markdown_text`` and the text of ``chunks``."""
    text = args.text("markdown_text")
    if len(text) > MARKDOWN_CHARS:
        raise SlackError("msg_too_long")
    chunks = args.json("chunks")
    if chunks is None:
        return text
    if not isinstance(chunks, list):
        raise SlackError("invalid_chunks")
    return text + "".join(_chunk_text(chunk) for chunk in chunks)


def _chunk_text(chunk: Any) -> str:
    """As documented: https://docs.slack.dev/reference/methods/chat.appendStream#chunks."""
    match chunk:
        case {"type": "markdown_text", "text": str(text)} if len(text) <= MARKDOWN_CHARS:
            return text
        case {"type": "task_update", "id": str(), "title": str(), "status": str(status)} if (
            status in ("pending", "in_progress", "complete", "error")
        ):
            return ""
        case {"type": "plan_update", "title": str()}:
            return ""
    raise SlackError("invalid_chunks")


def _check_room(core: Core, text: str) -> None:
    if len(text.encode()) > core.faults.stream_bytes:
        raise SlackError("msg_too_long")


def _grow(core: Core, message: Json, stream: Stream, text: str) -> None:
    stream.text += text
    message["text"] = stream.text
    block_id = message["blocks"][0]["block_id"] if message.get("blocks") else None
    blocks = _markdown(core, stream.text) or []
    if block_id and blocks:
        blocks[0]["block_id"] = block_id
    message["blocks"] = blocks


def _markdown(core: Core, text: str) -> list[Json] | None:
    return core.with_block_ids([{"type": "markdown", "text": text}]) if text else None


# --- reactions --------------------------------------------------------------------------------


def add_reaction(core: Core, args: Args) -> Json:
    message, name = _reacted(core, args)
    reactions = message.setdefault("reactions", [])
    bot = core.workspace.bot.id
    if sum(bot in each["users"] for each in reactions) >= REACTIONS_PER_USER:
        raise SlackError("too_many_reactions")
    for each in reactions:
        if each["name"] == name:
            if bot in each["users"]:
                raise SlackError("already_reacted")
            each["users"].append(bot)
            each["count"] += 1
            return {}
    reactions.append({"name": name, "users": [bot], "count": 1})
    return {}


def remove_reaction(core: Core, args: Args) -> Json:
    if not (args.optional("channel") and args.optional("timestamp")):
        raise SlackError("no_item_specified")
    message, name = _reacted(core, args)
    bot = core.workspace.bot.id
    for each in message.get("reactions", []):
        if each["name"] == name and bot in each["users"]:
            each["users"].remove(bot)
            each["count"] -= 1
            message["reactions"] = [each for each in message["reactions"] if each["count"]]
            return {}
    raise SlackError("no_reaction")


def _reacted(core: Core, args: Args) -> tuple[Json, str]:
    name = args.text("name").strip(":")
    if not name.replace("_", "").replace("-", "").replace("+", "").replace("'", "").isalnum():
        raise SlackError("invalid_name")
    channel = core.workspace.visible_channel(args.text("channel"))
    return core.workspace.message(channel, args.text("timestamp")), name


METHODS = {
    "chat.postMessage": Method(post_message, "chat:write", ("channel",)),
    "chat.postEphemeral": Method(post_ephemeral, "chat:write", ("channel", "user")),
    "chat.update": Method(update, "chat:write", ("channel", "ts")),
    "chat.delete": Method(delete, "chat:write", ("channel", "ts")),
    "chat.getPermalink": Method(get_permalink, None, ("channel", "message_ts"), takes_json=False),
    "chat.startStream": Method(start_stream, "chat:write", ("channel", "thread_ts")),
    "chat.appendStream": Method(append_stream, "chat:write", ("channel", "ts")),
    "chat.stopStream": Method(stop_stream, "chat:write", ("channel", "ts")),
    "reactions.add": Method(add_reaction, "reactions:write", ("channel", "name", "timestamp")),
    "reactions.remove": Method(remove_reaction, "reactions:write", ("name",)),
}
