"""Serving several platforms: the one that works is served, the other is tried again."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import pytest

from adapters.base import FIRST_PAUSE, LONGEST_PAUSE, Adapter, serve
from bot.conversation.dispatcher import Dispatcher
from bot.errors import ConfigurationError, HousevoiceError, PlatformError
from bot.shell.cli.running import _check
from bot.shell.platforms import PlatformChoice

WRONG = ConfigurationError("Slack does not take the token. Copy it again.")
AWAY = PlatformError("Slack cannot be reached", passing=True)


class Scripted:
    """A platform whose tries end as told; after those it listens until told to stop."""

    def __init__(self, name: str, *faults: Exception) -> None:
        self.name = name
        self.opened = self.closed = 0
        self.listening = asyncio.Event()
        self.stopped = asyncio.Event()
        self._faults = list(faults)

    def open(self) -> Adapter:
        self.opened += 1
        return cast(Adapter, self)

    async def connect(self) -> None:
        if self._faults:
            raise self._faults.pop(0)

    async def listen(self) -> None:
        self.listening.set()
        await self.stopped.wait()

    async def stop_listening(self) -> None:
        self.stopped.set()

    async def close(self) -> None:
        self.closed += 1


class Answering:
    """Stands in for the dispatcher: attends for ever, notes how long it is given to end."""

    def __init__(self) -> None:
        self.attended: list[str] = []
        self.grace: float | None = None

    async def attend(self, platform: Scripted) -> None:
        self.attended.append(platform.name)
        await asyncio.Event().wait()

    async def close(self, grace: float) -> None:
        self.grace = grace


class Run:
    """Some platforms being served; pauses end at once, and are noted."""

    def __init__(self, *platforms: Scripted) -> None:
        self.platforms = platforms
        self.dispatcher = Answering()
        self.told: list[str] = []
        self.pauses: list[float] = []
        self.stop = asyncio.Event()

    async def until_all_listen(self, grace: float = 8) -> None:
        async def pause(seconds: float) -> None:
            self.pauses.append(seconds)
            await asyncio.sleep(0)

        serving = asyncio.create_task(
            serve(
                [each.open for each in self.platforms],
                cast(Dispatcher, self.dispatcher),
                self.stop,
                grace,
                tell=self.told.append,
                pause=pause,
            )
        )
        await asyncio.gather(*(each.listening.wait() for each in self.platforms))
        self.stop.set()
        await serving


@pytest.mark.parametrize("fault", [WRONG, AWAY, RuntimeError("a bug, with somebody's words")])
async def test_the_other_platform_is_served_and_this_one_tried_again(fault: Exception) -> None:
    slack, discord = Scripted("slack", fault, fault), Scripted("discord")
    run = Run(slack, discord)
    await run.until_all_listen()
    assert run.told.count("Serving discord.") == 1 and run.told.count("Serving slack.") == 1
    assert run.told.index("Serving discord.") < run.told.index("Serving slack.")
    assert slack.opened == 3 and discord.opened == 1
    not_serving = [line for line in run.told if line.startswith("Not serving slack: ")]
    assert len(not_serving) == 2 and "Trying again in 10 s." in not_serving[0]
    assert not any("somebody's words" in line for line in run.told)
    assert run.dispatcher.attended == ["discord", "slack"]
    assert slack.closed == 3 and discord.closed == 1


async def test_pauses_grow_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(Scripted("slack", *[AWAY] * 8))
    await run.until_all_listen()
    assert run.pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert run.pauses[-1] == LONGEST_PAUSE == max(run.pauses)


async def test_a_part_of_the_time_to_end_is_kept_for_closing() -> None:
    run = Run(Scripted("slack"))
    await run.until_all_listen(grace=8)
    assert run.dispatcher.grace is not None and 5 < run.dispatcher.grace <= 6


class TestTokens:
    @staticmethod
    def choice(name: str, refusal: HousevoiceError | None) -> PlatformChoice:
        async def refused() -> HousevoiceError | None:
            return refusal

        refusing: Callable[[], Awaitable[HousevoiceError | None]] = refused
        return PlatformChoice(name, refusing, Scripted(name).open)

    async def test_that_no_platform_takes_end_the_start(self) -> None:
        with pytest.raises(ConfigurationError, match="Copy it again"):
            await _check([self.choice("slack", WRONG), self.choice("discord", WRONG)])

    @pytest.mark.parametrize("other", [None, AWAY])
    async def test_of_one_platform_do_not_keep_the_other_from_being_served(
        self, other: HousevoiceError | None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        await _check([self.choice("slack", WRONG), self.choice("discord", other)])
        told = capsys.readouterr().err
        assert f"Not serving slack yet: {WRONG}" in told
        assert "Serving" not in told


STUCK = """
import time
from bot.shell import platforms
from bot.shell.app import App
from bot.shell.cli.running import serve
from tests.adapters.test_serving import Scripted

class Stuck(Scripted):
    async def listen(self):
        print("listening", flush=True)
        await super().listen()

    async def stop_listening(self):
        time.sleep(120)
        print("it was waited for", flush=True)

async def taken():
    return None

async def nothing(self):
    pass

choice = platforms.PlatformChoice("slack", taken, Stuck("slack").open)
platforms.platforms = lambda settings, desk, console: [choice]
App.warm_up = nothing
serve()
"""


def test_told_to_stop_it_ends_in_time_whatever_does_not_end(
    tmp_path: Path, environment: Callable[[Path], dict[str, str]]
) -> None:
    given = environment(tmp_path / "data") | {"HOUSEVOICE_SHUTDOWN_SECONDS": "0.5"}
    with subprocess.Popen(
        [sys.executable, "-c", STUCK], cwd=tmp_path, env=given, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == ""
    assert process.returncode == 0
