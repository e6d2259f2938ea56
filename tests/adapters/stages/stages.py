"""All stages by the names of their platforms."""

from __future__ import annotations

from collections.abc import Mapping

from tests.adapters.stages.browser import BrowserStage
from tests.adapters.stages.console import ConsoleStage
from tests.adapters.stages.discord import DiscordStage
from tests.adapters.stages.slack import SlackStage
from tests.adapters.stages.stage import Stage

STAGES: Mapping[str, type[Stage]] = {
    "slack": SlackStage,
    "discord": DiscordStage,
    "console": ConsoleStage,
    "browser": BrowserStage,
}
