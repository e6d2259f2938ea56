"""How sources, readings and changes are told, and how what admins type about them is meant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bot.desk.audit import AuditLine
from bot.desk.commands import Invocation
from bot.errors import UsageError
from bot.ports import KnownSource, SourceReading
from bot.source_ports import SourceData, Undecided
from bot.types import Place, people_of, person
from knowledge.types import PUBLIC, Principals

LABEL = 100
"""Characters of a choice and of a remark beside a field that every platform shows."""

_MOST_NAMED = 20
_LANGUAGES = 5
_LINKED = re.compile(r"<([^<>|\s]+)(?:\|[^<>]*)?>")
"""An address as Slack hands one on, and as it is written on Discord to have no preview."""
_QUOTES = " \t\n\"'`\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb"
"""What people, and telephones, put around an address."""
_MENTIONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"<#(\w+)(?:\|[^<>]*)?>"), "channel"),
    (re.compile(r"<@&(\w+)>"), "role"),
    (re.compile(r"<!subteam\^(\w+)(?:\|[^<>]*)?>"), "group"),
    (re.compile(r"<@!?(\w+)(?:\|[^<>]*)?>"), "user"),
)
"""Channels, roles and people as Slack and Discord write them, and what their principals are of."""
_PRINCIPAL = re.compile(r"[a-z]+(?::[a-z]+)?:[^\s:]+")
_EVERYONE = frozenset({"public", "everyone", "everybody", "all"})
HOW_READERS_ARE_NAMED = (
    "Write `public` for everyone, `here` for the people of this channel, mention channels, roles "
    "and people, or name them as `role:managers`."
)


def readers_in(words: str, place: Place) -> Principals:
    """Those who are named, as principals. Raises :class:`UsageError` for words that name nobody."""
    for mention, what in _MENTIONS:
        words = mention.sub(rf" {place.platform}:{what}:\1 ", words)
    named: set[str] = set()
    for word in words.replace(",", " ").split():
        bare = word.strip("`").lower()
        if bare in _EVERYONE:
            named.add(PUBLIC)
        elif bare == "here":
            named.add(_here(place))
        elif _PRINCIPAL.fullmatch(word.strip("`")):
            named.add(word.strip("`"))
        else:
            raise UsageError(f"I do not know who `{bare}` is. {HOW_READERS_ARE_NAMED}")
    if not named:
        raise UsageError(f"Nobody could read this then. {HOW_READERS_ARE_NAMED}")
    if PUBLIC in named and len(named) > 1:
        raise UsageError("Everyone is everyone: name either `public` or those whom it is for.")
    return frozenset(named)


def _here(place: Place) -> str:
    if place.direct:
        raise UsageError(
            "A direct conversation has no people to limit it to. Give the command in the channel "
            "whose people may read it, or name who may."
        )
    return people_of(place)


def typed(words: str) -> str:
    """An address as its server knows it, whatever a chat made of it."""
    linked = _LINKED.sub(r"\1", words.strip(_QUOTES)).replace("&amp;", "&")
    return linked.strip(_QUOTES)


def held(source: KnownSource) -> str:
    """How much there is of a source."""
    documents = counted(source.documents, "document")
    return f"{documents} with {counted(source.passages, 'passage')}"


def readers(who: Principals, place: Place) -> str:
    """For whom something is."""
    if PUBLIC in who or not who:
        return "for everyone"
    if who == {people_of(place)}:
        return "for the people of this channel"
    return f"for {', '.join(f'`{each}`' for each in sorted(who))}"


def schedule(source: KnownSource) -> str:
    """When a source is read again, as a sentence; the next moment in UTC."""
    usual = {"": "every night", "hourly": "every hour", "weekly": "every week"}
    often = usual.get(source.schedule, f"at `{source.schedule}`")
    if source.next_at is None:
        return f"It is read {often}, but for now never: HOUSEVOICE_REFRESH_AT is empty."
    return f"It is read {often}, next at {source.next_at:%Y-%m-%d %H:%M} UTC."


def done(reading: SourceReading) -> str:
    """What a reading did."""
    counts = [
        f"{count} {what}"
        for count, what in (
            (reading.added, "added"),
            (reading.changed, "changed"),
            (reading.removed, "removed"),
            (reading.unchanged, "unchanged"),
            (len(reading.skipped), "skipped"),
            (len(reading.quarantined), "quarantined"),
        )
        if count
    ]
    if reading.finished_at is None:
        return "not ended"
    if reading.fault:
        before = f" ({', '.join(counts)})" if counts else ""
        return f"could not be read{before}: {reading.fault}"
    return ", ".join(counts) or "no documents"


def data(taken: Sequence[SourceData]) -> list[str]:
    """What a source's data looks like now, and how it got there."""
    if not taken:
        return []
    now, first = taken[0], taken[-1]
    languages = sorted(now.languages.items(), key=lambda each: -each[1])[:_LANGUAGES]
    named = ", ".join(f"{name} {documents}" for name, documents in languages)
    changed = f"last changed {now.newest_at:%Y-%m-%d}" if now.newest_at else "never changed"
    lines = [
        "",
        f"Its data: {changed}; {now.characters:,} characters; languages: {named or 'none'}; "
        f"{now.duplicates:.0%} of the passages stand there twice; "
        f"{counted(now.failures, 'document')} could not be used.",
    ]
    if len(taken) > 1:
        drift = max(each.drift for each in taken[:-1])  # to the first of them all is new
        lines.append(
            f"Over its last {len(taken)} readings: documents {first.documents} to {now.documents}, "
            f"passages {first.passages} to {now.passages}, at most {drift:.0%} changed at once."
        )
    return lines


