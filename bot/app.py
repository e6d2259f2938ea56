"""The composition root: settings in, a running bot out. Tests build through it too."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from pydantic import SecretStr

from bot.answering import Answering
from bot.assistant import Assistant
from bot.chain import build_chain
from bot.channels import Channels
from bot.data_folder import open_data_folder
from bot.database import open_database
from bot.desk import Desk
from bot.dispatcher import Dispatcher
from bot.drafting import Drafting
from bot.errors import ConfigurationError, HousevoiceError
from bot.follow_ups import FollowUps
from bot.glossary import load_glossary
from bot.history import History
from bot.inbox import Inbox
from bot.judge import Thresholds
from bot.limits import Limits
from bot.own_commands import own_commands
from bot.own_forms import own_forms
from bot.ports import KnownSource, KnownSources, Writer, WriterFor
from bot.rewriting import Rewriter
from bot.roles import Roles
from bot.searching import Searching
from bot.settings import Settings, load_settings
from bot.tone.voice import Voice, names
from jobs.housekeeping import Chores, tidy_up
from knowledge.attachments import AttachmentReader
from knowledge.documents.pool import ReaderPool
from knowledge.embedding import Embedder
from knowledge.errors import remedy
from knowledge.http import GuardedClient
from knowledge.library.catalog import Catalog
from knowledge.library.library import Library
from knowledge.retrieval.cross_encoder import open_reader
from knowledge.retrieval.reader import Reader
from knowledge.retrieval.retriever import Retriever
from knowledge.retrieval.support import ReaderSupport
from knowledge.sources.port import Means
from knowledge.store import PassageStore
from knowledge.stores.embedded import EmbeddedStore
from knowledge.types import PUBLIC

if TYPE_CHECKING:
    from adapters.base import Adapter
    from adapters.discord.config import DiscordConfig
    from adapters.slack.config import SlackConfig
    from jobs.schedule import Job

ENDPOINT = "endpoint"


@dataclass(frozen=True, slots=True)
class PlatformChoice:
    """A platform that is configured."""

    name: str
    refusal: Callable[[], Awaitable[HousevoiceError | None]]
    """Why it cannot be served, by asking it; None if it can."""
    open: Callable[[], Adapter]


@dataclass(frozen=True, slots=True)
class App:
    """Everything that a command or an adapter works with."""

    settings: Settings
    library: Library
    history: History
    store: PassageStore
    embedder: Embedder
    reader: Reader
    retriever: Searching
    assistant: Assistant
    voice: Callable[[str | None], Voice]
    writer: WriterFor
    desk: Desk
    chores: Chores

    def platforms(self) -> list[PlatformChoice]:
        """The platforms that are configured; :class:`ConfigurationError` if there is none."""
        platforms: list[PlatformChoice] = []
        if (slack := slack_config(self.settings)) is not None:
            from adapters.slack import checkup as slack_checkup
            from adapters.slack.adapter import SlackAdapter

            platforms.append(
                PlatformChoice(
                    "slack",
                    partial(slack_checkup.refusal, slack),
                    partial(SlackAdapter, slack, self.desk),
                )
            )
        if (discord := discord_config(self.settings)) is not None:
            from adapters.discord import checkup as discord_checkup
            from adapters.discord.adapter import DiscordAdapter

            platforms.append(
                PlatformChoice(
                    "discord",
                    partial(discord_checkup.refusal, discord),
                    partial(DiscordAdapter, discord, self.desk),
                )
            )
        if not platforms:
            raise ConfigurationError(
                "No platform is configured. For Slack set SLACK_BOT_TOKEN with SLACK_APP_TOKEN "
                "(docs/slack.md), for Discord set DISCORD_TOKEN (docs/discord.md)."
            )
        return platforms

    def jobs(self) -> list[Job]:
        """What is done unasked while the bot serves.

        Raises :class:`ConfigurationError` for times that are none.
        """
        from jobs.reingest import reingest
        from jobs.schedule import Job, Times

        jobs = [Job("housekeeping", partial(tidy_up, self.chores), timedelta(hours=1))]
        if self.settings.refresh_at:
            times = Times(self.settings.refresh_at, _timezone(self.settings.timezone))
            jobs.append(Job("reingest", lambda: reingest(self.library, times.last(_now())), times))
        return jobs

    async def warm_up(self) -> None:
        """Load all models now, so that the first question does not wait for them.

        One after the other: transformers' lazy imports do not bear two threads at once.
        """
        await self.embedder.warm_up()
        await self.reader.warm_up()
        await self.writer(self.voice(None))


@asynccontextmanager
async def open_app(settings: Settings, writer: WriterFor | None = None) -> AsyncIterator[App]:
    """Build the bot and take it down again.

    ``writer``: another way to get a writing model, for tests. Raises
    :class:`ConfigurationError` or :class:`knowledge.errors.KnowledgeError` with what to do.
    """
    configure_log(settings.log_level)
    if not is_hub_id(settings.writer_model):
        # Else a missing path would be asked for at the hub, for half a minute.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        open_data_folder(settings.data)
    except OSError as error:
        raise ConfigurationError(
            f"The data folder {settings.data} cannot be used ({remedy(error) or error.strerror}); "
            "set HOUSEVOICE_DATA to one that can."
        ) from error
    async with AsyncExitStack() as opened:
        embedder = Embedder(settings.embedder)
        engine = await open_database(database_url(settings))
        opened.push_async_callback(engine.dispose)
        store = await open_store(settings)
        opened.push_async_callback(store.close)
        max_bytes = settings.max_document_mb * 1024 * 1024
        client = GuardedClient(allow=settings.http_allow, max_bytes=max_bytes)
        opened.push_async_callback(client.aclose)
        catalog, history = Catalog(engine), History(engine)
        voice = voices(settings)
        clock = _now
        roles = Roles(settings.roles)
        reader = open_reader(settings.reader, settings.data / "weights")
        retriever = Searching(
            Retriever(store, embedder, reader),
            store.similar_words,
            load_glossary(settings.glossary) if settings.glossary else {},
        )
        writer = writer or writers(settings)
        chain = build_chain(
            retriever,
            writer,
            Thresholds(settings.sure, settings.unsure, settings.near),
            freedom=settings.writer_freedom,
            support=ReaderSupport(reader),
        )
        assistant = Assistant(
            chain,
            history,
            voice,
            max_question_chars=settings.max_question_chars,
            frame=settings.frame,
            clock=clock,
        )
        # A file that somebody waits for does not wait for a source.
        file_reader, attachment_reader = (
            ReaderPool(embedder.counter),
            ReaderPool(embedder.counter, size=2),
        )
        opened.callback(file_reader.close)
        opened.callback(attachment_reader.close)
        attachments = AttachmentReader(
            store,
            embedder,
            attachment_reader,
            client,
            engine,
            max_bytes=max_bytes,
            keep=timedelta(days=settings.attachment_days),
            clock=clock,
        )
        library = Library(
            engine, store, embedder, file_reader, Means(client, max_bytes), clock=clock
        )
        channels, inbox = Channels(engine), Inbox(engine)
        limits = Limits(engine, settings.person_hourly_limit, settings.workspace_daily_limit)
        drafting = Drafting(engine, Rewriter(writer), voice, channels, clock)
        answering = Answering(
            assistant, inbox, channels, limits, attachments, roles=roles, clock=clock
        )
        sources, voice_names = known_sources(library), partial(names, settings.voices)
        forms = own_forms(channels, drafting, sources, voice_names, clock)
        yield App(
            settings=settings,
            library=library,
            history=history,
            store=store,
            embedder=embedder,
            reader=reader,
            retriever=retriever,
            assistant=assistant,
            voice=voice,
            writer=writer,
            desk=Desk(
                Dispatcher(answering, inbox, channels, clock),
                own_commands(channels, history, drafting, forms, sources, voice_names, clock),
                forms,
                FollowUps(history, channels, store, catalog.read_at, roles, clock),
                drafting,
                settings.prompts,
            ),
            chores={
                "inbox": lambda: inbox.forget_old(clock()),
                "limits": lambda: limits.forget_old(clock()),
                "attachments": attachments.forget_expired,
                "drafts": drafting.forget_old,
                "citations": history.forget_lost_citations,
            },
        )


def _now() -> datetime:
    return datetime.now(UTC)


def _timezone(name: str | None) -> ZoneInfo | None:
    try:
        return None if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigurationError(
            f"HOUSEVOICE_TIMEZONE: there is no time zone '{name}'; write one as Europe/Berlin."
        ) from error


def known_sources(library: Library) -> KnownSources:
    """The sources as people are shown them."""

    async def known() -> list[KnownSource]:
        return [
            KnownSource(
                state.spec.id,
                state.spec.shown,
                state.documents,
                PUBLIC in state.spec.access,
                (state.last_run and state.last_run.report.error) or "",
            )
            for state in await library.states()
        ]

    return known


def slack_config(settings: Settings) -> SlackConfig | None:
    """What the Slack adapter needs; None if Slack is not configured."""
    from adapters.slack.config import SlackConfig

    if settings.slack_bot_token is None:
        return None
    if settings.slack_app_token is None and settings.slack_signing_secret is None:
        raise ConfigurationError(
            "For Slack set SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP) as well; "
            "docs/slack.md tells where they are."
        )
    return SlackConfig(
        bot_token=settings.slack_bot_token.get_secret_value(),
        app_token=_secret(settings.slack_app_token),
        signing_secret=_secret(settings.slack_signing_secret),
        port=settings.slack_port,
        api_url=settings.slack_api_url,
        admins=frozenset(settings.admins),
    )


def discord_config(settings: Settings) -> DiscordConfig | None:
    """What the Discord adapter needs; None if Discord is not configured."""
    from adapters.discord.config import DiscordConfig

    if settings.discord_token is None:
        return None
    return DiscordConfig(
        token=settings.discord_token.get_secret_value(),
        api_url=settings.discord_api_url,
        gateway_url=settings.discord_gateway_url,
        message_content=settings.discord_message_content,
        shards=settings.discord_shards,
        admins=frozenset(settings.admins),
    )


def _secret(value: SecretStr | None) -> str | None:
    return None if value is None else value.get_secret_value()


async def sync_discord(guild: int | None) -> int:
    """Tell Discord which commands there are; returns how many."""
    from adapters.discord.checkup import sync

    settings = load_settings()
    config = discord_config(settings)
    if config is None:
        raise ConfigurationError("Set DISCORD_TOKEN first; docs/discord.md tells where it is.")
    async with open_app(settings) as app:
        return await sync(config, app.desk.commands, guild)


def is_hub_id(model: str) -> bool:
    """Whether the setting names a model on a hub: ``owner/name``, and no such folder is here."""
    return model.count("/") == 1 and not Path(model).exists()


def database_url(settings: Settings) -> str:
    """Where the state is kept."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return f"sqlite:///{settings.data.absolute() / 'state.db'}"


