"""What all tests share: no way out to the network, no developer's settings, and the samples."""

from __future__ import annotations

import asyncio
import fcntl
import ipaddress
import json
import logging
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

# Before anything imports torch or a hub's client.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"  # the processes share the cores

import hypothesis
import pytest
import structlog

ROOT = Path(__file__).resolve().parents[1]

# The same examples in every run, so that a change is to blame for a failure. New ones are tried by
# HYPOTHESIS_PROFILE=default.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

# --- in which order -----------------------------------------------------------------------------

_LONGEST = (
    "tests/test_samples.py",
    "tests/bot/voice/test_model.py",
    "tests/adapters/test_slack_killed.py",
    "tests/knowledge/test_hostile.py",
    "tests/knowledge/ingest_killed/test_kill_9.py",
    "tests/adapters/test_slack_leaks.py",
    "tests/bot/voice/test_rewriting.py",
    "tests/jobs/finetune/test_faults.py",
    "tests/adapters/test_slack_long.py",
    "tests/adapters/test_discord_reliability.py",
    "tests/adapters/test_discord_killed.py",
    "tests/bot/shell/test_starting.py",
    "tests/command_line/test_processes.py",
)
"""Begun last, one of them would keep a single core busy while the others have nothing to do.

The command line's come last of these: they ask the samples, which the first reads in.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {path: place for place, path in enumerate(_LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))


# --- what is told while it runs -------------------------------------------------------------------


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Tell a failure at once: a run that is cut off never comes to its summary."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        print(f"\n{report.nodeid} ({report.when})\n{report.longreprtext[-2000:]}", flush=True)


# --- the developer's own settings -------------------------------------------------------------

_WEIGHTS = Path(os.environ.get("HOUSEVOICE_TEST_WEIGHTS") or ROOT / "data" / "weights")
"""Folder with the converted base model; converting it once takes 20 s."""
_WEAVIATE = {name: os.environ[name] for name in os.environ if name.startswith("WEAVIATE_")}
"""Only for tests with the mark ``weaviate``: elsewhere it would replace the embedded store."""
_SERVERS = [
    urlsplit(url).hostname
    for url in (os.environ.get("WEAVIATE_URL"), os.environ.get("TEST_DATABASE_URL"))
    if url
]

for _name in list(os.environ):
    if _name.startswith(("HOUSEVOICE_", "WEAVIATE_")) or _name in ("DATABASE_URL", "RAY_ADDRESS"):
        del os.environ[_name]


@pytest.fixture(autouse=True)
def _marked_tests_see_weaviate(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if request.node.get_closest_marker("weaviate"):
        for name, value in _WEAVIATE.items():
            monkeypatch.setenv(name, value)


@pytest.fixture(scope="session", autouse=True)
def _no_env_file() -> Iterator[None]:
    """The ``.env`` of the folder that the tests are run from is not read."""
    from bot.shell.settings import Settings

    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(Settings.model_config, "env_file", None)
        yield


# --- the log, which is set up anew by every app that is opened --------------------------------


@contextmanager
def _log_as_found() -> Iterator[None]:
    """Put back what :func:`bot.shell.watching.log.configure_log` changes."""
    config = structlog.get_config()
    handlers = logging.root.handlers[:]
    levels = {name: logging.getLogger(name).level for name in ("root", "httpx")}
    try:
        yield
    finally:
        structlog.configure(**config)
        logging.root.handlers[:] = handlers
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@pytest.fixture(scope="module", autouse=True)
def _log_of_a_module() -> Iterator[None]:
    with _log_as_found():
        yield


@pytest.fixture(autouse=True)
def _log_of_a_test() -> Iterator[None]:
    with _log_as_found():
        yield


# --- no way out -------------------------------------------------------------------------------


class ReachedOut(AssertionError):
    """A test tried to talk to something outside of this machine."""


class _Border:
    """Lets through what stays on this machine and notes down the rest."""

    def __init__(self) -> None:
        self.attempts: list[str] = []

    def check(self, host: object) -> None:
        if not self._is_local(host):
            self.attempts.append(str(host))
            raise ReachedOut(
                f"The test tried to reach {host}. Tests talk to 127.0.0.1 only: "
                "inject a resolver, or serve what is needed from the test."
            )

    @staticmethod
    def _is_local(host: object) -> bool:
        name = host.decode() if isinstance(host, bytes) else host
        if name in (None, "", "localhost") or name in _SERVERS:
            return True
        try:
            return ipaddress.ip_address(str(name).partition("%")[0]).is_loopback
        except ValueError:
            return False


@pytest.fixture(scope="session", autouse=True)
def _border() -> Iterator[_Border]:
    border = _Border()
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    getaddrinfo, sendto = socket.getaddrinfo, socket.socket.sendto

    def checked(place: Any) -> None:
        if isinstance(place, tuple):  # else the path of a Unix socket
            border.check(place[0])

    def guarded_connect(self: socket.socket, address: Any) -> None:
        checked(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        checked(address)
        return connect_ex(self, address)

    def guarded_sendto(self: socket.socket, data: Any, *rest: Any) -> int:
        checked(rest[-1])
        return sendto(self, data, *rest)

    def guarded_getaddrinfo(host: Any, *rest: Any, **options: Any) -> Any:
        if not _is_number(host):  # looking up a name asks a server; a number asks nobody
            border.check(host)
        return getaddrinfo(host, *rest, **options)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(socket.socket, "connect", guarded_connect)
        patched.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patched.setattr(socket.socket, "sendto", guarded_sendto)
        patched.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield border


def _is_number(host: object) -> bool:
    try:
        socket.inet_aton(str(host))  # any notation: 127.1, 0x7f000001
    except OSError:
        return ":" in str(host)
    return True


@pytest.fixture(autouse=True)
def reached_out(_border: _Border) -> Iterator[list[str]]:
    """Hosts outside of this machine that the test tried to reach; it fails if there are any.

    The attempt raises, but the code under test may swallow that.
    """
    _border.attempts.clear()
    yield _border.attempts
    assert not _border.attempts, f"The test tried to reach {', '.join(_border.attempts)}."


# --- new databases ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new database, migrated step by step as ever: a tenth of a second each."""
    from knowledge.state.database import open_database

    file = tmp_path_factory.mktemp("state") / "new.db"

    async def migrate() -> None:
        await (await open_database(f"sqlite:///{file}")).dispose()

    asyncio.run(migrate())
    return file


