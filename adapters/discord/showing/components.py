"""Cards as Discord shows them: messages in components v2, with buttons that outlive a restart.

A message with components v2 holds 4,000 characters of text and 40 components
(docs.discord.com/developers/components/reference#what-is-a-component). Text that is only text is a
plain message, which can be searched and copied.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from secrets import randbelow
from typing import Any

import discord
from discord import ui

from adapters.discord.connection.client import Interaction
from adapters.discord.showing.formatting import (
    COMPONENTS_LIMIT,
    MESSAGE_LIMIT,
    DiscordMarkdown,
    discord_pieces,
)
from adapters.markdown.rewriting import Writer, keep_links
from bot.cards import LABELS, Action, Card, CitedSource, Picture, Row, label
from bot.types import Tier

MAX_MESSAGES = 5
"""Longer answers come as a file: more messages would push all else off the screen."""
_BUTTONS_IN_A_ROW = 5
_ROW_LIMIT = 400  # characters of a row; eight of them are in one message
_FILE = "answer.md"
_TITLE_LIMIT = 200
_FOOT_LIMIT = 1_500  # characters for the sources, so that the text has most of the message
_IN_FILE = "\n\n-# The whole of it is in the file."
# For private use, and another one in every process: nobody can write what names people. As long
# as what they become, so that lengths hold.
_MARK = chr(0x100000 + randbelow(0xFFFE))
_NAMED, _NAMED_END = f"{_MARK}@", _MARK
_NAMED_USER = re.compile(f"{_NAMED}(\\d{{1,20}}){_NAMED_END}")


def named(user: str) -> str:
    """A person as :func:`parts` shows them: by a mention that rings nobody.

    Mentions that stand in a text are broken up, so this stands for one until that is done.
    """
    return f"{_NAMED}{user}{_NAMED_END}"


@dataclass(frozen=True, slots=True)
class Part:
    """One message."""

    text: str
    """As Discord writes it."""
    foot: str = ""
    """Sources and confidence, in small print."""
    buttons: tuple[Action, ...] = ()
    subject: str = ""
    tier: Tier | None = None
    file: str | None = None
    """Markdown that comes along as a file."""
    plain: bool = False
    """No components: nothing but text."""
    rows: tuple[Row, ...] = ()
    picture: Picture | None = None


def parts(card: Card, *, plain: bool = False) -> list[Part]:
    """The messages that a card takes. ``plain``: without components where it has nothing to press.

    The last one has what belongs to the whole.
    """
    foot = _foot(card)
    plain = plain and not card.buttons and not card.rows
    limit = MESSAGE_LIMIT if plain else COMPONENTS_LIMIT
    pieces = [_with_names(each) for each in discord_pieces(card.text, card.live_links, limit)]
    file = None
    if len(pieces) > MAX_MESSAGES:
        file = _as_file(card)
        first = discord_pieces(card.text, card.live_links, limit - len(_IN_FILE) - len(foot) - 2)
        pieces = [_with_names(first[0]) + _IN_FILE]
    elif foot and pieces and len(pieces[-1]) + len(foot) + 2 > limit:
        pieces.append("")  # no room for the sources under the text
    if plain and pieces:
        pieces[-1] = "\n\n".join(part for part in (pieces[-1], foot) if part)
        foot = ""
    rows = tuple(
        replace(each, text=discord_pieces(each.text, card.live_links, _ROW_LIMIT)[0])
        for each in card.rows
    )
    if rows and pieces and len(pieces[-1]) + sum(len(each.text) for each in rows) > limit:
        pieces.append("")
    shown = [Part(piece, plain=plain) for piece in pieces[:-1]]
    last = pieces[-1] if pieces else ""
    whole = Part(last, foot, card.buttons, card.subject, card.tier, file, plain, rows)
    return [*shown, replace(whole, picture=card.picture)]


def growing(text: str) -> list[Part]:
    """The messages that an answer takes while it is being written; no link in it is live yet."""
    pieces = discord_pieces(text, (), COMPONENTS_LIMIT)
    return [Part(_with_names(piece)) for piece in pieces[:MAX_MESSAGES]]


def options(part: Part, *, edit: bool = False) -> dict[str, Any]:
    """What ``send`` (or ``edit``) of discord.py takes for a part."""
    given: dict[str, Any] = {"allowed_mentions": discord.AllowedMentions.none()}
    if part.plain:
        given["content"] = part.text or "…"
        if edit:
            given["view"] = None
    else:
        given["view"] = layout(part)
    if part.picture is not None:
        shown = discord.File(
            BytesIO(part.picture.content), part.picture.name, description=part.picture.alt
        )
        given["attachments" if edit else "files"] = [shown]
    if part.file is not None:
        attached = discord.File(BytesIO(part.file.encode()), _FILE)
        given["attachments" if edit else "files"] = [attached]
    return given


def layout(part: Part) -> ui.LayoutView:
    """A part in components v2."""
    view = ui.LayoutView(timeout=None)
    for text in (part.text or ("" if part.foot or part.rows else "…"), part.foot):
        if text:
            view.add_item(ui.TextDisplay(text))
    for one in part.rows:
        view.add_item(ui.TextDisplay(_with_names(one.text)))
        if not one.buttons:
            continue
        below: ui.ActionRow[ui.LayoutView] = ui.ActionRow()
        for action in one.buttons:
            below.add_item(ActionButton(action, one.subject))
        view.add_item(below)
    if part.picture is not None:
        shown = discord.MediaGalleryItem(
            f"attachment://{part.picture.name}", description=part.picture.alt
        )
        view.add_item(ui.MediaGallery(shown))
    if part.file is not None:
        view.add_item(ui.File(f"attachment://{_FILE}"))
    for start in range(0, len(part.buttons), _BUTTONS_IN_A_ROW):
        row: ui.ActionRow[ui.LayoutView] = ui.ActionRow()
        for action in part.buttons[start : start + _BUTTONS_IN_A_ROW]:
            row.add_item(ActionButton(action, part.subject, part.tier))
        view.add_item(row)
    return view


def _foot(card: Card) -> str:
    lines: list[str] = []
    for source in card.sources:
        line = f"-# {_source(source, card)}"
        if sum(map(len, lines)) + len(line) > _FOOT_LIMIT:
            lines.append("-# …")
            break
        lines.append(line)
    if card.confidence:
        lines.append(f"-# {card.confidence}")
    return "\n".join(lines)


def _source(source: CitedSource, card: Card) -> str:
    title = " ".join((source.title or source.document).split())[:_TITLE_LIMIT]
    # Brackets end a link's text, escaped or not, in Discord's reading.
    title = Writer().escape(title.translate(str.maketrans("[]", "()")))
    url = source.url.replace("<", "%3C").replace(">", "%3E")
    line = f"[{source.n}] [{title}](<{url}>)" if url else f"[{source.n}] {title}"
    return DiscordMarkdown(card.live_links).write(line).replace("\n", " ")


def _as_file(card: Card) -> str:
    listed = [f"[{each.n}] {each.title} {each.url}".rstrip() for each in card.sources]
    return "\n\n".join([keep_links(card.text, card.live_links), "\n".join(listed)]).strip() + "\n"


def _with_names(text: str) -> str:
    return _NAMED_USER.sub(r"<@\1>", text)


_STYLES: dict[str, discord.ButtonStyle] = {
    "send": discord.ButtonStyle.primary,
    "solved": discord.ButtonStyle.success,
    "keep": discord.ButtonStyle.primary,
    "forget": discord.ButtonStyle.danger,
}


class ActionButton(
    ui.DynamicItem[ui.Button[Any]], template=r"hv:(?P<action>[a-z]{1,20}):(?P<subject>[\w-]{0,64})"
):
    """A button whose id says all: it works after a restart, as long as its record is kept."""

    def __init__(self, action: str, subject: str, tier: Tier | None = None) -> None:
        style = _STYLES.get(action, discord.ButtonStyle.secondary)
        name = next((label(known, tier) for known in LABELS if known == action), action)
        id = f"hv:{action}:{subject}"
        super().__init__(ui.Button(label=name, style=style, custom_id=id))
        self._action = action
        self._subject = subject

    @classmethod
    async def from_custom_id(  # type: ignore[override]  # our own client
        cls, _: Interaction, item: ui.Item[Any], match: re.Match[str], /
    ) -> ActionButton:
        """The button of a message that was posted at any time."""
        return cls(match["action"], match["subject"])

    async def callback(self, interaction: Interaction) -> None:  # type: ignore[override]
        """Somebody pressed it."""
        await interaction.client.front.pressed(interaction, self._action, self._subject)


class ReopenButton(ui.DynamicItem[ui.Button[Any]], template=r"hvform:(?P<key>\w{1,64})"):
    """Opens a form again, with what was filled in: a modal of Discord's cannot show faults."""

    def __init__(self, key: str) -> None:
        super().__init__(
            ui.Button(
                label="Open it again",
                style=discord.ButtonStyle.primary,
                custom_id=f"hvform:{key}",
            )
        )
        self._key = key

    @classmethod
    async def from_custom_id(  # type: ignore[override]  # our own client
        cls, _: Interaction, item: ui.Item[Any], match: re.Match[str], /
    ) -> ReopenButton:
        """The button of a message that was posted at any time."""
        return cls(match["key"])

    async def callback(self, interaction: Interaction) -> None:  # type: ignore[override]
        """Somebody pressed it."""
        await interaction.client.front.reopened(interaction, self._key)


def faults_view(faults: Sequence[str], key: str | None) -> ui.LayoutView:
    """What is wrong with a form, and the way back to it where it is still known."""
    view = ui.LayoutView(timeout=None)
    listed = "\n".join(f"- {each}" for each in faults)
    view.add_item(ui.TextDisplay(discord_pieces(f"Not saved:\n\n{listed}", (), 3_000)[0]))
    if key is not None:
        row: ui.ActionRow[ui.LayoutView] = ui.ActionRow()
        row.add_item(ReopenButton(key))
        view.add_item(row)
    return view
