"""``views.*``, ``assistant.threads.*`` and ``files.*``: what an app shows beside its messages.

https://docs.slack.dev/reference/methods
"""

from __future__ import annotations

import json
import mimetypes
from typing import Any
from uuid import uuid4

from tests.stand_ins.slack_server.args import Args
from tests.stand_ins.slack_server.blocks import check_view
from tests.stand_ins.slack_server.core import Core, Method
from tests.stand_ins.slack_server.errors import SlackError, with_messages
from tests.stand_ins.slack_server.methods_chat import content, parent_of, writable
from tests.stand_ins.slack_server.state import Channel, File, Json, Status

VIEW_BYTES = 250_000
MODALS = 3
"""https://docs.slack.dev/surfaces/modals#view_stack"""
PROMPTS, LOADING_MESSAGES = 4, 10
"""https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts#arguments,
https://docs.slack.dev/reference/methods/assistant.threads.setStatus#arguments"""
SHARES = 100


# --- views ------------------------------------------------------------------------------------


def checked_view(core: Core, view: Any, type: str) -> Json:
    """The view as given, if it is valid and of this type."""
    if len(json.dumps(view).encode()) > VIEW_BYTES:
        raise SlackError("view_too_large")
    errors = check_view(view)
    if not errors and view["type"] != type:
        errors = [f"must be of type {type} [json-pointer:/view/type]"]
    if errors:
        raise with_messages("invalid_arguments", errors)
    given: Json = view
    taken = {each["external_id"] for each in core.workspace.views.values() if each["external_id"]}
    if given.get("external_id") in taken:
        raise SlackError("duplicate_external_id")
    return given


def make_view(core: Core, given: Json, **about: Any) -> Json:
    """A view as Slack keeps and returns it (https://docs.slack.dev/reference/views)."""
    workspace = core.workspace
    id = workspace.new_id("V")
    view: Json = {
        "id": id,
        "team_id": workspace.team_id,
        "type": given["type"],
        "blocks": core.with_block_ids(given["blocks"]),
        "private_metadata": given.get("private_metadata", ""),
        "callback_id": given.get("callback_id", ""),
        "state": {"values": {}},
        "hash": _hash(core),
        "title": given.get("title"),
        "clear_on_close": given.get("clear_on_close", False),
        "notify_on_close": given.get("notify_on_close", False),
        "close": given.get("close"),
        "submit": given.get("submit"),
        "previous_view_id": None,
        "root_view_id": id,
        "app_id": workspace.app_id,
        "external_id": given.get("external_id", ""),
        "app_installed_team_id": workspace.team_id,
        "bot_id": workspace.bot_id,
    }
    view |= about
    workspace.views[view["id"]] = view
    return view


def _hash(core: Core) -> str:
    return f"{core.workspace.seconds()}.{uuid4().hex[:8]}"


def push_on_stack(core: Core, user: str, given: Json) -> Json:
    """Put a modal on top of what the user has open."""
    stack = core.workspace.stacks.setdefault(user, [])
    if len(stack) >= MODALS:
        raise SlackError("push_limit_reached")
    about = {"previous_view_id": stack[-1], "root_view_id": stack[0]} if stack else {}
    view = make_view(core, given, **about)
    stack.append(view["id"])
    core.notify()
    return view


def replace_view(core: Core, view: Json, given: Json) -> Json:
    """New content for a view that stays the same one to the user."""
    changed = make_view(core, given)
    del core.workspace.views[changed["id"]]
    kept = ("id", "previous_view_id", "root_view_id")
    view |= {name: value for name, value in changed.items() if name not in kept}
    core.notify()
    return view


def views_open(core: Core, args: Args) -> Json:
    given = checked_view(core, args.json("view"), "modal")
    trigger = core.workspace.exchange_trigger(args.text("trigger_id"))
    core.workspace.stacks[trigger.user] = []
    return {"view": push_on_stack(core, trigger.user, given)}


def views_push(core: Core, args: Args) -> Json:
    given = checked_view(core, args.json("view"), "modal")
    trigger = core.workspace.exchange_trigger(args.text("trigger_id"))
    if not core.workspace.stacks.get(trigger.user):
        raise SlackError("not_found")
    return {"view": push_on_stack(core, trigger.user, given)}


