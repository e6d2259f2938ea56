"""Discord's gateway: websockets that identify, beat, resume and are told what happens.

What an intent lets through, and what it blanks, is decided by simcord; which channels the bot may
look into, by permissions. https://discord.com/developers/docs/events/gateway
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from itertools import count
from types import SimpleNamespace
from typing import Any

import discord
from aiohttp import WSMsgType, web
from simcord.backend import serializers
from simcord.backend.access import channel_accessible
from simcord.gateway import FakeGateway, FakeWebSocket

from tests.stand_ins.discord_server.world import World

REPEATABLE = ("MESSAGE_", "INTERACTION_", "THREAD_CREATE")
"""Beginnings of the names of events that a reconnect may bring twice, and that must not matter."""
HELD = 5_000
"""How many past events a session can replay."""


class Op(IntEnum):
    """What a frame is for."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    RESUME = 6
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    ACK = 11


@dataclass(repr=False)
class Session:
    """One shard of one connected bot; it outlives its socket until the bot says goodbye."""

    id: str
    token: str
    shard: tuple[int, int]
    intents: discord.Intents
    world: World
    seq: int = 0
    heard: int = 0
    """The last of what it was sent that the bot has told with a heartbeat."""
    sent: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=HELD))
    outbox: asyncio.Queue[str] | None = None
    """None: not connected at the moment."""

    def __post_init__(self) -> None:
        # simcord's gateway filters by intent, then calls what stands here for discord.py's parsers.
        state: Any = SimpleNamespace(intents=self.intents, parsers=_Parsers(self))
        self.gateway = FakeGateway(self.world.backend, state)
        self.members = FakeWebSocket(self.world.backend, self.gateway, shard_id=self.shard[0])

    def push(self, event: str, payload: Mapping[str, Any]) -> None:
        self.seq += 1
        frame = json.dumps({"op": Op.DISPATCH, "t": event, "s": self.seq, "d": payload})
        self.sent.append((self.seq, frame))
        if self.outbox:
            self.outbox.put_nowait(frame)

    def replay(self, after: int) -> None:
        assert self.outbox
        for seq, frame in self.sent:
            if seq > after:
                self.outbox.put_nowait(frame)


class _Parsers(dict[str, Callable[[dict[str, Any]], None]]):
    """Takes every event, whatever its name."""

    def __init__(self, session: Session):
        super().__init__()
        self._session = session

    def __missing__(self, event: str) -> Callable[[dict[str, Any]], None]:
        return partial(self._session.push, event)

    def get(self, event: str, default: Any = None) -> Any:
        return self[event]


