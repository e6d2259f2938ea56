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

from adapters.markdown import ZERO_WIDTH_SPACE, Writer, break_up
from adapters.splitting import split

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
    r"(?<![\w@.-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}"
    r"(?:(?:com|org|net|edu|gov|int|info|biz|io|dev|app|ai|co|me|tv|xyz|online|site|shop|cloud|link"
    r"|de|fr|uk|eu|us|ca|ch|at|nl|es|it|ru|cn|jp|in|br|au|se|no|dk|fi|be)(?![\w-]|\.\w)"
    r"|[a-z]{2,24}(?=/\w))(?:[/?#:][^\s<>\"`]*[^\s<>\"`.,;:!?'*_~\])])?",
    re.I,
)


def escape(text: str) -> str:
    """Slack's three control characters as entities
    (docs.slack.dev/messaging/formatting-message-text#escaping)."""
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

    Angle brackets are entities: Slack shows them as characters and does not read them again.
    """

    url = re.compile(f"{Writer.url.pattern}|{_DOMAIN.pattern}", re.I)

    def finish(self, text: str) -> str:
        return inert(text)

    def escape(self, text: str) -> str:
        return super().escape(text).replace("\\<", "&lt;")

    def escape_code(self, text: str) -> str:
        # Entities may stay entities in code, so what would be a token is broken instead.
        return _TOKEN_IN_CODE.sub(f"<{ZERO_WIDTH_SPACE}", super().escape_code(text))


class Mrkdwn(Writer):
    """Slack's own markup, for ``section`` blocks and ``text``.

    It has no escape for its marks: a lone ``*`` or ``_`` of the text stays as it is.
    """

    bullet = "•"
    fence_has_info = False
    url = MarkdownBlock.url

    def finish(self, text: str) -> str:
        # The spaces around marks are needed only beside a letter.
        return inert(re.sub(r"(?<!\S)\u2063|\u2063(?!\S)", "", text).replace("\u2063", "\u200b"))
