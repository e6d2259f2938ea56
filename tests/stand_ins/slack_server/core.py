"""What all parts of the server share: the workspace, the way to the app, who waits for what."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any
from uuid import uuid4

from tests.stand_ins.slack_server.args import Args
from tests.stand_ins.slack_server.delivery import Deliveries, Delivery, Transport
from tests.stand_ins.slack_server.faults import Faults
from tests.stand_ins.slack_server.http_mode import HttpMode
from tests.stand_ins.slack_server.payloads import event_callback
from tests.stand_ins.slack_server.socket_mode import SocketMode
from tests.stand_ins.slack_server.state import (
    CHANNEL_TYPE,
    SCOPE_PREFIX,
    Channel,
    Json,
    ResponseUrl,
    Token,
    Workspace,
)

ASSISTANT_EVENTS = ("assistant_thread_started", "assistant_thread_context_changed")


@dataclass
class Call:
    """One request to the Web API, and what came of it."""

    method: str
    args: dict[str, Any]
    at: float
    """When it came, as ``time.perf_counter`` counts; a delivery's ``sent_at`` uses the same."""
    time: datetime
    """The same by the server's own clock."""
    status: int = 200
    answer: Json = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Did it succeed?"""
        return bool(self.answer.get("ok"))


@dataclass(frozen=True)
class Method:
    """A Web API method and what it asks for before it is run."""

    run: Callable[[Core, Args], Json]
    scope: str | None = None
    """One that the token needs; with ``|`` between them, any of these."""
    required: tuple[str, ...] = ()
    token: str = "bot"
    takes_json: bool = True
    """https://docs.slack.dev/apis/web-api/#post_bodies: not all methods read a JSON body."""


