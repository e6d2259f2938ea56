"""Who may import whom, where each vendor lives, and that the command line starts light."""

from __future__ import annotations

import ast
import re
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from statistics import median

import pytest

from tests.kit.rooms import ARROWS, HOMES, OURS

ROOT = Path(__file__).resolve().parents[1]


def within(name: str, packages: Iterable[str]) -> bool:
    """Is it one of these modules or packages, or in one of them?"""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def imported(source: str, module: str, *, is_package: bool = False) -> Iterator[str]:
    """Absolute names of all that is imported anywhere in it, except for type checking only.

    ``from a import b`` gives ``a.b``: whether ``b`` is a module or not, a rule for ``a`` covers it.
    """
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
            continue
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".") if is_package else module.split(".")[:-1]
            above = parts[: len(parts) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (ast.literal_eval(arg) for arg in node.args if isinstance(arg, ast.Constant))


def faults(module: str, source: str, *, is_package: bool = False) -> list[str]:
    """What in this module goes against the layout."""
    found = []
    allowed = next(may for package, may in ARROWS if within(module, [package]))
    for name in imported(source, module, is_package=is_package):
        top = name.split(".")[0]
        if top in OURS:
            if not within(name, allowed):
                found.append(f"{module} imports {name}: that arrow is not allowed")
        elif top in HOMES and not any(fnmatchcase(module, home) for home in HOMES[top]):
            found.append(f"{module} imports {top}, whose home is {', '.join(HOMES[top])}")
    return found


def modules(*packages: str) -> Iterator[tuple[str, Path]]:
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def test_every_arrow_is_allowed_and_every_vendor_is_at_home() -> None:
    looked_at = list(modules(*OURS))
    assert {name.split(".")[0] for name, _ in looked_at} == set(OURS)
    found = [
        fault
        for name, path in looked_at
        for fault in faults(name, path.read_text("utf-8"), is_package=path.stem == "__init__")
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("bot.answers.chain", "from knowledge.retrieval.retriever import Retriever"),
        ("bot.answers.chain", "import knowledge.retrieval.retriever"),
        ("bot.answers.chain", "from knowledge.retrieval import retriever"),
        ("bot.answers.chain", "def f():\n    from knowledge.stores.embedded import EmbeddedStore"),
        ("bot.answers.chain", "from adapters.terminal.adapter import Console"),
        (
            "bot.answers.chain",
            "import importlib\nimportlib.import_module('jobs.training.voice.finetune')",
        ),
        ("bot.answers.chain", "from bot.shell.app import App"),
        ("bot.answers.chain", "from ..shell.settings import Settings"),
        ("bot.answers.chain", "from bot.conversation.inbox import Inbox"),
        ("bot.voice.wording", "from bot.answers.judge import judge"),
        ("bot.types", "from bot.voice.voice import Voice"),
        ("knowledge.text.words", "from knowledge.stores.port import PassageStore"),
        ("knowledge.sources.web", "from knowledge.library.library import Library"),
        ("adapters.slack.adapter", "from bot.answers.chain import build_chain"),
        ("bot.voice.voice", "from ..shell.app import App"),
        ("knowledge.library.ingest", "import bot"),
        ("knowledge.library.ingest", "from bot.types import Reply"),
        ("adapters.slack", "from knowledge.library.catalog import Catalog"),
        ("adapters.slack", "from jobs.reingest import reingest"),
        ("adapters.slack", "from bot.shell.settings import Settings"),
        ("knowledge.sources.port", "from knowledge.web.client import GuardedClient"),
        ("jobs.reingest", "from adapters.slack import Slack"),
        ("jobs.reingest", "from bot.shell.settings import Settings"),
        ("jobs.reingest", "import apscheduler.schedulers"),
        ("adapters.discord", "from slack_sdk.web import WebClient"),
        ("bot.answers.assistant", "import discord"),
        ("knowledge.retrieval.retriever", "from weaviate import classes"),
        ("knowledge.retrieval.retriever", "import torch.nn as nn"),
        ("bot.voice.template", "from transformers import AutoTokenizer"),
        ("bot.shell.doctor", "import httpx"),
        ("bot.shell.app", "import torch"),
    ],
)
def test_what_goes_against_the_layout_is_noticed(module: str, source: str) -> None:
    assert len(faults(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "bot.shell.app",
            "from knowledge.retrieval.retriever import Retriever\nfrom adapters.slack import Slack",
        ),
        ("bot.shell.cli", "def f():\n    from bot.shell.settings import Settings"),
        ("bot.__main__", "from bot.shell.cli import main"),
        ("bot.answers.chain", "from knowledge.types import Evidence\nfrom .ports import Writer"),
        (
            "bot.answers.chain",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch",
        ),
        ("bot.voice.model_weights", "import torch"),
        ("knowledge.stores.weaviate.schema", "import weaviate"),
        ("adapters.slack_format", "import slack_sdk\nfrom knowledge.types import PUBLIC"),
        ("jobs.reingest", "from knowledge.library.ingest import Ingester\nimport discordant"),
    ],
)
def test_what_keeps_to_it_is_not(module: str, source: str) -> None:
    assert faults(module, source) == []


