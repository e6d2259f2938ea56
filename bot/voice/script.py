"""What the writing models have in common when they follow a script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.voice.writer import Choose, Step


def longest_first(options: Iterable[str]) -> list[str]:
    """The order to try them in: an option may begin or end with another one."""
    return sorted(options, key=len, reverse=True)


def without_closing(text: str, script: Sequence[Step]) -> str:
    """``text`` without the closing it ends in, if ``script`` ends by choosing one."""
    match script:
        case [*_, Choose(options)]:
            closing = next((each for each in longest_first(options) if text.endswith(each)), "")
            return text.removesuffix(closing).rstrip()
    return text