async def open_store(settings: Settings) -> PassageStore:
    """The passage store that the settings name."""
    if settings.weaviate_url is None:
        return await EmbeddedStore.open(settings.data / "passages.db")
    from knowledge.stores.weaviate import WeaviateStore

    key = settings.weaviate_api_key
    return await WeaviateStore.open(
        settings.weaviate_url,
        api_key=key.get_secret_value() if key else None,
        grpc_port=settings.weaviate_grpc_port,
    )


def voices(settings: Settings) -> Callable[[str | None], Voice]:
    """Voices by name, each read once; None is the configured one."""

    @cache
    def load(name: str) -> Voice:
        return Voice.load(settings.voices, name)

    return lambda name: load(name or settings.voice)


def writers(settings: Settings) -> WriterFor:
    """Writing models by what a voice is, each loaded at its first use, off the event loop.

    Two versions of a voice have one each, and so have two names for the same: an endpoint is asked
    by the name.
    """
    loading = asyncio.Lock()
    loaded: dict[tuple[str, str], Writer] = {}

    async def writer_for(voice: Voice) -> Writer:
        key = (voice.name, voice.digest)
        async with loading:
            if key not in loaded:
                loaded[key] = await asyncio.to_thread(_load_writer, settings, voice)
            return loaded[key]

    return writer_for


