"""A Ray cluster of two workers on this machine, and what its workers open for tests."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import socket

import numpy as np
from numpy.typing import NDArray

from knowledge.embedding.port import Embedder
from knowledge.library.library import Library
from knowledge.sources.port import Means
from knowledge.state.database import open_database
from knowledge.stores.embedded import EmbeddedStore
from knowledge.web.client import GuardedClient
from tests.kit.library import file_reader
from tests.kit.word_embedder import WordEmbedder

ROOT = Path(__file__).resolve().parents[2]
HELD = "zebra"
"""A text with this word is not embedded while :meth:`Desk.hold` holds."""
_HOME = "127.0.0.1"


class Desk:
    """A folder by which a test and the processes of a cluster tell each other things."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def hold(self) -> None:
        """Let nobody embed a text with a zebra in it."""
        (self.folder / "hold").touch()

    def go_on(self) -> None:
        """Let them."""
        (self.folder / "hold").unlink()

    @property
    def is_held(self) -> bool:
        """Whether they stand still, once they came so far."""
        return (self.folder / "hold").exists()

    def later(self, minutes: int) -> None:
        """Let so much time go by, for everybody."""
        (self.folder / "later").write_text(str(minutes))

    def now(self) -> datetime:
        """The time, as all have it."""
        later = self.folder / "later"
        minutes = int(later.read_text()) if later.exists() else 0
        return datetime.now(UTC) + timedelta(minutes=minutes)

    async def standing_still(self) -> int:
        """Wait until somebody stands still; returns the process."""
        while not (found := list(self.folder.glob("held-*"))):  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.05)
        return int(found[0].name.partition("-")[2])

    def embedded(self) -> Counter[str]:
        """How often each text was embedded, by whomever."""
        told = (path.read_text().splitlines() for path in self.folder.glob("embedded-*"))
        return Counter(text for lines in told for line in lines for text in json.loads(line))

    def embedders(self) -> int:
        """How many processes embedded."""
        return len(list(self.folder.glob("embedded-*")))


class Watched(WordEmbedder):
    """Tells what it embeds, and stands still where it is told to."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    async def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if any(HELD in text for text in texts):
            while self._desk.is_held:
                (self._desk.folder / f"held-{os.getpid()}").touch()
                await asyncio.sleep(0.05)
        with (self._desk.folder / f"embedded-{os.getpid()}").open("a") as told:
            told.write(json.dumps(list(texts)) + "\n")
        return await super().embed_passages(texts)


def watched(folder: Path) -> Embedder:
    """Called on the workers of the cluster, and here."""
    return Watched(Desk(folder))


@asynccontextmanager
async def library_over(data: Path, folder: Path, embedder: Embedder) -> AsyncIterator[Library]:
    """Called on the workers of the cluster, and here; ``folder``: of the :class:`Desk`."""
    engine = await open_database(f"sqlite:///{data / 'state.db'}")
    store = await EmbeddedStore.open(data / "passages.db")
    try:
        async with GuardedClient(allow=("127.0.0.0/8",)) as client:
            means = Means(client, 10**6)
            clock = Desk(folder).now
            yield Library(engine, store, embedder, file_reader(), means, clock=clock)
    finally:
        await store.close()
        await engine.dispose()


@dataclass(frozen=True)
class Cluster:
    """A running one."""

    address: str
    _started: Sequence[subprocess.Popen[bytes]]

    def kill(self) -> None:
        """All of it at once."""
        for process in self._started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Two workers on the loopback interface, for as long as the block lasts."""
    place = Path(tempfile.mkdtemp(prefix="hv-ray-"))  # short: its sockets lie in it
    gcs, client = _free_port(), _free_port()
    head = ["--head", f"--port={gcs}", f"--ray-client-server-port={client}"]
    head += ["--include-dashboard=false", f"--temp-dir={place}"]
    started: list[subprocess.Popen[bytes]] = []
    try:
        for given in (head, [f"--address={_HOME}:{gcs}"]):
            started.append(_started(given))
            _wait_for(lambda: _answers(gcs))
        _wait_for(lambda: _answers(client))
        address = f"ray://{_HOME}:{client}"
        _wait_for(lambda: _workers(address) == len(started))
        yield Cluster(address, started)
    finally:
        for process in reversed(started):
            process.terminate()  # which ends what it has started, too
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            Cluster("", [process]).kill()
            process.wait()
        shutil.rmtree(place, ignore_errors=True)


def _started(given: Sequence[str]) -> subprocess.Popen[bytes]:
    common = ["--block", "--num-cpus=1", "--object-store-memory=80000000"]
    common += [f"--node-ip-address={_HOME}", "--disable-usage-stats"]
    return subprocess.Popen(
        [sys.executable, "-m", "ray.scripts.scripts", "start", *given, *common],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _free_port() -> int:
    with socket() as bound:
        bound.bind((_HOME, 0))
        return int(bound.getsockname()[1])


def _answers(port: int) -> bool:
    with socket() as trying:
        return trying.connect_ex((_HOME, port)) == 0


def _workers(address: str) -> int:
    import ray

    ray.init(address, logging_level="ERROR", log_to_driver=False)
    try:
        return sum(each["Alive"] for each in ray.nodes())
    finally:
        ray.shutdown()


def _wait_for(is_so: Callable[[], bool]) -> None:
    for _ in range(300):
        if is_so():
            return
        time.sleep(0.2)
    raise TimeoutError("the cluster does not come up")