def waiting(undecided: Undecided) -> str:
    """How much waits for an admin, and what can be done about it."""
    return (
        f"{counted(undecided.documents, 'document')} not as at the source, until an admin decides: "
        "show what waits, or keep it as it is."
    )


def when(reading: SourceReading) -> str:
    """When a reading began, in UTC."""
    return f"{reading.started_at:%Y-%m-%d %H:%M}"


def skipped(reading: SourceReading) -> list[str]:
    """What a reading skipped, left as it was or left to an admin, and why, one a line."""
    left = {name: f"left as it was. {why}" for name, why in reading.quarantined.items()}
    waits = (f"**Waits for an admin:** {each}" for each in reading.waits)
    return [*waits, *listed({**reading.skipped, **left})]


def listed(reasons: Mapping[str, str]) -> list[str]:
    """Documents with reasons, one a line."""
    return _some([f"- {name}: {reason}" for name, reason in sorted(reasons.items())])


def left_out(reading: SourceReading) -> list[str]:
    """What was not read of documents that were read, one document a line."""
    return _some(
        [
            f"- not read of {name}: {', '.join(each.told for each in parts)}"
            for name, parts in sorted(reading.left_out.items())
        ]
    )


def _some(lines: list[str]) -> list[str]:
    more = len(lines) - _MOST_NAMED
    return [*lines[:_MOST_NAMED], *([f"and {more} more"] if more > 0 else [])]


def changed(line: AuditLine, by: Invocation) -> str:
    """One line of the audit; people of this platform by their names."""
    ours = person(by.place, "")
    who = (
        by.platform.mention(line.who.removeprefix(ours)) if line.who.startswith(ours) else line.who
    )
    ended = {"done": "", "refused": ", refused", "failed": ", failed", None: ", not ended"}
    detail = f" ({line.detail})" if line.detail else ""
    return f"- {line.at:%Y-%m-%d %H:%M} {who}: {line.what}{detail}{ended[line.outcome]}"


def counted(number: int, what: str) -> str:
    """``1 passage``, ``2 passages``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def tail(text: str) -> str:
    """The end of a text that is too long for a label: addresses differ there."""
    return text if len(text) <= LABEL else f"…{text[1 - LABEL :]}"
