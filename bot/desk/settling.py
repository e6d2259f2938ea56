"""Notices with buttons: once it was decided, wherever that was, they say what, and who did it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from bot.cards import Action, Card
from bot.conversation.outbox import Outbox, Posted
from bot.desk.audit import AuditLine
from bot.errors import PlatformError
from bot.ports import Platform

_ELSEWHERE = {"shell": "the machine", "browser": "the machine"}
"""Where people are who belong to no platform, by what their principals begin with."""
_log = structlog.get_logger("housevoice")


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of what a button was about."""

    what: str
    """A few words, such as "Shown"."""
    who: str = ""
    """A principal; empty where nobody decided it."""


Decided = Callable[[str, datetime], Awaitable[Decision | None]]
"""What became of a subject since it was told; None while it is open."""


def decision_in(lines: Iterable[AuditLine], words: Mapping[str, str], otherwise: str) -> Decision:
    """The first of these changes, oldest first, that has words here and was made."""
    for each in lines:
        if each.outcome == "done" and each.what in words:
            return Decision(words[each.what], each.who)
    return Decision(otherwise)


class Settling:
    """Looks at all notices of a platform that have buttons, and changes those that are over."""

    def __init__(self, outbox: Outbox, decided: Mapping[Action, Decided]) -> None:
        """``decided``: by the first of the buttons; others are left as they are."""
        self._outbox = outbox
        self._decided = decided

    async def run(self, platform: Platform) -> None:
        """Change those of this platform; what fails for the moment waits for the next time."""
        for posted in await self._outbox.with_buttons(platform.name):
            card = await self._settled(posted, platform)
            if card == posted.card:
                continue
            try:
                if posted.place is not None:
                    await platform.replace(posted.place, posted.shown, card)
            except PlatformError as error:
                if error.passing:
                    continue
                _log.warning("not_settled", id=posted.id, reason=str(error))
            await self._outbox.changed(posted.id, card)

    async def _settled(self, posted: Posted, platform: Platform) -> Card:
        card = posted.card

        async def ending(buttons: tuple[Action, ...], subject: str) -> str:
            decided = self._decided.get(buttons[0]) if buttons else None
            found = await decided(subject, posted.entered_at) if decided else None
            return f"**{found.what}**{_by(found.who, platform)}." if found else ""

        def ended(text: str, end: str) -> str:
            return f"{text}\n\n{end}" if posted.keeps and text else end

        if end := await ending(card.buttons, card.subject):
            card = replace(card, text=ended(card.text, end), buttons=())
        rows = []
        for row in card.rows:
            end = await ending(row.buttons, row.subject)
            rows.append(replace(row, text=ended(row.text, end), buttons=()) if end else row)
        return replace(card, rows=tuple(rows))


def _by(who: str, platform: Platform) -> str:
    """Who it was: by name where they are known, else by their id and where they are."""
    if not who:
        return ""
    where, _, user = who.partition(":user:")
    if where == platform.name:
        return f" by {platform.mention(user)}"
    return f" by {user} on {_ELSEWHERE.get(where, where.title())}"
