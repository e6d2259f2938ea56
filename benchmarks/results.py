"""Writes a benchmark's figures with what they depend on: versions, Python, processors, the day."""

from __future__ import annotations

import datetime
import json
import os
import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"
"""Where results go unless told otherwise."""

PACKAGES = (
    "numpy",
    "torch",
    "transformers",
    "peft",
    "gguf",
    "safetensors",
    "weaviate-client",
    "SQLAlchemy",
    "langchain-core",
    "langchain-text-splitters",
    "sacrebleu",
    "snowballstemmer",
    "threadpoolctl",
    "slack_bolt",
    "slack_sdk",
    "discord.py",
    "simcord",
    "aiohttp",
)
"""The packages whose version can move a figure; those not installed are left out."""


def versions() -> dict[str, str]:
    """Version of Python, SQLite and each of PACKAGES that is installed."""
    found = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def write(name: str, results: dict[str, Any], out: Path | None = None) -> Path:
    """Write ``results`` as JSON to ``out``, or to ``results/<name>.json`` here; returns the path.

    The file says ``{benchmark, date, versions, machine, results}``; of the machine only its number
    of processors. Raises :class:`OSError` when it cannot be written.
    """
    path = out or FOLDER / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "benchmark": name,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": versions(),
        "machine": {"cores": len(os.sched_getaffinity(0))},
        "results": results,
    }
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
