"""The loss of a training as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

_WIDTH, _HEIGHT, _LEFT, _LOW = 640, 300, 50, 260


def curve(losses: Sequence[float], validation: Sequence[tuple[int, float]]) -> str:
    """An SVG: the loss of each step, and of the validation pairs after each epoch.

    ``validation``: (step, perplexity); its logarithm is the loss that it is drawn with.
    """
    held_out = [(step, math.log(value)) for step, value in validation]
    highest = max([*losses, *(loss for _, loss in held_out), 0.1])
    steps = max(len(losses), 2)

    def place(step: float, loss: float) -> tuple[float, float]:
        x = _LEFT + (_WIDTH - _LEFT - 20) * (step - 1) / (steps - 1)
        return round(x, 1), round(_LOW - (_LOW - 30) * loss / highest, 1)

    points = [place(step, loss) for step, loss in enumerate(losses, start=1)]
    line = " ".join(f"{x},{y}" for x, y in points)
    places = [place(*each) for each in held_out]
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="4" fill="#b3261e"/>' for x, y in places)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"
 font-family="system-ui,sans-serif" font-size="12"><title>Loss by step</title>
<rect width="100%" height="100%" fill="white"/>
<path d="M{_LEFT} 30V{_LOW}H{_WIDTH - 20}" fill="none" stroke="#98a2b3"/>
<text x="4" y="34">{highest:.2f}</text><text x="30" y="{_LOW + 4}">0</text>
<text x="{_WIDTH - 90}" y="{_LOW + 18}">{len(losses)} steps</text>
<polyline points="{line}" fill="none" stroke="#3a6ea5" stroke-width="1.5"/>{dots}
<text x="{_LEFT}" y="20" fill="#3a6ea5">training loss</text>
<text x="{_LEFT + 110}" y="20" fill="#b3261e">● validation loss</text></svg>
"""