def views_update(core: Core, args: Args) -> Json:
    if not (args.optional("view_id") or args.optional("external_id")):
        raise with_messages("invalid_arguments", ["missing required field: view_id"])
    view = core.workspace.views.get(args.text("view_id"))
    if external_id := args.optional("external_id"):
        views = core.workspace.views.values()
        view = next((each for each in views if each["external_id"] == external_id), None)
    open_ids = {each["id"] for each in core.workspace.open_modals()}
    if view is None or (view["type"] == "modal" and view["id"] not in open_ids):
        raise SlackError("not_found")
    if args.optional("hash") not in (None, view["hash"]):
        raise SlackError("hash_conflict")
    given = args.json("view")
    same_id = isinstance(given, dict) and given.get("external_id") == view["external_id"]
    checked = checked_view(
        core, {**given, "external_id": ""} if same_id else given, str(view["type"])
    )
    kept = {"external_id": view["external_id"]} if same_id else {}
    return {"view": replace_view(core, view, {**checked, **kept})}


def views_publish(core: Core, args: Args) -> Json:
    user = core.workspace.user(args.text("user_id")).id
    shown = core.workspace.homes.get(user)
    if args.optional("hash") not in (None, shown and shown["hash"]):
        raise SlackError("hash_conflict")
    given = checked_view(core, args.json("view"), "home")
    if shown is None:
        core.workspace.homes[user] = make_view(core, given)
    else:
        replace_view(core, shown, given)
    return {"view": core.workspace.homes[user]}


# --- assistant threads ------------------------------------------------------------------------


def _thread(core: Core, args: Args) -> tuple[str, str]:
    channel = core.workspace.visible_channel(args.text("channel_id"))
    ts = args.text("thread_ts")
    if not ts:  # prompts may be for the whole conversation
        return channel.id, ""
    if ts not in channel.messages:
        raise SlackError("invalid_thread_ts")
    return channel.id, str(parent_of(channel, ts))


def set_status(core: Core, args: Args) -> Json:
    """An empty status takes it away."""
    if "status" not in args:
        raise with_messages("invalid_arguments", ["missing required field: status"])
    key = _thread(core, args)
    loading = args.json("loading_messages") or []
    if len(loading) > LOADING_MESSAGES:
        raise with_messages("invalid_arguments", ["no more than 10 items allowed"])
    core.workspace.statuses.pop(key, None)
    if text := args.text("status"):
        core.workspace.statuses[key] = Status(text, core.clock(), tuple(loading))
    return {}


def set_title(core: Core, args: Args) -> Json:
    core.workspace.titles[_thread(core, args)] = args.text("title")
    return {}


def set_suggested_prompts(core: Core, args: Args) -> Json:
    prompts = args.json("prompts")
    if not isinstance(prompts, list) or not 1 <= len(prompts) <= PROMPTS:
        raise with_messages("invalid_arguments", [f"no more than {PROMPTS} items allowed"])
    if any(not prompt.get("title") or not prompt.get("message") for prompt in prompts):
        raise with_messages("invalid_arguments", ["missing required field: title, message"])
    key = _thread(core, args)
    # "Including it in a call for an agent app will cause the call to silently fail":
    # https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts#usage-info
    if not (core.workspace.view == "agent" and "thread_ts" in args):
        core.workspace.prompts[key] = {"title": args.text("title"), "prompts": prompts}
    return {}


# --- files ------------------------------------------------------------------------------------


def file_object(core: Core, file: File) -> Json:
    """As documented: https://docs.slack.dev/reference/objects/file-object."""
    workspace, (stem, dot, ending) = core.workspace, file.name.rpartition(".")
    place = f"http://{core.host}/files-pri/{workspace.team_id}-{file.id}"
    kinds = {"channels": "public", "groups": "private", "ims": "im"}
    shares = {
        name: [id for id in file.shared_in if workspace.channels[id].kind == kind]
        for name, kind in kinds.items()
    }
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype,
        "filetype": ending.lower() if stem and dot else "text",
        "pretty_type": ending.upper() if stem and dot else "Plain Text",
        "user": file.user,
        "user_team": workspace.team_id,
        "editable": False,
        "size": len(file.content or b""),
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": bool(shares["channels"]),
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": f"{place}/{file.name}",
        "url_private_download": f"{place}/download/{file.name}",
        "permalink": f"https://{workspace.domain}.slack.com/files/{file.user}/{file.id}/{file.name}",
        "is_starred": False,
        "has_rich_preview": False,
        "file_access": "visible",
        **shares,
    }


