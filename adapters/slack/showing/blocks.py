"""Cards and forms as Slack's blocks and views, and what was filled in as values. Pure.

Limits: https://docs.slack.dev/reference/block-kit/blocks and
https://docs.slack.dev/reference/views
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from textwrap import shorten
from typing import Any, Final
from urllib.parse import urlsplit

from adapters.slack.showing.formatting import (
    escape,
    fallback,
    inert,
    markdown_blocks,
    mrkdwn,
    section,
)
from bot.cards import Action, Card, CitedSource, Field, Form, Row, Values, label
from bot.desk.commands import Command
from bot.errors import UsageError
from bot.types import Place, Tier

Json = dict[str, Any]

ACTION: Final = "housevoice:"
"""What the action ids of our buttons begin with."""
FORM: Final = "housevoice:form"
CARD: Final = "housevoice:card"
"""Callback ids of our modals."""

_MESSAGE_CHARS = 13_000
"""Over all blocks; Slack refuses from about 13,200 (github.com/slackapi/bolt-js/issues/2509)."""
_VIEW_BLOCKS = 100
_TITLE, _OPTION, _INPUT, _TEXT = 24, 75, 3000, 3000
_METADATA = 3000
_ACCENTS: Mapping[Action, str] = {"send": "primary", "keep": "primary", "forget": "danger"}


@dataclass(frozen=True, slots=True)
class Posting:
    """One message: what it shows, and what notifications and screen readers get."""

    text: str
    blocks: list[Json]

    @property
    def content(self) -> Json:
        """As arguments of the methods that post."""
        return {"text": self.text} | ({"blocks": self.blocks} if self.blocks else {})


def postings(card: Card) -> list[Posting]:
    """The messages that a card takes, its sources and buttons under the last of them."""
    links = card.live_links
    parts = [
        Posting(_fallback_of(blocks, links), list(blocks))
        for blocks in markdown_blocks(card.text, links)
    ] or [Posting("…", [])]
    last, end = parts[-1], closing(card)
    if end and _chars(last.blocks) + _chars(end) > _MESSAGE_CHARS:
        parts.append(Posting("Sources", end))
    else:
        parts[-1] = Posting(last.text, last.blocks + end)
    if not parts[-1].blocks:
        parts[-1] = Posting("…", [section("…")])
    return parts


def closing(card: Card) -> list[Json]:
    """What stands under the text: rows with their buttons, sources, confidence, buttons."""
    texts = _cut("\n".join(map(_source, card.sources)))
    if card.confidence:
        texts.append(card.confidence)
    blocks: list[Json] = [block for row in card.rows for block in _row(row, card.live_links)]
    blocks += [
        {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}
        for text in texts
    ]
    if card.buttons:
        blocks.append(_actions([_button(each, card.subject, card.tier) for each in card.buttons]))
    return blocks


def card_view(card: Card, title: str, place: Place) -> Json:
    """A card in a modal, which has no ``markdown`` blocks."""
    blocks = [section(piece) for piece in mrkdwn(card.text, card.live_links)]
    end = closing(card)
    if len(blocks) + len(end) > _VIEW_BLOCKS:
        blocks = [*blocks[: _VIEW_BLOCKS - len(end) - 1], section("…")]
    return {
        "type": "modal",
        "callback_id": CARD,
        "title": _plain(shorten(title, _TITLE, placeholder="…")),
        "close": _plain("Close"),
        "private_metadata": _metadata({"place": asdict(place)}),
        "blocks": [*blocks, *end] or [section("…")],
    }


def form_view(form: Form, place: Place, response_url: str = "") -> Json:
    """A form as a modal. Raises :class:`UsageError` where Slack's fields cannot hold a value."""
    metadata = {"form": form.id, "context": dict(form.context), "place": asdict(place)}
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": _plain(shorten(form.title, _TITLE, placeholder="…")),
        "submit": _plain(form.submit),
        "close": _plain("Cancel"),
        "private_metadata": _metadata(metadata),
        "blocks": [_input(each) for each in form.fields],
    }


def form_context(view: Mapping[str, Any]) -> tuple[str, dict[str, str], Place]:
    """The form that a modal was opened as, what it was opened with, and where."""
    metadata = json.loads(view.get("private_metadata") or "{}")
    return metadata.get("form", ""), metadata.get("context", {}), Place(**metadata["place"])


def values(state: Mapping[str, Any]) -> Values:
    """What was filled in, from a view's ``state``."""
    filled: dict[str, str | tuple[str, ...]] = {}
    for name, elements in state.get("values", {}).items():
        for element in elements.values():
            filled[name] = _value(element)
    return filled


