"""From Slack's event payloads to what was said, changed or taken back. Pure.

https://docs.slack.dev/reference/events/message
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapters.slack.showing.formatting import from_slack
from bot.types import Address, Place, Utterance
from knowledge.types import Attachment

PLATFORM: Final = "slack"

_SPOKEN = frozenset({None, "file_share", "thread_broadcast", "me_message"})
"""Subtypes of messages that people write; all others are news from Slack or from machines."""
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>|<!subteam\^([A-Z0-9]+)")
_OVERTAKEN_SECONDS = 6 * 60 + 30
_NEW_THREADS_IN = ("channel", "group", "mpim")

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Me:
    """Who the bot is, as Slack said when it signed in."""

    team: str
    user: str
    bot: str = ""
    url: str = ""
    """The workspace's address."""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """Somebody said something."""

    utterance: Utterance
    unlisted_files: tuple[str, ...] = ()
    """Ids of files of which the event tells nothing else; ``files.info`` does."""


@dataclass(frozen=True, slots=True)
class Edited:
    """Somebody changed what they had said."""

    utterance: Utterance
    at: float = 0.0
    """When, in seconds since 1970."""
    soon: bool = False
    """So soon that Slack may deliver what they had said afterwards."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """Somebody took back what they had said."""

    place: Place
    id: str
    soon: bool = False
    """So soon that Slack may deliver what they had said afterwards."""


def read(
    event: Event, me: Me, names: Mapping[str, str] | None = None
) -> Heard | Edited | Deleted | None:
    """What a ``message`` or ``app_mention`` event means for the bot; None: nothing."""
    match event.get("subtype"):
        case "message_changed":
            return _changed(event, me, names)
        case "message_deleted":
            return _gone(event, event.get("previous_message") or {}, me)
        case subtype if subtype in _SPOKEN:
            return _said(event, me, names)
    return None


def utterance_id(me: Me, channel: str, ts: str) -> str:
    """The same for all events about one message: ``message``, ``app_mention``, edits."""
    return f"{PLATFORM}:{me.team}:{channel}:{ts}"


def is_by_person(message: Event, me: Me) -> bool:
    """Whether somebody wrote it, not an app, a workflow or Slack itself."""
    author = message.get("user")
    return bool(
        author
        and author not in (me.user, "USLACKBOT")
        and not message.get("bot_id")
        and not message.get("bot_profile")
        and not message.get("hidden")
        and message.get("subtype") in _SPOKEN
    )


def mentions(text: str, me: Me) -> bool:
    """Whether a message's text names the bot."""
    return any(match[1] == me.user for match in _MENTION.finditer(text))


def place_of(event: Event, message: Event, me: Me) -> Place:
    """Where the answer to a message goes: into the thread that it is in or begins.

    In direct messages as well: each that stands in no thread is the root of one
    (https://docs.slack.dev/ai/migrating-to-agent-messaging).
    """
    channel = str(event["channel"])
    thread = str(message.get("thread_ts") or message["ts"])
    return Place(PLATFORM, me.team, channel, thread, _is_direct(event))


def attachments(message: Event) -> tuple[tuple[Attachment, ...], tuple[str, ...]]:
    """The files of a message, and the ids of those that have to be asked for."""
    files, unlisted = [], []
    for file in message.get("files") or ():
        if file.get("mode") == "tombstone":
            continue
        if file.get("file_access") == "check_file_info":
            unlisted.append(str(file["id"]))
        else:
            files.append(attachment(file))
    return tuple(files), tuple(unlisted)


def attachment(file: Event) -> Attachment:
    """A file object as something to be fetched. What lies elsewhere has no address for us."""
    url = "" if file.get("is_external") else file.get("url_private_download")
    return Attachment(
        name=str(file.get("name") or file.get("title") or file.get("id") or "file"),
        url=str(url or (not file.get("is_external") and file.get("url_private")) or ""),
        size=file.get("size") or None,
        content_type=file.get("mimetype") or None,
    )


def _said(event: Event, me: Me, names: Mapping[str, str] | None) -> Heard | None:
    if not is_by_person(event, me) or not event.get("channel") or not event.get("ts"):
        return None
    files, unlisted = attachments(event)
    return Heard(_utterance(event, event, me, names, files), unlisted)


def _changed(event: Event, me: Me, names: Mapping[str, str] | None) -> Edited | Deleted | None:
    message, before = event.get("message") or {}, event.get("previous_message") or {}
    if message.get("subtype") == "tombstone":  # a parent that was deleted and has replies
        return _gone(event, {**before, "ts": message.get("ts")}, me)
    if not is_by_person(message, me) or not message.get("ts"):
        return None
    if message.get("text") == before.get("text"):
        return None  # a link got its preview, or a thread a reply
    files, _ = attachments(message)
    edited = message.get("edited") or {}
    at = float(edited.get("ts") or event.get("event_ts") or 0)
    return Edited(_utterance(event, message, me, names, files), at, _is_soon(event, message["ts"]))


def _gone(event: Event, message: Event, me: Me) -> Deleted | None:
    ts = event.get("deleted_ts") or message.get("ts")
    if not ts or (message and not is_by_person({**message, "hidden": False}, me)):
        return None
    place = place_of(event, {**message, "ts": ts}, me)
    return Deleted(place, utterance_id(me, place.channel, str(ts)), _is_soon(event, ts))


def _is_soon(event: Event, said: Any) -> bool:
    """Slack repeats what was not acknowledged after one and after five more minutes."""
    now = event.get("event_ts") or event.get("ts") or 0
    return float(now) - float(said) < _OVERTAKEN_SECONDS


def _utterance(
    event: Event,
    message: Event,
    me: Me,
    names: Mapping[str, str] | None,
    files: tuple[Attachment, ...],
) -> Utterance:
    text, author = str(message.get("text") or ""), str(message["user"])
    place = place_of(event, message, me)
    others = {match[1] or match[2] for match in _MENTION.finditer(text)} - {me.user}
    return Utterance(
        id=utterance_id(me, place.channel, str(message["ts"])),
        place=place,
        author=author,
        text=from_slack(text, me.user, names),
        address=_address(event, message, text, me),
        to_others=bool(others) and not mentions(text, me),
        files=files,
        handle={
            "ts": str(message["ts"]),
            "team": str(message.get("user_team") or message.get("team") or me.team),
        },
    )


def _address(event: Event, message: Event, text: str, me: Me) -> Address:
    if _is_direct(event):
        return "direct"
    if event.get("type") == "app_mention" or mentions(text, me):
        return "mention"
    return "thread" if message.get("thread_ts") not in (None, message["ts"]) else "none"


def _is_direct(event: Event) -> bool:
    """Events of messages say the kind; ``app_mention`` does not, and comes from no direct ones.

    Ids of direct messages begin with D.
    """
    kind = event.get("channel_type")
    if kind in _NEW_THREADS_IN:
        return False
    return kind == "im" or str(event.get("channel", "")).startswith("D")
