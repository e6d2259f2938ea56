"""How long a site is left alone between two requests, at most."""

from __future__ import annotations

from knowledge.errors import SourceError

LONGEST_PAUSE = 60
"""Seconds: with longer ones a night would not do for a hundred pages, and those sources wait that
are read after this one."""


def refuse_endless(pause: int) -> None:
    """Raise :class:`SourceError` for a pause, in milliseconds, with which no run would end."""
    if pause > 1000 * LONGEST_PAUSE:
        raise SourceError(f"The option pause must be at most {1000 * LONGEST_PAUSE}, a minute.")
