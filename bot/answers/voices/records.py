"""How the versions of a voice do: what was answered in each, and what people thought of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.history import FEEDBACK, TRACE


@dataclass(frozen=True, slots=True)
class Record:
    """The answers in one version of a voice."""

    version: str
    """As answers record it: see :attr:`bot.voice.voice.Voice.version`."""
    answers: int
    """With a tier: small talk is not among them."""
    sure: int
    helpful: int
    unhelpful: int
    """Opinions, of which an answer may have several."""


async def records(engine: AsyncEngine, voice: str, since: datetime) -> Sequence[Record]:
    """What was answered in a voice since then, a version each, most answers first."""
    trace, feedback = TRACE, FEEDBACK
    version = trace.c.body["voice_version"].as_string()
    is_meant = sa.and_(
        trace.c.body["voice"].as_string() == voice,
        trace.c.answered_at >= since,
        trace.c.tier.is_not(None),
    )
    answers = (
        sa.select(
            version.label("version"),
            sa.func.count().label("answers"),
            sa.func.sum(sa.case((trace.c.tier == "sure", 1), else_=0)).label("sure"),
        )
        .where(is_meant)
        .group_by(version)
    )
    opinions = (
        sa.select(
            version.label("version"),
            feedback.c.helpful.label("helpful"),
            sa.func.count().label("number"),
        )
        .join(feedback, feedback.c.trace_id == trace.c.id)
        .where(is_meant)
        .group_by(version, feedback.c.helpful)
    )
    async with engine.connect() as db:
        counted = (await db.execute(answers)).all()
        thought = {
            (row.version, bool(row.helpful)): row.number for row in await db.execute(opinions)
        }
    found = [
        Record(
            row.version or "",
            row.answers,
            row.sure,
            thought.get((row.version, True), 0),
            thought.get((row.version, False), 0),
        )
        for row in counted
    ]
    return sorted(found, key=lambda each: (-each.answers, each.version))
