"""A channel's history as a source: each thread a document, question and answers together.

Only what an admin adds is read. What is read can be found by the people of the channel only, and
its authors are not named: each is "Person A", "Person B" … within one thread.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from knowledge.errors import SourceError
from knowledge.sources.chat.port import Channel, Channels, Said, Talk
from knowledge.sources.options import option, read_options
from knowledge.sources.port import Kind, Means, RawDocument, SkippedDocument, SourceSpec
from knowledge.types import Validators

_SETTLED = timedelta(days=30)
"""After so long nobody edits what they said: only messages added or taken away are looked for."""
_LONG_ENOUGH = 200
"""Characters of a message that nobody answered; shorter ones say nothing to others."""
_TITLE = 100
_MENTION = re.compile(r"<@([^<>\s]+)>")


@dataclass(frozen=True)
class ChatOptions:
    """What an admin may set."""

    days: int = option(365, "Only what was begun in so many days; 0: all there is.")


class ChatHistory:
    """The threads of one channel; a document is called by its thread's id."""

    def __init__(
        self,
        channels: Channels,
        channel: str,
        options: ChatOptions,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if options.days < 0:
            raise SourceError("The option days must be at least 0.")
        self._channels = channels
        self._channel = channel
        self._options = options
        self._now = now

    async def check(self) -> None:
        """A channel that the bot is not in cannot be read tonight either."""
        async with self._channels.open(self._channel) as channel:
            await channel.check()

    async def documents(
        self, known: Mapping[str, Validators]
    ) -> AsyncIterator[RawDocument | SkippedDocument]:
        """Every thread that was answered, and every long message; as they are listed.

        Raises :class:`SourceError` if the channel cannot be listed to its end.
        """
        now, days = self._now(), self._options.days
        async with self._channels.open(self._channel) as channel:
            await channel.check()
            async for talk in channel.talks(now - timedelta(days=days) if days else None):
                if (
                    found := await self._document(channel, talk, known.get(talk.id), now)
                ) is not None:
                    yield found

    async def _document(
        self, channel: Channel, talk: Talk, known: Validators | None, now: datetime
    ) -> RawDocument | None:
        link = channel.link(talk)
        readers = frozenset({channel.readers})
        note = f"version {talk.version}"
        content: bytes | None = None
        if known is None or known.note != note or now - talk.changed < _SETTLED:
            said = await channel.read(talk)
            if said is None or not _is_worth_keeping(said):
                return None
            content = written(said, talk.title).encode("utf-8", "replace")
        return RawDocument(
            talk.id, link, f"{talk.id}.md", content, None, Validators(note=note), readers
        )


def written(said: list[Said], title: str = "") -> str:
    """The thread as Markdown, without a name."""
    names: dict[str, str] = {}

    def named(author: str) -> str:
        return names.setdefault(author, f"Person {_letters(len(names))}")

    turns = []
    for each in said:
        who = named(each.author)
        text = _MENTION.sub(lambda found: f"@{named(found[1])}", each.text).strip()
        if text:
            # What looks like a heading would cut the thread in two.
            text = re.sub(r"^(#{1,6} |---|===|\+\+\+)", r"\\\1", text, flags=re.M)
            turns.append(f"**{who}:** {text}")
    heading = title or _first_words(turns[0].partition(":** ")[2] if turns else "")
    return "\n\n".join([f"# {heading}", *turns])


def _first_words(text: str) -> str:
    line = " ".join(re.sub(r"[*_`>\\]", "", text).split())
    end = re.search(r"[.?!](?= )", line)
    line = line[: end.end()] if end else line
    return line if len(line) <= _TITLE else f"{line[: _TITLE - 1].rpartition(' ')[0]}…"


def _letters(number: int) -> str:
    """From 0 on: A, B … Z, AA, AB and so on."""
    return (_letters(number // 26 - 1) if number >= 26 else "") + chr(ord("A") + number % 26)


def _is_worth_keeping(said: list[Said]) -> bool:
    texts = [each.text.strip() for each in said]
    answered = len([text for text in texts if text]) > 1
    return answered or any(len(text) >= _LONG_ENOUGH for text in texts)


def chat_kind(
    title: str,
    channels: Callable[[], Channels],
    recognise: Callable[[str], str | None],
    accept: Callable[[str], str | None],
) -> Kind:
    """A kind of source for a platform's channels.

    ``recognise``, ``accept``: the id of a channel as typed (:class:`Kind`).
    """

    def open_history(spec: SourceSpec, means: Means) -> ChatHistory:
        options: ChatOptions = read_options(ChatOptions, spec.options)
        return ChatHistory(channels(), spec.location, options)

    return Kind(
        title,
        recognise,
        open_history,
        ChatOptions,
        frozenset({"unchanged", "vanished"}),
        reads_disk=False,
        accept=accept,
    )
