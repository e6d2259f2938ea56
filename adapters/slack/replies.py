"""Replies as they grow on Slack: streamed or updated in the open, at once where it is private.

https://docs.slack.dev/reference/methods/chat.startStream and its siblings
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import structlog

from adapters.slack.blocks import Json, Posting, closing, postings
from adapters.slack.formatting import MarkdownBlock
from adapters.slack.web import SlackError, Web
from bot.cards import Card
from bot.types import Utterance

GROW_SECONDS: Final = 0.7
"""Between two changes of a message: Slack allows about one a second in a channel."""
METADATA: Final = "housevoice_answer"
"""``event_type`` of the metadata by which an answer is found again."""
LOOKING: Final = "Looking it up …"
_STATUS = "is looking it up …"
_EYES = "eyes"

_STREAM_BYTES = 10_000
"""Slack documents 12,000 characters a call; streams were seen to be refused from 10,600 bytes."""
_SIGN_SECONDS = 5.0
_RESPONSE_SECONDS = 29 * 60
_RESPONSE_USES = 4
"""Of the five that there are; the first said that it is being looked up."""
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})

_log = structlog.get_logger("housevoice")


class OpenReply:
    """A reply that everyone in the place sees; goes on with what an earlier attempt posted."""

    def __init__(
        self,
        web: Web,
        utterance: Utterance,
        shown: Sequence[str],
        *,
        clock: Callable[[], float] = time.monotonic,
        prefix: str = "",
    ):
        """``prefix``: Markdown before the answer, such as the question where nobody saw it."""
        self._web = web
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
        self._reacted = False
        self._sign = asyncio.ensure_future(self._show_sign())

    @property
    def shown(self) -> tuple[str, ...]:
        """``ts`` of each message."""
        return tuple(self._shown)

    async def grow(self, text: str) -> None:
        """Show more of it, if it is time; what Slack refuses now is shown at the end."""
        if self._clock() < self._not_before or not text.strip():
            return
        try:
            await self._grow(text)
            self._not_before = self._clock() + GROW_SECONDS
        except SlackError as error:
            self._not_before = self._clock() + max(GROW_SECONDS, error.retry_after)
            _log.info("slack_growth_refused", message_id=self._utterance.id, reason=str(error))

    async def finish(self, card: Card) -> None:
        """Show the whole."""
        await self._sign
        parts = postings(replace(card, text=self._prefix + card.text))
        if not (self._streamed is not None and await self._stop_stream(card, parts)):
            await self._show(parts)
        await self._end_sign()

    async def erase(self) -> None:
        """Take it back."""
        await self._sign
        await self._close_stream()
        await erase(self._web, self._place.channel, self._shown)
        self._shown.clear()
        await self._end_sign()

    # --- growing ----------------------------------------------------------------------------

    async def _grow(self, text: str) -> None:
        if not self._shown:
            await self._sign
            await self._begin(text)
        elif self._streamed is not None:
            await self._append(text)
        else:
            part = postings(Card(self._prefix + text))[0]
            await self._web.call(
                "chat.update", patient=False, **self._at(self._shown[0]), **_content(part)
            )

    async def _begin(self, text: str) -> None:
        if self._streams:
            written = MarkdownBlock().write(text)
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
                self._streamed = written
                self._shown.append(str(started["ts"]))
                return
        if self._unsure:
            return  # found or posted at the end, when it is worth a search
        await self._post(postings(Card(self._prefix + text))[0], patient=False)

    async def _append(self, text: str) -> None:
        written = MarkdownBlock().write(text)
        assert self._streamed is not None
        if not written.startswith(self._streamed) or len(written.encode()) > _STREAM_BYTES:
            return  # what is shown would have to change: at the end it does
        more = written[len(self._streamed) :]
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

    async def _stop_stream(self, card: Card, parts: Sequence[Posting]) -> bool:
        """End the stream with all that is missing; False: it has to be shown in another way."""
        written = MarkdownBlock(card.live_links).write(card.text)
        assert self._streamed is not None
        fits = len(parts) == 1 and len(written.encode()) <= _STREAM_BYTES
        if not fits or not written.startswith(self._streamed):
            await self._close_stream()
            return False
        try:
            await self._web.call(
                "chat.stopStream",
                **self._at(self._shown[0]),
                markdown_text=written[len(self._streamed) :] or None,
                blocks=closing(card) or None,
                metadata=self._metadata(),
            )
        except SlackError as error:
            _log.info("slack_stream_not_ended", message_id=self._utterance.id, reason=str(error))
            await self._close_stream()
            return False
        self._streamed = None
        return True

    async def _close_stream(self) -> None:
        if self._streamed is None:
            return
        self._streamed = None
        try:
            await self._web.call("chat.stopStream", **self._at(self._shown[0]))
        except SlackError as error:
            _log.info("slack_stream_not_ended", message_id=self._utterance.id, reason=str(error))

    # --- whole messages ---------------------------------------------------------------------

    async def _show(self, parts: Sequence[Posting]) -> None:
        if self._unsure and not self._shown:
            self._shown += await find_answer(self._web, self._utterance)
        for number, part in enumerate(parts):
            if number < len(self._shown):
                await self._update(number, part)
            else:
                await self._post(part)
        surplus, self._shown = self._shown[len(parts) :], self._shown[: len(parts)]
        await erase(self._web, self._place.channel, surplus)

    async def _update(self, number: int, part: Posting) -> None:
        try:
            await self._web.call(
                "chat.update",
                **self._at(self._shown[number]),
                **_content(part),
                metadata=self._metadata(),
            )
        except SlackError as error:
            if error.code not in _GONE:
                raise
            self._shown[number] = await self._posted(part)

    async def _post(self, part: Posting, *, patient: bool = True) -> None:
        self._shown.append(await self._posted(part, patient=patient))

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
                    **_content(part),
                    metadata=self._metadata(),
                    unfurl_links=False,
                    unfurl_media=False,
                )
                return str(posted["ts"])
            except SlackError as error:
                if not error.lost:
                    raise
                if not patient:
                    self._unsure = True
                    raise
                found = await find_answer(self._web, self._utterance)
                if fresh := [ts for ts in found if ts not in known]:
                    return fresh[0]
                if last:
                    raise
        raise AssertionError("either of the two attempts ends this")

    def _at(self, ts: str) -> Json:
        return {"channel": self._place.channel, "ts": ts}

    def _metadata(self) -> Json:
        return {"event_type": METADATA, "event_payload": {"id": self._utterance.id}}

    # --- the first sign ---------------------------------------------------------------------

    async def _show_sign(self) -> None:
        """A status where there is a thread, else a reaction; neither is worth failing for."""
        try:
            async with asyncio.timeout(_SIGN_SECONDS):
                if self._place.thread is not None and await self._set_status():
                    return
                if ts := self._utterance.handle.get("ts"):
                    await self._react("reactions.add", ts)
                    self._reacted = True
        except TimeoutError:
            _log.info("slack_sign_refused", message_id=self._utterance.id, reason="timeout")

    async def _set_status(self) -> bool:
        try:
            await self._web.call(
                "assistant.threads.setStatus",
                patient=False,
                channel_id=self._place.channel,
                thread_ts=self._place.thread,
                status=_STATUS,
            )
        except SlackError as error:
            _log.info("slack_sign_refused", message_id=self._utterance.id, reason=str(error))
            return False
        return True

    async def _end_sign(self) -> None:
        """A status goes with the reply; a reaction has to be taken back."""
        ts = self._utterance.handle.get("ts")
        if ts and self._reacted:
            self._reacted = False
            await self._react("reactions.remove", ts)

    async def _react(self, method: str, ts: str) -> None:
        try:
            await self._web.call(
                method, patient=False, channel=self._place.channel, timestamp=ts, name=_EYES
            )
        except SlackError as error:
            if error.code not in ("already_reacted", "no_reaction"):
                _log.info("slack_sign_refused", message_id=self._utterance.id, reason=str(error))


class PrivateReply:
    """A reply that only the asker sees.

    Such messages cannot be found again: after a crash between showing and noting it, the answer
    is shown once more.
    """

    def __init__(
        self,
        web: Web,
        utterance: Utterance,
        *,
        wall_clock: Callable[[], float] = time.time,
    ):
        self._web = web
        self._utterance = utterance
        self._wall_clock = wall_clock
        self._sign = asyncio.ensure_future(self._show_sign())

    @property
    def shown(self) -> tuple[str, ...]:
        """Nothing that could be taken up again."""
        return ()

    async def grow(self, text: str) -> None:
        """A ``response_url`` works five times only: it shows the whole at once."""

    async def finish(self, card: Card) -> None:
        """Show it where Slack still lets us: at the command, in the channel, or directly."""
        looking = await self._sign
        parts = postings(card)
        for number, part in enumerate(parts):
            replaces = number == 0 and looking
            if number < _RESPONSE_USES and await self._respond(part, replaces=replaces):
                continue
            await whisper(
                self._web,
                self._utterance.place.channel,
                self._utterance.place.thread,
                self._utterance.author,
                part,
            )

    async def erase(self) -> None:
        """Take it back as far as can be."""
        await self._sign
        if url := self._response_url():
            try:
                await self._web.respond(url, {"delete_original": True})
            except SlackError as error:
                _log.info("slack_not_erased", message_id=self._utterance.id, reason=str(error))

    def _response_url(self) -> str:
        handle = self._utterance.handle
        age = self._wall_clock() - float(handle.get("at") or 0)
        return handle.get("response_url", "") if age < _RESPONSE_SECONDS else ""

    async def _show_sign(self) -> bool:
        return await self._respond(Posting(LOOKING, []), replaces=False)

    async def _respond(self, part: Posting, *, replaces: bool) -> bool:
        url = self._response_url()
        if not url:
            return False
        return await respond(self._web, url, part, replaces=replaces)


async def respond(web: Web, url: str, part: Posting, *, replaces: bool = False) -> bool:
    """Show something privately at a ``response_url``; False: it is not taken any more."""
    payload = {"response_type": "ephemeral", "replace_original": replaces, **_content(part)}
    if not part.blocks:
        del payload["blocks"]
    try:
        await web.respond(url, payload)
    except SlackError as error:
        _log.info("slack_response_refused", reason=str(error))
        return False
    return True


async def whisper(web: Web, channel: str, thread: str | None, user: str, part: Posting) -> None:
    """Show something to one person: where they are, or in a direct message where it cannot be.

    Raises :class:`SlackError`.
    """
    try:
        await web.call(
            "chat.postEphemeral",
            channel=channel,
            user=user,
            thread_ts=thread,
            **_content(part),
        )
    except SlackError as error:
        if error.passing:
            raise
        await web.call(
            "chat.postMessage",
            channel=user,
            **_content(part),
            unfurl_links=False,
            unfurl_media=False,
        )


async def find_answer(web: Web, utterance: Utterance) -> list[str]:
    """``ts`` of the messages that an attempt whose end is not known has posted, oldest first.

    A stream carries no mark before it ends: the first message of ours in the thread that has none
    and comes after the question is taken for it. Raises :class:`SlackError`.
    """
    place, asked = utterance.place, utterance.handle.get("ts", "0")
    found: list[Json] = []
    if place.thread is not None:
        pages = web.pages(
            "conversations.replies",
            most=3,
            channel=place.channel,
            ts=place.thread,
            oldest=asked,
            limit=200,
            include_all_metadata=True,
        )
    else:
        pages = web.pages(
            "conversations.history",
            most=1,
            channel=place.channel,
            oldest=asked,
            limit=100,
            include_all_metadata=True,
        )
    async for page in pages:
        found += page["messages"]
    me = (await web.call("auth.test"))["user_id"]
    mine = [
        each
        for each in sorted(found, key=lambda each: float(each["ts"]))
        if each.get("user") == me and float(each["ts"]) > float(asked)
    ]
    marked = [each["ts"] for each in mine if _marked_id(each) == utterance.id]
    if marked or place.thread is None:
        return marked
    return [each["ts"] for each in mine if not _marked_id(each)][:1]


def _marked_id(message: Json) -> str:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != METADATA:
        return ""
    return str((metadata.get("event_payload") or {}).get("id") or "")


async def erase(web: Web, channel: str, shown: Sequence[str]) -> None:
    """Delete messages of the bot's. Raises :class:`SlackError`."""
    for ts in shown:
        try:
            await web.call("chat.delete", channel=channel, ts=ts)
        except SlackError as error:
            if error.code != "message_not_found":
                raise


def _content(part: Posting) -> Json:
    return {"text": part.text, "blocks": part.blocks}

