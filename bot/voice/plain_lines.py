"""Plain lines for what a guide does not say itself, and guides made for an earlier version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PLAIN_REPLIES: Mapping[str, str | list[str]] = {
    "hello": ["Hello! What would you like to know?"],
    "thanks": ["You are welcome."],
    "never_mind": ["That is fine."],
    "capabilities": "Ask me a question in plain words. I answer from our own documents and show "
    "you which ones I used. If nothing I may read covers it, I say that I don't know.",
    "unknown": ["I don't know. I have found nothing that answers this."],
    "unsure": ["I am not certain that this answers you. The closest I have:"],
    "unknown_sources": "These are the nearest pages I have, though they may not answer you:",
    "empty_question": "I can't see a question there. Tell me what you want to know.",
    "too_long": "That is too long for me. Please shorten it to {limit} characters.",
    "not_text": "I can only read words, not pictures or files. Type your question, please.",
    "unread_files": "I could not read everything that came with it: {files}.",
    "read_files": "I have read {files}. What would you like to know about it?",
    "apology": "Sorry, something broke at my end. The error number is {error_id}.",
}
"""Of a new voice."""
_CAME_LATER = ("never_mind", "unsure", "unread_files", "read_files")
"""Replies that the first guides did not have: what they are for was not there."""


def as_of_today(guide: Mapping[str, Any]) -> dict[str, Any]:
    """A guide as it is read today; what an earlier version asked for otherwise is brought along."""
    brought = dict(guide)
    lead = brought.pop("generic_lead", None)  # there was one; now they are several
    if lead is not None and "leads" not in brought:
        brought["leads"] = [lead]
    if isinstance(replies := brought.get("replies"), Mapping):
        brought["replies"] = {name: PLAIN_REPLIES[name] for name in _CAME_LATER} | dict(replies)
    return brought