_WAYS_OUT = re.compile(
    r"(?:aiohttp|httpx2?|httplib2|requests|urllib3|urllib\.request|http\.client|socket|ssl|ftplib"
    r"|smtplib|imaplib|poplib|xmlrpc|websockets|pycurl|asyncio\.open_connection"
    r"|asyncio\.create_subprocess_\w+|subprocess)\b"
)
"""What can open a connection by itself, or start what can."""
_MAY_GO_OUT: Mapping[str, str] = {
    "knowledge.web.*": "the guarded client, and the proxy over its checks",
    "knowledge.sources.git.command": "Git, bound to addresses that the guarded client checked",
    "knowledge.sources.loaders.loading": "a process that reaches the guarded proxy only",
    "knowledge.documents.pool": "a process that parses files",
    "knowledge.library.leases": "the machine's own name",
    "knowledge.stores.weaviate.*": "errors of Weaviate's client, at an address of the settings",
    "bot.shell.voicing.work": "a process that trains a voice",
    "bot.voice.endpoint": "errors of the client of a model, at an address of the settings",
    "adapters.*": "the platforms' own clients",
}


def ways_out(source: str, module: str) -> set[str]:
    """What of it is imported or called there."""
    tree = ast.parse(source)
    called = {ast.unparse(each.func) for each in ast.walk(tree) if isinstance(each, ast.Call)}
    named = {ast.unparse(each) for each in ast.walk(tree) if isinstance(each, ast.Attribute)}
    return {each for each in (*imported(source, module), *called, *named) if _WAYS_OUT.match(each)}


def test_nothing_goes_out_but_by_the_guarded_client() -> None:
    found = {name: ways_out(path.read_text("utf-8"), name) for name, path in modules(*OURS)}
    others = {
        name: ways
        for name, ways in found.items()
        if ways and not any(fnmatchcase(name, may) for may in _MAY_GO_OUT)
    }
    assert others == {}
    unused = [may for may in _MAY_GO_OUT if not any(fnmatchcase(n, may) for n in found if found[n])]
    assert unused == []


@pytest.mark.parametrize(
    "source",
    [
        "import requests",
        "from urllib import request",
        "from urllib.request import urlopen",
        "def f():\n    import httpx",
        "import aiohttp.web",
        "from socket import create_connection",
        "import asyncio\nasyncio.open_connection('x', 1)",
        "import asyncio\nconnect = asyncio.open_connection",
        "import http.client",
        "from asyncio import create_subprocess_exec",
    ],
)
def test_another_way_out_would_be_noticed(source: str) -> None:
    assert ways_out(source, "knowledge.sources.folder")


def test_no_module_leads_back_to_itself() -> None:
    known = dict(modules(*OURS))
    arrows = {
        name: {
            each if each in known else each.rpartition(".")[0]
            for each in imported(path.read_text("utf-8"), name, is_package=path.stem == "__init__")
        }
        & known.keys()
        for name, path in known.items()
    }
    left = dict(arrows)
    while ends := [name for name, to in left.items() if not (to - {name}) & left.keys()]:
        for name in ends:
            del left[name]
    assert not left, f"these go in circles, or lead into one: {sorted(left)}"


def test_rooms_and_files_stay_small_enough_to_be_looked_over() -> None:
    lines = {path: len(path.read_text("utf-8").splitlines()) for _, path in modules(*OURS)}
    assert {path: count for path, count in lines.items() if count > 350} == {}
    tests = {path: len(path.read_text("utf-8").splitlines()) for _, path in modules("tests")}
    assert {path: count for path, count in tests.items() if count > 400} == {}
    assert median(lines.values()) <= 130
    folders = Counter(path.parent for path in lines if path.parts[-2] != "versions")
    assert {folder: count for folder, count in folders.items() if count > 14} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        name
        for name, path in modules(*OURS, "benchmarks", "samples", "tests")
        if not (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").strip()
    ]
    assert silent == []


def test_no_model_folder_brings_code_along() -> None:
    """Asked for nothing, transformers may ask at the terminal whether to run a folder's code."""
    loads = [
        (name, {word.arg: ast.unparse(word.value) for word in call.keywords})
        for name, path in modules(*OURS, "benchmarks")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and ast.unparse(call.func).startswith("Auto")
        and ast.unparse(call.func).endswith(".from_pretrained")
    ]
    assert len(loads) >= 9
    assert [name for name, told in loads if told.get("trust_remote_code") != "False"] == []


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    heavy = (
        "torch transformers peft langchain langchain_core sqlalchemy pydantic_settings numpy httpx "
        "aiohttp protego"
    )
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, bot.shell.cli; print(*sys.modules)",
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert "bot.shell.cli" in loaded.stdout.split()
    assert set(heavy.split()).isdisjoint(loaded.stdout.split())


# --- what tests/conftest.py promises ----------------------------------------------------------


def test_a_test_that_reaches_out_is_stopped(reached_out: list[str]) -> None:
    with socket.socket() as outward, pytest.raises(AssertionError, match=r"reach 192\.0\.2\.1"):
        outward.connect(("192.0.2.1", 80))
    with pytest.raises(AssertionError, match=r"reach housevoice\.example"):
        socket.create_connection(("housevoice.example", 443))
    assert reached_out == ["192.0.2.1", "housevoice.example"]
    reached_out.clear()


def test_a_test_may_talk_to_itself() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1])).close()
