"""What the tests of the commands share: there is an admin."""

from __future__ import annotations

import pytest

from tests.adapters.fake_platform import FakePlatform
from tests.bot.desk.commands.giving import ADMIN


@pytest.fixture(autouse=True)
def _has_an_admin(office: FakePlatform) -> None:
    office.admins.add(ADMIN)
