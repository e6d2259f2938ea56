"""A Discord on 127.0.0.1 for tests and benchmarks; see :class:`DiscordServer`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import ExitStack, asynccontextmanager, suppress
from types import TracebackType
from unittest.mock import patch

import discord
import yarl
from aiohttp import web
from simcord import MemberActor

from tests.stand_ins.discord_server.gateway import Gateway
from tests.stand_ins.discord_server.looking import Looking
from tests.stand_ins.discord_server.quirks import HiddenErrors, hurried
from tests.stand_ins.discord_server.rest import Fault, Rest
from tests.stand_ins.discord_server.rules import UPLOAD_LIMIT
from tests.stand_ins.discord_server.world import Interaction, LiveClock, LocalCdn, Now, World

PRIVILEGED = ("message_content", "members", "presences")


class DiscordServer(Looking):
    """A server ("guild") with people in it, and Discord's API and gateway for a bot, on loopback.

    simcord holds the world; discord.py runs unchanged against it over real HTTP and a real
    websocket, so that rate limits, retries, reconnects, resumes, sharding and parsing are its own::

        async with DiscordServer() as discord:
            await discord.start(bot)           # any discord.Client, Bot, AutoShardedBot
            ann, general = discord.user("Ann"), discord.channel("general")
            await discord.say(ann, general, f"{discord.mention} how many days of leave?")
            answer = await discord.until(lambda: discord.replies(general))

    **How a bot attaches.** Inside the context discord.py's own addresses
    (``discord.http.Route.BASE``, ``DiscordWebSocket.DEFAULT_GATEWAY``) point here, so a client
    needs nothing special: :meth:`start` logs it in, connects it and returns when it is ready;
    :meth:`stop`, :meth:`restart` and :meth:`kill` end it. An adapter that starts its own client,
    or another process altogether, takes :attr:`token`, :attr:`api_url` and :attr:`gateway_url`;
    :meth:`connected` waits for it. Commands are usable once the bot has synced its tree.

    Messages and interactions are live: what the bot does to them later shows on the same object.
    ``say`` and its like return at once, interactions when they are acknowledged or 3 s have passed.

    At the end it raises for calls that simcord cannot answer and for errors that the bot's
    handlers let through, unless :attr:`errors` has been read.

    - ``permissions``: what the bot holds on the server; all but administrator if None.
    - ``approved``: privileged intents switched on in the developer portal.
    - ``clock``: the time of the server; :meth:`advance` adds to it.
    - ``patient``: whether discord.py really sleeps between tries; else see :attr:`waits`.

    Not simulated: audio, user-installed apps, rate limits by themselves (see :meth:`fail`),
    embeds taken away without *embed links*, link previews, server boosts, expiry of CDN addresses,
    slow mode. Time-outs of discord.py's views run on the real clock.
    """

    def __init__(
        self,
        name: str = "Fernhill",
        *,
        bot: str = "Housevoice",
        permissions: discord.Permissions | None = None,
        approved: Collection[str] = PRIVILEGED,
        upload_limit: int = UPLOAD_LIMIT,
        clock: Now | None = None,
        patient: bool = False,
    ):
        self._name = name
        self._bot_name = bot
        self._permissions = permissions
        self._approved = approved
        self._upload_limit = upload_limit
        self._clock = clock
        self._patient = patient
        self._stack = ExitStack()
        self._running: dict[discord.Client, tuple[str, asyncio.Task[None]]] = {}
        self.changed = asyncio.Event()
        self._starts = 0
        self._hidden = HiddenErrors()
        self.interactions: list[Interaction] = []
        self.token = "a-token-of-the-test-server"
        self.waits: list[float] = []
        """Seconds that discord.py wanted to wait: for a rate limit, before another try."""

    async def __aenter__(self) -> DiscordServer:
        app = web.Application(client_max_size=256 * 1024 * 1024)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        app.router.add_route("*", "/api/v10/{tail:.*}", self._api)
        app.router.add_get("/attachments/{tail:.*}", self._cdn)
        app.router.add_get("/", self._websocket)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.api_url = f"http://{host}:{port}/api/v10"
        self.gateway_url = f"ws://{host}:{port}/"

        self.world = World(LiveClock(self._clock), LocalCdn(f"http://{host}:{port}"))
        self.world.backend.bot_user.name = self._bot_name
        self.gateway = Gateway(
            self.world,
            self.gateway_url,
            approved=self._approved,
            upload_limit=self._upload_limit,
            changed=self.changed.set,
        )
        self.gateway.tokens.add(self.token)
        self.rest = Rest(
            self.world,
            gateway_url=self.gateway_url,
            tokens=self.gateway.tokens,
            approved=self._approved,
            upload_limit=self._upload_limit,
            changed=self.changed.set,
        )
        self.guild = self.add_guild(self._name, permissions=self._permissions)

        route, socket = discord.http.Route, discord.gateway.DiscordWebSocket
        self._stack.enter_context(patch.object(route, "BASE", self.api_url))
        gateway = yarl.URL(self.gateway_url)
        self._stack.enter_context(patch.object(socket, "DEFAULT_GATEWAY", gateway))
        if not self._patient:
            self._stack.enter_context(hurried(self.waits))
        self._stack.enter_context(self._hidden.collected())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            # What is cut off in the middle fails for no fault of its own.
            with suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await self.idle(0.02)
        unread = self._hidden.unread()
        try:
            for bot in list(self._running):
                await self.stop(bot)
        finally:
            await self.gateway.close()
            await self._runner.cleanup()
            self._stack.close()
        if kind is None:
            if self.rest.gaps:
                raise AssertionError("simcord has no answer to:\n" + "\n".join(self.rest.gaps))
            if unread:
                raise ExceptionGroup("The bot let errors through.", unread)

    async def _api(self, request: web.Request) -> web.StreamResponse:
        return await self.rest.api(request)

    async def _cdn(self, request: web.Request) -> web.StreamResponse:
        return await self.rest.cdn(request)

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        return await self.gateway.handle(request)

    # --- the bot ------------------------------------------------------------------------------

    @property
    def mention(self) -> str:
        """How a user mentions the bot."""
        return f"<@{self.backend.bot_user.id}>"

    async def start(self, bot: discord.Client) -> None:
        """Log a bot in, connect it, and return when it is ready. Raises what stops it."""
        self._starts += 1
        token = f"{self.token}-{self._starts}"
        self.gateway.tokens.add(token)
        # How long discord.py waits for more servers after the last; they all come at once here.
        bot._connection.guild_ready_timeout = 0.1
        try:
            await bot.login(token)
        except BaseException:
            await bot.close()
            raise
        running = asyncio.create_task(bot.connect())
        ready = asyncio.create_task(bot.wait_until_ready())
        self._running[bot] = token, running
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if running.done():
            del self._running[bot]
            await bot.close()
            await running

    async def stop(self, bot: discord.Client) -> None:
        """End a bot in good order."""
        token, running = self._running.pop(bot)
        await bot.close()
        await asyncio.wait({running})
        self.gateway.forget(token)
        if not running.cancelled() and (error := running.exception()):
            raise error

    async def kill(self, bot: discord.Client) -> None:
        """Cut a bot off without a word: from now on it hears nothing and its calls fail.

        As near to ``kill -9`` as it gets within one process; a process of its own that is given
        the addresses can really be killed.
        """
        token, running = self._running.pop(bot)
        self.gateway.forget(token)
        running.cancel()
        await asyncio.wait({running})
        await bot.http.close()
        with suppress(Exception):  # it cannot say goodbye any more
            await bot.close()

    async def restart(
        self, old: discord.Client, new: discord.Client, *, crash: bool = False
    ) -> None:
        """End one bot and start its successor in the same world."""
        await (self.kill(old) if crash else self.stop(old))
        await self.start(new)

    @property
    def errors(self) -> list[Exception]:
        """What the bots' handlers let through; reading it is taken as having dealt with it."""
        return self._hidden.read()

    # --- time and trouble ---------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Move the server's clock: 3 s end a first response, 15 min an interaction's token."""
        self.backend.advance_clock(seconds)
        self.changed.set()

    @property
    def deliveries(self) -> int:
        """How often every message and interaction is delivered; a test may set it to 2."""
        return self.gateway.deliveries

    @deliveries.setter
    def deliveries(self, times: int) -> None:
        self.gateway.deliveries = times

    def fail(
        self,
        pattern: str,
        status: int = 500,
        *,
        code: int = 0,
        message: str = "Out of order",
        retry_after: float = 0.01,
        latency: float = 0,
        drop: bool = False,
        lose: bool = False,
        times: int | None = 1,
        after: int = 0,
    ) -> None:
        """Let calls go wrong; see :class:`~tests.stand_ins.discord_server.rest.Fault`.

        ``pattern``: like ``POST /channels/*/messages``, the method optional. ``*`` stands for one
        part of the path, ``**`` for any. Status 200 with a latency: only slow.
        """
        self.rest.faults.append(
            Fault(pattern, status, code, message, retry_after, latency, drop, lose, times, after)
        )

    def mend(self) -> None:
        """End all faults."""
        self.rest.faults.clear()

    def refuse_dms(self, user: MemberActor) -> None:
        """The user takes no messages from the bot (50007)."""
        self.rest.closed_to_bot.add(user.id)

    @asynccontextmanager
    async def gateway_down(self, *, resumable: bool = True, repeat: int = 0) -> AsyncIterator[None]:
        """Cut the bots' gateway connections; they come back when the block ends.

        Resumed, they get what happened meanwhile, and ``repeat`` events from before once more.
        Not ``resumable``: they start a new session, and what happened meanwhile is lost.
        """
        before = len(self.gateway.connected)
        async with self.gateway.down(resumable=resumable, repeat=repeat):
            yield
        await self.connected(before)
        await self.delivered()
