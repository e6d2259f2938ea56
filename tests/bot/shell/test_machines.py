"""Whether other machines read, by the settings; tests/jobs/test_machines.py has a cluster."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.errors import ConfigurationError
from bot.shell.machines import hiring
from bot.shell.settings import Settings
from jobs.reingest import Alone
from tests.kit.releases import opened_releases


async def test_this_process_reads_unless_machines_are_named(tmp_path: Path) -> None:
    async with opened_releases(tmp_path) as releases:
        assert hiring(Settings(), releases.library) is None


async def test_an_address_of_another_kind_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "head.example.com:6379")
    async with opened_releases(tmp_path) as releases:
        with pytest.raises(ConfigurationError, match="ray://"):
            hiring(Settings(), releases.library)


async def test_without_the_extra_this_process_reads_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setenv("RAY_ADDRESS", "ray://head.example.com:10001")
    async with opened_releases(tmp_path) as releases:
        hire = hiring(Settings(), releases.library)
        assert hire is not None
        with capture_logs() as log:
            async with hire() as workers:
                assert isinstance(workers, Alone)
        assert [each["event"] for each in log] == ["machines_away"]
        assert ".[ray]" in log[0]["reason"]
