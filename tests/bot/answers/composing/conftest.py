"""What the tests of composing share: having an answer composed."""

from __future__ import annotations

from typing import Any

import pytest

from bot.voice.voice import Voice
from knowledge.types import Evidence
from tests.bot.answers.composing.payday import Compose, Told, told
from tests.kit.fakes import FakeWriter


@pytest.fixture
def compose(fernhill: Voice) -> Compose:
    async def compose(draft: str, *found: Evidence, **options: Any) -> Told:
        return await told(fernhill, FakeWriter(draft), *found, **options)

    return compose
