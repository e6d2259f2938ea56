"""Text as Slack writes it: answers as ``markdown`` blocks or mrkdwn, incoming messages as Markdown.

Limits, with their pages:
a ``markdown`` block's text 12,000 characters, all of a message's together as well
(docs.slack.dev/reference/block-kit/blocks/markdown-block), a ``section``'s 3,000
(…/blocks/section-block), blocks a message 50 (…/block-kit/blocks), ``text`` 4,000 recommended
and cut at 40,000 (docs.slack.dev/reference/methods/chat.postMessage). Slack refused messages from
about 13,200 characters over all blocks (github.com/slackapi/bolt-js/issues/2509).

The ``markdown`` block's page lists no tables, rules or task lists as of 2025, and streamed text
shows none, so tables are aligned text and rules are drawn.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from tld import is_tld

from adapters.markdown.mentions import ZERO_WIDTH_SPACE, break_up
from adapters.markdown.rewriting import Writer
from adapters.markdown.splitting import split

MARKDOWN_LIMIT: Final = 12_000
SECTION_LIMIT: Final = 3_000
FALLBACK_LIMIT: Final = 4_000

_WORDS = ("channel", "here", "everyone", "group")
_STARTS = "|".join(sorted({word[:at] for word in _WORDS for at in range(1, len(word))}))
_MENTION = re.compile(
    # What a piece ends with may be completed by the next one of a stream.
    rf"<(?=[@#!]|\Z)|@(?={'|'.join(_WORDS)}|(?:{_STARTS})?\Z)"
)
_TOKEN_IN_CODE = re.compile(r"<(?=[a-z][a-z0-9+.-]*:)", re.I)

_DOMAIN = re.compile(
    r"(?<![\w@.-])(?P<domain>(?:[^\W_](?:[^\W_]|-){0,62}\.){1,8}"
    r"(?:(?:xn--[a-z0-9-]{2,59}|[^\W\d_]{2,63})(?![\w-]|\.\w)|[a-z]{2,24}(?=/\w)))"
    r"(?:[/?#:][^\s<>\"`]*[^\s<>\"`.,;:!?'*_~\])])?",
    re.I,
)


def is_domain(name: str, *, has_path: bool) -> bool:
    """Whether Slack would make a link of this name with dots, by its last label.

    With a path behind it Slack takes any name; else one of a top-level domain, of which there are
    over 1,400: by the public suffix list (publicsuffix.org) that comes with ``tld``.
    """
    first, _, last = name.lower().rpartition(".")
    if last == "py" and "." not in first and not has_path:
        return False  # config.py: where that domain's names are registered, they have two dots
    return has_path or bool(is_tld(last))


def escape(text: str) -> str:
    """Slack's three control characters as entities.

    See docs.slack.dev/messaging/formatting-message-text#escaping.
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def inert(text: str) -> str:
    """``text`` in which nothing notifies or links anybody, whatever surface it is sent to.

    Works piece by piece: pieces made inert one by one and joined by Slack (a stream) hold no live
    mention either. Idempotent. Slack reads ``<!here>`` and its like inside a ``markdown`` block
    too, and bare ``@here`` wherever names are linked.
    """
    return break_up(text, _MENTION)


class MarkdownBlock(Writer):
    """The Markdown that Slack's ``markdown`` block takes.

    Slack reads its own ``<…>`` tokens in it. An angle bracket of the text is an entity, which Slack
    shows as the character and does not read again (github.com/PostHog/posthog/pull/95054).
    """

    url = re.compile(f"{Writer.url.pattern}|{_DOMAIN.pattern}", re.I)

    def is_address(self, found: re.Match[str]) -> bool:
        """A name with dots may only look like a domain."""
        name = found["domain"]
        return name is None or is_domain(name, has_path=found[0] != name)

    def finish(self, text: str) -> str:
        """No mention is live."""
        return inert(text)

    def escape(self, text: str) -> str:
        """Angle brackets are no tokens."""
        return super().escape(text).replace("\\<", "&lt;")

    def escape_code(self, text: str) -> str:
        """Entities may stay entities in code, so what would be a token is broken instead."""
        return _TOKEN_IN_CODE.sub(f"<{ZERO_WIDTH_SPACE}", super().escape_code(text))


