"""The first sign that a question was heard: a status where there is a thread, else a reaction.

Neither is worth failing or waiting for.
"""

from __future__ import annotations

import asyncio

import structlog

from adapters.slack.web import SlackError, Web
from bot.types import Utterance

_STATUS = "is looking it up …"
_EYES = "eyes"
_SECONDS = 2.0

_log = structlog.get_logger("housevoice")


class Sign:
    """Shown from the start; a status goes by itself when something is posted."""

    def __init__(self, web: Web, utterance: Utterance):
        self._web = web
        self._utterance = utterance
        self._place = utterance.place
        self._reacted = self._has_status = False
        self._showing = asyncio.create_task(self._show(), name="slack sign")

    async def shown(self) -> None:
        """Wait for it: a status that comes after the reply would stay."""
        await self._showing

    async def say(self, words: str) -> None:
        """Say more by the status, where there is one."""
        await self._showing
        if self._has_status:
            await self._set_status(f"is looking it up, in {words}")

    async def end(self, *, posted: bool) -> None:
        """Take it back. ``posted``: something new was, which has taken the status along."""
        ts = self._utterance.handle.get("ts")
        if ts and self._reacted:
            self._reacted = False
            await self._react("reactions.remove", ts)
        if self._has_status and not posted:
            await self._set_status("")
        self._has_status = False

    async def _show(self) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                self._has_status = self._place.thread is not None and await self._set_status(
                    _STATUS
                )
                if self._has_status:
                    return
                if ts := self._utterance.handle.get("ts"):
                    self._reacted = await self._react("reactions.add", ts)
        except TimeoutError:
            self._refused("timeout")

    async def _set_status(self, status: str) -> bool:
        try:
            await self._web.call(
                "assistant.threads.setStatus",
                patient=False,
                channel_id=self._place.channel,
                thread_ts=self._place.thread,
                status=status,
            )
        except SlackError as error:
            self._refused(str(error))
            return False
        return True

    async def _react(self, method: str, ts: str) -> bool:
        try:
            await self._web.call(
                method, patient=False, channel=self._place.channel, timestamp=ts, name=_EYES
            )
        except SlackError as error:
            if error.code != "already_reacted":
                self._refused(str(error))
                return False
        return True

    def _refused(self, reason: str) -> None:
        _log.info("slack_sign_refused", message_id=self._utterance.id, reason=reason)
