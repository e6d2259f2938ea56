"""A Chromium for the tests that are marked so, and the house that they look at."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.findings import Finding
from tests.adapters.browser.house import House, Tab, open_house
from tests.kit.fakes import evidence

QUESTION, ANSWER = "When do salaries arrive?", "Salaries arrive on the 28th."


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """The console, without a port."""

    async def examine() -> list[Finding]:
        return [Finding("disk", False, "It is full.")]

    async with open_house(tmp_path, examine=examine, prompts=("What can you do?",)) as house:
        house.bench.knows("salaries", evidence(ANSWER, title="Pay"))
        yield house


@pytest.fixture
async def ida(house: House) -> Tab:
    """The browser of an admin."""
    return await house.signed_in("ida")


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[House]:
    """The console on a port of this machine."""
    async with open_house(tmp_path, {"port": 0}) as house:
        house.bench.knows("salaries", evidence(ANSWER, title="Pay"))
        await house.adapter.connect()
        yield house
        await house.adapter.close()


@pytest.fixture
async def chromium() -> AsyncIterator[Any]:
    """A Chromium of the system."""
    api = pytest.importorskip("playwright.async_api")
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("there is no Chromium: apt install chromium, or name it in CHROMIUM")
    async with api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        await browser.close()
