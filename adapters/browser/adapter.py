"""The console as a platform: questions asked on a page, by people of Slack, Discord or the machine.

Who somebody is and what they may read is asked of the platform that they came from, every time.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence
from hashlib import sha256
from uuid import uuid4

import uvicorn

from adapters.browser.config import BrowserConfig
from adapters.browser.site import site
from adapters.browser.works import OpenForms, Work, Works
from bot.cards import Card
from bot.desk.console.console import LOCAL, NAME, Console, asking_as
from bot.desk.console.passes import Guest
from bot.errors import ConfigurationError, PlatformError
from bot.ports import Feature
from bot.types import Place, Sent, Utterance, person
from knowledge.types import PUBLIC, Attachment, Principals

_CLOSING_SECONDS = 2
_OWNER_CHARS = 16


class BrowserAdapter:
    """One console. Its conversations are direct ones: nobody else sees what is said in them."""

    name = NAME
    picks_options = True
    features: frozenset[Feature] = frozenset()

    def __init__(self, config: BrowserConfig, console: Console):
        self.config = config
        self.console = console
        self.works = Works()
        self.forms = OpenForms()
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    # --- listening ------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """Where it listens."""
        if self._server is not None and self._server.servers:
            return int(self._server.servers[0].sockets[0].getsockname()[1])
        return self.config.port

    async def connect(self) -> None:
        """Open the port. Raises :class:`ConfigurationError` where it is taken."""
        config = self.config
        try:
            family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
            listening = socket.create_server((config.host, config.port), family=family)
        except OSError as error:
            raise ConfigurationError(
                f"The console cannot listen on {config.host}:{config.port} "
                f"({error.strerror or error}). Choose another place with HOUSEVOICE_CONSOLE."
            ) from error
        self._server = _Server(
            uvicorn.Config(
                site(self),
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(config.proxies),
                forwarded_allow_ips=list(config.proxies),
                ssl_certfile=config.certificate,
                ssl_keyfile=config.private_key,
                timeout_graceful_shutdown=_CLOSING_SECONDS,
            )
        )
        self._serving = asyncio.create_task(self._server.serve([listening]), name="console")
        ready = asyncio.ensure_future(self._server.ready.wait())
        await asyncio.wait({self._serving, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._serving.done():
            await self._serving

    async def listen(self) -> None:
        """Serve until it is stopped."""
        if self._serving is None:
            return
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({self._serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()

    async def stop_listening(self) -> None:
        """Hear nothing new; who waits for an answer still gets it."""
        self._stopping.set()

    async def close(self) -> None:
        """Close the port."""
        await self.works.close()
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await asyncio.gather(self._serving, return_exceptions=True)
            self._server = None

    @property
    def is_stopping(self) -> bool:
        """Whether nothing new is taken."""
        return self._stopping.is_set()

    # --- conversations --------------------------------------------------------------------

    def new_conversation(self, guest: Guest) -> str:
        """The name of one that nobody else can use."""
        return f"{_owner(guest)}{uuid4().hex[:_OWNER_CHARS]}"

    def owns(self, guest: Guest, conversation: str) -> bool:
        """Whether it is theirs."""
        return conversation.isalnum() and conversation.startswith(_owner(guest))

    def place(self, conversation: str) -> Place:
        """As the core knows it."""
        return Place(NAME, "", conversation, direct=True)

    async def ask(self, guest: Guest, conversation: str, text: str, voice: str | None) -> Work:
        """Ask something; the work in which the answer grows."""
        said = Utterance(
            f"{NAME}:{uuid4().hex}",
            self.place(conversation),
            asking_as(guest),
            text,
            "direct",
            voice=voice,
        )
        work = self._work(said)
        desk = self.console.desk
        heard = await desk.safely(desk.dispatcher.hear(self, said))
        if isinstance(heard, Card):
            await work.finish(heard)
        return work

    def _work(self, said: Utterance) -> Work:
        if (work := self.works.known(said.id)) is None:
            work = self.works.add(Work(said.author, said.text, said.id))
            work.conversation = said.place.channel
        return work

    # --- what the core asks of it ---------------------------------------------------------

    async def principals(self, place: Place, user: str) -> Principals:
        """Those of the platform that they came from, and who they are here."""
        own = frozenset({person(LOCAL.place, user)})
        if user == LOCAL.user:
            return own | {PUBLIC}
        guest = await self._guest(user)
        held = await self.console.rights.platform(guest).principals(guest.place, guest.user)
        return held | own

    async def audience(self, place: Place) -> Principals:
        """There are no places with several people."""
        return frozenset()

    async def is_admin(self, place: Place, user: str) -> bool:
        """Who runs the bot, and whoever is one where they came from."""
        if user == LOCAL.user:
            return True
        guest = await self._guest(user)
        return await self.console.rights.platform(guest).is_admin(guest.place, guest.user)

    async def earlier(self, utterance: Utterance) -> Sequence[str]:
        """Nobody else speaks here."""
        return ()

    def with_credentials(self, file: Attachment) -> Attachment:
        """The file as it is."""
        return file

    async def open_reply(self, utterance: Utterance, shown: Sequence[str]) -> Work:
        """The work that grows on the page."""
        return self._work(utterance)

    async def whisper(self, place: Place, user: str, text: str) -> None:
        """Show it where the conversation stands."""
        await self._show(place, user, Card(text))

    async def direct_with(self, user: str) -> Place:
        """Their own corner: a conversation of theirs, which its page alone shows."""
        return self.place(_corner(user))

    async def post(self, place: Place, card: Card) -> Sent:
        """Nothing: there are no channels, and a conversation's page tells by itself what is new."""
        return Sent()

    async def replace(self, place: Place, shown: Sequence[str], card: Card) -> bool:
        """The page is made of the record, which says that the answer is outdated."""
        return True

    async def link(self, place: Place) -> str:
        """The page of the conversation."""
        return f"{self.config.address}/ask/{place.channel}"

    async def erase(self, place: Place, shown: Sequence[str]) -> None:
        """Show it no more."""
        for id in shown:
            if (work := self.works.known(id)) is not None:
                await work.erase()

    def mention(self, user: str) -> str:
        """Their id, without the platform's name."""
        return user.rpartition(":")[2]

    async def _show(self, place: Place, user: str, card: Card) -> None:
        work = self.works.add(Work(user, ""))
        work.conversation = place.channel
        await work.finish(card)

    async def _guest(self, user: str) -> Guest:
        guest = await self.console.passes.find(user)
        if guest is None:
            raise PlatformError(f"{user} is not signed in to the console any more.")
        return guest


class _Server(uvicorn.Server):
    """Leaves signals to whoever serves all platforms, and tells when it is there."""

    def __init__(self, config: uvicorn.Config):
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _owner(guest: Guest) -> str:
    return _corner(asking_as(guest))


def _corner(user: str) -> str:
    return sha256(user.encode()).hexdigest()[:_OWNER_CHARS]
