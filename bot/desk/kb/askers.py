"""Those who asked what nothing answered: they are told where they asked once something does."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.gaps import Gap
from bot.answers.history import TRACE
from bot.cards import Card
from bot.conversation.inbox import Inbox, Posted
from bot.conversation.outbox import Outbox
from bot.types import people_of, person
from knowledge.types import PUBLIC, Principals

_QUOTED = 300


class Askers:
    """Has them told by whatever process serves their platform."""

    def __init__(self, engine: AsyncEngine, inbox: Inbox, outbox: Outbox) -> None:
        self._engine = engine
        self._inbox = inbox
        self._outbox = outbox

    async def tell(self, gaps: Sequence[Gap], readers: Principals) -> int:
        """Tell who asked these that there is an answer, if it is for them; returns how many.

        ``readers``: who may read the answer. What was asked in private in a channel is left: there
        is no way to whisper later. Pages tell by themselves.
        """
        asked = sa.select(TRACE.c.id, TRACE.c.message_id).where(
            TRACE.c.id.in_([each.id for each in gaps])
        )
        async with self._engine.connect() as db:
            messages = {row.id: row.message_id for row in await db.execute(asked)}
        told = 0
        for gap in gaps:
            message = messages.get(gap.id)
            posted = await self._inbox.posted(message) if message else None
            if posted is None or not _is_for(posted, readers):
                continue
            question = shorten(gap.question, _QUOTED, placeholder=" …")
            card = Card(f"I can answer this now: *{question}* Ask me again.")
            told += await self._outbox.enter(f"gap:{gap.id}", posted.place, card)
        return told


def _is_for(posted: Posted, readers: Principals) -> bool:
    place = posted.place
    if not posted.shown or (posted.private and not place.direct):
        return False
    theirs = {person(place, posted.author)} if place.direct else {people_of(place)}
    return bool(readers & (theirs | {PUBLIC}))
