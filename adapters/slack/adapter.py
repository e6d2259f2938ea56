"""Slack as a platform: a colleague in one workspace, over Socket Mode or HTTP.

One workspace; installations for a whole Enterprise organisation are not supported.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.agent import AgentView
from adapters.slack.config import SlackConfig
from adapters.slack.connection.http_mode import HttpListener
from adapters.slack.connection.listeners import register
from adapters.slack.connection.socket_mode import SocketListener
from adapters.slack.connection.watchdog import Patience
from adapters.slack.connection.web import SlackError, Sleep, Web, library_logger
from adapters.slack.earlier import Threads
from adapters.slack.events import PLATFORM, Me
from adapters.slack.hearing import Hearing
from adapters.slack.interactions import Interactions
from adapters.slack.later import Later
from adapters.slack.people import People
from adapters.slack.showing.blocks import postings
from adapters.slack.showing.finding import OTHER, erase, find_answer, replace_messages
from adapters.slack.showing.home import Home
from adapters.slack.showing.private import PrivateReply, whisper
from adapters.slack.showing.replies import OpenReply
from bot.cards import Card, Picture
from bot.desk.desk import Desk
from bot.errors import ConfigurationError
from bot.failures import log_failure
from bot.ports import Feature, ReplyView
from bot.types import Place, Sent, Utterance
from knowledge.types import Attachment, Principals

_DONE_WITHIN = 5.0  # seconds for what was acknowledged but is not done yet
_FILE_HOSTS: Final = ("slack.com", "slack-files.com")
_NO_WAY = (
    "Slack needs SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP) besides "
    "SLACK_BOT_TOKEN. See docs/slack.md."
)
_REFUSED = (
    "SLACK_BOT_TOKEN is not taken by Slack ({code}). Copy the bot token, xoxb-…, from the app's "
    "page OAuth & Permissions; see docs/slack.md."
)

_log = structlog.get_logger("housevoice")


class SlackAdapter:
    """One workspace."""

    def __init__(
        self,
        config: SlackConfig,
        desk: Desk,
        *,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        rest: Sleep = asyncio.sleep,
        pause: Sleep = asyncio.sleep,
    ):
        """Connects to nothing yet.

        ``sleep``: what is done while Slack asks to wait; ``rest``: between two looks at a status;
        ``pause``: between two looks at its socket.
        """
        self._config = config
        self._desk = desk
        self._clock = clock
        self._rest = rest
        self._patience = patience or Patience()
        self._pause = pause
        self._web = Web(config, sleep=sleep)
        self._people = People(self._web, config.admins, clock=clock)
        self._threads = Threads(self._web, self._people)
        self._agent = AgentView(self._web, desk.prompts)
        self._later = Later()
        self._hearing = Hearing(self, desk.dispatcher, self._web, self._people)
        self._interactions = Interactions(
            self, desk, self._web, self._people, self._hearing, self._later
        )
        self._listener: SocketListener | HttpListener | None = None

    @property
    def name(self) -> str:
        """What places and principals of Slack begin with."""
        return PLATFORM

    @property
    def picks_options(self) -> bool:
        """No: a command is followed by a line."""
        return False

    @property
    def features(self) -> frozenset[Feature]:
        """Answers in channels are always in threads; forums there are none."""
        return frozenset({"channels"})

    @property
    def port(self) -> int:
        """Where HTTP mode listens."""
        if not isinstance(self._listener, HttpListener):
            raise ConfigurationError("Only HTTP mode listens at a port.")
        return self._listener.port

    # --- an adapter -------------------------------------------------------------------------

    async def connect(self) -> None:
        """Sign in and begin to listen. Raises :class:`ConfigurationError` saying what to do."""
        if not (self._config.app_token or self._config.signing_secret):
            raise ConfigurationError(_NO_WAY)
        try:
            found = await self._web.call("auth.test")
        except SlackError as error:
            if error.passing:
                raise ConfigurationError(f"Slack cannot be reached: {error}") from error
            raise ConfigurationError(_REFUSED.format(code=error.code)) from error
        if found.get("is_enterprise_install"):
            raise ConfigurationError(
                "The app is installed for a whole Enterprise organisation, which is not "
                "supported. Install it in one workspace."
            )
        self._people.signed_in(
            Me(
                team=str(found["team_id"]),
                user=str(found["user_id"]),
                bot=str(found.get("bot_id") or ""),
                url=str(found.get("url") or ""),
                name=str(found.get("user") or ""),
            )
        )
        app = self._app()
        if self._config.app_token:
            self._listener = SocketListener(
                self._config,
                self._web,
                app,
                patience=self._patience,
                clock=self._clock,
                sleep=self._pause,
            )
        else:
            self._listener = HttpListener(self._config, app)
        await self._listener.start()

    async def listen(self) -> None:
        """Go on until :meth:`stop_listening`; raises when listening cannot go on."""
        if self._listener is None:
            raise ConfigurationError("Slack is not connected yet.")
        await self._listener.run()

    async def stop_listening(self) -> None:
        """Hear nothing new; answers can still be shown."""
        if self._listener is not None:
            await self._listener.stop()
        await self._later.settled(_DONE_WITHIN)

    async def close(self) -> None:
        """Release all connections."""
        await self.stop_listening()
        await self._later.cancel()
        await self._web.close()

    # --- a platform -------------------------------------------------------------------------

    async def principals(self, place: Place, user: str) -> Principals:
        """As whom this person may read in private."""
        return await self._people.principals(user)

    async def audience(self, place: Place) -> Principals:
        """As whom everybody may read who can see what is said here."""
        return await self._people.audience(place)

    async def is_admin(self, place: Place, user: str) -> bool:
        """An admin or owner of the workspace, or one by the settings."""
        return await self._people.is_admin(user)

    async def earlier(self, utterance: Utterance) -> Sequence[str]:
        """What people said in the thread before the bot was called."""
        return await self._threads.before(utterance)

    def with_credentials(self, file: Attachment) -> Attachment:
        """The bot token goes to Slack's own hosts only."""
        address, api = urlsplit(file.url), urlsplit(self._config.api_url)
        host = address.hostname or ""
        is_slacks = address.scheme == "https" and any(
            host == known or host.endswith(f".{known}") for known in _FILE_HOSTS
        )
        if not is_slacks and (address.scheme, address.netloc) != (api.scheme, api.netloc):
            return file
        return replace(file, headers={"Authorization": f"Bearer {self._config.bot_token}"})

    async def open_reply(self, utterance: Utterance, shown: Sequence[str]) -> ReplyView:
        """A status, a reaction or a first private line says at once that it was heard."""
        if utterance.private:
            return PrivateReply(self._web, utterance)
        if not shown and not self._hearing.is_fresh(utterance.id):
            # Somebody else began to answer it, or this process before it was started again.
            try:
                shown = await self._find(utterance)
            except SlackError as error:
                if error.passing:
                    raise
        prefix = ""
        if utterance.address == "command":
            await self._people.meet(utterance.author)
            question = " ".join(utterance.text.split())
            prefix = f"**{self.mention(utterance.author)}** asked: {question}\n\n"
        if self._agent.begins_thread(utterance):
            self._later.do(self._agent.entitle(utterance))
        return OpenReply(
            self._web,
            self._find,
            utterance,
            shown,
            clock=self._clock,
            rest=self._rest,
            prefix=prefix,
        )

    async def whisper(self, place: Place, user: str, text: str) -> None:
        """Say something that only this person sees."""
        for part in postings(Card(text)):
            await whisper(self._web, place.channel, place.thread, user, part)

    async def direct_with(self, user: str) -> Place:
        """Slack opens the conversation with the first message to a person's id."""
        return Place(PLATFORM, self._people.me.team, user, direct=True)

    async def post(self, place: Place, card: Card) -> Sent:
        """Post a message; Slack names the conversation with a person that it went to."""
        shown, channel = list[str](), ""
        for part in postings(card):
            posted = await self._web.call(
                "chat.postMessage",
                channel=place.channel,
                thread_ts=place.thread,
                **part.content,
                metadata=OTHER,
                unfurl_links=False,
                unfurl_media=False,
            )
            shown.append(str(posted["ts"]))
            channel = str(posted["channel"])
        if card.picture is not None:
            await self._show_picture(channel, place.thread, card.picture)
        link = await self._permalink(channel, shown[0])
        return Sent(link, replace(place, channel=channel), tuple(shown))

    async def replace(self, place: Place, shown: Sequence[str], card: Card) -> bool:
        """Change messages of the bot's."""
        return await replace_messages(self._web, place.channel, place.thread, shown, postings(card))

    async def link(self, place: Place) -> str:
        """Where people can open the place."""
        if place.thread is not None:
            return await self._permalink(place.channel, place.thread)
        url = self._people.me.url
        return f"{url}archives/{place.channel}" if url else ""

    async def erase(self, place: Place, shown: Sequence[str]) -> None:
        """Delete messages of the bot's."""
        await erase(self._web, place.channel, shown)

    def mention(self, user: str) -> str:
        """By name, since an id in marks would call them; the id where the name is not known."""
        return f"@{self._people.names().get(user, user)}"

    # --- the rest ---------------------------------------------------------------------------

    def _app(self) -> AsyncApp:
        """Bolt, which acknowledges after its listeners: by then what was heard is safe."""
        me, token = self._people.me, self._config.bot_token

        async def authorize() -> AuthorizeResult:
            return AuthorizeResult(
                enterprise_id=None,
                team_id=me.team,
                bot_user_id=me.user,
                bot_id=me.bot,
                bot_token=token,
            )

        app = AsyncApp(
            name="housevoice",
            logger=library_logger(),
            client=AsyncWebClient(base_url=self._config.api_url, logger=library_logger()),
            authorize=authorize,
            process_before_response=True,
            request_verification_enabled=False,  # by HttpListener, before anything is read
        )

        async def failed(error: Exception) -> None:
            log_failure("slack_not_taken", error)

        app.error(failed)
        homes = Home(
            self,
            self._web,
            self._people,
            self._desk.commands.where(self.features).all,
            self._desk.prompts,
        )
        register(
            app, self._hearing, self._interactions, self._people, self._agent, homes, self._later
        )
        return app

    async def _show_picture(self, channel: str, thread: str | None, picture: Picture) -> None:
        """The text says all of it, so without the right to share files it is left out."""
        try:
            await self._web.upload(channel, thread, picture.name, picture.alt, picture.content)
        except SlackError as error:
            _log.info("slack_picture_left_out", reason=str(error))

    async def _permalink(self, channel: str, ts: str) -> str:
        try:
            found = await self._web.call("chat.getPermalink", channel=channel, message_ts=ts)
        except SlackError as error:
            if error.passing:
                raise
            return ""
        return str(found["permalink"])

    async def _find(self, utterance: Utterance) -> list[str]:
        others = await self._desk.dispatcher.shown_for_others(utterance)
        return await find_answer(self._web, self._people.me.user, utterance, others)
