"""What the app asks of Slack: scopes, events and shortcuts, as the manifests in docs/ have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SCOPES: Final[Mapping[str, str]] = {
    "app_mentions:read": "It hears when it is mentioned.",
    "assistant:write": "It is an agent: suggested prompts, and titles of conversations.",
    "channels:history": "Follow-ups in threads of public channels, and what was said there before.",
    "channels:read": "Who is in which public channel, and whether others share it.",
    "chat:write": "It answers, and shows a status while it looks.",
    "commands": "Slash commands and shortcuts.",
    "files:read": "Files that come along with a question are read.",
    "files:write": "The digest for admins comes with a picture.",
    "groups:history": "The same as channels:history in private channels.",
    "groups:read": "The same as channels:read for private channels.",
    "im:history": "It hears direct messages.",
    "im:read": "Commands in a direct message with it are told from those in somebody else's.",
    "mpim:history": "The same as channels:history in group messages.",
    "mpim:read": "The same as channels:read for group messages.",
    "reactions:write": "A reaction says that it is at work where no status can be shown.",
    "usergroups:read": "Sources may be limited to user groups.",
    "users:read": "Who is an admin, and who belongs to another organisation.",
}
"""Each bot scope and what it is for: what is missing without it."""

EVENTS: Final = (
    "app_context_changed",
    "app_home_opened",
    "app_mention",
    "channel_shared",
    "channel_unshared",
    "member_joined_channel",
    "member_left_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "subteam_members_changed",
    "subteam_updated",
    "user_change",
)

APP_SCOPE: Final = "connections:write"
"""What the app-level token needs for Socket Mode."""

ADD_SOURCE: Final = "add_source"
ANSWER_THIS: Final = "answer_this"
SAY_IN_VOICE: Final = "say_in_voice"
SHORTCUTS: Final[Mapping[str, str]] = {
    ANSWER_THIS: "Answer this",
    SAY_IN_VOICE: "Say it in our voice",
    ADD_SOURCE: "Add as a source",
}
"""Message shortcuts: callback id and name."""

EVENTS_PATH: Final = "/slack/events"