def _load_writer(settings: Settings, voice: Voice) -> Writer:
    if settings.writer_model == ENDPOINT:
        from bot.tone.endpoint import EndpointModel

        if settings.writer_url is None:
            raise ConfigurationError(
                "HOUSEVOICE_WRITER_MODEL is 'endpoint': set HOUSEVOICE_WRITER_URL to its base URL."
            )
        key = settings.writer_api_key
        return EndpointModel(
            settings.writer_url, voice.name, key.get_secret_value() if key else None
        )
    from bot.tone.model import LocalModel
    from bot.tone.model_weights import PACKAGED, base_weights

    weights = base_weights(settings.writer_model, settings.data / "weights")
    # A LoRA fits the base it was trained on; the packaged voices were trained on the packaged one.
    lora = voice.lora if settings.writer_model == PACKAGED or _fits(voice, weights) else None
    return LocalModel.load(weights, lora, int8=settings.writer_int8)


def _fits(voice: Voice, weights: str) -> bool:
    return voice.lora is not None and voice.lora.base == os.path.basename(weights.rstrip("/"))


def configure_log(level: str) -> None:
    """One JSON line per event on standard error; tracebacks without the values of variables."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # Libraries log what they are given; only their warnings are wanted.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)


def train_voice(name: str, epochs: int, seed: int, report: Callable[[str], None]) -> dict[str, Any]:
    """Train the LoRA of a voice; returns its model card's data (see :mod:`jobs.finetune`)."""
    from bot.tone.model_weights import base_weights
    from jobs.finetune import TrainingSettings, train

    settings = load_settings()
    if settings.writer_model == ENDPOINT:
        raise ConfigurationError(
            "A LoRA is trained on a local model: set HOUSEVOICE_WRITER_MODEL to 'packaged' or "
            "to a folder."
        )
    if not is_hub_id(settings.writer_model):
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    voice = Voice.load(settings.voices, name)
    weights = base_weights(settings.writer_model, settings.data / "weights")
    return train(voice, weights, TrainingSettings(epochs=epochs, seed=seed), report)
