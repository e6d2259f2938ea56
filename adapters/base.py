"""The port of a platform, and serving several of them until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol

import structlog

from bot.conversation.dispatcher import Dispatcher
from bot.conversation.errands import Errands
from bot.errors import HousevoiceError
from bot.failures import log_failure
from bot.ports import Platform

FIRST_PAUSE, LONGEST_PAUSE = 10.0, 300.0
"""Seconds before a platform that cannot be served is tried again; each pause is twice the last."""
FOR_CLOSING = 0.25
"""Share of the time to end in which what is not finished is handed back and closed."""

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
    openings: Sequence[Callable[[], Adapter]],
    dispatcher: Dispatcher,
    stop: asyncio.Event,
    grace: float,
    *,
    errands: Errands | None = None,
    present: dict[str, Platform] | None = None,
    tell: Callable[[str], None] = lambda line: None,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Serve every platform that can be until ``stop``; what fails is told and tried again.

    ``openings`` make an adapter for each try. What is being answered at ``stop`` is finished within
    ``grace`` seconds, of which a part is kept for closing; the rest is handed back and will be
    answered by another process or after the next start. ``present``: has those that are connected.
    """
    present = {} if present is None else present
    adapters: dict[int, Adapter] = {}
    tasks: list[asyncio.Task[None]] = []

    async def serve_one(place: int, opening: Callable[[], Adapter]) -> None:
        wait = FIRST_PAUSE
        while True:
            adapter = adapters[place] = opening()
            attending: list[asyncio.Task[None]] = []
            try:
                await adapter.connect()
                _log.info("platform_connected", platform=adapter.name)
                tell(f"Serving {adapter.name}.")
                present[adapter.name] = adapter
                wait = FIRST_PAUSE
                attending.append(asyncio.create_task(dispatcher.attend(adapter)))
                if errands is not None:
                    attending.append(asyncio.create_task(errands.attend(adapter)))
                await adapter.listen()
                fault = "it stopped listening."
            except HousevoiceError as error:
                fault = str(error)
            except Exception as error:
                fault = f"it failed (error {log_failure('platform_failed', error)})."
            finally:
                present.pop(adapter.name, None)
                for task in attending:
                    task.cancel()
            if stop.is_set():
                return
            tell(f"Not serving {adapter.name}: {fault.rstrip('.')}. Trying again in {wait:g} s.")
            with suppress(Exception):  # of a connection that is broken anyway
                await adapter.close()
            await pause(wait)
            wait = min(2 * wait, LONGEST_PAUSE)

    try:
        tasks += [asyncio.create_task(serve_one(*each)) for each in enumerate(openings)]
        await stop.wait()
        ends = asyncio.get_running_loop().time() + grace * (1 - FOR_CLOSING)
        await asyncio.gather(
            *(each.stop_listening() for each in adapters.values()), return_exceptions=True
        )
        await dispatcher.close(max(0.0, ends - asyncio.get_running_loop().time()))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(each.close() for each in adapters.values()), return_exceptions=True)
