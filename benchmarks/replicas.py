"""Processes that really serve, on a PostgreSQL that is started for them, to load and to kill."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from benchmarks.latency import PROJECT

START_SECONDS = 420.0
"""On a busy machine the models take their time to load."""
_DEBIAN = Path("/usr/lib/postgresql")
_NOBODY = "nobody"
"""Who PostgreSQL runs as where we are root, which it refuses."""


# --- PostgreSQL -------------------------------------------------------------------------------


@contextmanager
def postgres() -> Iterator[str]:
    """A new PostgreSQL with one empty database; its URL. Gone afterwards.

    It listens on a socket in its own folder alone. Raises :class:`SystemExit` where none is
    installed.
    """
    programs = _programs()
    with tempfile.TemporaryDirectory(prefix="load-pg-") as place:
        if os.getuid() == 0:
            shutil.chown(place, _NOBODY)
        data = f"{place}/data"
        _run(programs / "initdb", "-D", data, "-U", "housevoice", "-A", "trust", "-E", "UTF8")
        listening = f"-k {place} -c listen_addresses='' -c max_connections=200"
        control = programs / "pg_ctl"
        _run(control, "-D", data, "-o", listening, "-l", f"{place}/log", "-w", "start")
        try:
            yield f"postgresql://housevoice@/postgres?host={place}"
        finally:
            _run(control, "-D", data, "-m", "immediate", "-w", "stop")


def _programs() -> Path:
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    for version in sorted(_DEBIAN.glob("*/bin/initdb"), reverse=True):
        return version.parent
    raise SystemExit("No PostgreSQL is installed (Debian: apt install postgresql); or --database.")


def _run(*command: str | Path) -> None:
    user = _NOBODY if os.getuid() == 0 else None
    # Its output goes nowhere: a server that is started keeps what it was given open.
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs
        command, user=user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    if done.returncode:
        raise SystemExit(f"'{Path(command[0]).name}' failed with {done.returncode}.")


# --- the bot ----------------------------------------------------------------------------------


def run_once(settings: Mapping[str, str], folder: Path, *arguments: str) -> None:
    """A command of the bot with these settings and no others. Raises :class:`SystemExit`."""
    done = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env=_environment(settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    if done.returncode:
        raise SystemExit(f"'bot {arguments[0]}' failed:\n{done.stderr.decode()[-2000:]}")


class Replica:
    """One ``housevoice serve``; see :func:`started`."""

    def __init__(self, process: Process, log: Path):
        """``log``: the file that what it tells is written to."""
        self._process = process
        self._log = log
        self._served: set[str] = set()
        self._heard = asyncio.Event()

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    async def serving(self, *platforms: str) -> None:
        """Wait until it says that it serves them all. Raises :class:`SystemExit`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                while not self._served.issuperset(platforms) and self.is_alive:
                    self._heard.clear()
                    await self._heard.wait()
        if not self._served.issuperset(platforms):
            raise SystemExit(f"It does not serve:\n{self._log.read_text('utf-8')[-2000:]}")

    async def kill(self) -> None:
        """Without a last word."""
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        """In good order."""
        if self.is_alive:
            self._process.terminate()
            await self._process.wait()

    def memory_mib(self) -> float:
        """Resident now."""
        status = Path(f"/proc/{self._process.pid}/status").read_text("utf-8")
        line = next(each for each in status.splitlines() if each.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024

    async def listen(self, told: asyncio.StreamReader) -> None:
        """Write down what it tells, until it ends."""
        with self._log.open("wb") as log:
            async for line in told:
                log.write(line)
                log.flush()
                words = line.decode("utf-8", "replace").strip()
                if words.startswith("Serving "):
                    self._served.add(words.removeprefix("Serving ").rstrip("."))
                self._heard.set()
        self._heard.set()


@asynccontextmanager
async def started(settings: Mapping[str, str], log: Path) -> AsyncIterator[Replica]:
    """A process that begins to serve with these settings and no others; stopped afterwards.

    It is started in the folder of ``log``.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "serve"),
        cwd=log.parent,
        env=_environment(settings),
        stdout=DEVNULL,
        stderr=PIPE,
    )
    replica = Replica(process, log)
    listening = asyncio.create_task(replica.listen(process.stderr or asyncio.StreamReader()))
    try:
        yield replica
    finally:
        await replica.stop()
        await listening


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of whoever measures must not change what is measured."""
    kept = {name: value for name, value in os.environ.items() if not _is_setting(name)}
    return kept | dict(settings) | {"PYTHONPATH": str(PROJECT)}


def _is_setting(name: str) -> bool:
    begin = ("HOUSEVOICE_", "SLACK_", "DISCORD_", "WEAVIATE_")
    return name == "DATABASE_URL" or name.startswith(begin)
