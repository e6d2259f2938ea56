"""A Discord on 127.0.0.1 for tests and benchmarks; see :class:`DiscordServer`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import ExitStack, asynccontextmanager, suppress
from types import TracebackType
from typing import Any, TypeVar
from unittest.mock import patch

import discord
import yarl
from aiohttp import web
from simcord import ChannelHandle, MemberActor

from tests.discord_server.gateway import Gateway
from tests.discord_server.people import ACKNOWLEDGE, People
from tests.discord_server.rest import Call, Fault, Rest
from tests.discord_server.rules import UPLOAD_LIMIT
from tests.discord_server.world import SPOKEN, Interaction, LiveClock, LocalCdn, Now, Posted, World

T = TypeVar("T")

PRIVILEGED = ("message_content", "members", "presences")
UNTOLD = 0.05
"""Seconds after which :meth:`DiscordServer.until` asks again, for what only the bot knows of."""
_SLEEPERS = ("discord.http", "discord.client", "discord.shard", "discord.webhook.async_")


class DiscordServer(People):
    """A server ("guild") with people in it, and Discord's API and gateway for a bot, on loopback.

    simcord holds the world; discord.py runs unchanged against it over real HTTP and a real
    websocket, so that rate limits, retries, reconnects, resumes, sharding and parsing are its own::

        async with DiscordServer() as discord:
            await discord.start(bot)           # any discord.Client, Bot, AutoShardedBot
            ann, general = discord.user("Ann"), discord.channel("general")
            await discord.say(ann, general, f"{discord.mention} how many days of leave?")
            answer = await discord.until(lambda: discord.answers(general))

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
    - ``now``: the time of the server; :meth:`advance` adds to it.
    - ``patient``: whether discord.py really sleeps between tries; else see :attr:`waits`.

    Not simulated: audio, user-installed apps, rate limits by themselves (see :meth:`fail`),
    embeds taken away without *embed links*, link previews, server boosts, expiry of CDN addresses.
    """

    def __init__(
        self,
        name: str = "Fernhill",
        *,
        bot: str = "Housevoice",
        permissions: discord.Permissions | None = None,
        approved: Collection[str] = PRIVILEGED,
        upload_limit: int = UPLOAD_LIMIT,
        now: Now | None = None,
        patient: bool = False,
    ):
        self._name = name
        self._bot_name = bot
        self._permissions = permissions
        self._approved = approved
        self._upload_limit = upload_limit
        self._now = now
        self._patient = patient
        self._stack = ExitStack()
        self._running: dict[discord.Client, tuple[str, asyncio.Task[None]]] = {}
        self._changed = asyncio.Event()
        self._starts = 0
        self._log = _Errors()
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

        self.world = World(LiveClock(self._now), LocalCdn(f"http://{host}:{port}"))
        self.world.backend.bot_user.name = self._bot_name
        self.gateway = Gateway(
            self.world,
            self.gateway_url,
            approved=self._approved,
            upload_limit=self._upload_limit,
            changed=self._touch,
        )
        self.gateway.tokens.add(self.token)
        self._rest = Rest(
            self.world,
            gateway_url=self.gateway_url,
            tokens=self.gateway.tokens,
            approved=self._approved,
            upload_limit=self._upload_limit,
            changed=self._touch,
        )
        self.guild = self.add_guild(self._name, permissions=self._permissions)

        route, socket = discord.http.Route, discord.gateway.DiscordWebSocket
        self._stack.enter_context(patch.object(route, "BASE", self.api_url))
        gateway = yarl.URL(self.gateway_url)
        self._stack.enter_context(patch.object(socket, "DEFAULT_GATEWAY", gateway))
        if not self._patient:
            for module in _SLEEPERS:
                self._stack.enter_context(patch(f"{module}.asyncio", _Hurried(self.waits)))
        logging.getLogger("discord").addHandler(self._log)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            await self.settled(0.02)  # what is cut off in the middle fails for no fault of its own
        logging.getLogger("discord").removeHandler(self._log)
        for bot in list(self._running):
            await self.stop(bot)
        await self.gateway.close()
        await self._runner.cleanup()
        self._stack.close()
        if kind is None:
            if self._rest.gaps:
                raise AssertionError("simcord has no answer to:\n" + "\n".join(self._rest.gaps))
            if unread := self._log.errors[self._log.read :]:
                raise ExceptionGroup("The bot let errors through.", unread)

    async def _api(self, request: web.Request) -> web.StreamResponse:
        return await self._rest.api(request)

    async def _cdn(self, request: web.Request) -> web.StreamResponse:
        return await self._rest.cdn(request)

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

    async def connected(self, shards: int = 1, timeout: float = 5) -> None:  # noqa: ASYNC109 - it is told in the error
        """Wait until a bot that was started elsewhere is connected with all its shards."""
        await self.until(lambda: len(self.gateway.connected) >= shards, timeout)

    @property
    def errors(self) -> list[Exception]:
        """What the bots' handlers let through; reading it is taken as having dealt with it."""
        self._log.read = len(self._log.errors)
        return list(self._log.errors)

    # --- observing ----------------------------------------------------------------------------

    def messages(self, channel: ChannelHandle) -> list[Posted]:
        """What anybody who may read the channel finds there, oldest first."""
        return [each for each in self._all(channel) if not each.ephemeral]

    def answers(self, channel: ChannelHandle) -> list[Posted]:
        """Those of them that the bot wrote and has something in."""
        return [each for each in self.messages(channel) if each.by_bot and not each.thinking]

    def ephemerals(self, user: MemberActor, channel: ChannelHandle | None = None) -> list[Posted]:
        """What only this user has been shown."""
        channels = [channel.id] if channel else list(self.backend.messages)
        return [
            message
            for id in channels
            for message in self._all(self.world.channel_handle(id))
            if message.ephemeral and message._message.visible_to(user.id)
        ]

    def _all(self, channel: ChannelHandle) -> list[Posted]:
        stored = sorted(self.backend.messages[channel.id].values(), key=lambda each: each.id)
        return [Posted(self.world, each) for each in stored if each.type in SPOKEN]

    @property
    def modals(self) -> list[Interaction]:
        """Interactions that opened a modal which has not been sent yet."""
        return [
            each
            for each in self.interactions
            if each.modal and not each._interaction.modal_consumed
        ]

    @property
    def calls(self) -> list[Call]:
        """Every call the bot made, files it fetched included."""
        return self._rest.calls

    def calls_to(self, pattern: str) -> list[Call]:
        """The calls like ``PATCH /channels/*/messages/*``."""
        return [call for call in self.calls if call.matches(pattern)]

    @property
    def typing(self) -> list[ChannelHandle]:
        """Where the bot showed that it types, in order."""
        shown = self.calls_to("POST /channels/*/typing")
        return [self.world.channel_handle(int(each.path.split("/")[2])) for each in shown]

    @property
    def pings(self) -> dict[Posted, tuple[str, ...]]:
        """Every message of the bot that rings somebody, ephemeral ones included."""
        everything = (
            Posted(self.world, each)
            for stored in self.backend.messages.values()
            for each in stored.values()
        )
        return {each: each.pings for each in everything if each.by_bot and each.pings}

    def visible_text(self, message: Posted) -> str:
        """What a reader sees of a message."""
        return message.text

    def transcript(self, channel: ChannelHandle) -> str:
        """The whole conversation as text; what only one user sees is marked."""
        return "\n".join(
            f"{each.author}{' (only to one)' if each.ephemeral else ''}: {each.text}"
            for each in self._all(channel)
        )

    # --- waiting ------------------------------------------------------------------------------

    def _touch(self) -> None:
        self._changed.set()

    async def until(self, predicate: Callable[[], T], timeout: float = 5) -> T:  # noqa: ASYNC109 - it is told in the error
        """Wait for something to become true; asked again at once after all that happens here."""
        try:
            async with asyncio.timeout(timeout):
                while not (found := predicate()):
                    self._changed.clear()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(UNTOLD):
                            await self._changed.wait()
                return found
        except TimeoutError:
            if found := predicate():
                return found
        raise AssertionError(f"Not within {timeout} s.\n{self._recent()}")

    def _recent(self) -> str:
        """What a reader of a failed test wants to know."""
        said = [self.transcript(self.world.channel_handle(id)) for id in self.backend.messages]
        calls = [f"{each.method} {each.path} {each.status}" for each in self.calls[-20:]]
        return "\n".join([*said, "The last calls:", *calls])

    async def until_acknowledged(self, interaction: Interaction) -> None:
        """Wait for the first response, as long as Discord would."""
        due = interaction._interaction.initial_response_deadline or ""
        with suppress(AssertionError):  # the interaction tells that nothing came
            await self.until(
                lambda: interaction.acknowledged or self.backend.now_iso() >= due, ACKNOWLEDGE
            )

    async def delivered(self) -> None:
        """Wait until the bot has been told everything up to now; it may still be at work on it."""
        beats = self.gateway.beats + len(list(self.gateway.ask_for_beats()))
        await self.until(lambda: self.gateway.beats >= beats)

    async def settled(self, quiet: float = 0.05) -> None:
        """Wait until the bot knows everything and has made no call for a while (s).

        For what must *not* happen. A bot that is busy without calling seems done; where something
        comes at last, wait for that.
        """
        await self.delivered()
        seen = -1
        while seen != len(self.calls) or self._rest.in_flight:
            seen = len(self.calls)
            await asyncio.sleep(quiet)

    # --- time and trouble ---------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Move the server's clock: 3 s end a first response, 15 min an interaction's token."""
        self.backend.advance_clock(seconds)
        self._touch()

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
        times: int | None = 1,
        retry_after: float = 0.01,
        after: bool = False,
    ) -> None:
        """Let calls like ``POST /channels/*/messages`` fail, None times: for good.

        ``*`` stands for one part of the path, ``**`` for any. Status 0 breaks the connection.
        ``after``: the call is carried out, and only then is its answer lost.
        """
        self._rest.faults.append(Fault(pattern, status, code, message, times, retry_after, after))

    def mend(self) -> None:
        """End all faults."""
        self._rest.faults.clear()

    def refuse_dms(self, user: MemberActor) -> None:
        """The user takes no messages from the bot (50007)."""
        self._rest.closed_to_bot.add(user.id)

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


class _Errors(logging.Handler):
    """Errors that end in discord.py's log since nobody handles them."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors: list[Exception] = []
        self.read = 0

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, Exception) and not record.getMessage().startswith("Attempting"):
            self.errors.append(error)


class _Hurried:
    """asyncio, with sleeps that are noted down and cut short."""

    def __init__(self, waits: list[float]):
        self._waits = waits

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, delay: float, result: Any = None) -> Any:
        if delay:
            self._waits.append(delay)
        return await asyncio.sleep(min(delay, 0.01), result)
