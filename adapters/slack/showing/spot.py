"""Where somebody did something on Slack, and how they can be answered there."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bot.types import Place


@dataclass(frozen=True, slots=True)
class Spot:
    """Where somebody did something, and how they can be answered."""

    place: Place
    user: str
    response_url: str = ""
    thread: str = ""
    """The thread that their own eyes are on."""
    view: str = ""
    """The id of the modal that they used."""
    title: str = ""


def handle(spot: Spot) -> dict[str, str]:
    """What is kept of it with a question."""
    return {"response_url": spot.response_url, "at": f"{time.time():.0f}"}
