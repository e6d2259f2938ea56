"""A working day of questions, pressed together: when each is asked, by whom, and where."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Where = Literal["slack", "slack thread", "discord"]

_HOURS = (1.0, 3.0, 1.2, 0.9, 0.4, 1.0, 1.1, 0.8, 0.6)
"""How much is asked in each hour from 8 to 16: all want something at nine, few at noon."""
_SHARES: tuple[tuple[Where, float], ...] = (("slack", 0.5), ("slack thread", 0.2), ("discord", 0.3))
_SEED = 9


@dataclass(frozen=True, slots=True)
class Planned:
    """One question of the day."""

    number: int
    at: float
    """Seconds after the beginning."""
    where: Where
    text: str


def working_day(
    texts: Sequence[str], rate: float, seconds: float, seed: int = _SEED
) -> list[Planned]:
    """So many questions a second on average, in the order in which they are asked.

    The number is exact (``rate * seconds``, at least one), the moments are random within the hours
    that weigh as :data:`_HOURS`; the same seed makes the same day.
    """
    chance = random.Random(seed)
    number = max(1, round(rate * seconds))
    hours = chance.choices(range(len(_HOURS)), _HOURS, k=number)
    moments = sorted((hour + chance.random()) * seconds / len(_HOURS) for hour in hours)
    names, weights = zip(*_SHARES, strict=True)
    places = chance.choices(names, weights, k=number)
    order = list(texts)
    chance.shuffle(order)
    return [
        Planned(at, moment, where, order[at % len(order)])
        for at, (moment, where) in enumerate(zip(moments, places, strict=True))
    ]
