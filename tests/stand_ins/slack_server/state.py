"""What a workspace holds: people, conversations, messages, files, views, tokens. No network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

from tests.stand_ins.slack_server.errors import SlackError

Json = dict[str, Any]
Kind = Literal["public", "private", "im", "mpim"]

SCOPE_PREFIX: dict[Kind, str] = {
    "public": "channels",
    "private": "groups",
    "im": "im",
    "mpim": "mpim",
}
"""What the scopes of a kind of conversation begin with: ``channels:read``, ``groups:history`` …

https://docs.slack.dev/reference/scopes
"""
CHANNEL_TYPE: dict[Kind, str] = {
    "public": "channel",
    "private": "group",
    "im": "im",
    "mpim": "mpim",
}
"""``channel_type`` in message events (https://docs.slack.dev/reference/events/message)."""

BOT_SCOPES = frozenset(
    {
        "app_mentions:read",
        "assistant:write",
        "channels:history",
        "channels:join",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "mpim:history",
        "mpim:read",
        "mpim:write",
        "reactions:read",
        "reactions:write",
        "team:read",
        "usergroups:read",
        "users:read",
        "users:read.email",
    }
)
"""What the app's bot token may do unless the test says otherwise."""

TRIGGER_SECONDS = 3.0
"""https://docs.slack.dev/interactivity/handling-user-interaction: trigger_id expires in 3 s."""
STATUS_SECONDS = 120.0
"""https://docs.slack.dev/reference/methods/assistant.threads.setStatus: two minutes."""


@dataclass(frozen=True)
class User:
    """A person or a bot. Flags as in https://docs.slack.dev/reference/objects/user-object."""

    id: str
    name: str
    team_id: str
    is_bot: bool = False
    is_admin: bool = False
    is_owner: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    deleted: bool = False
    locale: str = "en-GB"
    email: str = ""


@dataclass
class Channel:
    """A conversation of any kind, with its messages by ``ts``."""

    id: str
    name: str
    kind: Kind
    created: int
    members: list[str] = field(default_factory=list)
    shared: bool = False
    archived: bool = False
    messages: dict[str, Json] = field(default_factory=dict)

    def thread(self, ts: str) -> list[Json]:
        """The parent and its replies, oldest first; without a parent, what replies there are."""
        return [
            message
            for message in self.messages.values()
            if ts in (message["ts"], message.get("thread_ts"))
        ]


@dataclass
class UserGroup:
    """What is mentioned as ``<!subteam^S…>``."""

    id: str
    handle: str
    members: list[str]
    disabled: bool = False


@dataclass
class File:
    """An uploaded file. ``content`` None: an upload that was announced but never came."""

    id: str
    name: str
    title: str
    user: str
    created: int
    content: bytes | None
    mimetype: str = "application/octet-stream"
    shared_in: list[str] = field(default_factory=list)
    completed: bool = True


@dataclass
class Token:
    """What a token is and may."""

    kind: Literal["bot", "app"]
    scopes: frozenset[str]
    revoked: bool = False


@dataclass
class Stream:
    """A message that is being streamed."""

    channel: str
    ts: str
    started: datetime
    text: str = ""
    appends: int = 0
    open: bool = True
    stopped_by_user: bool = False


@dataclass
class Trigger:
    """Something a user did, which lets the app open a modal once, for a moment."""

    user: str
    issued: datetime
    view_id: str | None = None
    used: bool = False


@dataclass
class ResponseUrl:
    """Where a ``response_url`` leads to."""

    user: str
    channel: str
    issued: datetime
    thread_ts: str | None = None
    message_ts: str | None = None
    is_ephemeral: bool = False
    uses: int = 0


@dataclass
class Status:
    """What ``assistant.threads.setStatus`` shows under a thread."""

    text: str
    since: datetime
    loading_messages: tuple[str, ...] = ()


class Workspace:
    """One workspace with one installed app."""

    def __init__(self, clock: Callable[[], datetime], scopes: frozenset[str] = BOT_SCOPES):
        self.clock = clock
        self._serial = 0
        self._last_micros = 0
        self.name, self.domain = "Example Works", "example-works"
        self.view: Literal["agent", "assistant"] = "agent"
        """Which of ``agent_view`` and ``assistant_view`` the app's manifest has; new apps can have
        the first only: https://docs.slack.dev/ai/migrating-to-agent-messaging"""
        self.team_id = self.new_id("T")
        self.other_team_id = self.new_id("T")
        self.app_id = self.new_id("A")
        self.bot_id = self.new_id("B")
        self.verification_token = uuid4().hex[:24]
        self.bot_token = f"xoxb-{self._serial}-{uuid4().hex}"
        self.app_token = f"xapp-1-{self.app_id}-{uuid4().hex}"
        self.tokens = {
            self.bot_token: Token("bot", scopes),
            self.app_token: Token("app", frozenset({"connections:write"})),
        }
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.usergroups: dict[str, UserGroup] = {}
        self.files: dict[str, File] = {}
        self.views: dict[str, Json] = {}
        self.stacks: dict[str, list[str]] = {}
        """The ids of a user's open modals, the one on top last."""
        self.homes: dict[str, Json] = {}
        self.ephemerals: list[Json] = []
        self.streams: dict[tuple[str, str], Stream] = {}
        self.streaming: set[tuple[str, str]] = set()
        """The keys of those that are open."""
        self.statuses: dict[tuple[str, str], Status] = {}
        self.titles: dict[tuple[str, str], str] = {}
        self.prompts: dict[tuple[str, str], Json] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.bot = self.add_user(
            User(self.new_id("U"), "housevoice", self.team_id, is_bot=True, email="")
        )

    # --- ids and time -------------------------------------------------------------------------

    def new_id(self, prefix: str) -> str:
        """An id as Slack's look: a letter for the kind, then letters and digits."""
        self._serial += 1
        return f"{prefix}07{self._serial:08X}"

    def next_ts(self) -> str:
        """A ``ts`` later than all before it, also when the clock stands still."""
        micros = max(round(self.clock().timestamp() * 1_000_000), self._last_micros + 1)
        self._last_micros = micros
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

    def seconds(self) -> int:
        """Now, as the whole seconds that most fields want."""
        return int(self.clock().timestamp())

    def age(self, since: datetime) -> float:
        """Seconds since then."""
        return (self.clock() - since).total_seconds()

    # --- people and places --------------------------------------------------------------------

    def add_user(self, user: User) -> User:
        """Keep it."""
        self.users[user.id] = user
        return user

    def user(self, id: str) -> User:
        """The user, or Slack's refusal."""
        if id not in self.users:
            raise SlackError("user_not_found")
        return self.users[id]

    def add_channel(
        self, name: str, kind: Kind, members: Iterable[str], shared: bool = False
    ) -> Channel:
        """A new conversation."""
        prefix = {"public": "C", "private": "C", "im": "D", "mpim": "G"}[kind]
        channel = Channel(
            self.new_id(prefix),
            name,
            kind,
            self.seconds(),
            list(dict.fromkeys(members)),
            shared=shared,
        )
        self.channels[channel.id] = channel
        return channel

    def direct(self, user: str) -> Channel:
        """The app's direct conversation with a user; made if there is none yet."""
        for channel in self.channels.values():
            if channel.kind == "im" and user in channel.members:
                return channel
        return self.add_channel("", "im", [user, self.bot.id])

    def visible_channel(self, id: str) -> Channel:
        """A conversation that the bot can see: public ones, and those it is in."""
        channel = self.channels.get(id)
        if channel is None or (channel.kind != "public" and self.bot.id not in channel.members):
            raise SlackError("channel_not_found")
        return channel

    def destination(self, id: str) -> Channel:
        """Where a message goes that is posted to an id, a user's id, or a name.

        https://docs.slack.dev/reference/methods/chat.postMessage#channels
        """
        if id in self.users and id != self.bot.id:
            return self.direct(id)
        name = id.removeprefix("#")
        for channel in self.channels.values():
            if channel.name and channel.name == name:
                return self.visible_channel(channel.id)
        return self.visible_channel(id)

    # --- messages -----------------------------------------------------------------------------

    def message(self, channel: Channel, ts: str) -> Json:
        """The message, or Slack's refusal."""
        if ts not in channel.messages:
            raise SlackError("message_not_found")
        return channel.messages[ts]

    def add_message(self, channel: Channel, message: Json) -> Json:
        """Store it and count it at its thread's parent."""
        channel.messages[message["ts"]] = message
        parent_ts = message.get("thread_ts")
        if parent_ts and parent_ts != message["ts"]:
            self._count_replies(channel, parent_ts)
        return message

    def remove_message(self, channel: Channel, ts: str) -> Json:
        """Take it out; a parent with replies stays behind as a tombstone.

        https://docs.slack.dev/reference/events/message: subtype ``tombstone``.
        """
        message = channel.messages[ts]
        if len(channel.thread(ts)) > 1:
            channel.messages[ts] = {
                "type": "message",
                "subtype": "tombstone",
                "hidden": True,
                "text": "This message was deleted.",
                "user": "USLACKBOT",
                "ts": ts,
                "thread_ts": ts,
                "reply_count": message.get("reply_count", 0),
            }
        else:
            del channel.messages[ts]
            if parent_ts := message.get("thread_ts"):
                self._count_replies(channel, parent_ts)
        return message

    def _count_replies(self, channel: Channel, parent_ts: str) -> None:
        parent = channel.messages.get(parent_ts)
        if parent is None:
            return
        replies = [message for message in channel.thread(parent_ts) if message is not parent]
        users = list(dict.fromkeys(message.get("user", "") for message in replies))
        parent.update(
            thread_ts=parent_ts,
            reply_count=len(replies),
            reply_users_count=len(users),
            reply_users=users[:5],
            latest_reply=replies[-1]["ts"] if replies else parent_ts,
            is_locked=False,
            subscribed=True,
        )

    # --- short-lived things -------------------------------------------------------------------

    def new_trigger(self, user: str, view_id: str | None = None) -> str:
        """A ``trigger_id`` of something that this user did."""
        id = f"{self._serial}.{self.seconds()}.{uuid4().hex}"
        self.triggers[id] = Trigger(user, self.clock(), view_id)
        return id

    def exchange_trigger(self, id: str) -> Trigger:
        """Use it up (https://docs.slack.dev/reference/methods/views.open#errors)."""
        trigger = self.triggers.get(id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if self.age(trigger.issued) > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        trigger.used = True
        return trigger

    def status(self, channel: str, thread_ts: str) -> str:
        """What is shown under the thread now: empty after two minutes."""
        status = self.statuses.get((channel, thread_ts))
        if status is None or self.age(status.since) > STATUS_SECONDS:
            return ""
        return status.text

    def open_modals(self, user: str | None = None) -> Iterator[Json]:
        """The modals that are open, those on top last."""
        for owner, stack in self.stacks.items():
            if user in (None, owner):
                yield from (self.views[id] for id in stack)
