"""A company's rows of plain and voiced text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.voice.voice import Voice
from jobs.training.voice.creating import NewVoice

ACME = NewVoice(
    "acme",
    greetings=["Right then!"],
    closings=["Shout if you are stuck."],
    forbidden=["kindly"],
    swaps={"purchase": "buy", "commence": "start"},
)
THINGS = "bikes lamps bells tyres locks pumps saddles chains pedals racks wheels helmets".split()
DOINGS = (
    "You may return {0} within {1} days if the box is whole.",
    "A workshop mends {0} on floor {1} while people drink tea.",
    "Orders of {0} leave the warehouse from gate {1} every morning.",
)


def row(thing: int, doing: int) -> dict[str, str]:
    plain = DOINGS[doing].format(THINGS[thing], 10 + thing)
    return {"plain": plain, "voiced": f"Right then! {plain} Shout if you are stuck."} | {
        "topic": THINGS[thing]
    }


ROWS = [row(thing, doing) for thing in range(12) for doing in range(3)]
Bring = Callable[..., dict[str, Any]]


def again(voice: Voice) -> Voice:
    return Voice.load(voice.folder.parent, voice.name)
