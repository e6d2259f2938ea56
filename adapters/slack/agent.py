"""What Slack shows around a conversation with an agent: suggested prompts, and a title.

Apps made since July 2026 have ``agent_view``: prompts stand above the whole conversation, and every
direct message begins a thread (https://docs.slack.dev/ai/migrating-to-agent-messaging). Apps made
earlier may have ``assistant_view``: a thread is opened, with prompts of its own, before anything is
said (https://docs.slack.dev/reference/events/assistant_thread_started).

None of this is worth failing for: an app without a view simply has neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import structlog
from cachetools import LRUCache

from adapters.slack.connection.web import SlackError, Web
from adapters.slack.showing.blocks import Json
from adapters.slack.showing.formatting import escape
from bot.types import Utterance

OLD_VIEW: Final = (
    "The app still has the old assistant_view, which Slack ends in February 2027. "
    "docs/slack.md, section 'Apps made before July 2026', tells how to move."
)
PROMPTS: Final = 4
"""https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts."""
_PROMPT_TITLE_CHARS = 75
_TITLE_CHARS = 80
_OPENED = 500  # threads that were opened and have no question yet

_log = structlog.get_logger("housevoice")


class AgentView:
    """The surroundings of direct conversations, of either kind of view."""

    def __init__(self, web: Web, prompts: Sequence[str]):
        """``prompts``: questions that newcomers are offered."""
        self._web = web
        self._prompts = [
            {"title": each[:_PROMPT_TITLE_CHARS], "message": each} for each in prompts[:PROMPTS]
        ]
        self._opened: LRUCache[tuple[str, str], None] = LRUCache(_OPENED)
        self._told = False

    async def conversation_opened(self, event: Json) -> None:
        """Somebody looks at their conversation with the bot: ``app_home_opened``, ``messages``.

        Given a thread, Slack would ignore the call.
        """
        await self._suggest(channel_id=str(event["channel"]))

    async def thread_opened(self, event: Json) -> None:
        """A thread of the old view was opened: ``assistant_thread_started``."""
        if not self._told:
            self._told = True
            _log.warning("slack_old_view", advice=OLD_VIEW)
        thread = event["assistant_thread"]
        channel, ts = str(thread["channel_id"]), str(thread["thread_ts"])
        self._opened[channel, ts] = None
        await self._suggest(channel_id=channel, thread_ts=ts)

    def begins_thread(self, utterance: Utterance) -> bool:
        """Whether it is the first question of a thread of its own; True once for each."""
        place = utterance.place
        if not place.direct or place.thread is None:
            return False
        key = (place.channel, place.thread)
        if key in self._opened:
            del self._opened[key]
            return True
        return place.thread == utterance.handle.get("ts")

    async def entitle(self, utterance: Utterance) -> None:
        """Call the thread after the question that begins it."""
        if title := " ".join(utterance.text.split())[:_TITLE_CHARS]:
            await self._nicety(
                "assistant.threads.setTitle",
                channel_id=utterance.place.channel,
                thread_ts=utterance.place.thread,
                title=escape(title),
            )

    async def _suggest(self, **where: str) -> None:
        if self._prompts:
            await self._nicety(
                "assistant.threads.setSuggestedPrompts",
                title="Ask me, for example",
                prompts=self._prompts,
                **where,
            )

    async def _nicety(self, method: str, **args: Any) -> None:
        try:
            await self._web.call(method, patient=False, **args)
        except SlackError as error:
            _log.info("slack_nicety_refused", reason=str(error))