def file_in_event(core: Core, file: File, channel: Channel) -> Json:
    """In channels shared with others an event only names the file.

    https://docs.slack.dev/apis/slack-connect/#file-events
    """
    if not channel.shared:
        return file_object(core, file)
    named = {"id": file.id, "created": file.created, "timestamp": file.created, "user": file.user}
    return named | {"mode": "file_access", "file_access": "check_file_info"}


def add_file(core: Core, name: str, content: bytes | None, user: str) -> File:
    """A new file of this user's."""
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    workspace = core.workspace
    file = File(
        workspace.new_id("F"), name, name, user, workspace.seconds(), content, mimetype=mimetype
    )
    workspace.files[file.id] = file
    return file


def files_info(core: Core, args: Args) -> Json:
    file = core.workspace.files.get(args.text("file"))
    if file is None or not file.completed:
        raise SlackError("file_not_found")
    bot = core.workspace.bot.id
    places = [core.workspace.channels[id] for id in file.shared_in]
    if file.user != bot and not any(bot in place.members for place in places):
        raise SlackError("not_visible")
    return {
        "file": file_object(core, file),
        "comments": [],
        "response_metadata": {"next_cursor": ""},
    }


def get_upload_url(core: Core, args: Args) -> Json:
    if args.number("length", 0) <= 0:
        raise with_messages("invalid_arguments", ["must be greater than 0 [json-pointer:/length]"])
    file = add_file(core, args.text("filename"), None, core.workspace.bot.id)
    file.completed = False
    return {"upload_url": f"http://{core.host}/upload/v1/{file.id}", "file_id": file.id}


def complete_upload(core: Core, args: Args) -> Json:
    """As documented: https://docs.slack.dev/messaging/working-with-files#uploading_files."""
    entries = args.json("files")
    if not isinstance(entries, list) or not entries:
        raise with_messages("invalid_arguments", ["must be an array [json-pointer:/files]"])
    files = []
    for entry in entries:
        file = core.workspace.files.get(str(entry.get("id")))
        if file is None or file.completed or file.content is None:
            raise SlackError("file_not_found")
        file.title = entry.get("title") or file.name
        files.append(file)
    places = args.names("channels") + ([args.text("channel_id")] if "channel_id" in args else [])
    if len(places) > SHARES:
        raise SlackError("channels_limit_exceeded")
    channels = [writable(core, place) for place in places]
    comment = args.text("initial_comment")
    shown = content(core, Args({"text": comment})) if comment else {"text": ""}
    threads = [parent_of(channel, args.optional("thread_ts")) for channel in channels]
    for file in files:
        file.completed = True
        file.shared_in = [channel.id for channel in channels]
    for channel, thread_ts in zip(channels, threads, strict=True):
        shared = [file_object(core, file) for file in files]
        core.bot_message(channel, thread_ts=thread_ts, files=shared, upload=True, **shown)
    return {"files": [file_object(core, file) for file in files]}


STATUS_SCOPE = "chat:write|assistant:write"
"""https://docs.slack.dev/changelog/2026/03/05/set-status-scope-update"""
METHODS = {
    "views.open": Method(views_open, None, ("trigger_id", "view")),
    "views.push": Method(views_push, None, ("trigger_id", "view")),
    "views.update": Method(views_update, None, ("view",)),
    "views.publish": Method(views_publish, None, ("user_id", "view")),
    "assistant.threads.setStatus": Method(set_status, STATUS_SCOPE, ("channel_id", "thread_ts")),
    "assistant.threads.setTitle": Method(
        set_title, "assistant:write", ("channel_id", "thread_ts", "title")
    ),
    "assistant.threads.setSuggestedPrompts": Method(
        set_suggested_prompts, "assistant:write", ("channel_id", "prompts")
    ),
    "files.info": Method(files_info, "files:read", ("file",), takes_json=False),
    "files.getUploadURLExternal": Method(
        get_upload_url, "files:write", ("filename", "length"), takes_json=False
    ),
    "files.completeUploadExternal": Method(complete_upload, "files:write", ("files",)),
}
