"""Replies in the open as they grow: streamed where there is a thread, else changed and changed.

https://docs.slack.dev/reference/methods/chat.startStream and its siblings
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, Final

import structlog

from adapters.slack.connection.web import SlackError, Sleep, Web
from adapters.slack.showing.blocks import Json, Posting, closing, postings
from adapters.slack.showing.finding import erase, mark
from adapters.slack.showing.formatting import MarkdownBlock
from adapters.slack.showing.private import LOOKING, respond, response_url
from adapters.slack.showing.sign import Sign
from bot.cards import Card
from bot.types import Utterance

GROW_SECONDS: Final = 0.7
"""Between two changes of a message: Slack allows about one a second in a channel."""

_STREAM_BYTES = 10_000
"""Slack documents 12,000 characters a call; streams were seen to be refused from 10,600 bytes."""
_LAST_SECONDS = 10.0
"""For a call that is under way when the reply is broken off."""
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})

_log = structlog.get_logger("housevoice")


class OpenReply:
    """A reply that everyone in the place sees; goes on with what an earlier attempt posted."""

    def __init__(
        self,
        web: Web,
        find: Callable[[Utterance], Awaitable[Sequence[str]]],
        utterance: Utterance,
        shown: Sequence[str],
        *,
        clock: Callable[[], float] = time.monotonic,
        rest: Sleep = asyncio.sleep,
        prefix: str = "",
    ):
        """``find``: what an attempt whose end is not known has posted.

        ``prefix``: Markdown before the answer, such as the question where nobody saw it; it is
        posted at once.
        """
        self._web = web
        self._find = find
        self._utterance = utterance
        self._place = utterance.place
        self._shown = list(shown)
        self._clock = clock
        self._prefix = prefix
        self._streams = self._place.thread is not None and not shown and not prefix
        self._streamed: str | None = None
        """What the open stream shows; None: no stream is open."""
        self._unsure = False
        """A message may have been posted although Slack's answer was lost."""
        self._not_before = 0.0
        self._has_posted = False
        self._sign = Sign(web, utterance, rest)
        self._heading = asyncio.ensure_future(self._show_heading())

    @property
    def shown(self) -> tuple[str, ...]:
        """``ts`` of each message."""
        return tuple(self._shown)

    async def grow(self, text: str) -> None:
        """Show more of it, if it is time; what Slack refuses now is shown at the end."""
        if self._clock() < self._not_before or not text.strip():
            return
        try:
            await self._whole(self._grow(text))
            self._not_before = self._clock() + GROW_SECONDS
        except SlackError as error:
            self._not_before = self._clock() + max(GROW_SECONDS, error.retry_after)
            _log.info("slack_growth_refused", message_id=self._utterance.id, reason=str(error))

    async def wait(self, words: str) -> None:
        """Show how long it will take."""
        await self._sign.say(words)

    async def finish(self, card: Card) -> None:
        """Show the whole."""
        await self._whole(self._finish(card))

    async def _finish(self, card: Card) -> None:
        await self._sign_shown()
        parts = postings(replace(card, text=self._prefix + card.text))
        if self._streamed is None or not await self._stop_stream(card, parts, self._streamed):
            await self._show(parts)
        await self._sign.end(posted=self._has_posted)

    async def erase(self) -> None:
        """Take it back."""
        await self._sign_shown()
        await self._close_stream()
        await erase(self._web, self._place.channel, self._shown)
        self._shown.clear()
        await self._sign.end(posted=False)

    async def _whole(self, doing: Coroutine[Any, Any, None]) -> None:
        """Not broken off at once: what Slack is just posting has to be known."""
        task = asyncio.create_task(doing, name=f"answer {self._utterance.id} showing")
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            done, _ = await asyncio.wait({task}, timeout=_LAST_SECONDS)
            if not done:
                task.cancel()
            elif not task.cancelled():
                task.exception()  # nobody waits for it any more
            raise

    # --- that it was heard --------------------------------------------------------------------

    async def _sign_shown(self) -> None:
        await self._heading
        await self._sign.shown()

    async def _show_heading(self) -> None:
        """A question that nobody saw stands there at once; its answer takes the second line."""
        if not self._prefix or self._shown:
            return
        part = postings(Card(self._prefix + LOOKING))[0]
        try:
            self._shown.append(await self._posted(part, patient=False))
        except SlackError as error:
            _log.info("slack_sign_refused", message_id=self._utterance.id, reason=str(error))
            if url := self._response_url(error):
                await respond(self._web, url, Posting(LOOKING, []))

    def _response_url(self, error: SlackError) -> str:
        """Where Slack lets the bot answer a command although it is no member there."""
        if error.code not in ("not_in_channel", "channel_not_found"):
            return ""
        return response_url(self._utterance, time.time())

    # --- growing ----------------------------------------------------------------------------

    async def _grow(self, text: str) -> None:
        if not self._shown:
            await self._sign_shown()
        if self._prefix and not self._shown:
            return  # it could not be posted at once, and is tried again at the end
        if not self._shown:
            await self._begin(text)
        elif self._streamed is not None:
            await self._append(text, self._streamed)
        else:
            part = postings(Card(self._prefix + text))[0]
            await self._web.call(
                "chat.update", patient=False, **self._at(self._shown[0]), **part.content
            )

    async def _begin(self, text: str) -> None:
        written = MarkdownBlock().write(text)
        if self._streams and len(written.encode()) <= _STREAM_BYTES:
            try:
                started = await self._web.call(
                    "chat.startStream",
                    patient=False,
                    channel=self._place.channel,
                    thread_ts=self._place.thread,
                    recipient_team_id=self._utterance.handle.get("team"),
                    recipient_user_id=self._utterance.author,
                    markdown_text=written,
                )
            except SlackError as error:
                self._unsure = self._unsure or error.lost
                self._streams = False
                if error.passing:
                    raise
            else:
                self._streamed, self._has_posted = written, True
                self._shown.append(str(started["ts"]))
                return
        if self._unsure:
            return  # found or posted at the end, when it is worth a search
        await self._post(postings(Card(text))[0], patient=False)

    async def _append(self, text: str, streamed: str) -> None:
        written = MarkdownBlock().write(text)
        if not written.startswith(streamed) or len(written.encode()) > _STREAM_BYTES:
            return  # what is shown would have to change: at the end it does
        more = written[len(streamed) :]
        if not more:
            return
        try:
            await self._web.call(
                "chat.appendStream",
                patient=False,
                **self._at(self._shown[0]),
                markdown_text=more,
            )
        except SlackError as error:
            if not error.passing:
                self._streamed = None  # closed by Slack: from now on the message is updated
            elif error.lost:
                await self._close_stream()  # who knows what it shows
            raise
        self._streamed = written

    async def _stop_stream(self, card: Card, parts: Sequence[Posting], streamed: str) -> bool:
        """End the stream with all that is missing; False: it has to be shown in another way."""
        written = MarkdownBlock(card.live_links).write(card.text)
        fits = len(parts) == 1 and len(written.encode()) <= _STREAM_BYTES
        if not fits or not written.startswith(streamed):
            await self._close_stream()
            return False
        try:
            await self._web.call(
                "chat.stopStream",
                **self._at(self._shown[0]),
                markdown_text=written[len(streamed) :] or None,
                blocks=closing(card) or None,
                metadata=mark(self._utterance),
            )
        except SlackError as error:
            _log.info("slack_stream_not_ended", message_id=self._utterance.id, reason=str(error))
            await self._close_stream()
            return False
        self._streamed = None
        return True

    async def _close_stream(self) -> None:
        if self._streamed is not None:
            self._streamed = None
            await self._close_stream_at(self._shown[0])

    async def _close_stream_at(self, ts: str) -> None:
        try:
            await self._web.call("chat.stopStream", **self._at(ts))
        except SlackError as error:
            _log.info("slack_stream_not_ended", message_id=self._utterance.id, reason=str(error))

    # --- whole messages ---------------------------------------------------------------------

    async def _show(self, parts: Sequence[Posting]) -> None:
        if self._unsure and not self._shown:
            self._shown += await self._find(self._utterance)
        for number, part in enumerate(parts):
            if number < len(self._shown):
                await self._update(number, part)
            else:
                await self._post(part)
        surplus, self._shown = self._shown[len(parts) :], self._shown[: len(parts)]
        await erase(self._web, self._place.channel, surplus)

    async def _update(self, number: int, part: Posting) -> None:
        """Change a message; where Slack lets nobody change it, a new one takes its place."""
        ts = self._shown[number]
        try:
            await self._change(ts, {**part.content, "metadata": mark(self._utterance)})
        except SlackError as error:
            if error.passing:
                raise
            self._shown[number] = await self._posted(part)
            if error.code not in _GONE:
                await self._remove(ts)

    async def _change(self, ts: str, content: Json) -> None:
        try:
            await self._web.call("chat.update", **self._at(ts), **content)
        except SlackError as error:
            if error.code != "streaming_state_conflict":
                raise
            # A dead process's stream, or one that Slack is ending itself.
            await self._close_stream_at(ts)
            await self._web.call("chat.update", **self._at(ts), **content)

    async def _remove(self, ts: str) -> None:
        """What is left of a message that a new one has taken the place of."""
        try:
            await erase(self._web, self._place.channel, [ts])
        except SlackError as error:
            _log.info("slack_not_erased", message_id=self._utterance.id, reason=str(error))

    async def _post(self, part: Posting, *, patient: bool = True) -> None:
        try:
            self._shown.append(await self._posted(part, patient=patient))
        except SlackError as error:
            if not (url := self._response_url(error)):
                raise
            told = {"response_type": "in_channel", **part.content}
            await self._web.respond(url, told | {"unfurl_links": False, "unfurl_media": False})

    async def _posted(self, part: Posting, *, patient: bool = True) -> str:
        """Post; where only the answer was lost, look before posting once more."""
        known = set(self._shown)
        for last in (False, True):
            try:
                posted = await self._web.call(
                    "chat.postMessage",
                    patient=patient,
                    channel=self._place.channel,
                    thread_ts=self._place.thread,
                    **part.content,
                    metadata=mark(self._utterance),
                    unfurl_links=False,
                    unfurl_media=False,
                )
                self._has_posted = True
                return str(posted["ts"])
            except SlackError as error:
                if not error.lost:
                    raise
                if not patient:
                    self._unsure = True
                    raise
                found = await self._find(self._utterance)
                if fresh := [ts for ts in found if ts not in known]:
                    return fresh[0]
                if last:
                    raise
        raise AssertionError("either of the two attempts ends this")

    def _at(self, ts: str) -> Json:
        return {"channel": self._place.channel, "ts": ts}