class Gateway:
    """All sessions; the world's events go in, frames go out."""

    def __init__(
        self,
        world: World,
        url: str,
        *,
        approved: Collection[str],
        upload_limit: int,
        changed: Callable[[], None],
    ):
        self._world = world
        self._url = url
        self._approved = frozenset(approved)
        self._upload_limit = upload_limit
        self._changed = changed
        self._ids = count(1)
        self._open = asyncio.Event()
        self._open.set()
        self._sockets: set[web.WebSocketResponse] = set()
        self._resumable = True
        self._repeat = 0
        self.sessions: dict[str, Session] = {}
        self.tokens: set[str] = set()
        self.deliveries = 1
        world.backend.subscribers.append(self.dispatch)

    @property
    def connected(self) -> list[Session]:
        return [session for session in self.sessions.values() if session.outbox]

    # --- what happens in the world ------------------------------------------------------------

    def dispatch(self, event: str, payload: Mapping[str, Any]) -> None:
        guild = payload.get("guild_id")
        if guild is None and event in ("GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE"):
            guild = payload["id"]
        if event == "INTERACTION_CREATE":
            owner = {"0": str(guild or 0)}
            limit = self._upload_limit
            payload = {
                **payload,
                "authorizing_integration_owners": owner,
                "attachment_size_limit": limit,
            }
        if self._may_see(event, payload):
            times = self.deliveries if event.startswith(REPEATABLE) else 1
            for session in self.sessions.values():
                if session.shard[0] == (int(guild or 0) >> 22) % session.shard[1]:
                    for _ in range(times):
                        session.gateway.feed(event, payload)
        self._changed()

    def _may_see(self, event: str, payload: Mapping[str, Any]) -> bool:
        """A bot hears nothing from a channel that it may not look into."""
        if event == "INTERACTION_CREATE" or payload.get("guild_id") is None:
            return True
        of_thread = event.startswith("THREAD_") and "_DELETE" not in event
        channel = payload.get("id") if of_thread else payload.get("channel_id")
        backend = self._world.backend
        if channel is None or int(channel) not in backend.channels:
            return True
        return channel_accessible(backend, int(channel), backend.bot_user.id)

    # --- sockets ------------------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, from HELLO until either side closes it."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        session: Session | None = None
        outbox: asyncio.Queue[str] | None = None
        sending: asyncio.Task[None] | None = None
        try:
            await self._open.wait()
            await socket.send_json({"op": Op.HELLO, "d": {"heartbeat_interval": 41_250}})
            async for frame in socket:
                if frame.type is not WSMsgType.TEXT:
                    continue
                message = frame.json()
                op, data = message["op"], message["d"]
                if op == Op.HEARTBEAT:
                    if session:
                        session.heard = max(session.heard, data or 0)
                    await socket.send_json({"op": Op.ACK})
                elif op in (Op.IDENTIFY, Op.RESUME):
                    greet = self._identify if op == Op.IDENTIFY else self._resume
                    session = await greet(socket, data)
                    if session and session.outbox:
                        outbox = session.outbox
                        sending = asyncio.create_task(_send(socket, outbox))
                elif op == Op.REQUEST_MEMBERS and session:
                    await self._members(session, data)
                self._changed()
        finally:
            if sending:
                sending.cancel()
            self._sockets.discard(socket)
            if session and session.outbox is outbox:  # else cut, or resumed on another socket
                session.outbox = None
                if socket.close_code in (1000, 1001):  # the bot said goodbye
                    self.sessions.pop(session.id, None)
            self._changed()
        return socket

    async def _identify(
        self, socket: web.WebSocketResponse, data: dict[str, Any]
    ) -> Session | None:
        intents = discord.Intents._from_value(data["intents"])
        if data["token"] not in self.tokens:
            await socket.close(code=4004, message=b"Authentication failed")
            return None
        privileged = ("message_content", "members", "presences")
        if any(getattr(intents, each) and each not in self._approved for each in privileged):
            await socket.close(code=4014, message=b"Disallowed intent(s)")
            return None
        shard, shards = data.get("shard", (0, 1))
        session = Session(
            f"session-{next(self._ids)}", data["token"], (shard, shards), intents, self._world
        )
        for other in list(self.sessions.values()):  # given up, never resumed
            if not other.outbox and other.shard == session.shard:
                del self.sessions[other.id]
        session.outbox = asyncio.Queue()
        self.sessions[session.id] = session
        backend = self._world.backend
        guilds = [each for each in backend.guilds.values() if (each.id >> 22) % shards == shard]
        ready = {
            "v": 10,
            "user": serializers.user_payload(backend.bot_user),
            "guilds": [{"id": str(each.id), "unavailable": True} for each in guilds],
            "session_id": session.id,
            "resume_gateway_url": self._url,
            "shard": [shard, shards],
            "application": {"id": str(backend.application_id), "flags": 0},
        }
        session.push("READY", ready)
        for guild in guilds:
            session.gateway.feed("GUILD_CREATE", serializers.guild_create_payload(backend, guild))
        return session

    async def _resume(self, socket: web.WebSocketResponse, data: dict[str, Any]) -> Session | None:
        session = self.sessions.get(data["session_id"])
        if session is None or session.token != data["token"] or not self._resumable:
            self.sessions.pop(data["session_id"], None)
            await socket.send_json({"op": Op.INVALID_SESSION, "d": False})
            return None
        session.outbox = asyncio.Queue()
        session.replay(data["seq"] - self._repeat)
        session.push("RESUMED", {})
        return session

    async def _members(self, session: Session, data: dict[str, Any]) -> None:
        wanted = data.get("user_ids")
        await session.members.request_chunks(
            int(data["guild_id"]),
            data.get("query"),
            limit=data.get("limit", 0),
            user_ids=[int(each) for each in wanted] if wanted else None,
            presences=data.get("presences", False),
            nonce=data.get("nonce"),
        )

    # --- trouble ------------------------------------------------------------------------------

    @asynccontextmanager
    async def down(self, *, resumable: bool, repeat: int) -> AsyncIterator[None]:
        """Cut every connection; inside, none can be made. What happens meanwhile is kept."""
        self._resumable, self._repeat = resumable, repeat
        self._open.clear()
        for session in self.sessions.values():
            session.outbox = None
        await self.close(4000)
        try:
            yield
        finally:
            self._open.set()

    async def close(self, code: int = 1001) -> None:
        """Close every socket."""
        for socket in list(self._sockets):
            await socket.close(code=code)

    def forget(self, token: str) -> None:
        """End a bot's sessions as if its process had died."""
        self.tokens.discard(token)
        for session in [each for each in self.sessions.values() if each.token == token]:
            del self.sessions[session.id]

    def ask_for_beats(self) -> list[tuple[Session, int]]:
        """Ask for heartbeats all that have something to hear; with what they will have heard."""
        behind = [(each, each.seq) for each in self.connected if each.heard < each.seq]
        for session, _ in behind:
            assert session.outbox
            session.outbox.put_nowait(json.dumps({"op": Op.HEARTBEAT, "d": None}))
        return behind


async def _send(socket: web.WebSocketResponse, outbox: asyncio.Queue[str]) -> None:
    while not socket.closed:
        await socket.send_str(await outbox.get())
