"""People talking: what they write, change and react to, as the app hears of it."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

from tests.stand_ins.slack_server.methods_app import add_file, file_in_event, file_object
from tests.stand_ins.slack_server.methods_chat import parent_of
from tests.stand_ins.slack_server.payloads import rich_text
from tests.stand_ins.slack_server.state import Channel, Json, User
from tests.stand_ins.slack_server.using import Using, must_be_in

UPLOAD = tuple[str, bytes]


class Acting(Using):
    """A workspace whose people talk, and use the app."""

    # --- messages -----------------------------------------------------------------------------

    async def say(
        self,
        user: User,
        channel: Channel,
        text: str,
        *,
        thread_ts: str | None = None,
        files: Iterable[UPLOAD] = (),
        broadcast: bool = False,
    ) -> str:
        """Write a message and return its ``ts``.

        The app hears of it as ``message``, and once more as ``app_mention`` (same ``ts``, another
        event id) when the bot is mentioned outside of a direct conversation.
        https://docs.slack.dev/reference/events/app_mention
        """
        must_be_in(user, channel)
        workspace, ts = self.workspace, self.workspace.next_ts()
        uploads = [add_file(self, name, content, user.id) for name, content in files]
        for upload in uploads:
            upload.shared_in.append(channel.id)
        message: Json = {
            "user": user.id,
            "type": "message",
            "ts": ts,
            "client_msg_id": str(uuid4()),
            "text": text,
            "team": user.team_id,
        }
        if text:
            message["blocks"] = rich_text(text, uuid4().hex[:5])
        if channel.shared:
            message |= {"user_team": user.team_id, "source_team": user.team_id}
        shape = "message_im" if channel.kind == "im" else "message_channels"
        extra: Json = {}
        parent_ts = parent_of(channel, thread_ts)
        if parent_ts:
            parent = channel.messages.get(parent_ts, {})
            message |= {"thread_ts": parent_ts, "parent_user_id": parent.get("user", user.id)}
        if broadcast and parent_ts:
            shape, extra = "message_thread_broadcast", {"root": channel.messages[parent_ts]}
            message["subtype"] = "thread_broadcast"
        if uploads:
            shape = "message_file_share"
            message |= {"subtype": "file_share", "upload": False, "display_as_bot": False}
            message["files"] = [file_object(self, upload) for upload in uploads]
            extra["files"] = [file_in_event(self, upload, channel) for upload in uploads]
        workspace.add_message(channel, message)
        self.emit_message(shape, channel, message, **extra)
        if f"<@{workspace.bot.id}>" in text and channel.kind != "im":
            twin = {k: v for k, v in message.items() if k not in ("subtype", "parent_user_id")}
            twin |= {"type": "app_mention", "channel": channel.id, "event_ts": ts} | extra
            twin.pop("root", None)
            self.emit("app_mention", twin, channel)
        return ts

    async def say_as_other_bot(self, channel: Channel, text: str, name: str = "builds") -> str:
        """A message by some other integration: subtype ``bot_message``, no user."""
        ts = self.workspace.next_ts()
        message: Json = {
            "type": "message",
            "subtype": "bot_message",
            "text": text,
            "ts": ts,
            "username": name,
            "bot_id": self.workspace.new_id("B"),
            "app_id": self.workspace.new_id("A"),
        }
        self.workspace.add_message(channel, message)
        self.emit_message("message_bot", channel, message)
        return ts

    async def edit(self, user: User, channel: Channel, ts: str, text: str) -> None:
        """Change one's own message."""
        message = channel.messages[ts]
        if message.get("user") != user.id:
            raise ValueError("people can change their own messages only")
        previous = dict(message)
        edited = {"user": user.id, "ts": self.workspace.next_ts()}
        message |= {"text": text, "blocks": rich_text(text, uuid4().hex[:5]), "edited": edited}
        self.emit_changed(channel, message, previous)

    async def delete(self, channel: Channel, ts: str) -> None:
        """Take a message away."""
        self.delete_message(channel, ts)

    async def react(self, user: User, channel: Channel, ts: str, name: str) -> None:
        """Put an emoji under a message."""
        message = channel.messages[ts]
        message.setdefault("reactions", []).append({"name": name, "users": [user.id], "count": 1})
        item = {"type": "message", "channel": channel.id, "ts": ts}
        event = {"type": "reaction_added", "user": user.id, "reaction": name, "item": item}
        event |= {"item_user": message.get("user", ""), "event_ts": self.workspace.next_ts()}
        self.emit("reaction_added", event, channel)

    async def join(self, user: User, channel: Channel) -> None:
        """Join, or be invited; with :attr:`bot` it is the app that is invited."""
        if user.id not in channel.members:
            channel.members.append(user.id)
        event = {
            "type": "member_joined_channel",
            "user": user.id,
            "channel": channel.id,
            "channel_type": "C" if channel.kind == "public" else "G",
            "team": user.team_id,
            "event_ts": self.workspace.next_ts(),
        }
        self.emit("member_joined_channel", event, channel)

    async def leave(self, user: User, channel: Channel) -> None:
        """Leave. The app is told only with ``member_left_channel``, which is not sent here."""
        channel.members.remove(user.id)

    async def open_home(self, user: User, tab: str = "home") -> None:
        """Open the app's Home (or Messages) tab."""
        event: Json = {
            "type": "app_home_opened",
            "user": user.id,
            "channel": self.workspace.direct(user.id).id,
            "tab": tab,
            "event_ts": self.workspace.next_ts(),
        }
        if user.id in self.workspace.homes:
            event["view"] = self.workspace.homes[user.id]
        self.emit("app_home_opened", event)

    async def look_at(self, user: User, viewing: Channel | None = None) -> None:
        """Look at another channel, or at nothing, beside the conversation with an agent.

        https://docs.slack.dev/reference/events/app_context_changed
        """
        workspace = self.workspace
        kind = "slack#/types/channel_id"
        seen = [{"type": kind, "value": viewing.id, "team_id": user.team_id}] if viewing else []
        if workspace.view == "agent":
            context = {"entities": seen} if seen else {}
            self.emit("app_context_changed", {"type": "app_context_changed", "context": context})

    # --- assistant threads --------------------------------------------------------------------

    async def start_assistant_thread(self, user: User, viewing: Channel | None = None) -> str:
        """Open the container of an app with the old view and return the thread's ``ts``.

        https://docs.slack.dev/reference/events/assistant_thread_started
        """
        if self.workspace.view != "assistant":
            raise ValueError("there is no such container: the app has agent_view")
        channel, ts = self.workspace.direct(user.id), self.workspace.next_ts()
        root: Json = {
            "type": "message",
            "subtype": "assistant_app_thread",
            "user": self.workspace.bot.id,
            "bot_id": self.workspace.bot_id,
            "text": "New Assistant Thread",
            "ts": ts,
            "thread_ts": ts,
            "assistant_app_thread": {"title": "New Assistant Thread", "title_blocks": []},
        }
        self.workspace.add_message(channel, root)
        self._emit_assistant("assistant_thread_started", user, ts, viewing)
        return ts

    async def change_assistant_context(self, user: User, ts: str, viewing: Channel) -> None:
        """Look at another channel while the container stays open."""
        self._emit_assistant("assistant_thread_context_changed", user, ts, viewing)

    def _emit_assistant(self, name: str, user: User, ts: str, viewing: Channel | None) -> None:
        channel = self.workspace.direct(user.id)
        place = {"team_id": self.workspace.team_id, "enterprise_id": None}
        thread = {
            "user_id": user.id,
            "context": {"channel_id": viewing.id, **place} if viewing else {},
            "channel_id": channel.id,
            "thread_ts": ts,
        }
        event = {"type": name, "assistant_thread": thread, "event_ts": self.workspace.next_ts()}
        self.emit(name, event, channel)
