"""Discord's REST API and CDN over HTTP: calls are noted down, faults injected, simcord answers."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from http import HTTPStatus
from time import perf_counter
from typing import Any
from urllib.parse import unquote

from aiohttp import BodyPartReader, web
from simcord import RouteNotImplemented, UnsupportedField
from simcord.backend import Backend, errors, serializers
from simcord.backend.errors import BackendError
from simcord.backend.models import Channel, Message
from simcord.enums import MessageType
from simcord.http.router import dispatch

from tests.stand_ins.discord_server import rules
from tests.stand_ins.discord_server.rules import Upload
from tests.stand_ins.discord_server.world import World

SAME_NONCE = timedelta(minutes=5)
"""How long a nonce that is enforced keeps a message from being posted again."""
_TOKEN = re.compile(r"/webhooks/\d+/(?P<token>[^/]+)(/messages/[^/]+)?")
_THREAD_METADATA = ("archived", "locked", "auto_archive_duration", "invitable")
_OPEN_TO_ALL = ("/interactions/", "/webhooks/")
"""These carry their right in the address, not in a header."""


@dataclass
class Call:
    """One call that the bot made."""

    method: str
    path: str
    body: Any
    files: tuple[str, ...]
    at: datetime
    status: int | None = None
    """None: not answered yet, or never."""
    received: float = field(default_factory=perf_counter)

    def matches(self, pattern: str) -> bool:
        """Whether it is one of ``POST /channels/*/messages``; the method may be left out."""
        return bool(_pattern(pattern).fullmatch(f"{self.method} {self.path}"))


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    """``*`` is one part of an address, ``**`` any number of them."""
    method, _, path = pattern.rpartition(" ")
    parts = re.escape(path).replace(r"\*\*", ".*").replace(r"\*", "[^/]+")
    return re.compile(f"{method or '[A-Z]+'} {parts}")


@dataclass
class Fault:
    """What goes wrong with the calls that match."""

    pattern: str
    status: int
    """From 400 on it is the answer."""
    code: int
    message: str
    retry_after: float
    """Seconds that an answer with status 429 asks to wait."""
    latency: float
    """Seconds before anything happens."""
    drop: bool
    """The connection breaks and nothing is done."""
    lose: bool
    """The call is carried out, and only then does it fail."""
    times: int | None
    """None: for good."""
    after: int
    """So many calls go well first."""

    @property
    def breaks(self) -> bool:
        """Whether the answer is not the real one."""
        return self.drop or self.status >= HTTPStatus.BAD_REQUEST


class Rest:
    """The HTTP side: ``/api/v10`` and ``/attachments``."""

    def __init__(
        self,
        world: World,
        *,
        gateway_url: str,
        tokens: Collection[str],
        approved: Collection[str],
        upload_limit: int,
        changed: Callable[[], None],
    ):
        self._world = world
        self._gateway_url = gateway_url
        self._tokens = tokens
        self._approved = frozenset(approved)
        self._upload_limit = upload_limit
        self._changed = changed
        self._nonces: dict[tuple[int, str], tuple[datetime, Message]] = {}
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.gaps: list[str] = []
        self.closed_to_bot: set[int] = set()
        self.in_flight = 0

    async def api(self, request: web.Request) -> web.StreamResponse:
        """Answer one call of the API."""
        path = "/" + request.match_info["tail"]
        self.in_flight += 1
        try:
            body, files = await _form(request)
            names = tuple(each.filename for each in files)
            call = Call(request.method, path, body, names, self._world.backend.clock.now())
            self.calls.append(call)
            fault = await self._fault(call)
            response = self._answer(request, call, files, fault)
            call.status = response.status if response else None
        finally:
            self.in_flight -= 1
            self._changed()
        return response or _hang_up(request)

    async def cdn(self, request: web.Request) -> web.StreamResponse:
        """Hand out a file."""
        call = Call("GET", request.path, None, (), self._world.backend.clock.now())
        self.calls.append(call)
        self._changed()
        if (fault := await self._fault(call)) and fault.breaks:
            return self._failure(fault) or _hang_up(request)
        data = self._world.backend.cdn.get(request.path)
        if data is None:
            raise web.HTTPNotFound
        return web.Response(body=data)

    # --- one call -----------------------------------------------------------------------------

    def _answer(
        self, request: web.Request, call: Call, files: list[Upload], fault: Fault | None
    ) -> web.StreamResponse | None:
        """None: the connection breaks."""
        if fault and fault.breaks and not fault.lose:
            return self._failure(fault)
        try:
            self._authorise(request, call.path)
            answer = self._perform(request, call, files)
        except (RouteNotImplemented, UnsupportedField) as gap:
            self.gaps.append(str(gap))
            return _json(gap.to_json(), status=HTTPStatus.NOT_IMPLEMENTED)
        except BackendError as error:
            return _json(error.to_json(), status=error.status)
        except Exception as error:
            # A fault of the simulator must fail the test, not look like Discord's own 500.
            self.gaps.append(f"{call.method} {call.path}: {error!r}")
            return _json({"message": repr(error)}, status=HTTPStatus.NOT_IMPLEMENTED)
        if fault and fault.breaks:
            return self._failure(fault)
        if answer is None:
            return web.Response(status=HTTPStatus.NO_CONTENT)
        return _json(answer)

    async def _fault(self, call: Call) -> Fault | None:
        for fault in self.faults:
            if call.matches(fault.pattern):
                if fault.after:
                    fault.after -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if not fault.times:
                        self.faults.remove(fault)
                await asyncio.sleep(fault.latency)
                return fault
        return None

    def _failure(self, fault: Fault) -> web.StreamResponse | None:
        if fault.drop:
            return None
        body: dict[str, Any] = {"message": fault.message, "code": fault.code}
        headers = {}
        if fault.status == HTTPStatus.TOO_MANY_REQUESTS:
            body |= {"retry_after": fault.retry_after, "global": False}
            # Without "Via" discord.py takes it for a ban by the proxy in front.
            headers = {"Retry-After": str(fault.retry_after), "Via": "1.1 google"}
        return _json(body, status=fault.status, headers=headers)

    def _authorise(self, request: web.Request, path: str) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bot ")
        if token not in self._tokens and not path.startswith(_OPEN_TO_ALL):
            raise BackendError(401, 0, "401: Unauthorized")
        if found := _TOKEN.fullmatch(path):
            backend = self._world.backend
            interaction = backend.interactions.get(
                backend.interaction_tokens.get(found["token"], 0)
            )
            if interaction and backend.now_iso() >= (interaction.expires_at or ""):
                raise BackendError(401, 50027, "Invalid Webhook Token")
        guild_members = path.startswith("/guilds/") and path.endswith("/members")
        if guild_members and "members" not in self._approved:
            raise errors.missing_access()

    def _perform(self, request: web.Request, call: Call, files: list[Upload]) -> Any:
        backend = self._world.backend
        if call.path in ("/gateway", "/gateway/bot"):
            limits = {"total": 1_000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
            return {"url": self._gateway_url, "shards": 1, "session_start_limit": limits}
        rules.check(backend, call.method, call.path, call.body, files, self._upload_limit)
        parts = call.path.strip("/").split("/")
        posting = call.method == "POST" and parts[0] == "channels" and parts[2:] == ["messages"]
        nonce = call.body.get("nonce") if posting and call.body.get("enforce_nonce") else None
        if posting and self.closed_to_bot & set(backend.get_channel(int(parts[1])).recipient_ids):
            raise errors.cannot_dm_bot()  # 50007, whoever the recipient is
        if call.method == "PATCH" and parts[0] == "channels" and len(parts) == 2:
            channel = backend.get_channel(int(parts[1]))
            if channel.is_thread:
                return edit_thread(backend, channel, call.body)
        if nonce is not None:
            posted = self._nonces.get((int(parts[1]), str(nonce)))
            if posted and backend.clock.now() - posted[0] < SAME_NONCE:
                return dispatch(backend, "GET", f"{call.path}/{posted[1].id}")
        answer = dispatch(
            backend,
            call.method,
            call.path,
            json=call.body,
            params=dict(request.query),
            files=files,
            reason=unquote(request.headers.get("X-Audit-Log-Reason", "")) or None,
            message_content_access="message_content" in self._approved,
        )
        if nonce is not None:
            message = backend.get_message(int(parts[1]), int(answer["id"]))
            self._nonces[int(parts[1]), str(nonce)] = backend.clock.now(), message
        if call.method == "POST" and parts[-1] == "threads" and "messages" in parts:
            show_starter(self._world, int(answer["id"]))
        if call.method == "DELETE" and parts[-1] == "@original":
            # simcord takes it for pending still, and the next follow-up for its completion.
            backend.interaction_by_token(parts[2]).complete_deferred()
        return answer


def edit_thread(backend: Backend, thread: Channel, body: Mapping[str, Any]) -> dict[str, Any]:
    """As Discord, which asks for *Manage Threads*; simcord's own asks for *Manage Channels*.

    https://discord.com/developers/docs/resources/channel#modify-channel
    """
    me = backend.bot_user.id
    backend.require_permissions(thread.guild_id, me, thread.id, "manage_threads")
    about = {key: body[key] for key in _THREAD_METADATA if key in body}
    changes = {key: body[key] for key in body if key not in _THREAD_METADATA}
    if "applied_tags" in changes:
        changes["applied_tags"] = [int(each) for each in changes["applied_tags"]]
    changed = backend.edit_channel(thread.id, changes, thread_metadata=about)
    return dict(serializers.channel_payload(backend, changed))


def show_starter(world: World, thread: int) -> None:
    """The first entry of a thread that was started from a message: that message."""
    backend = world.backend
    channel = backend.get_channel(thread)
    assert channel.parent_id and channel.owner_id
    # simcord gives it a text of its own; Discord's is empty and refers to the message.
    with world.unannounced():
        shown = backend.create_system_message(
            thread,
            MessageType.THREAD_STARTER_MESSAGE,
            channel.owner_id,
            referenced_message_id=thread,
            referenced_channel_id=channel.parent_id,
        )
    shown.content = ""
    backend.announce_message_create(shown)


async def _form(request: web.Request) -> tuple[Any, list[Upload]]:
    """The JSON of a call and the files that came with it."""
    if not request.content_type.startswith("multipart/"):
        text = await request.text()
        return (json.loads(text) if text else {}), []
    body: Any = {}
    files: dict[int, Upload] = {}
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        if part.name == "payload_json":
            body = await part.json()
        elif found := re.fullmatch(r"files\[(\d+)\]", part.name or ""):
            name, data = part.filename or "file", bytes(await part.read(decode=False))
            files[int(found[1])] = Upload(name, data)
    declared = (body.get("data") or body).get("attachments") or []
    for each in declared:
        if int(each["id"]) in files:
            files[int(each["id"])].description = each.get("description")
    return body, [files[index] for index in sorted(files)]


def _json(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    # discord.py compares the whole header: with a charset it would take this for plain text.
    headers = {"Content-Type": "application/json", **(headers or {})}
    return web.Response(body=json.dumps(data).encode(), status=status, headers=headers)


def _hang_up(request: web.Request) -> web.Response:
    """Break the connection in place of an answer."""
    if request.transport:
        request.transport.abort()
    return web.Response()
