"""What can be done about an answer: rate it, ask why, share it, ask a person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from textwrap import shorten
from typing import Protocol

from bot.answers.excerpt import excerpt
from bot.answers.history import History, Trace
from bot.cards import LABELS, Card, CitedSource, confidence_in_words
from bot.conversation.channels import Channels
from bot.conversation.roles import Roles
from bot.desk.commands import Ask
from bot.errors import PlatformError, UsageError
from bot.ports import Platform
from bot.types import Place, ReadPassage, Reply, Tier, in_console, person
from knowledge.types import Principals, conversation_principal

_GONE = "I no longer have the record of that answer. Ask the question again."
_NOT_YOURS = "That answer was given to somebody else in private."
_NOT_HERE = "That answer was given somewhere else."
_QUOTED = 300  # characters of each passage
_TRIED: Mapping[Tier | None, str] = {
    "sure": "My answer did not settle it.",
    "unsure": "I showed the closest that I have, without being certain.",
    "none": "I did not know.",
    None: "I could not answer.",
}
_CHECKS = {
    "numbers": "numbers and dates",
    "names": "names",
    "links": "links and addresses",
    "code": "code",
    "negations": "negations",
}


class PassageAccess(Protocol):
    """Who may read what; :class:`knowledge.stores.port.PassageStore` is one."""

    async def readable(self, ids: Collection[str], principals: Principals) -> frozenset[str]:
        """Which of these passages are held and may be read by these principals."""
        ...


ReadAt = Callable[[Collection[tuple[str, str]]], Awaitable[Mapping[tuple[str, str], datetime]]]
"""When documents, given as (source, document), were last read."""


class FollowUps:
    """Acts on answers by their trace. Everything raises :class:`UsageError` with what to say."""

    def __init__(
        self,
        history: History,
        channels: Channels,
        access: PassageAccess,
        read_at: ReadAt,
        roles: Roles,
        clock: Callable[[], datetime],
    ):
        self._history = history
        self._channels = channels
        self._access = access
        self._read_at = read_at
        self._roles = roles
        self._clock = clock

    async def rate(self, trace_id: str, place: Place, user: str, *, helpful: bool) -> str:
        """Keep an opinion; returns the thanks.

        A question for which the closest there is was not what was meant is a gap.
        """
        trace = await self.trace(trace_id, place, user)
        await self._history.rate(trace_id, person(place, user), helpful, self._clock())
        is_unsure = trace.reply.tier == "unsure"
        if helpful:
            if is_unsure:
                await self._history.drop_gap(trace_id)
            return "Thank you, noted."
        if not is_unsure:
            return "Thank you, noted. If it matters now, ask a person."
        await self._history.add_gap(trace)
        noted = "Thank you. I have noted your question as one that I cannot answer yet."
        if (await self._channels.workspace(place)).help_channel is None:
            return noted
        return f'{noted} If it matters now, press "{LABELS["person"]}" under what I showed.'

    async def why(self, trace_id: str, place: Place, user: str, platform: Platform) -> Card:
        """How an answer came about, as far as this person may know it."""
        trace = await self.trace(trace_id, place, user)
        reply = trace.reply
        mine = self._roles.widen(await platform.principals(place, user)) | {
            conversation_principal(trace.conversation)  # they see the answer, or it is their own
        }
        passages = reply.passages
        readable = await self._access.readable([each.id for each in passages], mine)
        read_at = await self._read_at({(each.source, each.document) for each in passages})
        cited = {each.passage for each in reply.citations}
        lines = [f"**{shorten(reply.question, 300, placeholder=' …')}**", "", *_judgement(reply)]
        lines += ["", "**What I read**"]
        hidden = 0
        shown = []
        for each in passages:
            if each.id not in readable:
                hidden += 1
                continue
            shown.append(each)
            age = _age(read_at.get((each.source, each.document)), self._clock())
            quoted = "quoted, " if each.id in cited else ""
            lines.append(f"{len(shown)}. {each.title} ({quoted}{age})")
            lines.append(f"   > {excerpt(each.text, _QUOTED)}")
        if hidden:
            lines.append(
                f"{hidden} more that {'is' if hidden == 1 else 'are'} not open to you, "
                "or changed since."
            )
        if not passages:
            lines.append("Nothing that could help was found.")
        version = f", version {reply.voice_version}" if reply.voice_version else ""
        lines += [
            "",
            "**In figures**",
            *_figures(shown),
            f"Voice: {reply.voice}{version}. "
            f"Time: {round(reply.timings_ms.get('total', 0))} ms. Trace: `{trace.id}`",
        ]
        return Card(
            "\n".join(lines),
            sources=tuple(
                CitedSource.of(n, each.title, each.document, each.url)
                for n, each in enumerate(shown, start=1)
            ),
        )

    async def again(self, trace_id: str, place: Place, user: str) -> Ask:
        """The same question once more; who asked in private is answered so."""
        trace = await self.trace(trace_id, place, user)
        return Ask(trace.reply.question, private=trace.private and not place.direct)

    async def share(self, trace_id: str, place: Place, user: str, platform: Platform) -> None:
        """Post a private answer where it was asked, if everyone there may read what it cites.

        From then on they may rate it and ask why as well.
        """
        trace = await self.trace(trace_id, place, user)
        cited = {each.passage for each in trace.reply.citations}
        everyone = self._roles.widen(await platform.audience(place))
        if not cited or not cited <= await self._access.readable(cited, everyone):
            raise UsageError(
                "I cannot share this here: not everyone in this channel may read all of its "
                "sources, or one of them has changed since."
            )
        if not await self._history.open_up(trace_id):
            raise UsageError("That answer has been shared already.")
        reply = trace.reply
        card = Card(
            f"{platform.mention(user)} asked: "
            f"*{shorten(reply.question, 300, placeholder=' …')}*\n\n{reply.answer}",
            sources=tuple(
                CitedSource.of(each.n, each.title, each.document, each.url)
                for each in reply.citations
            ),
            confidence=confidence_in_words(reply.tier, reply.confidence),
            buttons=("helpful", "unhelpful", "why"),
            tier=reply.tier,
            subject=trace_id,
        )
        try:
            await platform.post(place, card)
        except PlatformError:
            await self._history.open_up(trace_id, private=True)
            raise

    async def ask_person(self, trace_id: str, place: Place, user: str, platform: Platform) -> Card:
        """Post the question to the help channel; returns what to tell who clicked."""
        trace = await self.trace(trace_id, place, user)
        channel = (await self._channels.workspace(place)).help_channel
        if channel is None:
            raise UsageError(
                "No help channel is set here. An admin can choose one with `/kb workspace`."
            )
        helpers = Place(place.platform, place.workspace, channel)
        passages = trace.reply.passages
        readable = await self._access.readable(
            [each.id for each in passages],
            self._roles.widen(await platform.audience(helpers)),
        )
        tried = list(dict.fromkeys(each.title for each in passages if each.id in readable))
        link = "" if trace.private else await platform.link(place)
        lines = [
            f"{platform.mention(user)} would like a person's help:",
            f"> {shorten(trace.reply.question, 1000, placeholder=' …')}",
            "",
            _TRIED[trace.reply.tier],
        ]
        if tried:
            lines += ["", "I looked at:", *(f"- {title}" for title in tried)]
        if link:
            lines += ["", f"[Open the conversation]({link})"]
        if not await self._history.hand_over(trace_id, self._clock()):
            raise UsageError("People have been asked about this already.")
        try:
            sent = await platform.post(
                helpers, Card("\n".join(lines), links=(link,) if link else ())
            )
        except PlatformError:
            await self._history.hand_over(trace_id, None)
            raise
        if not sent.link:
            return Card("I have asked a person.")
        told = f"I have asked the people there: [see the message]({sent.link})"
        return Card(told, links=(sent.link,))

    async def trace(self, id: str, place: Place, user: str) -> Trace:
        """An answer, for who may see it from where they are."""
        trace = await self._history.trace(id)
        if trace is None:
            raise UsageError(_GONE)
        own = person(place, user)
        if trace.private and trace.asker not in (own, in_console(own)):
            raise UsageError(_NOT_YOURS)
        if not trace.private and not f"{trace.conversation}:".startswith(f"{place.scope}:"):
            raise UsageError(_NOT_HERE)
        return trace


def _judgement(reply: Reply) -> list[str]:
    """What was thought of what was found, in words."""
    if reply.tier is None:
        return [
            f"I looked nothing up. Error: {reply.error_id}."
            if reply.error_id
            else "There was nothing to look up."
        ]
    if reply.tier == "none":
        return ["Nothing that I found answers this well enough, so I said that I do not know."]
    words = confidence_in_words(reply.tier, reply.confidence)
    if reply.tier == "unsure":
        return [f"{words}: I showed the closest that I have. It may not be what was meant."]
    lines = [f"{words}: what I quoted answers this, as far as I can tell."]
    facts = reply.checks.facts
    kept = [name for kind, name in _CHECKS.items() if facts.get(kind)]
    lost = [name for kind, name in _CHECKS.items() if facts.get(kind) is False]
    if kept:
        lines.append(f"Checked against the sources and kept: {', '.join(kept)}.")
    if lost:
        lines.append(f"Not kept: {', '.join(lost)}.")
    return lines


def _figures(shown: Sequence[ReadPassage]) -> list[str]:
    """How the passages were rated, for those who want numbers."""
    rated = [(n, each.answers) for n, each in enumerate(shown, start=1) if each.answers is not None]
    if not shown or len(rated) < len(shown):  # old records do not tell
        return []
    answers = ", ".join(f"{n}: {likely:.0%}" for n, likely in rated)
    return [f"How likely each of them answers: {answers}."]


def _age(read_at: datetime | None, now: datetime) -> str:
    if read_at is None:
        return "not known when it was read"
    days = (now - read_at).days
    if days < 1:
        return "read today"
    return "read yesterday" if days == 1 else f"read {days} days ago"
