"""What discord.py says of ordinary things stays out of the terminal."""

from __future__ import annotations

import logging

import pytest

from adapters.discord.config import DiscordConfig
from adapters.discord.connection.client import FrontClient
from adapters.discord.connection.errors import as_ours


async def test_reconnects_and_missing_voice_libraries_print_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    FrontClient(DiscordConfig("token"))
    try:
        raise ConnectionResetError("somebody pulled the plug")
    except ConnectionResetError as error:
        logging.getLogger("discord.client").exception("Attempting a reconnect in %.2fs", 1.0)
        logging.getLogger("discord.shard").error(
            "Attempting a reconnect for shard ID %s in %.2fs", 0, 1.0, exc_info=error
        )
    assert caplog.text == ""
    logging.getLogger("discord.client").error("Something else")
    assert "Something else" in caplog.text


def test_a_refused_connection_says_what_to_check() -> None:
    told = str(as_ours(ConnectionRefusedError()))
    assert "cannot be reached" in told and "DISCORD_API_URL" in told
