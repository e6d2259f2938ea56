"""What is wrong with this installation, and what to do about it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Literal

from bot.errors import ConfigurationError, HousevoiceError
from bot.findings import Finding
from bot.shell.data_folder import open_data_folder
from bot.shell.indexing import database_url, open_current
from bot.shell.models import ENDPOINT
from bot.shell.platforms import discord_config, slack_config
from bot.shell.settings import Settings, load_settings
from bot.voice.model_weights import PACKAGED, is_converted
from bot.voice.voice import Voice
from knowledge.embedding.local import open_embedder
from knowledge.errors import KnowledgeError, remedy
from knowledge.retrieval.cross_encoder import open_reader
from knowledge.state.database import open_database
from knowledge.web.url_secrets import without_secrets

_GIGABYTE = 1024**3
_ENOUGH_DISK = 1 * _GIGABYTE  # converted weights take 0.3 GB, 100,000 passages about 0.4 GB
_SUPPORTED = ((3, 11), (3, 13))


async def examine(platform: Literal["slack", "discord"] | None = None) -> list[Finding]:
    """Look at everything, whatever is wrong with the rest; or at one platform, by asking it.

    Without a platform nothing is sent anywhere else.
    """
    if platform is not None:
        return await _examine_platform(platform)
    findings = [_python()]
    try:
        settings = load_settings()
    except ConfigurationError as error:
        return [*findings, Finding("settings", False, str(error))]
    findings.append(Finding("settings", True, "valid"))
    checks: tuple[tuple[str, Callable[[Settings], Awaitable[str]]], ...] = (
        ("data folder", _data),
        ("database", _database),
        ("passage store", _store),
        ("embedder", _embedder),
        ("reader", _reader),
        ("voice", _voice),
        ("writing model", _writer),
    )
    for what, check in checks:
        try:
            findings.append(Finding(what, True, await check(settings)))
        except (HousevoiceError, KnowledgeError) as error:
            findings.append(Finding(what, False, str(error)))
        except OSError as error:
            told = remedy(error) or error.strerror
            findings.append(Finding(what, False, f"{error.filename or what}: {told}"))
    return findings


async def _examine_platform(platform: Literal["slack", "discord"]) -> list[Finding]:
    try:
        settings = load_settings()
        if platform == "slack":
            from adapters.slack.checkup import examine as examine_slack

            slack = slack_config(settings)
            if slack is None:
                raise ConfigurationError("Set SLACK_BOT_TOKEN; docs/slack.md tells where it is.")
            return await examine_slack(slack)
        from adapters.discord.checkup import examine as examine_discord

        discord = discord_config(settings)
        if discord is None:
            raise ConfigurationError("Set DISCORD_TOKEN; docs/discord.md tells where it is.")
        return await examine_discord(discord)
    except ConfigurationError as error:
        return [Finding("settings", False, str(error))]


def _python() -> Finding:
    now = sys.version_info[:2]
    good = _SUPPORTED[0] <= now <= _SUPPORTED[1]
    advice = "supported" if good else "not supported: use 3.11, 3.12 or 3.13"
    return Finding("Python", good, f"{now[0]}.{now[1]}, {advice}")


async def _data(settings: Settings) -> str:
    open_data_folder(settings.data)
    probe = settings.data / ".doctor"
    probe.write_text("")
    probe.unlink()
    free = shutil.disk_usage(settings.data).free
    if free < _ENOUGH_DISK:
        raise HousevoiceError(
            f"{settings.data.absolute()} has {free / _GIGABYTE:.1f} GB free; "
            "make room, or set HOUSEVOICE_DATA to another disk."
        )
    return f"{settings.data.absolute()}, writable, {free / _GIGABYTE:.0f} GB free"


async def _database(settings: Settings) -> str:
    engine = await open_database(database_url(settings))
    await engine.dispose()
    return f"{engine.dialect.name}, schema up to date"


async def _store(settings: Settings) -> str:
    place, store = await open_current(settings)
    try:
        passages = await store.count()
    finally:
        await store.close()
    if not passages:
        raise HousevoiceError("No passages yet: add a source with 'source add PATH-OR-URL'.")
    return f"{'Weaviate' if place == 'weaviate' else place}, {passages} passages"


async def _embedder(settings: Settings) -> str:
    with closing(open_embedder(settings.embedder, settings.data / "weights")) as embedder:
        vector = await embedder.embed_question("Is anybody there?")
        return f"{embedder.name}, {vector.size} dimensions"


async def _reader(settings: Settings) -> str:
    with closing(open_reader(settings.reader, settings.data / "weights")) as reader:
        await reader.warm_up()
        return reader.name


async def _voice(settings: Settings) -> str:
    voice = Voice.load(settings.voices, settings.voice)
    lora = "with a LoRA" if voice.lora else "without a LoRA: 'voice train' makes one"
    return f"{voice.name}, {len(voice.examples)} examples, {lora}"


async def _writer(settings: Settings) -> str:
    if settings.writer_model == ENDPOINT:
        if settings.writer_url is None:
            raise HousevoiceError("Set HOUSEVOICE_WRITER_URL to the endpoint's base URL.")
        return f"endpoint {without_secrets(settings.writer_url)} (not called)"
    if settings.writer_model == PACKAGED and not is_converted(settings.data / "weights"):
        return "packaged, will be converted at the first start (20 s)"
    return settings.writer_model