@pytest.fixture(autouse=True)
def _new_databases_are_copies(monkeypatch: pytest.MonkeyPatch, _migrated: Path) -> None:
    """A new SQLite file begins as a copy of one that was migrated, not with thirty migrations."""
    from knowledge.state import database

    open_file = database.open_file

    def copied(path: str | None) -> None:
        if path and path != ":memory:" and Path(path).parent.is_dir() and not Path(path).exists():
            shutil.copy(_migrated, path)
        open_file(path)

    monkeypatch.setattr(database, "open_file", copied)


# --- weights ----------------------------------------------------------------------------------


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    """Of the processes that run tests at once, let in one after the other."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def weights() -> Path:
    """Folder with the base model and the embedder, for ``Settings.data / "weights"``."""
    from bot.voice.model_weights import PACKAGED, base_weights
    from knowledge.embedding.packaged import packaged_embedder

    with _one_at_a_time(_WEIGHTS.with_name("weights.lock")):
        base_weights(PACKAGED, _WEIGHTS)
        packaged_embedder(_WEIGHTS)
    return _WEIGHTS.absolute()


@pytest.fixture(autouse=True)
def _new_data_folders_share_the_weights(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new data folder links to weights that were put together, a gigabyte and five seconds."""
    from knowledge.embedding.packaged import packaged_embedder

    def shared(weights: Path) -> Path:
        if not weights.exists():
            weights.parent.mkdir(parents=True, exist_ok=True)
            weights.symlink_to(request.getfixturevalue("weights"))
        return packaged_embedder(weights)

    monkeypatch.setattr("knowledge.embedding.local.packaged_embedder", shared)


# --- the samples ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def tiny_writer(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A writing model that loads at once and writes nonsense: for what need not read well."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from bot.voice.model_weights import PACKAGED, base_weights

    base = Path(base_weights(PACKAGED, weights))
    folder = tmp_path_factory.mktemp("models") / "tiny"
    shutil.copytree(base, folder, ignore=shutil.ignore_patterns("*.safetensors", "config.json"))
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=json.loads((base / "config.json").read_text("utf-8"))["vocab_size"],
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture
def data_folder(tmp_path: Path, weights: Path) -> Path:
    """An empty data folder with the weights in it."""
    return _with_weights(tmp_path / "data", weights)


@pytest.fixture(scope="session")
def samples_folder(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Path:
    """A data folder with the sample handbook read in. Ask of it, do not add to it.

    Read in once for all processes that run tests at once; each has a copy, so that none waits for
    another's writing.
    """
    from bot.shell.app import open_app
    from bot.shell.settings import Settings

    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    folder, unfinished = place / "samples", place / "samples.part"

    async def read_in() -> None:
        async with open_app(Settings(data=_with_weights(unfinished, weights))) as app:
            _, report = await app.library.add(str(ROOT / "samples" / "handbook"))
            assert report.error is None

    with _one_at_a_time(place / "samples.lock"), _log_as_found():
        if not folder.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            asyncio.run(read_in())
            unfinished.rename(folder)
    own = tmp_path_factory.mktemp("samples") / "data"
    shutil.copytree(folder, own, symlinks=True)
    return own


def _with_weights(folder: Path, weights: Path) -> Path:
    folder.mkdir()
    (folder / "weights").symlink_to(weights)
    return folder


@pytest.fixture(scope="session")
def environment() -> Callable[[Path], dict[str, str]]:
    """What a process of ours needs around it to use a data folder, and nothing of the developer's.

    Run it in a folder without an ``.env``.
    """

    def around(data: Path) -> dict[str, str]:
        return os.environ | {"HOUSEVOICE_DATA": str(data), "PYTHONPATH": str(ROOT)}

    return around
