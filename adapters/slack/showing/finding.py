"""Messages of the bot's that are there already: found again by their mark, and taken back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from adapters.slack.connection.web import SlackError, Web
from adapters.slack.showing.blocks import Json, Posting
from bot.types import Utterance

_FIXED = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""Slack's codes for a message that is gone, or is not to be changed any more."""
METADATA: Final = "housevoice_answer"
"""``event_type`` of the metadata by which an answer is found again."""
OTHER: Final[Json] = {"event_type": "housevoice_post", "event_payload": {}}
"""The metadata of what answers nothing, so that it is never taken for an answer."""


def mark(utterance: Utterance) -> Json:
    """The metadata of what answers it. https://docs.slack.dev/messaging/message-metadata."""
    return {"event_type": METADATA, "event_payload": {"id": utterance.id}}


async def find_answer(
    web: Web, me: str, utterance: Utterance, others: Collection[str]
) -> list[str]:
    """``ts`` of the messages that an attempt whose end is not known has posted, oldest first.

    A stream carries no mark before it ends: the first message of ours in the thread that has none,
    comes after the question and is not known to answer another (``others``) is taken for it.
    Raises :class:`SlackError`.
    """
    place, asked = utterance.place, utterance.handle.get("ts") or utterance.handle.get("at") or "0"
    found: list[Json] = []
    if place.thread is not None:
        pages = web.pages(
            "conversations.replies",
            most=3,
            channel=place.channel,
            ts=place.thread,
            oldest=asked,
            limit=200,
            include_all_metadata=True,
        )
    else:
        pages = web.pages(
            "conversations.history",
            most=1,
            channel=place.channel,
            oldest=asked,
            limit=100,
            include_all_metadata=True,
        )
    async for page in pages:
        found += page["messages"]
    mine = [
        each
        for each in sorted(found, key=lambda each: float(each["ts"]))
        if each.get("user") == me and float(each["ts"]) > float(asked)
    ]
    marked = [each["ts"] for each in mine if _marked_id(each) == utterance.id]
    if marked or place.thread is None:
        return marked
    unmarked = [each["ts"] for each in mine if not each.get("metadata")]
    return [ts for ts in unmarked if ts not in others][:1]


def _marked_id(message: Json) -> str:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != METADATA:
        return ""
    return str((metadata.get("event_payload") or {}).get("id") or "")


async def erase(web: Web, channel: str, shown: Sequence[str]) -> None:
    """Delete messages of the bot's. Raises :class:`SlackError`."""
    for ts in shown:
        try:
            await web.call("chat.delete", channel=channel, ts=ts)
        except SlackError as error:
            if error.code != "message_not_found":
                raise


async def replace_messages(
    web: Web,
    channel: str,
    thread: str | None,
    shown: Sequence[str],
    parts: Sequence[Posting],
) -> bool:
    """Show these parts in place of messages of the bot's; False: none of them can be changed.

    Those that somebody has deleted stay deleted. Raises :class:`SlackError`.
    """
    changed = False
    for number, ts in enumerate(shown):
        if number >= len(parts):
            await erase(web, channel, [ts])
            continue
        try:
            await web.call("chat.update", channel=channel, ts=ts, **parts[number].content)
        except SlackError as error:
            if error.code not in _FIXED:
                raise
        else:
            changed = True
    for part in parts[len(shown) :] if changed else ():
        await web.call(
            "chat.postMessage",
            channel=channel,
            thread_ts=thread,
            **part.content,
            metadata=OTHER,
            unfurl_links=False,
            unfurl_media=False,
        )
    return changed
