"""What is tidied up every hour: whatever was kept for a time that is over."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from bot.answers.history import History
from bot.answers.recall import Recalls
from bot.desk.kb.parts import Knowledge
from bot.shell.core import Core
from bot.shell.indexing import now
from bot.shell.settings import Settings
from jobs.housekeeping import Chores
from knowledge.library.attachments import AttachmentReader
from knowledge.library.curated import CuratedAnswers
from knowledge.library.index.rebuild import Rebuilding


def chores(
    core: Core,
    settings: Settings,
    attachments: AttachmentReader,
    curated: CuratedAnswers,
    recalls: Recalls,
    rebuilding: Rebuilding,
) -> Chores:
    """All of it, by name."""
    return {
        "history": partial(forget_history, core.history, settings.history_days),
        "inbox": lambda: core.inbox.forget_old(now()),
        "limits": lambda: core.limits.forget_old(now()),
        "attachments": attachments.forget_expired,
        "drafts": core.drafting.forget_old,
        "proposals": core.knowledge.proposals.forget_old,
        "uploads": lambda: tidy_uploads(core.knowledge),
        "curated": curated.settle,
        "recalls": recalls.check,
        "recalled": recalls.forget_old,
        "console": core.console.passes.forget_old,
        "outbox": core.errands.outbox.forget_old,
        "citations": core.history.forget_lost_citations,
        "index": rebuilding.forget_old,
    }


async def forget_history(history: History, days: int) -> None:
    """Drop questions and answers that are older than this; 0: none."""
    if days:
        await history.forget_before(now() - timedelta(days=days))


async def tidy_uploads(knowledge: Knowledge) -> None:
    """Drop the files that are no source's and that nobody will make one any more."""
    await knowledge.sources.tidy_uploads(await knowledge.proposals.waiting())
