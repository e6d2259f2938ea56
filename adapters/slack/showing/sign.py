"""The first sign that a question was heard: a status where there is a thread, else a reaction.

Neither is worth failing or waiting for. Slack takes a status away after two minutes without a
message (https://docs.slack.dev/reference/methods/assistant.threads.setStatus), so it is set again
before.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final
from weakref import ref

import structlog

from adapters.slack.connection.web import SlackError, Sleep, Web
from bot.types import Utterance

_STATUS = "is looking it up …"
_EYES = "eyes"
_SECONDS = 2.0
STATUS_SECONDS: Final = 90.0
"""After which a status is set again."""

_log = structlog.get_logger("housevoice")


class Sign:
    """Shown from the start; a status goes by itself when something is posted."""

    def __init__(self, web: Web, utterance: Utterance, rest: Sleep = asyncio.sleep):
        self._web = web
        self._rest = rest
        self._utterance = utterance
        self._place = utterance.place
        self._reacted = self._has_status = False
        self._status = _STATUS
        self._showing = asyncio.create_task(self._show(), name="slack sign")
        self._refreshing: asyncio.Future[None] | None = None
        self.setting = asyncio.Lock()
        """Held while the status is on its way: it must not overtake the reply."""

    async def shown(self) -> None:
        """Wait until nothing more is shown: a status that comes after the reply would stay."""
        await self._showing
        if self._refreshing is not None:
            async with self.setting:
                self._refreshing.cancel()

    async def say(self, words: str) -> None:
        """Say more by the status, where there is one."""
        await self._showing
        if self._has_status:
            self._status = f"is looking it up, in {words}"
            await self._set_status(self._status)

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
                in_thread = self._place.thread is not None
                self._has_status = in_thread and await self._set_status(self._status)
                if self._has_status:
                    self._refreshing = asyncio.ensure_future(_refresh(ref(self), self._rest))
                    return
                if ts := self._utterance.handle.get("ts"):
                    self._reacted = await self._react("reactions.add", ts)
        except TimeoutError:
            self._refused("timeout")

    async def refresh(self) -> None:
        """Set the status again, before Slack takes it away."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_SECONDS):
                await self._set_status(self._status)

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


async def _refresh(sign: ref[Sign], rest: Sleep) -> None:
    """Until the reply begins, or is given up: then nobody holds its sign any more."""
    while True:
        await rest(STATUS_SECONDS)
        held = sign()
        if held is None:
            return
        async with held.setting:
            await held.refresh()
        del held