class Core:
    """State and plumbing, without the network."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        scopes: frozenset[str],
        ack_seconds: float,
        retry_seconds: tuple[float, ...],
        at_once: int,
    ):
        self.clock = clock
        self.workspace = Workspace(clock, scopes)
        self.signing_secret = uuid4().hex
        self.faults = Faults(clock)
        self.calls: list[Call] = []
        self.in_flight = 0
        self.socket_mode = SocketMode(self.workspace, self.notify, ack_seconds)
        self.http_mode = HttpMode(self.signing_secret, ack_seconds)
        self.deliveries = Deliveries(
            self._transport, self.notify, retry_seconds=retry_seconds, at_once=at_once
        )
        self.host = ""
        self.unsubscribed: set[str] = set()
        """Names of events (``app_mention``, ``message.channels`` …) that the app does not get."""
        self.most_per_page: int | None = None
        """Slack may send fewer than asked for: https://docs.slack.dev/apis/web-api/pagination"""
        self.last_activity = perf_counter()
        self._changed = asyncio.Event()

    def _transport(self) -> Transport:
        return self.http_mode if self.http_mode.request_url else self.socket_mode

    # --- waiting ------------------------------------------------------------------------------

    def notify(self) -> None:
        """Something happened: whoever waits looks again."""
        self.last_activity = perf_counter()
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self, seconds: float) -> bool:
        """Wait for the next thing to happen; False: nothing did in that time."""
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return False
        return True

    # --- tokens -------------------------------------------------------------------------------

    @property
    def bot_scopes(self) -> frozenset[str]:
        """What the bot token may do."""
        return self._bot.scopes

    @bot_scopes.setter
    def bot_scopes(self, scopes: frozenset[str]) -> None:
        self._bot.scopes = frozenset(scopes)

    @property
    def _bot(self) -> Token:
        return self.workspace.tokens[self.workspace.bot_token]

    # --- events -------------------------------------------------------------------------------

    def emit(self, shape: str, event: Json, channel: Channel | None = None) -> Delivery | None:
        """Send an event to the app, if it gets such events. None: it does not.

        The app gets what it subscribed to, has the scope for, and, in conversations, is a member
        of: https://docs.slack.dev/apis/events-api/#permissions. ``shape``: the payload file.
        """
        name, scope = self._subscription(event, channel)
        if name in self.unsubscribed or (scope and scope not in self.bot_scopes):
            return None
        if channel is not None and self.workspace.bot.id not in channel.members:
            return None
        return self.deliveries.send(
            "events_api", event_callback(self.workspace, shape, event, channel)
        )

    @staticmethod
    def _subscription(event: Json, channel: Channel | None) -> tuple[str, str | None]:
        kind = event["type"]
        if kind == "message" and channel is not None:
            plural = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
            name = f"message.{plural[CHANNEL_TYPE[channel.kind]]}"
            return name, f"{SCOPE_PREFIX[channel.kind]}:history"
        if kind == "app_mention":
            return kind, "app_mentions:read"
        if kind == "reaction_added":
            return kind, "reactions:read"
        if kind == "member_joined_channel" and channel is not None:
            return kind, f"{SCOPE_PREFIX[channel.kind]}:read"
        return kind, "assistant:write" if kind in ASSISTANT_EVENTS else None

    def emit_message(self, shape: str, channel: Channel, message: Json, **extra: Any) -> None:
        """A ``message`` event about this message."""
        event = {name: value for name, value in message.items() if name not in _NOT_IN_EVENTS}
        event |= {
            "type": "message",
            "channel": channel.id,
            "event_ts": message["ts"],
            "channel_type": CHANNEL_TYPE[channel.kind],
        }
        self.emit(shape, event | extra, channel)

    def emit_changed(self, channel: Channel, message: Json, previous: Json) -> None:
        """As documented: https://docs.slack.dev/reference/events/message/message_changed."""
        teams = {"source_team": self.workspace.team_id, "user_team": self.workspace.team_id}
        ts = self.workspace.next_ts()
        self.emit(
            "message_changed",
            {
                "type": "message",
                "subtype": "message_changed",
                "message": message | teams,
                "previous_message": previous | teams,
                "channel": channel.id,
                "hidden": True,
                "ts": ts,
                "event_ts": ts,
                "channel_type": CHANNEL_TYPE[channel.kind],
            },
            channel,
        )

    def delete_message(self, channel: Channel, ts: str) -> None:
        """Take a message out and tell the app.

        https://docs.slack.dev/reference/events/message/message_deleted; a parent that has replies
        changes into a tombstone instead.
        """
        previous = self.workspace.remove_message(channel, ts)
        if ts in channel.messages:
            self.emit_changed(channel, channel.messages[ts], previous)
            return
        at = self.workspace.next_ts()
        teams = {"source_team": self.workspace.team_id, "user_team": self.workspace.team_id}
        self.emit(
            "message_deleted",
            {
                "type": "message",
                "subtype": "message_deleted",
                "previous_message": previous | teams,
                "channel": channel.id,
                "hidden": True,
                "deleted_ts": ts,
                "event_ts": at,
                "ts": at,
                "channel_type": CHANNEL_TYPE[channel.kind],
            },
            channel,
        )

    # --- what the app says --------------------------------------------------------------------

    def bot_message(self, channel: Channel, **fields: Any) -> Json:
        """Store a message by the app and tell the app of it, as Slack does."""
        workspace = self.workspace
        message: Json = {
            "user": workspace.bot.id,
            "type": "message",
            "ts": workspace.next_ts(),
            "bot_id": workspace.bot_id,
            "app_id": workspace.app_id,
            "text": "",
            "team": workspace.team_id,
            "bot_profile": {
                "id": workspace.bot_id,
                "app_id": workspace.app_id,
                "user_id": workspace.bot.id,
                "name": workspace.bot.name,
                "icons": {"image_36": f"http://{self.host}/icons/bot_36.png"},
                "deleted": False,
                "updated": workspace.seconds(),
                "team_id": workspace.team_id,
            },
        }
        message |= {name: value for name, value in fields.items() if value is not None}
        parent_ts = message.get("thread_ts")
        if parent_ts:
            parent = channel.messages.get(parent_ts, {})
            message["parent_user_id"] = parent.get("user", workspace.bot.id)
            # https://docs.slack.dev/ai/developing-agents: a reply takes the status away
            workspace.statuses.pop((channel.id, parent_ts), None)
        workspace.add_message(channel, message)
        self.emit_message("message_from_app", channel, message)
        self.notify()
        return message

    def with_block_ids(self, blocks: list[Json]) -> list[Json]:
        """Slack gives every block and interactive element an id that has none."""
        named = []
        for block in blocks:
            parts = {"block_id": uuid4().hex[:5], **block}
            for place in ("accessory", "element"):
                if isinstance(parts.get(place), dict):
                    parts[place] = _with_action_id(parts[place])
            if parts["type"] in ("actions", "context_actions"):
                parts["elements"] = [_with_action_id(each) for each in parts["elements"]]
            named.append(parts)
        return named

    def response_url(self, path: str, **about: Any) -> str:
        """A new ``response_url``. ``path``: what it came from, as in Slack's addresses."""
        key = uuid4().hex
        self.workspace.response_urls[key] = ResponseUrl(issued=self.clock(), **about)
        return f"http://{self.host}/{path}/{self.workspace.team_id}/{len(key)}/{key}"


_NOT_IN_EVENTS = frozenset(
    {
        "reply_count",
        "reply_users",
        "reply_users_count",
        "latest_reply",
        "is_locked",
        "subscribed",
        "reactions",
    }
)
"""What history shows of a message but its event does not have."""


def _with_action_id(element: Json) -> Json:
    return element if element["type"] == "image" else {"action_id": uuid4().hex[:5], **element}
