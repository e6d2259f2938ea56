"""What the tests of the command line share: running a command in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.shell.cli import cli


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run a command over an empty data folder; settings as keywords."""
    monkeypatch.chdir(tmp_path)

    def command(*words: str, stdin: str = "", **settings: str) -> Any:
        for name, value in ({"HOUSEVOICE_DATA": str(tmp_path / "data")} | settings).items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(cli, words, input=stdin)

    return command
