"""The door of the stand-in for Slack: start it, fill it, act in it, break it, look at it, wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from tests.stand_ins.slack_server.acting import Acting
from tests.stand_ins.slack_server.delivery import ACK_SECONDS, AT_ONCE, RETRY_SECONDS, Delivery
from tests.stand_ins.slack_server.faults import Fault
from tests.stand_ins.slack_server.http_mode import HttpAnswer
from tests.stand_ins.slack_server.methods_chat import close_stream
from tests.stand_ins.slack_server.payloads import filled
from tests.stand_ins.slack_server.rendering import live_mentions, visible_text, visible_view
from tests.stand_ins.slack_server.state import BOT_SCOPES, Channel, Json, Token, User, UserGroup
from tests.stand_ins.slack_server.web import Desk

Seen = TypeVar("Seen")


class SlackServer(Acting):
    """A workspace at ``http://127.0.0.1`` with one app, for as long as its context lasts.

    ``clock``: for what messages are dated with and what expires (trigger ids, response URLs,
    statuses, streams, limits). Acknowledgements and retries are timed by the real clock:
    ``ack_seconds`` and ``retry_seconds``. ``at_once``: how many events may be unacknowledged
    before the next is sent. Socket Mode, until ``request_url`` is set.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        scopes: Iterable[str] = BOT_SCOPES,
        ack_seconds: float = ACK_SECONDS,
        retry_seconds: tuple[float, ...] = RETRY_SECONDS,
        at_once: int = AT_ONCE,
    ):
        super().__init__(
            clock=clock,
            scopes=frozenset(scopes),
            ack_seconds=ack_seconds,
            retry_seconds=retry_seconds,
            at_once=at_once,
        )
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(Desk(self).app(), access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.host = f"{host}:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.deliveries.close()
        await self.socket_mode.close()
        await self.http_mode.close()
        if self._runner is not None:
            await self._runner.cleanup()

    # --- what the app is given ----------------------------------------------------------------

    @property
    def api_url(self) -> str:
        """The ``base_url`` of the Web API."""
        return f"http://{self.host}/api/"

    @property
    def bot_token(self) -> str:
        """Begins with ``xoxb-``."""
        return self.workspace.bot_token

    @property
    def app_token(self) -> str:
        """Begins with ``xapp-``; for Socket Mode."""
        return self.workspace.app_token

    @property
    def bot(self) -> User:
        """The app's bot user."""
        return self.workspace.bot

    @property
    def mention(self) -> str:
        """What people write to address the bot."""
        return f"<@{self.bot.id}>"

    @property
    def team_id(self) -> str:
        """The workspace's id."""
        return self.workspace.team_id

    @property
    def request_url(self) -> str | None:
        """Where the app takes signed requests; set it for HTTP mode."""
        return self.http_mode.request_url

    @request_url.setter
    def request_url(self, url: str | None) -> None:
        self.http_mode.request_url = url

    def token(self, *scopes: str, kind: Any = "bot") -> str:
        """One more token with exactly these scopes."""
        prefix = "xoxb" if kind == "bot" else "xapp-1"
        text = f"{prefix}-extra-{len(self.workspace.tokens)}"
        self.workspace.tokens[text] = Token(kind, frozenset(scopes))
        return text

    # --- filling it ---------------------------------------------------------------------------

    def user(self, name: str, **flags: Any) -> User:
        """A new person. ``flags``: see :class:`~tests.stand_ins.slack_server.state.User`.

        ``is_stranger`` is somebody of another company, met in a shared channel.
        """
        team = self.workspace.team_id
        if flags.get("is_stranger"):
            team = self.workspace.other_team_id
        given = {"team_id": team, "email": f"{name}@example.com"} | flags
        return self.workspace.add_user(User(id=self.workspace.new_id("U"), name=name, **given))

    def channel(
        self,
        name: str,
        *,
        private: bool = False,
        shared: bool = False,
        members: Iterable[User] = (),
        with_bot: bool = True,
        archived: bool = False,
    ) -> Channel:
        """A new channel; the bot is in it unless told otherwise."""
        inside = [user.id for user in members] + ([self.bot.id] if with_bot else [])
        kind: Any = "private" if private else "public"
        channel = self.workspace.add_channel(name, kind, inside, shared=shared)
        channel.archived = archived
        return channel

    def dm(self, user: User) -> Channel:
        """This person's direct conversation with the bot."""
        return self.workspace.direct(user.id)

    def group_dm(self, *users: User) -> Channel:
        """A new conversation of several people and the bot."""
        names = "--".join(user.name for user in users)
        members = [user.id for user in users] + [self.bot.id]
        return self.workspace.add_channel(f"mpdm-{names}-1", "mpim", members)

    def usergroup(
        self, handle: str, members: Iterable[User], *, disabled: bool = False
    ) -> UserGroup:
        """A new user group."""
        group = UserGroup(
            self.workspace.new_id("S"), handle, [user.id for user in members], disabled
        )
        self.workspace.usergroups[group.id] = group
        return group

    # --- sending by hand ----------------------------------------------------------------------

    def send(self, payload: Json, kind: Any = "events_api") -> Delivery:
        """Deliver any payload, for instance one of ``payloads.sample``."""
        return self.deliveries.send(kind, payload)

    @asynccontextmanager
    async def out_of_order(self, *, seed: int = 0, copies: int = 2) -> AsyncIterator[None]:
        """Hold back the events of the body; at its end send each so many times, shuffled.

        Copies have the same ``event_id`` and say that they are retries, as Slack's do.
        """
        async with self.deliveries.out_of_order(seed, copies):
            yield

    def retry_now(self) -> None:
        """Let the retries that wait for their minute happen now."""
        self.deliveries.retry_now()

    async def verify_url(self) -> HttpAnswer:
        """Ask the request URL for its challenge, as Slack does when it is set.

        https://docs.slack.dev/reference/events/url_verification
        """
        payload = filled("url_verification", token=self.workspace.verification_token)
        return await self.http_mode.send(self.http_mode.sign(payload))

    # --- faults -------------------------------------------------------------------------------

    def fail(
        self,
        method: str,
        *,
        error: str | None = None,
        status: int = 200,
        retry_after: float | None = None,
        latency: float = 0.0,
        drop: bool = False,
        lose: bool = False,
        times: int | None = 1,
        after: int = 0,
    ) -> None:
        """Let calls go wrong; see :class:`~tests.stand_ins.slack_server.faults.Fault`.

        ``method``: a Web API method, ``*``, ``response_url`` or ``files.download``.
        """
        self.faults.add(
            Fault(method, error, status, retry_after, latency, drop, lose, times, after)
        )

    def close_streams(self) -> None:
        """Close what is being streamed, as Slack does after a while."""
        for key in list(self.workspace.streaming):
            close_stream(self, self.workspace.streams[key])

    # --- looking ------------------------------------------------------------------------------

    def messages(self, channel: Channel, thread_ts: str | None = None) -> list[Json]:
        """All messages of a conversation, or of a thread, oldest first."""
        found = channel.thread(thread_ts) if thread_ts else channel.messages.values()
        return sorted(found, key=lambda message: str(message["ts"]))

    def replies(self, channel: Channel, thread_ts: str | None = None) -> list[Json]:
        """Those of them that the bot wrote."""
        return [
            message
            for message in self.messages(channel, thread_ts)
            if message.get("bot_id") == self.workspace.bot_id
            and message.get("subtype") != "assistant_app_thread"
        ]

    def ephemerals(self, user: User) -> list[Json]:
        """What only this person sees, oldest first."""
        return [each for each in self.workspace.ephemerals if each["to"] == user.id]

    def views(self, user: User | None = None) -> list[Json]:
        """Open modals, those on top last."""
        return list(self.workspace.open_modals(user.id if user else None))

    def home(self, user: User) -> Json | None:
        """What this person's Home tab shows."""
        return self.workspace.homes.get(user.id)

    def reactions(self, channel: Channel, ts: str) -> dict[str, list[str]]:
        """Emoji under a message, each with the ids of who put it there."""
        found = channel.messages[ts].get("reactions", [])
        return {each["name"]: list(each["users"]) for each in found}

    def status(self, channel: Channel, thread_ts: str) -> str:
        """What is shown under a thread while the app works; empty: nothing."""
        return self.workspace.status(channel.id, thread_ts)

    def title(self, channel: Channel, thread_ts: str) -> str | None:
        """An assistant thread's title."""
        return self.workspace.titles.get((channel.id, thread_ts))

    def prompts(self, channel: Channel, thread_ts: str = "") -> list[Json]:
        """The suggested prompts of a conversation, or of an assistant thread."""
        shown = self.workspace.prompts.get((channel.id, thread_ts), {})
        return list(shown.get("prompts", []))

    def is_streaming(self, channel: Channel, ts: str) -> bool:
        """Is this message still growing?"""
        return (channel.id, ts) in self.workspace.streaming

    def latencies_ms(self) -> list[float]:
        """How long each acknowledgement took, of those that came."""
        found = (delivery.latency_ms for delivery in self.deliveries.history)
        return [latency for latency in found if latency is not None]

    def called(self, method: str) -> list[Any]:
        """The calls of one method, oldest first."""
        return [call for call in self.calls if call.method == method]

    def names(self) -> dict[str, str]:
        """Ids to the names that people see."""
        workspace = self.workspace
        named = {id: user.name for id, user in workspace.users.items()}
        named |= {id: channel.name for id, channel in workspace.channels.items()}
        return named | {id: group.handle for id, group in workspace.usergroups.items()}

    def visible(self, message_or_view: Json) -> str:
        """A message, modal or Home tab as its reader sees it, in plain text."""
        show = visible_view if "callback_id" in message_or_view else visible_text
        return show(message_or_view, self.names())

    def pings(self, message: Json) -> list[str]:
        """Whom a message would notify: ids and ``!here``, ``!channel``, ``!everyone``."""
        return live_mentions(message)

    def transcript(
        self, channel: Channel, thread_ts: str | None = None, *, for_user: User | None = None
    ) -> str:
        """A conversation to read. ``for_user``: with what only this person sees."""
        shown = list(self.messages(channel, thread_ts))
        if for_user is not None:
            shown += [
                each
                for each in self.ephemerals(for_user)
                if each["channel"] == channel.id and thread_ts in (None, each.get("thread_ts"))
            ]
        names, entries = self.names(), []
        for message in sorted(shown, key=lambda message: str(message["ts"])):
            at = datetime.fromtimestamp(float(message["ts"]), UTC).strftime("%H:%M:%S")
            who = names.get(message.get("user", ""), "") or message.get("username") or self.bot.name
            notes = [
                "only you can see this" if message.get("is_ephemeral") else "",
                "edited" if message.get("edited") else "",
                "still writing" if message.get("streaming_state") == "in_progress" else "",
            ]
            note = "".join(f" ({each})" for each in notes if each)
            is_reply = message.get("thread_ts") not in (None, message["ts"])
            indent = "    " if is_reply and thread_ts is None else ""
            body = self.visible(message) + "".join(
                f"\n:{name}: {len(users)}"
                for name, users in (
                    (each["name"], each["users"]) for each in message.get("reactions", [])
                )
            )
            lines = "\n".join(f"{indent}  {line}".rstrip() for line in body.split("\n"))
            entries.append(f"{indent}{who} {at}{note}\n{lines}")
        if thread_ts and (status := self.status(channel, thread_ts)):
            entries.append(f"{self.bot.name} {status}")
        return "\n\n".join(entries)

    # --- waiting ------------------------------------------------------------------------------

    async def until(
        self,
        predicate: Callable[[], Seen | None],
        timeout: float = 10.0,  # noqa: ASYNC109 - bounds one wait of a test
    ) -> Seen:
        """Wait until it is true of the server, and return what it gave. Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while not (seen := predicate()):
            left = end - loop.time()
            if left <= 0 or not await self.changed(left):
                if seen := predicate():
                    break
                raise TimeoutError(f"not within {timeout} s; {self._state()}")
        return seen

    async def settled(
        self,
        quiet: float = 0.1,
        timeout: float = 10.0,  # noqa: ASYNC109 - bounds one wait of a test
    ) -> None:
        """Wait until all is acknowledged, no status and no stream is left, and nothing comes.

        ``quiet``: seconds without a call that count as nothing. An app that thinks longer without
        showing a status is taken to have finished: then use :meth:`until`.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while (left := end - loop.time()) > 0:
            busy = self._is_busy()
            if not await self.changed(left if busy else min(quiet, left)) and not busy:
                return
        raise TimeoutError(f"not settled within {timeout} s; {self._state()}")

    def _is_busy(self) -> bool:
        workspace = self.workspace
        return bool(
            self.deliveries.are_under_way
            or self.in_flight
            or workspace.streaming
            or any(workspace.status(*key) for key in workspace.statuses)
        )

    def _state(self) -> str:
        workspace = self.workspace
        waiting = [d.event.get("type", d.kind) for d in self.deliveries.unfinished]
        return (
            f"unacknowledged: {waiting}; in flight: {self.in_flight}; "
            f"streaming: {sorted(workspace.streaming)}; "
            f"statuses: {[s.text for s in workspace.statuses.values()]}; "
            f"last calls: {[(c.method, c.answer.get('error', 'ok')) for c in self.calls[-5:]]}"
        )
