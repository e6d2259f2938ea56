"""Answers as people look through them: a conversation, and what was said in the open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.history import FEEDBACK, GAP, TRACE, History, Trace
from bot.answers.recall import RECALL
from bot.conversation.recalling import OUTDATED
from bot.desk.audit import Audit
from bot.desk.follow_ups import PassageAccess
from bot.errors import UsageError
from bot.types import Tier
from knowledge.types import Principals

Opinion = Literal["helpful", "unhelpful"]
_LOOKED_AT = 500
"""Answers that match, of which those are shown that somebody may see."""
ANSWERED = "● I can answer this now"
_GONE = "I no longer have the record of that answer, or it is not open to you."


@dataclass(frozen=True, slots=True)
class Told:
    """One answer with what became of it."""

    trace: Trace
    helpful: int
    unhelpful: int
    is_outdated: bool
    """What it quoted has changed since, or is gone."""
    is_answered: bool = False
    """It did not know, and could tell now."""

    @property
    def confidence(self) -> str:
        """In place of how sure it was, that this no longer holds."""
        if self.is_outdated:
            return OUTDATED
        return ANSWERED if self.is_answered else ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for."""

    words: str = ""
    tier: Tier | None = None
    opinion: Opinion | None = None


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks."""

    principals: Principals
    """As whom they may read; the channels that they are in are among them."""
    mine: frozenset[str]
    """The principals that are they themselves: what was answered to them in private is theirs."""
    has_machine: bool = False
    """They run the bot, and so belong to no channel and to all."""


class Answers:
    """Reads the traces. What is private is shown to who asked it only."""

    def __init__(self, engine: AsyncEngine, history: History, access: PassageAccess, audit: Audit):
        self._engine = engine
        self._history = history
        self._access = access
        self._audit = audit

    async def conversation(self, conversation: str, asker: str, most: int = 50) -> Sequence[Told]:
        """The newest answers that this person got there, oldest first."""
        is_meant = sa.and_(TRACE.c.conversation == conversation, TRACE.c.asker == asker)
        return (await self._told(is_meant, most))[::-1]

    async def find(self, wanted: Wanted, viewer: Viewer, most: int = 30) -> tuple[list[Told], int]:
        """The newest that match and that this person may see; how many more are not open to them.

        Only of channels that they are in, and only what they may read of the sources today.
        """
        tier = sa.true() if wanted.tier is None else TRACE.c.tier == wanted.tier
        is_meant = [TRACE.c.tier.is_not(None), tier]
        if wanted.words:
            body = (TRACE.c.body[each].as_string() for each in ("question", "answer"))
            is_meant.append(sa.or_(*(c.icontains(wanted.words, autoescape=True) for c in body)))
        if wanted.opinion:
            is_meant.append(
                sa.exists().where(
                    FEEDBACK.c.trace_id == TRACE.c.id,
                    FEEDBACK.c.helpful.is_(wanted.opinion == "helpful"),
                )
            )
        found = await self._told(sa.and_(*is_meant), _LOOKED_AT)
        seen = [each for each in found if _is_seen(each.trace, viewer)]
        cited = {one.passage for each in seen for one in each.trace.reply.citations}
        readable = await self._access.readable(cited, viewer.principals)
        open_to = [each for each in seen if _cites(each) <= readable]
        return open_to[:most], len(seen) - len(open_to)

    async def one(self, id: str, viewer: Viewer) -> Told:
        """One that they may see. Raises :class:`UsageError`."""
        found = await self._told(TRACE.c.id == id, 1)
        if not found or not _is_seen(found[0].trace, viewer):
            raise UsageError(_GONE)
        cited = _cites(found[0])
        if not cited <= await self._access.readable(cited, viewer.principals):
            raise UsageError(_GONE)
        return found[0]

    async def mark_wrong(self, told: Told, who: str) -> None:
        """Enter the question as one that is not answered yet, for the gaps."""
        async with self._audit.of(who, "marked wrong", f"answer:{told.trace.id}"):
            await self._history.rate(told.trace.id, who, False, self._audit.now())
            await self._history.add_gap(told.trace)

    async def _told(self, is_meant: sa.ColumnElement[bool], most: int) -> list[Told]:
        newest = (
            sa.select(TRACE.c.id)
            .where(is_meant)
            .order_by(TRACE.c.answered_at.desc(), TRACE.c.id)
            .limit(most)
        )
        async with self._engine.connect() as db:
            ids = list(await db.scalars(newest))
            opinions = await db.execute(
                sa.select(FEEDBACK.c.trace_id, FEEDBACK.c.helpful).where(
                    FEEDBACK.c.trace_id.in_(ids)
                )
            )
            thought = [(row.trace_id, bool(row.helpful)) for row in opinions]
            closed = set(
                await db.scalars(
                    sa.select(GAP.c.trace_id).where(
                        GAP.c.trace_id.in_(ids), GAP.c.closed_how.in_(("curated", "found"))
                    )
                )
            )
            fallen = set(
                await db.scalars(sa.select(RECALL.c.trace_id).where(RECALL.c.trace_id.in_(ids)))
            )
        traces = [trace for id in ids if (trace := await self._history.trace(id)) is not None]
        return [
            Told(
                each,
                thought.count((each.id, True)),
                thought.count((each.id, False)),
                each.id in fallen,
                each.id in closed,
            )
            for each in traces
        ]


def _is_seen(trace: Trace, viewer: Viewer) -> bool:
    if trace.asker in viewer.mine:
        return True
    if trace.private:
        return False
    platform, _, channel, *_ = [*trace.conversation.split(":"), "", ""]
    return viewer.has_machine or f"{platform}:channel:{channel}" in viewer.principals


def _cites(told: Told) -> frozenset[str]:
    return frozenset(each.passage for each in told.trace.reply.citations if each.passage)
