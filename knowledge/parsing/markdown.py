"""Markdown files: front matter read, Liquid tags and HTML in the text made readable."""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime
from typing import Any

import yaml

from knowledge.errors import DocumentSkipped
from knowledge.parsing.dialects import without_dialects
from knowledge.parsing.document import Draft, primary_language
from knowledge.parsing.inline import outside_code, rewrite_pairs

_FRONT_MATTER = re.compile(
    r"\A\s*(?:---[ \t]*\n(?P<yaml>.*?)(?:^---|^\.\.\.)|"
    r"\+\+\+[ \t]*\n(?P<toml>.*?)^\+\+\+)"
    r"[ \t]*(?:\n|\Z)",
    re.S | re.M,
)
_MAX_FRONT_MATTER = 64 * 1024
"""Characters; what is longer is not metadata."""


def parse_markdown(text: str) -> Draft:
    """Markdown with its front matter taken off.

    Front matter that is neither YAML nor, between ``+++``, TOML counts as absent, with one
    exception: an access list that is there but cannot be read raises :class:`DocumentSkipped`,
    since taking it for absent would show the document to everybody.
    """
    head = _FRONT_MATTER.match(text)
    if head is None or len(head[0]) > _MAX_FRONT_MATTER:
        return Draft(_readable(text))
    is_yaml = head["toml"] is None
    written = head["yaml"] if is_yaml else head["toml"]
    stated = _metadata(written, is_yaml=is_yaml)
    body = _readable(text[head.end() :])
    title = stated.get("title")
    return Draft(
        body,
        title=str(title) if isinstance(title, str | int | float) else None,
        access=_access(stated, written),
        valid_until=_day(stated.get("valid_until")),
        language=primary_language(stated.get("language")),
    )


def _metadata(front_matter: str, *, is_yaml: bool) -> dict[Any, Any]:
    try:
        loaded = yaml.safe_load(front_matter) if is_yaml else tomllib.loads(front_matter)
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError):  # ValueError: 2024-13-45
        return {}
    return loaded if isinstance(loaded, dict) else {}


_ACCESS_LINE = re.compile(r"^[\"']?access[\"']?[ \t]*[:=]", re.M | re.I)


def _access(stated: dict[Any, Any], front_matter: str) -> frozenset[str] | None:
    """The access list; looked for in the raw text too, as it must not get lost with bad YAML."""
    if "access" not in stated:
        if not _ACCESS_LINE.search(front_matter):
            return None
        listed: list[Any] = []
    else:
        value = stated["access"]
        listed = value if isinstance(value, list) else [value]
    principals = [item.strip() for item in listed if isinstance(item, str)]
    if not principals or not all(principals) or len(principals) != len(listed):
        raise DocumentSkipped(
            "The front matter has an access list that cannot be read, so nobody is shown the "
            "document. Write it as  access: [role:managers, channel:C9]  or remove the line."
        )
    return frozenset(principals)


def _day(stated: object) -> date | None:
    if isinstance(stated, datetime):
        return stated.date()
    if isinstance(stated, date):
        return stated
    if isinstance(stated, str):
        try:
            return date.fromisoformat(stated.strip()[:10])
        except ValueError:
            return None
    return None


# --- Liquid -----------------------------------------------------------------------------------

_COMMENT = re.compile(r"\{%-?\s{0,9}comment\s{0,9}-?%\}")
_END_COMMENT = re.compile(r"\{%-?\s{0,9}endcomment\s{0,9}-?%\}")
_RAW = re.compile(r"\{%-?\s{0,9}raw\s{0,9}-?%\}")
_END_RAW = re.compile(r"\{%-?\s{0,9}endraw\s{0,9}-?%\}")
_LIQUID_TAG = re.compile(
    r"\{%-?\s{0,9}([\w-]*)((?>\"[^\"\n]{0,500}\"|'[^'\n]{0,500}'|[^%]|%(?!\})){0,1000}+)%\}"
)
_LIQUID_TARGET = re.compile(r"(?<=\]\()\{\{[^{}\n]*\}\}")
_BLANK_LINES = re.compile(r"\n{3,}")
_TITLE = re.compile(r"\btitle\s{0,9}=\s{0,9}[\"']([^\"'\n]{1,200})[\"']")
_ARGUMENT = re.compile(r"\"([^\"]*)\"|'([^']*)'")


def _readable(text: str) -> str:
    """Text without what dialects add, without Liquid tags and with HTML as Markdown.

    Code is left as it is. Dialects come first: Liquid would take Hugo's tags apart.
    """
    text = without_dialects(text)
    if "{%" in text or "{{" in text:
        text = outside_code(text, _without_liquid)
        # Around code, raw only protects it from Liquid, which runs before Markdown is read.
        text = _END_RAW.sub("", _RAW.sub("", text))
    if "<" in text:
        from knowledge.parsing.markup import html_to_markdown_inside

        text = outside_code(text, html_to_markdown_inside)
    return outside_code(text, lambda prose: _BLANK_LINES.sub("\n\n", prose))


def _without_liquid(text: str) -> str:
    text = rewrite_pairs(text, _COMMENT, _END_COMMENT, lambda _start, _inner: "")
    literal: list[str] = []

    def put_aside(_start: re.Match[str], inner: str) -> str:
        literal.append(inner)
        return f"\0raw{len(literal) - 1}\0"

    text = rewrite_pairs(text, _RAW, _END_RAW, put_aside)
    text = _LIQUID_TARGET.sub("", _LIQUID_TAG.sub(_tag_as_text, text))
    return re.sub("\0raw(\\d+)\0", lambda match: literal[int(match[1])], text)


def _tag_as_text(match: re.Match[str]) -> str:
    name: str = match[1]
    arguments: list[str] = [double or single for double, single in _ARGUMENT.findall(match[2])]
    if name == "slack_channel" and arguments:
        channel = "#" + arguments[0].lstrip("#")
        label = arguments[1].strip() if len(arguments) > 1 else ""
        is_same = label.lstrip("#").casefold() == channel[1:].casefold()
        return channel if not label or is_same else f"{label} ({channel})"
    if name in ("page", "link", "download", "asset", "post_url") and arguments:
        return arguments[0]
    if name.startswith("image") and len(arguments) > 1:
        return f"![{arguments[-1]}]({arguments[0].replace(' ', '%20')})"
    title = _TITLE.search(match[2])
    return f"\n\n**{title[1]}**\n\n" if title else ""
