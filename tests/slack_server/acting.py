"""What people do in Slack, each as the app hears of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

from tests.slack_server.core import Core
from tests.slack_server.delivery import Delivery
from tests.slack_server.errors import SlackError
from tests.slack_server.interactions import form_state, used_element
from tests.slack_server.methods_app import (
    add_file,
    checked_view,
    file_in_event,
    file_object,
    push_on_stack,
    replace_view,
)
from tests.slack_server.methods_chat import parent_of, show_ephemeral
from tests.slack_server.payloads import filled, interaction, rich_text
from tests.slack_server.response_urls import respond
from tests.slack_server.state import SCOPE_PREFIX, Channel, Json, ResponseUrl, User

UPLOAD = tuple[str, bytes]


class Acting(Core):
    """A workspace whose people act."""

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
        self._must_be_in(user, channel)
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

    # --- commands, shortcuts, buttons ---------------------------------------------------------

    async def command(self, user: User, channel: Channel, command: str, text: str = "") -> Delivery:
        """Run a slash command; what the app answers is shown.

        https://docs.slack.dev/interactivity/implementing-slash-commands
        """
        workspace = self.workspace
        about: Json = {"user": user.id, "channel": channel.id}
        if "commands" not in self.bot_scopes:
            raise ValueError("without the scope `commands` Slack offers no commands of the app")
        payload = filled(
            "slash_command",
            token=workspace.verification_token,
            team_id=workspace.team_id,
            team_domain=workspace.domain,
            channel_id=channel.id,
            channel_name="directmessage" if channel.kind == "im" else channel.name,
            user_id=user.id,
            user_name=user.name,
            command=command,
            text=text,
            api_app_id=workspace.app_id,
            response_url=self.response_url("commands", **about),
            trigger_id=workspace.new_trigger(user.id),
        )
        delivery = await self._interact("slash_commands", payload)
        if not delivery.acknowledged:
            failed = f'{command} failed with the error "operation_timeout"'
            shown = {"text": failed, "user": "USLACKBOT", "bot_id": ""}
            show_ephemeral(self, channel, user.id, shown, None)
        elif delivery.answer.get("text") or delivery.answer.get("blocks"):
            self._show_answer(delivery.answer, ResponseUrl(issued=self.clock(), **about))
        return delivery

    async def shortcut(
        self,
        user: User,
        callback_id: str,
        channel: Channel | None = None,
        ts: str | None = None,
    ) -> Delivery:
        """Use a shortcut: on a message, or with neither channel nor ``ts`` a global one.

        https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload
        """
        about: Json = {
            "callback_id": callback_id,
            "action_ts": self.workspace.next_ts(),
            "trigger_id": self.workspace.new_trigger(user.id),
        }
        if channel is None or ts is None:
            payload = interaction(self.workspace, "shortcut", user, api_app_id=..., **about)
            return await self._interact("interactive", payload)
        self._must_be_in(user, channel)
        url = self.response_url("app", user=user.id, channel=channel.id, message_ts=ts)
        payload = interaction(
            self.workspace,
            "message_action",
            user,
            channel={"id": channel.id, "name": channel.name or "directmessage"},
            response_url=url,
            message_ts=ts,
            message=channel.messages[ts],
            **about,
        )
        return await self._interact("interactive", payload)

    async def click(self, user: User, source: Json, action_id: str, value: Any = None) -> Delivery:
        """Use an element of a message, an ephemeral message, a modal or a Home tab.

        https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
        """
        action_ts = self.workspace.next_ts()
        action, element = used_element(source["blocks"], action_id, value, action_ts)
        if "id" in source:
            return await self._click_in_view(user, source, action, element)
        channel, ephemeral = self._place_of(source)
        self._must_be_in(user, channel)
        if ephemeral and source["to"] != user.id:
            raise ValueError("that message is shown to somebody else")
        thread_ts = source.get("thread_ts")
        container = {
            "type": "message",
            "message_ts": source["ts"],
            "channel_id": channel.id,
            "is_ephemeral": ephemeral,
        } | ({"thread_ts": thread_ts} if thread_ts else {})
        url = self.response_url(
            "actions",
            user=user.id,
            channel=channel.id,
            message_ts=source["ts"],
            thread_ts=thread_ts,
            is_ephemeral=ephemeral,
        )
        payload = interaction(
            self.workspace,
            "block_actions",
            user,
            container=container,
            trigger_id=self.workspace.new_trigger(user.id),
            channel={"id": channel.id, "name": channel.name or "directmessage"},
            # what was ephemeral is stored nowhere, so Slack cannot send it back
            message=... if ephemeral else source,
            response_url=url,
            actions=[action],
        )
        return await self._interact("interactive", payload)

    async def _click_in_view(self, user: User, view: Json, action: Json, element: Json) -> Delivery:
        payload = interaction(
            self.workspace,
            "block_actions_view",
            user,
            container={"type": "view", "view_id": view["id"]},
            trigger_id=self.workspace.new_trigger(user.id, view["id"]),
            view=view,
            actions=[action],
        )
        return await self._interact("interactive", payload)

    # --- modals and the Home tab --------------------------------------------------------------

    async def submit(self, view: Json, values: Mapping[str, Any] | None = None) -> Delivery:
        """Fill in and submit a modal, and do what the app answers.

        ``values``: by ``action_id`` (or ``block_id.action_id``). Errors stand in the delivery's
        ``answer["errors"]``; the modal is then still open.
        https://docs.slack.dev/surfaces/modals#handling_submissions
        """
        user = self._viewer(view)
        view["state"] = {"values": form_state(view["blocks"], values or {})}
        payload = interaction(
            self.workspace,
            "view_submission",
            user,
            trigger_id=self.workspace.new_trigger(user.id, view["id"]),
            view=view,
        )
        delivery = await self._interact("interactive", payload)
        if delivery.acknowledged:
            self._after_submit(user, view, delivery.answer)
        return delivery

    async def close(self, view: Json) -> Delivery | None:
        """Close a modal; the app hears of it if it asked to."""
        user = self._viewer(view)
        self._close_modal(user, view)
        if not view["notify_on_close"]:
            return None
        payload = interaction(self.workspace, "view_closed", user, view=view)
        return await self._interact("interactive", payload)

    def _after_submit(self, user: User, view: Json, answer: Json) -> None:
        stack = self.workspace.stacks[user.id]
        try:
            match answer.get("response_action"):
                case None:
                    self._close_modal(user, view)
                case "clear":
                    stack.clear()
                case "update":
                    replace_view(self, view, checked_view(self, answer.get("view"), "modal"))
                case "push":
                    given = checked_view(self, answer.get("view"), "modal")
                    push_on_stack(self, user.id, given)
                case "errors":
                    inputs = {
                        each["block_id"] for each in view["blocks"] if each["type"] == "input"
                    }
                    if not answer.get("errors") or set(answer["errors"]) - inputs:
                        self._not_understood(f"errors for no input: {answer.get('errors')}")
                case other:
                    self._not_understood(f"unknown response_action: {other}")
        except SlackError as refused:
            self._not_understood(f"invalid view in response_action: {refused.answer}")
        self.notify()

    def _not_understood(self, what: str) -> None:
        self.socket_mode.protocol_errors.append(what)

    def _viewer(self, view: Json) -> User:
        for user, stack in self.workspace.stacks.items():
            if view["id"] in stack:
                return self.workspace.users[user]
        raise ValueError("that modal is not open")

    def _close_modal(self, user: User, view: Json) -> None:
        stack = self.workspace.stacks[user.id]
        if view["id"] in stack:
            if view["clear_on_close"]:
                stack.clear()
            else:
                stack.remove(view["id"])
        self.notify()

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

    # --- assistant threads --------------------------------------------------------------------

    async def start_assistant_thread(self, user: User, viewing: Channel | None = None) -> str:
        """Open the app's container beside a channel and return the thread's ``ts``.

        https://docs.slack.dev/reference/events/assistant_thread_started
        """
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

    # --- plumbing -----------------------------------------------------------------------------

    async def _interact(self, kind: Any, payload: Json) -> Delivery:
        """Send and wait until it is acknowledged or given up."""
        delivery = self.deliveries.send(kind, payload)
        while not delivery.finished:
            await self.changed(60)
        return delivery

    def _show_answer(self, answer: Json, target: ResponseUrl) -> None:
        try:
            respond(self, target, answer)
        except SlackError as refused:
            self._not_understood(f"invalid answer to a command: {refused.answer}")

    def _place_of(self, message: Json) -> tuple[Channel, bool]:
        """The conversation of a message, and whether only one user sees it."""
        if message.get("is_ephemeral"):
            return self.workspace.channels[message["channel"]], True
        for channel in self.workspace.channels.values():
            if message["ts"] in channel.messages:
                return channel, False
        raise ValueError("that message is gone")

    @staticmethod
    def _must_be_in(user: User, channel: Channel) -> None:
        if user.id not in channel.members:
            raise ValueError(f"{user.name} is not in {SCOPE_PREFIX[channel.kind]} {channel.name}")
