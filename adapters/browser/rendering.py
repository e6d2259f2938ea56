"""Pages out of templates, and Markdown as HTML in which nothing is live but what may be."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

from adapters.markdown.reading import parser, shallow
from bot.cards import Action, Card, label

_HERE = Path(__file__).parent


def markdown(text: str, live: Collection[str] = ()) -> Markup:
    """HTML of Markdown, whoever wrote it: no tags, no pictures, no links but ``live``."""
    reading = parser()
    tokens = reading.parse(shallow(text))
    for token in tokens:
        if token.children:
            token.children = list(_inline(token.children, live))
    html = RendererHTML().render(tokens, reading.options, {})
    return Markup(html)  # noqa: S704 - the renderer escapes whatever is no markup of its own


def _inline(tokens: Sequence[Token], live: Collection[str]) -> Sequence[Token]:
    kept, open_links = [], []
    for token in tokens:
        if token.type == "link_open":
            is_live = token.attrGet("href") in live
            open_links.append(is_live)
            if not is_live:
                continue
            token.attrs = {"href": token.attrs["href"], "rel": "noopener noreferrer nofollow"}
        elif token.type == "link_close":
            if not open_links.pop():
                continue
        elif token.type == "image":
            token = Token("text", "", 0, content=token.content)
        kept.append(token)
    return kept


def card_html(card: Card) -> Markup:
    """The text of a card."""
    return markdown(card.text, card.live_links)


def moment(at: datetime | None) -> str:
    """In UTC, and says so; empty for none."""
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def span(milliseconds: float) -> str:
    """How long something took: "29 ms", "8.0 s", "12 minutes"."""
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def age(at: datetime | None, now: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    if at is None:
        return "never"
    seconds = max(0, int((now - at).total_seconds()))
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


def _button(action: Action, card: Card) -> str:
    return label(action, card.tier)


def templates() -> Environment:
    """The environment that all pages are made in: what is not marked as HTML is text."""
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"markdown": markdown, "card": card_html, "moment": moment, "span": span}
    made.globals |= {"age": age, "button_label": _button}
    return made


def rendered(made: Environment, name: str, values: dict[str, Any]) -> str:
    """A page, or a part of one."""
    return made.get_template(name).render(values)
