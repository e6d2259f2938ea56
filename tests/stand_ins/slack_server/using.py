"""People using the app: commands, shortcuts, buttons and modals, and what comes back to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.stand_ins.slack_server.core import Core
from tests.stand_ins.slack_server.delivery import Delivery, Kind
from tests.stand_ins.slack_server.errors import SlackError
from tests.stand_ins.slack_server.interactions import form_state, used_element
from tests.stand_ins.slack_server.methods_app import checked_view, push_on_stack, replace_view
from tests.stand_ins.slack_server.methods_chat import close_stream, show_ephemeral
from tests.stand_ins.slack_server.payloads import filled, interaction
from tests.stand_ins.slack_server.response_urls import respond
from tests.stand_ins.slack_server.state import Channel, Json, ResponseUrl, User


class Using(Core):
    """A workspace whose people use the app."""

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
        must_be_in(user, channel)
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
        must_be_in(user, channel)
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

    async def stop_stream(self, channel: Channel, ts: str) -> None:
        """Press the button that stops a streaming message.

        https://docs.slack.dev/reference/methods/chat.appendStream#errors
        """
        stream = self.workspace.streams[channel.id, ts]
        close_stream(self, stream)
        stream.stopped_by_user = True

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

    # --- plumbing -----------------------------------------------------------------------------

    async def _interact(self, kind: Kind, payload: Json) -> Delivery:
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


def must_be_in(user: User, channel: Channel) -> None:
    """Nobody acts where they are not."""
    if user.id not in channel.members:
        raise ValueError(f"{user.name} is not in {channel.name or channel.id}")