def home_view(commands: Sequence[Command], prompts: Sequence[str], *, admin: bool) -> Json:
    """The App Home: what it can do, and for admins what to set up."""
    blocks = [
        {"type": "header", "text": _plain("Ask me")},
        section(
            "I answer from what I have read, and show where it stands. Write to me here under "
            "Messages, mention me in a channel, or follow up in a thread that I am in. "
            "`quiet` in a thread makes me stop, `resume` brings me back."
        ),
        {"type": "header", "text": _plain("Commands")},
        *_listed([each for each in commands if not each.admin]),
    ]
    if prompts:
        asked = "\n".join(f"• {inert(escape(each))}" for each in prompts)
        blocks += [
            {"type": "header", "text": _plain("For example")},
            *map(section, _cut(asked)),
        ]
    if admin:
        blocks += [
            {"type": "divider"},
            {"type": "header", "text": _plain("For admins")},
            *_listed([each for each in commands if each.admin]),
            section(
                "In a channel, `/kb channel` decides when I answer there, in which voice, how "
                "often and from which sources. `/kb answers` decides what I do there when I am not "
                "certain, and how much of the voice I use. `/kb workspace` chooses the channel "
                "where people take over. `/kb gaps` shows what I could not answer, and `/kb add` "
                "has me read a page that answers it."
            ),
        ]
    return {"type": "home", "blocks": blocks}


def _listed(commands: Sequence[Command]) -> list[Json]:
    lines = "\n".join(f"• `{escape(each.usage())}`: {escape(each.help)}" for each in commands)
    return [section(piece) for piece in _cut(lines)]


def _fallback_of(blocks: Sequence[Json], links: frozenset[str]) -> str:
    return fallback("\n\n".join(str(block["text"]) for block in blocks), links) or "…"


def _chars(blocks: Sequence[Json]) -> int:
    return len(json.dumps(blocks, ensure_ascii=False))


def _source(source: CitedSource) -> str:
    title = inert(escape(" ".join((source.title or source.document).split())[:500]))
    if urlsplit(source.url).scheme not in ("http", "https"):
        return f"[{source.n}] {title}"
    link = f"[{source.n}] <{escape(source.url).replace('|', '%7C')}|{title.replace('|', '¦')}>"
    return link if len(link) <= _TEXT else f"[{source.n}] {title}"


def _row(row: Row, links: frozenset[str]) -> list[Json]:
    """A row, and its buttons right below it, if there is anything left to press."""
    texts = [section(piece) for piece in mrkdwn(row.text, links)]
    buttons = [_button(each, row.subject) for each in row.buttons]
    return [*texts, _actions(buttons)] if buttons else texts


def _actions(buttons: Sequence[Json]) -> Json:
    return {"type": "actions", "elements": list(buttons)}


def _button(action: Action, subject: str, tier: Tier | None = None) -> Json:
    button = {
        "type": "button",
        "action_id": f"{ACTION}{action}",
        "text": _plain(label(action, tier)),
    }
    button |= {"value": subject} if subject else {}  # Slack refuses an empty one
    return button | ({"style": _ACCENTS[action]} if action in _ACCENTS else {})


def _input(field: Field) -> Json:
    element: Json = {"action_id": "value"}
    options = [
        {"text": _plain(each.label[:_OPTION]), "value": each.value} for each in field.choices
    ]
    chosen = [each for each in options if each["value"] in _as_tuple(field.value)]
    match field.kind:
        case "one_of":
            element |= {"type": "static_select", "options": options}
            element |= {"initial_option": chosen[0]} if chosen else {}
        case "some_of":
            element |= {"type": "multi_static_select", "options": options}
            element |= {"initial_options": chosen} if chosen else {}
        case "channel":
            kinds = {"include": ["public", "private"], "exclude_external_shared_channels": True}
            element |= {"type": "conversations_select", "filter": kinds}
            element |= {"initial_conversation": field.value} if field.value else {}
        case _:
            if len(str(field.value)) > _INPUT:
                raise UsageError(
                    f"That text is too long to be edited here: Slack's forms take {_INPUT:,} "
                    "characters. Copy it and edit it where you send it."
                )
            element |= {
                "type": "plain_text_input",
                "multiline": field.kind == "long_text",
                "max_length": min(field.max_chars, _INPUT),
            }
            element |= {"initial_value": field.value} if field.value else {}
    block: Json = {
        "type": "input",
        "block_id": field.name,
        "label": _plain(field.label),
        "optional": not field.required,
        "element": element,
    }
    return block | ({"hint": _plain(field.help)} if field.help else {})


def _value(element: Mapping[str, Any]) -> str | tuple[str, ...]:
    match element.get("type"):
        case "multi_static_select":
            return tuple(str(each["value"]) for each in element.get("selected_options") or ())
        case "static_select":
            return str((element.get("selected_option") or {}).get("value") or "")
        case "conversations_select":
            return str(element.get("selected_conversation") or "")
    return str(element.get("value") or "")


def _as_tuple(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _cut(lines: str) -> list[str]:
    """Lines in pieces that fit a section."""
    pieces = [""]
    for line in lines.split("\n"):
        if len(pieces[-1]) + len(line) + 1 > _TEXT:
            pieces.append("")
        pieces[-1] = f"{pieces[-1]}\n{line}".strip("\n")
    return [piece for piece in pieces if piece]


def _plain(text: str) -> Json:
    return {"type": "plain_text", "text": text, "emoji": True}


def _metadata(about: Mapping[str, Any]) -> str:
    text = json.dumps(about, separators=(",", ":"))
    if len(text) > _METADATA:
        raise UsageError("That is more than a form can carry.")
    return text
