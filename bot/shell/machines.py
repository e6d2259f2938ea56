"""Workers on other machines, as the settings name them: what is opened here and there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from bot.errors import ConfigurationError
from bot.shell.indexing import wanted_place
from bot.shell.library import opened_library
from bot.shell.settings import Settings, load_settings
from bot.shell.watching.log import configure_log
from jobs.machines import machines
from jobs.reingest import Alone, Hire, Workers
from knowledge.embedding.local import open_embedder
from knowledge.embedding.port import Embedder
from knowledge.errors import KnowledgeError
from knowledge.library.library import Library

_SCHEME = "ray://"

_log = structlog.get_logger()


def hiring(settings: Settings, library: Library) -> Hire | None:
    """How workers are hired; None where this process reads by itself.

    It does so, too, while there is no cluster at the address. Raises :class:`ConfigurationError`.
    """
    address = settings.ray_address
    if address is None:
        return None
    if not address.startswith(_SCHEME):
        raise ConfigurationError(
            f"RAY_ADDRESS is {address}; it has to be that of Ray's client server, such as "
            "ray://head.example.com:10001."
        )
    is_shared = settings.database_url is not None and wanted_place(settings) != "embedded"

    @asynccontextmanager
    async def hire() -> AsyncIterator[Workers]:
        there = machines(address, library, library_there, embedder_there, is_shared=is_shared)
        async with AsyncExitStack() as opened:
            try:
                workers: Workers = await opened.enter_async_context(there)
            except KnowledgeError as error:
                _log.error("machines_away", reason=str(error))
                workers = Alone(library)
            yield workers

    return hire


def embedder_there() -> Embedder:
    """The embedder by the settings of the machine where this is called."""
    settings = load_settings()
    return open_embedder(settings.embedder, settings.data / "weights")


@asynccontextmanager
async def library_there(embedder: Embedder) -> AsyncIterator[Library]:
    """The library by the settings of the machine where this is called."""
    settings = load_settings()
    configure_log(settings.log_level)
    async with opened_library(settings, embedder) as parts:
        yield parts.library
