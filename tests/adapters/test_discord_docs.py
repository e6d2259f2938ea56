"""docs/discord.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from adapters.discord.commands import ANSWER_THIS, IN_OUR_VOICE
from adapters.discord.config import PERMISSIONS, permissions
from adapters.discord.people import BELIEVED

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "discord.md").read_text("utf-8")


def test_the_page_lists_the_permissions_of_the_invite_link_and_why() -> None:
    rows = re.findall(r"^\| (\S+) \| `(\w+)` \| (.+) \|$", PAGE.replace("  ", " "), re.M)
    rows = re.findall(r"^\| ([^|]+) \| `(\w+)` \| ([^|]+) \|$", PAGE, re.M)
    listed = {name: why.strip() for _, name, why in rows}
    assert listed == dict(PERMISSIONS)
    assert f"`{permissions().value}`" in PAGE


def test_the_page_names_the_menu_entries_and_the_minute() -> None:
    assert ANSWER_THIS in PAGE and IN_OUR_VOICE in PAGE
    assert BELIEVED == 60 and "within a minute" in PAGE


def test_the_page_names_every_setting_of_discord() -> None:
    for name in (
        "DISCORD_TOKEN",
        "DISCORD_API_URL",
        "DISCORD_GATEWAY_URL",
        "HOUSEVOICE_DISCORD_MESSAGE_CONTENT",
        "HOUSEVOICE_DISCORD_SHARDS",
        "HOUSEVOICE_ADMINS",
    ):
        assert f"`{name}`" in PAGE
