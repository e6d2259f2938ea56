"""The port of a platform, and serving several of them until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog

from bot.dispatcher import Dispatcher
from bot.ports import Platform

_log = structlog.get_logger("housevoice")


class Adapter(Platform, Protocol):
    """A platform that hears by itself and hands on what it heard."""

    async def connect(self) -> None:
        """Sign in and begin to listen.

        Raises :class:`bot.errors.ConfigurationError` saying what to do, such as for a wrong token.
        """
        ...

    async def listen(self) -> None:
        """Go on until :meth:`stop_listening`; raises when listening cannot go on."""
        ...

    async def stop_listening(self) -> None:
        """Hear nothing new; answers can still be shown."""
        ...

    async def close(self) -> None:
        """Release all connections."""
        ...


async def serve(
    adapters: Sequence[Adapter], dispatcher: Dispatcher, stop: asyncio.Event, grace: float
) -> None:
    """Serve until ``stop``, or until one of the adapters fails.

    What is being answered then has ``grace`` seconds to be finished; the rest is handed back and
    will be answered by another process or after the next start.
    """
    connected: list[Adapter] = []
    tasks: list[asyncio.Task[None]] = []
    stopping = asyncio.create_task(_wait(stop))
    try:
        for adapter in adapters:
            connected.append(adapter)
            await adapter.connect()
            _log.info("platform_connected", platform=adapter.name)
        for adapter in connected:
            tasks += [
                asyncio.create_task(adapter.listen(), name=f"listen {adapter.name}"),
                asyncio.create_task(dispatcher.attend(adapter), name=f"attend {adapter.name}"),
            ]
        ended, _ = await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for adapter in connected:
            await adapter.stop_listening()
        await dispatcher.close(grace)
        for task in ended:
            task.result()  # raises what made it end
    finally:
        for task in (stopping, *tasks):
            task.cancel()
        await asyncio.gather(stopping, *tasks, return_exceptions=True)
        for adapter in connected:
            await adapter.close()


async def _wait(event: asyncio.Event) -> None:
    await event.wait()
