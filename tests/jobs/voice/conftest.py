"""What the tests of preparing share: a new voice, and rows brought to it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.voice.voice import Voice
from jobs.training.voice.creating import create
from jobs.training.voice.preparing.prepare import add_files, prepare
from tests.jobs.voice.acme import ACME, ROWS, Bring


@pytest.fixture
def acme(tmp_path: Path) -> Voice:
    return create(tmp_path / "voices", ACME)


@pytest.fixture
def bring(acme: Voice, tmp_path: Path) -> Bring:
    """Add the good rows and some others to the voice and prepare it; returns the report."""

    def brought(*others: object, rows: Sequence[object] = ROWS, **options: Any) -> dict[str, Any]:
        lines = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in others]
        good = [json.dumps(each).encode() for each in rows]
        file = tmp_path / "replies.jsonl"
        file.write_bytes(b"\n".join([*good, *lines]) + b"\n")
        add_files(acme.folder, [file])
        return prepare(acme, **options)

    return brought
