"""Marking an answer that no longer holds where it stands, and offering its asker a new one."""

from __future__ import annotations

from textwrap import shorten

import structlog

from bot.answers.history import History, Trace
from bot.answers.recall import ATTEMPTS, Outcome, Recalled, Recalls
from bot.cards import LABELS, Card, CitedSource
from bot.conversation.inbox import Inbox
from bot.errors import PlatformError
from bot.ports import Platform

OUTDATED = "○ Outdated"
_CHANGED = (
    "**This may no longer be right.** What I quoted of {titles} has changed since, or is gone."
)
_IN_PRIVATE = (
    'What I answered you in private to "{question}" may no longer be right: {titles} has changed '
    "since, or is gone. Ask me again."
)
_QUOTED = 300
_log = structlog.get_logger("housevoice")


class Recalling:
    """Marks for one platform at a time what :class:`Recalls` found."""

    def __init__(self, recalls: Recalls, history: History, inbox: Inbox) -> None:
        self._recalls = recalls
        self._history = history
        self._inbox = inbox

    async def run(self, platform: Platform) -> None:
        """Mark what waits for this platform; what fails for the moment waits for the next time."""
        for recalled in await self._recalls.take(platform.name):
            try:
                outcome = await self._mark(platform, recalled)
            except PlatformError as error:
                last = not error.passing or recalled.attempts >= ATTEMPTS
                _log.warning(
                    "recall_not_shown",
                    trace_id=recalled.trace_id,
                    reason=str(error),
                    given_up=last,
                )
                if not last:
                    continue
                outcome = "given_up"
            await self._recalls.settle(recalled, outcome)
            _log.info("answer_recalled", trace_id=recalled.trace_id, outcome=outcome)

    async def _mark(self, platform: Platform, recalled: Recalled) -> Outcome:
        trace = await self._history.trace(recalled.trace_id)
        posted = await self._inbox.posted(recalled.message_id) if recalled.message_id else None
        if trace is None or posted is None:
            return "gone"
        if await platform.replace(posted.place, posted.shown, outdated_card(trace)):
            return "marked"
        if posted.private and not posted.place.direct:
            await platform.whisper(posted.place, posted.author, _whispered(trace))
            return "told"
        return "gone"


def outdated_card(trace: Trace) -> Card:
    """The old answer, with what is wrong with it above and a way to a new one below."""
    reply = trace.reply
    return Card(
        f"{_CHANGED.format(titles=_titles(trace))} "
        f'Press "{LABELS["again"]}" for what holds now.\n\n{reply.answer}',
        sources=tuple(
            CitedSource.of(each.n, each.title, each.document, each.url) for each in reply.citations
        ),
        confidence=OUTDATED,
        buttons=("again",),
        subject=trace.id,
    )


def _whispered(trace: Trace) -> str:
    question = shorten(trace.reply.question, _QUOTED, placeholder=" …")
    return _IN_PRIVATE.format(question=question, titles=_titles(trace))


def _titles(trace: Trace) -> str:
    titles = dict.fromkeys(each.title or each.document for each in trace.reply.citations)
    return ", ".join(f"“{each}”" for each in titles)