class Mrkdwn(Writer):
    """Slack's own markup, for ``section`` blocks and ``text``.

    It has no escape for its marks: a lone ``*`` or ``_`` of the text stays as it is.
    """

    bullet = "•"
    fence_has_info = False
    url = MarkdownBlock.url
    is_address = MarkdownBlock.is_address

    bold_from = 1
    plain_labels = True

    def finish(self, text: str) -> str:
        """No mention is live; marks have the space that they need beside a letter, and no other."""
        z = ZERO_WIDTH_SPACE
        return inert(re.sub(rf"(?<![^\W_]){z}(?=[*_~])|(?<=[*_~]){z}(?![^\W_])", "", text))

    def escape(self, text: str) -> str:
        """A fence begins anywhere in a line."""
        return self.escape_code(text).replace("~~~", f"~{ZERO_WIDTH_SPACE}~~")

    def escape_lines(self, text: str) -> str:
        """An entity at a line's start is a quote too."""
        return re.sub(r"^(?=&gt;)", ZERO_WIDTH_SPACE, text, flags=re.M)

    def escape_code(self, text: str) -> str:
        """In code as in text."""
        return escape(super().escape_code(text))

    def strong(self, text: str) -> str:
        """Bold."""
        return _marked(text, "*")

    def emphasis(self, text: str, mark: str) -> str:
        """Italic has one mark."""
        return _marked(text, "_")

    def strike(self, text: str) -> str:
        """Struck through."""
        return _marked(text, "~")

    def code(self, text: str) -> str:
        """There is no way to write a grave in it, only one that looks like it."""
        return f"`{escape(text).replace('`', 'ˋ')}`"

    def link(self, label: str, url: str) -> str:
        """A token."""
        return f"<{escape(url)}|{label}>"

    def bare_link(self, url: str) -> str:
        """A token without a label."""
        return f"<{escape(url)}>"

    def glue(self, before: str, after: str) -> str:
        """Brackets mean nothing."""
        return " " if before.endswith("`") and after.startswith("`") else ""


def _marked(text: str, mark: str) -> str:
    """Marks do not reach over a line's end."""
    z = ZERO_WIDTH_SPACE
    return "\n".join(f"{z}{mark}{line}{mark}{z}" if line else "" for line in text.split("\n"))


def markdown_blocks(markdown: str, links: Collection[str] = ()) -> list[list[dict[str, Any]]]:
    """The blocks of each message that an answer takes.

    One ``markdown`` block a message, since the limit is for all of a message's together.
    links: the cited URLs, which alone stay links.
    """
    pieces = split(MarkdownBlock(links).write(markdown), MARKDOWN_LIMIT)
    return [[{"type": "markdown", "text": piece}] for piece in pieces]


def mrkdwn(markdown: str, links: Collection[str] = (), limit: int = SECTION_LIMIT) -> list[str]:
    """An answer as mrkdwn in pieces for ``section`` blocks; see :func:`section`."""
    return split(Mrkdwn(links).write(markdown), limit)


def section(text: str) -> dict[str, Any]:
    """One piece of :func:`mrkdwn` as a block.

    ``verbatim`` keeps Slack from making links of names and addresses
    (docs.slack.dev/reference/block-kit/composition-objects/text-object).
    """
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def fallback(markdown: str, links: Collection[str] = ()) -> str:
    """An answer's beginning for ``text``, which notifications and screen readers use."""
    pieces = mrkdwn(markdown, links, FALLBACK_LIMIT - 2)
    return pieces[0] + ("\n…" if len(pieces) > 1 else "") if pieces else ""


_TOKEN = re.compile(r"<([^<>\n]+)>")


def from_slack(text: str, bot_id: str, names: Mapping[str, str] | None = None) -> str:
    """An incoming message's mrkdwn as the model should read it, without mentions of the bot.

    names: what user, channel and group ids are called, for tokens that do not say. Emoji codes
    and marks stay. (docs.slack.dev/messaging/formatting-message-text#retrieving)
    """
    named = names or {}

    def readable(match: re.Match[str]) -> str:
        token, _, label = match[1].partition("|")
        kind, name = token[:1], token[1:]
        if kind == "@":
            return f"@{label or named.get(name, name)}"
        if kind == "#":
            return f"#{label or named.get(name, name)}"
        if kind == "!":
            if label:
                is_group = name.startswith("subteam^") or "^" not in name
                return f"@{label.lstrip('@')}" if is_group else label
            return "@" + named.get(name.removeprefix("subteam^"), name.removeprefix("subteam^"))
        address = re.sub(r"^(?:mailto|tel):", "", token)
        if not label or label in (address, re.sub(r"^https?://", "", address).rstrip("/")):
            return address
        return f"{label} ({address})"

    # The mention goes with one space, so that no gap shows where it stood.
    text = re.sub(rf"<@{re.escape(bot_id)}(?:\|[^<>\n]*)?>[ ]?", "", text)
    text = _TOKEN.sub(readable, text).strip()
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
