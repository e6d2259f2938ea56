"""Which answers people found good: they must not be lost when what they rest on changes."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.history import CITATION, FEEDBACK, TRACE
from knowledge.library.curated import CuratedAnswers
from knowledge.library.release.golden import GoldenQuestion
from knowledge.types import CURATED, attachment_source

RATED_ASKED = 100
"""The newest questions with a helpful answer that a change is held to: reading them all takes about
half a minute on two cores."""


async def well_answered(engine: AsyncEngine, curated: CuratedAnswers) -> list[GoldenQuestion]:
    """What people found well answered, or wrote an answer for: so it must be after a change.

    Anywhere in the source, so that moving a document breaks nothing.
    """
    return [
        *(GoldenQuestion(each.question, CURATED, origin="curated") for each in await curated.all()),
        *(
            GoldenQuestion(question, source, origin="rated")
            for question, source in await well_rated(engine, RATED_ASKED)
        ),
    ]


async def well_rated(engine: AsyncEngine, most: int) -> list[tuple[str, str]]:
    """The newest questions with an answer found helpful, by nobody unhelpful; and its source.

    Only what others could see, and no files that came with a question.
    """
    disliked = sa.exists().where(FEEDBACK.c.trace_id == TRACE.c.id, FEEDBACK.c.helpful.is_(False))
    question = TRACE.c.body["question"].as_string()
    asked = (
        sa.select(question.label("question"), CITATION.c.source)
        .join(CITATION, sa.and_(CITATION.c.trace_id == TRACE.c.id, CITATION.c.n == 1))
        .where(
            TRACE.c.id.in_(sa.select(FEEDBACK.c.trace_id)),
            sa.not_(disliked),
            TRACE.c.private.is_(False),
            sa.not_(CITATION.c.source.startswith(attachment_source(""))),
        )
        .order_by(TRACE.c.answered_at.desc())
        .limit(most)
    )
    async with engine.connect() as db:
        rows = await db.execute(asked)
    return list(dict.fromkeys((row.question, row.source) for row in rows))
