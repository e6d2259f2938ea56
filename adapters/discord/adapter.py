"""Discord as a platform: one client, what it hears, and where answers go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from time import monotonic
from weakref import WeakValueDictionary

import discord
import structlog
from cachetools import LRUCache

from adapters.discord import events
from adapters.discord.commands import Tree
from adapters.discord.config import FEATURES, PLATFORM, DiscordConfig, endpoints
from adapters.discord.connection.client import FrontClient
from adapters.discord.connection.errors import DISCORD_FAILURES, as_ours, translated
from adapters.discord.earlier import Earlier
from adapters.discord.interactions import Interactions
from adapters.discord.people import People
from adapters.discord.showing.answers import Answers
from adapters.discord.showing.components import ActionButton, ReopenButton, named, parts
from adapters.discord.showing.replies import GrowingReply, MessageSurface, replace_messages
from bot.cards import Card
from bot.desk.desk import Desk
from bot.errors import PlatformError
from bot.failures import log_failure
from bot.types import Place, Sent, Utterance
from knowledge.types import Attachment, Principals

_HEARD = 2_000
"""Messages whose words are remembered, as hashes: an edit counts for a minute only."""

_log = structlog.get_logger("housevoice")


class DiscordAdapter:
    """An :class:`adapters.base.Adapter`. ``client`` may also be logged in by somebody else.

    ``clock``: seconds that only ever grow, for the pace of edits and for what is remembered.
    """

    name = PLATFORM
    picks_options = True
    features = FEATURES

    def __init__(
        self, config: DiscordConfig, desk: Desk, *, clock: Callable[[], float] = monotonic
    ) -> None:
        self._config = config
        self._desk = desk
        self._clock = clock
        self.client = FrontClient(config)
        self._people = People(self.client, config.admins, clock)
        self._earlier = Earlier(self.client, can_read=config.message_content)
        self.client.ear = self
        self._answers = Answers(self.client, clock)
        self._front = self.client.front = Interactions(self, desk, self._people)
        self.client.add_dynamic_items(ActionButton, ReopenButton)
        self.tree = Tree(self.client, desk.commands)
        self._addresses = ExitStack()
        self._connection: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._words: LRUCache[str, int] = LRUCache(_HEARD)
        self._in_order: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    # --- from start to end --------------------------------------------------------------------

    async def connect(self) -> None:
        """Sign in, and listen with all shards. Commands are not synced here."""
        self._addresses.enter_context(endpoints(self._config))
        with translated():
            await self.client.login(self._config.token)
        self._connection = asyncio.create_task(self.client.connect(), name="discord gateway")
        ready = asyncio.create_task(self.client.wait_until_ready())
        await asyncio.wait({self._connection, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._connection.done():
            with translated():
                self._connection.result()
            raise PlatformError("Discord closed the connection", passing=True)

    async def listen(self) -> None:
        """Go on until told to stop; discord.py reconnects by itself."""
        if self._connection is None:
            raise PlatformError("Not connected to Discord")
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({self._connection, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if self._connection.done() and not self._stopping.is_set():
            with translated():
                self._connection.result()
            raise PlatformError("Discord closed the connection", passing=True)

    async def stop_listening(self) -> None:
        """Leave the gateway; answers can still be shown."""
        self._stopping.set()
        for shard in self.client.shards.values():
            with suppress(*DISCORD_FAILURES):
                await shard.disconnect()
        for turn in list(self._in_order.values()):  # what is being taken in is taken in
            async with turn:
                pass

    async def close(self) -> None:
        """Leave Discord."""
        await self.stop_listening()
        with suppress(*DISCORD_FAILURES):
            if self.client.http.token:
                await self.client.close()
            else:  # it never signed in
                await self.client.http.close()
        if self._connection is not None:
            self._connection.cancel()
            await asyncio.gather(self._connection, return_exceptions=True)
        self._addresses.close()

    # --- what is heard ------------------------------------------------------------------------

    async def said(self, message: discord.Message) -> None:
        """Take in a message."""
        async with self._turn(message.channel.id):
            utterance = await self._heard(message)
            if utterance is not None:
                self._people.learn(message.author, message.id)
                self._is_news(utterance)
                await self._safely(self._desk.dispatcher.hear(self, utterance))

    async def edited(self, message: discord.Message) -> None:
        """Take in changed words. Pins and threads change a message as well, but not its words."""
        if message.edited_at is None:
            return
        async with self._turn(message.channel.id):
            utterance = await self._heard(message)
            if utterance is not None and self._is_news(utterance):
                await self._safely(self._desk.dispatcher.edited(self, utterance))

    async def deleted(self, guild: int | None, channel: int, messages: Iterable[int]) -> None:
        """Take back what was said about messages that are gone."""
        place = events.place_of(self.client.get_channel(channel), guild, channel)
        async with self._turn(channel):
            for message in messages:
                await self._safely(
                    self._desk.dispatcher.deleted(self, place, events.message_id(message))
                )

    def _turn(self, channel: int) -> asyncio.Lock:
        """What happens in a channel is taken in one after the other, as it happened."""
        return self._in_order.setdefault(channel, asyncio.Lock())

    async def _heard(self, message: discord.Message) -> Utterance | None:
        if self._stopping.is_set() or not events.is_said_by_a_person(message):
            return None
        if self.client.user is None:
            return None
        if message.guild and isinstance(message.channel, discord.PartialMessageable):
            # A thread that is not known yet, such as an old one that was just opened again.
            found = await self._safely(message.guild.fetch_channel(message.channel.id))
            if not isinstance(found, discord.Thread | discord.TextChannel | discord.VoiceChannel):
                return None
            message.channel = found
        rules = await self._desk.dispatcher.rules(events.place_of_message(message))
        return events.utterance_of(message, rules, self.client.user.id)

    def _is_news(self, utterance: Utterance) -> bool:
        """Whether these words have not been heard of this message before."""
        words = hash((utterance.text, tuple(file.url for file in utterance.files)))
        known = self._words.get(utterance.id)
        self._words[utterance.id] = words
        return words != known

    async def _safely(self, doing: Awaitable[object]) -> object:
        """Nobody can be told what goes wrong with a message: the log is."""
        try:
            return await doing
        except DISCORD_FAILURES as error:
            _log.warning("message_not_heard", reason=str(as_ours(error)))
        except PlatformError as error:
            _log.warning("message_not_heard", reason=str(error))
        except Exception as error:  # a database that is away, and whatever else breaks
            log_failure("message_not_heard", error)
        return None

    # --- what the core asks -------------------------------------------------------------------

    async def principals(self, place: Place, user: str) -> Principals:
        """As whom this person may read in private."""
        return await self._people.principals(place, user)

    async def audience(self, place: Place) -> Principals:
        """As whom everybody may read who can see what is said here."""
        return await self._people.audience(place)

    async def is_admin(self, place: Place, user: str) -> bool:
        """Who may manage the server, and whom the settings name."""
        return await self._people.is_admin(place, user)

    async def earlier(self, utterance: Utterance) -> Sequence[str]:
        """What was said in the thread before, or in the message that it replies to."""
        return await self._earlier.before(utterance)

    def with_credentials(self, file: Attachment) -> Attachment:
        """The address of a file is permission enough."""
        return file

    async def open_reply(self, utterance: Utterance, shown: Sequence[str]) -> GrowingReply:
        """Show that it was heard, in the thread of the answer where it gets one."""
        self._front.take_waiting(utterance.place, utterance.author)
        return await self._answers.open(utterance, shown)

    async def whisper(self, place: Place, user: str, text: str) -> None:
        """Write to a person: only commands can be answered for one person's eyes in a channel."""
        if (waiting := self._front.take_waiting(place, user)) is not None:
            await self._front.refuse(waiting, text)
            return
        with translated():
            surface = MessageSurface(self.client, None, await self._answers.direct(user))
            for part in parts(Card(text), plain=True):
                await surface.post(part)

    async def direct_with(self, user: str) -> Place:
        """The direct conversation, opened if there was none."""
        with translated():
            return Place(PLATFORM, "", str(await self._answers.direct(user)), direct=True)

    async def post(self, place: Place, card: Card) -> Sent:
        """Post a message."""
        guild = int(place.workspace) if place.workspace else None
        channel = int(place.thread or place.channel)
        surface = MessageSurface(self.client, guild, channel)
        with translated():
            names = [await surface.post(part) for part in parts(card, plain=True)]
        link = f"{_url(guild, channel)}/{names[0].partition('/')[2]}"
        return Sent(link, place, tuple(names))

    async def replace(self, place: Place, shown: Sequence[str], card: Card) -> bool:
        """Change messages of the bot's; what answered a command cannot be changed this late."""
        names = [each for each in shown if "/" in each]
        if not names:
            return False
        guild = int(place.workspace) if place.workspace else None
        surface = MessageSurface(self.client, guild, int(names[0].partition("/")[0]))
        with translated():
            return await replace_messages(surface, names, parts(card))

    async def link(self, place: Place) -> str:
        """Where the place opens; a direct conversation opens for nobody else."""
        if place.direct:
            return ""
        return _url(int(place.workspace), int(place.thread or place.channel))

    async def erase(self, place: Place, shown: Sequence[str]) -> None:
        """Take messages back. Answers to commands are not questions that can be taken back."""
        surface = MessageSurface(self.client, None, int(place.thread or place.channel))
        with translated():
            for name in shown:
                if "/" in name:
                    with suppress(discord.NotFound):
                        await surface.delete(name)

    def mention(self, user: str) -> str:
        """A mention that rings nobody."""
        return named(user)


def _url(guild: int | None, channel: int) -> str:
    return f"https://discord.com/channels/{guild or '@me'}/{channel}"
