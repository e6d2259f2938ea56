"""What Discord refuses and simcord lets through; the rest (components, embeds) simcord checks.

Numbers and codes: https://discord.com/developers/docs/resources/message and
https://discord.com/developers/docs/topics/opcodes-and-status-codes
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import discord
from simcord.backend import Backend, errors
from simcord.backend.errors import BackendError
from simcord.components import COMPONENTS_V2_FLAG

CONTENT, CHOICES, CHOICE, FILES, THREAD_NAME = 2_000, 25, 100, 10, 100
COMMANDS, CONTEXT_COMMANDS, OPTIONS, DESCRIPTION = 100, 15, 25, 100
UPLOAD_LIMIT = 10 * 1024 * 1024
"""Bytes of one file on a server without boosts."""

_COMMAND_NAME = re.compile(r"[-_'\w]{1,32}")
_MESSAGE = re.compile(r"/channels/(?P<channel>\d+)/messages(/(?P<message>\d+))?")
_WEBHOOK = re.compile(r"/webhooks/\d+/[^/]+(/messages/[^/]+)?")
_THREADS = re.compile(r"/channels/(?P<channel>\d+)(/messages/(?P<message>\d+))?/threads")


@dataclass
class Upload:
    """A file as simcord's routes expect it."""

    filename: str
    data: bytes
    description: str | None = None
    fp: BytesIO = field(init=False)

    def __post_init__(self) -> None:
        self.fp = BytesIO(self.data)


def form_error(place: str, code: str, message: str) -> BackendError:
    """50035 as Discord words it: the reason stands at the place in the form."""
    nested: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for key in reversed(place.split(".")):
        nested = {key: nested}
    return errors.invalid_form_body(errors=nested)


def too_long(place: str, limit: int) -> BackendError:
    return form_error(place, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")


def check(
    backend: Backend, method: str, path: str, body: Any, files: Sequence[Upload], upload_limit: int
) -> None:
    """Raise what Discord would answer to this call."""
    if len(files) > FILES:
        raise too_long("attachments", FILES)
    if any(len(each.data) > upload_limit for each in files):
        raise BackendError(413, 40005, "Request entity too large")
    if method == "PUT" and path.endswith("/commands"):
        _check_commands(body)
    if path.endswith("/callback"):
        data = body.get("data") or {}
        if body["type"] == discord.InteractionResponseType.autocomplete_result.value:
            _check_choices("data.choices", data.get("choices") or [])
        _check_message("data.", data)
    elif method in ("POST", "PATCH") and (_MESSAGE.fullmatch(path) or _WEBHOOK.fullmatch(path)):
        _check_message("", body or {})
    if found := _MESSAGE.fullmatch(path):
        _check_channel(backend, method, int(found["channel"]), body or {}, files)
    if method == "POST" and (found := _THREADS.fullmatch(path)):
        if not 1 <= len(body.get("name", "")) <= THREAD_NAME:
            raise form_error("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
        if found["message"] and int(found["message"]) in backend.channels:
            raise BackendError(400, 160004, "A thread has already been created for this message")
        if backend.get_channel(int(found["channel"])).guild_id is None:
            raise errors.cannot_execute_on_channel_type()


def _check_message(place: str, body: dict[str, Any]) -> None:
    if len(body.get("content") or "") > CONTENT:
        raise too_long(f"{place}content", CONTENT)
    if int(body.get("flags") or 0) & COMPONENTS_V2_FLAG:
        for key in ("content", "embeds", "poll", "sticker_ids"):
            if body.get(key):
                raise form_error(
                    f"{place}{key}",
                    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                    f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
                )


def _check_channel(
    backend: Backend, method: str, id: int, body: dict[str, Any], files: Sequence[Upload]
) -> None:
    """What depends on the place: archived threads, files, replies."""
    channel = backend.get_channel(id)
    if channel.thread_metadata and channel.thread_metadata.archived:
        if method == "PATCH":
            raise BackendError(400, 50083, "Thread is archived")
        if method == "POST" and not channel.thread_metadata.locked:  # speaking opens it again
            backend.edit_channel(id, {}, thread_metadata={"archived": False})
    if method != "POST" or channel.guild_id is None:
        return
    me = backend.bot_user.id
    if files:
        backend.require_permissions(channel.guild_id, me, id, "attach_files")
    reference = body.get("message_reference")
    if reference and not reference.get("type"):
        held = backend.compute_permissions(channel.guild_id, me, id)
        if not held & discord.Permissions.read_message_history.flag:
            raise BackendError(
                400, 160002, "Cannot reply without permission to read message history"
            )
        gone = int(reference["message_id"]) not in backend.messages.get(id, {})
        if gone and reference.get("fail_if_not_exists", True):
            raise form_error("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")


def _check_choices(place: str, choices: Sequence[dict[str, Any]]) -> None:
    if len(choices) > CHOICES:
        raise too_long(place, CHOICES)
    for index, choice in enumerate(choices):
        if not 1 <= len(choice["name"]) <= CHOICE:
            raise too_long(f"{place}.{index}.name", CHOICE)
        if isinstance(choice["value"], str) and len(choice["value"]) > CHOICE:
            raise too_long(f"{place}.{index}.value", CHOICE)


def _check_commands(commands: Sequence[dict[str, Any]]) -> None:
    by_kind = [each.get("type", 1) for each in commands]
    if by_kind.count(1) > COMMANDS or any(by_kind.count(x) > CONTEXT_COMMANDS for x in (2, 3)):
        raise BackendError(400, 30032, "Maximum number of application commands reached")
    for index, command in enumerate(commands):
        if command.get("type", 1) == 1:
            _check_command(str(index), command)
        elif not 1 <= len(command["name"]) <= 32:
            raise too_long(f"{index}.name", 32)


def _check_command(place: str, command: dict[str, Any]) -> None:
    """A command, a group, a subcommand or an option: they share their bounds."""
    name, options = command["name"], command.get("options") or []
    if not _COMMAND_NAME.fullmatch(name) or name != name.lower():
        raise form_error(f"{place}.name", "APPLICATION_COMMAND_INVALID_NAME", "Invalid name")
    if not 1 <= len(command.get("description") or "") <= DESCRIPTION:
        raise too_long(f"{place}.description", DESCRIPTION)
    if len(options) > OPTIONS:
        raise too_long(f"{place}.options", OPTIONS)
    _check_choices(f"{place}.choices", command.get("choices") or [])
    seen_optional = False
    for index, option in enumerate(options):
        required = option.get("required", False)
        if required and seen_optional:
            raise form_error(
                f"{place}.options.{index}",
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        seen_optional = seen_optional or not required
        _check_command(f"{place}.options.{index}", option)
